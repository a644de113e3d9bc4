"""More than one window, more than one scene, and the extension taken away."""

import addon_utils
import bpy
import numpy as np

from tests.gui.driver import Hand, Steps, area, measured, see, until, window, within
from tests.gui.stage import EXTENSION, PHOTO, addon, positions, relief, tab, use_engine


def two_windows() -> Steps:
    """An estimate begun in one window goes on beside another, and ends in the scene where it began."""
    use_engine()
    viewport, jobs = area("VIEW_3D"), addon("engine.jobs")
    yield from tab(viewport)
    first = bpy.context.scene
    with within(viewport):
        bpy.ops.depth_nodes.photo_as_relief("INVOKE_DEFAULT", filepath=str(PHOTO))
        bpy.ops.wm.window_new_main()
    yield until("both windows are there", lambda: len(bpy.context.window_manager.windows) == 2)
    other = bpy.data.scenes.new("Other")
    window(1).scene = other
    yield 1.0
    see("two_windows")
    with bpy.context.temp_override(window=window(1)):
        bpy.ops.wm.window_close()
    yield until("the estimate is over", lambda: not jobs.waiting())
    yield 1.0
    assert [scene.name for scene in bpy.data.scenes if PHOTO.stem in scene.objects] == [first.name]
    see("one_window")


def two_scenes() -> Steps:
    """A relief in each of two scenes: they share the groups, and each has its own depth."""
    first = relief()
    window().scene = bpy.data.scenes.new("Other")
    yield 1.0
    second = relief()
    yield 1.0
    assert second.name in window().scene.objects
    assert first.name not in window().scene.objects
    assert first.modifiers[0].node_group == second.modifiers[0].node_group
    addon("scene.inputs").set_input(second.modifiers[0], "Scale", 1.0)
    yield 1.0
    assert np.ptp(positions(second)[:, 2]) > 1.5 * 0.5
    see("second_scene")


def disable() -> Steps:
    """Without the extension the relief stays as it is; with it again its panel is back."""
    ob = relief()
    before = positions(ob)
    viewport = area("VIEW_3D")
    yield from tab(viewport)
    bpy.ops.preferences.addon_disable(module=EXTENSION)
    yield 1.0
    assert addon_utils.check(EXTENSION) == (False, False)
    assert not hasattr(bpy.types, "VIEW3D_PT_depth_nodes")
    np.testing.assert_array_equal(positions(ob), before)
    modifier = ob.modifiers[0]
    for socket in modifier.node_group.interface.items_tree:
        if socket.item_type == "SOCKET" and socket.name == "Scale":
            getattr(modifier.properties.inputs, socket.identifier).value = 1.0
    ob.update_tag()
    assert np.ptp(positions(ob)[:, 2]) > 1.5 * np.ptp(before[:, 2])
    see("without")
    bpy.ops.preferences.addon_enable(module=EXTENSION)
    yield 1.0
    yield from tab(viewport)
    hand = Hand()
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.freeze_grid")))
    yield until("the grid is frozen", lambda: len(ob.data.vertices) > 1000)
    measured["libraries"] = len(bpy.context.preferences.filepaths.asset_libraries)
    see("with")
