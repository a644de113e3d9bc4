"""Undo and redo, over everything from the photo to the frozen grid."""

import bpy
import numpy as np

from tests.gui.driver import Hand, Steps, area, at, see, until
from tests.gui.stage import PHOTO, addon, positions, tab, use_engine


def whole_way() -> Steps:
    """Each Ctrl Z takes one step back, and each Ctrl Shift Z brings the same vertices again."""
    use_engine()
    viewport, jobs = area("VIEW_3D"), addon("engine.jobs")
    yield from tab(viewport)
    bpy.ops.ed.undo_push(message="Begin")
    states: list[np.ndarray | None] = [_state()]
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=viewport):
        bpy.ops.depth_nodes.photo_as_relief("INVOKE_DEFAULT", filepath=str(PHOTO))
    yield until("the relief is there", lambda: PHOTO.stem in bpy.data.objects and not jobs.waiting())
    yield 1.0
    states.append(_state())
    addon("scene.inputs").set_input(bpy.data.objects[PHOTO.stem].modifiers[0], "Resolution", 128)
    bpy.ops.ed.undo_push(message="Resolution")
    states.append(_state())
    hand = Hand()
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.freeze_grid")))
    yield 1.0
    states.append(_state())
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.estimate_depth")))
    yield until("the second estimate is begun", lambda: jobs.waiting())
    yield until("it is over", lambda: not jobs.waiting())
    yield 1.0
    states.append(_state())
    see("end")
    hand.move(at(viewport, 0.3, 0.3))
    for state in reversed(states[:-1]):
        yield from hand.press("ctrl+z")
        yield 1.0
        _compare(state)
    see("undone")
    for state in states[1:]:
        yield from hand.press("ctrl+shift+z")
        yield 1.0
        _compare(state)
    see("redone")


def _state() -> np.ndarray | None:
    ob = bpy.data.objects.get(PHOTO.stem)
    return None if ob is None else positions(ob)


def _compare(expected: np.ndarray | None) -> None:
    found = _state()
    assert (found is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(found, expected)
