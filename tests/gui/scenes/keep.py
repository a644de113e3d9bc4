"""A relief in a file: saved, quit, opened again; and one that the release before made."""

import bpy
import numpy as np

from tests.gui.driver import FOLDER, Hand, Steps, area, at, see, until, window, within, write_result
from tests.gui.stage import PHOTO, addon, positions, relief, tab

FILE = FOLDER / "relief.blend"


def save() -> Steps:
    """Save with Ctrl S, and quit with Ctrl Q: Blender ends by itself."""
    ob = relief()
    bpy.ops.wm.save_as_mainfile(filepath=str(FILE))
    addon("scene.inputs").set_input(ob.modifiers[0], "Scale", 0.8)
    bpy.ops.ed.undo_push(message="Scale")
    yield 1.0
    np.save(FOLDER / "positions.npy", positions(ob))
    hand, viewport = Hand(), area("VIEW_3D")
    hand.move(at(viewport, 0.3, 0.3))
    yield from hand.press("ctrl+s")
    yield until("the file is saved", lambda: not bpy.data.is_dirty)
    see("saved")
    write_result("")
    hand.strike("ctrl+q")
    yield 60.0


def reopen() -> Steps:
    """The same vertices, bit for bit, and the modifier is still one of ours."""
    yield 2.0
    ob = bpy.data.objects[PHOTO.stem]
    np.testing.assert_array_equal(positions(ob), np.load(FOLDER / "positions.npy"))
    modifier = addon("scene.relief").find_modifier(ob)
    assert modifier is not None
    assert addon("scene.groups").fetch("Depth Relief") == modifier.node_group
    see("reopened")


def former() -> Steps:
    """A file of release 0.0.9 has the vertices it had; a new relief beside it is of this release."""
    yield 2.0
    old = bpy.data.objects["Old Photo"]
    expected = np.empty((len(bpy.data.meshes["Expected vertices"].vertices), 3), np.float32)
    bpy.data.meshes["Expected vertices"].vertices.foreach_get("co", expected.ravel())
    np.testing.assert_allclose(positions(old), expected, atol=1e-6)
    see("former")
    viewport = area("VIEW_3D")
    with within(viewport):
        bpy.ops.object.select_all(action="DESELECT")
    new = relief()
    assert old.modifiers[0].node_group["depth_nodes"] == "Depth Relief 0.0.9"
    assert new.modifiers[0].node_group == addon("scene.groups").fetch("Depth Relief")
    assert new.modifiers[0].node_group != old.modifiers[0].node_group
    np.testing.assert_allclose(positions(old), expected, atol=1e-6)
    window().view_layer.objects.active = old
    yield from tab(viewport)
    hand = Hand()
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.freeze_grid")))
    yield until("the old relief is frozen", lambda: len(old.data.vertices) > 1000)
    np.testing.assert_allclose(positions(old), expected, atol=1e-6)
    see("beside_a_new_one")
