"""The frozen grid, from the sidebar."""

import bpy
import numpy as np

from tests.gui.driver import Hand, Steps, area, at, see
from tests.gui.stage import addon, positions, relief, tab

ROW = 20  # pixels from one button to the next


def with_its_cut() -> Steps:
    """The lower of the two buttons freezes the cut too; nothing moves, then or when it is undone."""
    ob, modifiers, freeze = relief(), addon("scene.inputs"), addon("scene.freeze")
    viewport, name = area("VIEW_3D"), ob.name
    yield from tab(viewport)
    bpy.ops.ed.undo_push(message="Begin")
    live = positions(ob)
    hand = Hand()
    x, y = yield from hand.find(viewport, "depth_nodes.freeze_grid")
    see("buttons")
    yield from hand.click((x, y - ROW))
    yield 1.0
    assert freeze.is_frozen(ob, ob.modifiers[0])
    assert not modifiers.get_input(ob.modifiers[0], "Cutoff")
    np.testing.assert_allclose(positions(ob), live, atol=2e-6)
    see("frozen")
    hand.move(at(viewport, 0.3, 0.3))
    yield from hand.press("ctrl+z")
    yield 1.0
    ob = bpy.data.objects[name]  # undo makes all objects anew
    assert not freeze.is_frozen(ob, ob.modifiers[0])
    assert modifiers.get_input(ob.modifiers[0], "Cutoff")
    np.testing.assert_array_equal(positions(ob), live)
