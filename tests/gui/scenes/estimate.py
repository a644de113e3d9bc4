"""Estimate Depth from the sidebar: cancelled once, finished once, and what Blender does meanwhile."""

import time

import bpy
import numpy as np

from tests.gui.driver import Hand, Steps, area, at, measured, region, see, until
from tests.gui.stage import addon, positions, preferences, relief, tab, use_engine


def again() -> Steps:
    """Esc ends it within half a second and changes nothing; the second one gives the relief another depth."""
    use_engine()
    preferences().model, preferences().quality = "small", "FINE"  # the built-in model would be done before the hand
    ob = relief()
    before = positions(ob)
    viewport = area("VIEW_3D")
    yield from tab(viewport)
    jobs, hand = addon("engine.jobs"), Hand()
    button = yield from hand.find(viewport, "depth_nodes.estimate_depth")
    yield 1.0
    see("button")
    yield from hand.click(button)
    yield until("the model is at work", lambda: jobs.waiting() and jobs.waiting()[0].text == "Estimating")
    yield 0.3
    see("progress")
    (job,) = jobs.waiting()
    hand.move(at(viewport, 0.3, 0.3))
    yield 0.3
    begun = time.monotonic()
    hand.strike("Escape")
    while job.state == "waiting":
        yield 0.01
    measured["seconds until cancelled"] = round(time.monotonic() - begun, 3)
    assert job.state == "cancelled"
    np.testing.assert_array_equal(positions(ob), before)
    yield 0.5
    see("cancelled")

    drawn: list[float] = []
    handle = bpy.types.SpaceView3D.draw_handler_add(lambda: drawn.append(time.monotonic()), (), "WINDOW", "POST_PIXEL")
    button = yield from hand.find(viewport, "depth_nodes.estimate_depth")
    yield from hand.click(button)
    yield until("it is begun", lambda: jobs.waiting())
    (job,) = jobs.waiting()
    while job.state == "waiting":
        region(viewport).tag_redraw()
        yield 0.01
    end = time.monotonic()
    yield 0.5
    bpy.types.SpaceView3D.draw_handler_remove(handle, "WINDOW")
    assert job.state == "done"
    during = [moment for moment in drawn if moment < end]
    measured["longest gap between redraws"] = round(float(np.diff(during).max()), 3)
    measured["redraws"] = len(during)
    measured["seconds in the model"] = round(job.seconds, 2)
    after = positions(ob)
    assert after.shape != before.shape or np.abs(after - before).max() > 0.01
    see("done")
