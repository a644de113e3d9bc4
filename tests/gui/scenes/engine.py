"""The engine, set up from the tab: how far it is, why it failed, and what was asked for before it was there."""

import os
from pathlib import Path

import bpy
import numpy as np

from tests.gui.driver import Hand, Steps, area, see, until, within
from tests.gui.stage import PHOTO, addon, positions, preferences, tab


def set_up() -> Steps:
    """A photo is chosen without an engine, setting it up fails, then goes well: each is told in the tab."""
    viewport = area("VIEW_3D")
    jobs, setup, hand = addon("engine.jobs"), addon("engine.setup"), Hand()
    preferences().model, preferences().weights = "small", os.environ["GUI_WEIGHTS"]
    os.environ["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"  # nobody answers there
    yield from tab(viewport)
    yield 0.5
    see("before")  # what the model needs is said before a photo is chosen
    yield from hand.find(viewport, "extensions.userpref_allow_online")
    with within(viewport):
        assert not bpy.ops.depth_nodes.set_up_engine.poll()
    try:
        with within(viewport):
            bpy.ops.depth_nodes.photo_as_relief("INVOKE_DEFAULT", filepath=str(PHOTO))
    except RuntimeError:  # which is reported too
        assert jobs.last_failed().fault == "engine"
    yield from hand.aside(viewport)
    see("needed")
    yield from hand.click((yield from hand.find(viewport, "extensions.userpref_allow_online")))
    yield until("Blender may go online", lambda: bpy.app.online_access)
    yield from _agree_to_set_up(hand, viewport)
    yield until("it has failed", lambda: setup.installation() and setup.installation().state == "failed")
    yield 1.0
    yield from hand.aside(viewport)
    see("failed_set_up")
    assert PHOTO.stem not in bpy.data.objects

    addon("engine.install").Installation = _Standing
    yield from _agree_to_set_up(hand, viewport)
    yield until("it is under way", setup.is_making)
    yield 1.0
    see("under_way")
    yield from hand.find(viewport, "depth_nodes.cancel_set_up", x=0.82)
    _arrive()
    yield until("the photo goes on by itself", lambda: PHOTO.stem in bpy.data.objects and not jobs.waiting())
    yield 1.0
    see("went_on")
    assert _model() == "small"
    space = viewport.spaces.active
    assert space.local_view is not None  # the default cube stands around it
    assert space.shading.color_type == "TEXTURE"


def better() -> Steps:
    """Better Depth, without an engine: once that is there, the relief gets another depth and keeps the rest."""
    viewport = area("VIEW_3D")
    jobs, setup, inputs, hand = addon("engine.jobs"), addon("engine.setup"), addon("scene.inputs"), Hand()
    preferences().model = "draft"
    bpy.context.preferences.system.use_online_access = True
    addon("engine.install").Installation = _Standing
    with within(viewport):
        bpy.ops.depth_nodes.photo_as_relief("INVOKE_DEFAULT", filepath=str(PHOTO))
    yield until("the relief is there", lambda: PHOTO.stem in bpy.data.objects and not jobs.waiting())
    assert _model() == "draft"
    ob = bpy.data.objects[PHOTO.stem]
    inputs.set_input(ob.modifiers[0], "Scale", 0.8)
    before = positions(ob)
    preferences().model, preferences().weights = "small", os.environ["GUI_WEIGHTS"]
    yield from tab(viewport)
    yield 0.5
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.better_depth")))
    yield 1.0
    see("better_dialog")
    yield from hand.press("Return")
    yield until("it is under way", setup.is_making)
    yield 1.0
    see("better_under_way")
    np.testing.assert_array_equal(positions(ob), before)
    _arrive()
    yield until("the larger model has estimated", lambda: _model() == "small" and not jobs.waiting())
    yield 1.0
    see("better")
    assert inputs.get_input(ob.modifiers[0], "Scale") == np.float32(0.8)
    assert not np.array_equal(positions(ob), before)


class _Standing:
    """Stands in for an installation that fetches: it is as far as it is until the engine arrives."""

    def __init__(self, within: Path, _backend: object) -> None:
        self.folder, self.state, self.stage = within / "standing", "running", "Downloading torch"
        self.fraction, self.bytes, self.error, self.log = 0.4, (88e6, 220e6), "", ""

    def start(self) -> None:
        """Nothing is fetched."""

    def cancel(self) -> None:
        self.state = "cancelled"

    def join(self, _seconds: float | None = None) -> None:
        """Nothing runs."""


def _arrive() -> None:
    """Let the engine be there: the Python that has torch."""
    preferences().existing_python = os.environ["GUI_PYTHON"]
    addon("engine.setup").installation().state = "done"


def _agree_to_set_up(hand: Hand, viewport: bpy.types.Area) -> Steps:
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.set_up_engine")))
    yield 1.0
    see("download")
    yield from hand.press("Return")
    yield 0.5


def _model() -> str:
    depth = addon("scene.relief").depth_of(bpy.data.objects[PHOTO.stem].modifiers[0])
    return addon("depth.image").info(depth).model
