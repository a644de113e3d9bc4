"""Estimate Frames from the sidebar: given up, gone on with, and played by the timeline."""

import bpy
import numpy as np
from mathutils import Euler

from tests.gui.driver import FOLDER, Hand, Steps, area, at, measured, see, until, within
from tests.gui.stage import addon, positions, tab

COUNT = 10  # frames 1 to 10, put there by the test


def play() -> Steps:
    """Esc keeps what is whole, the second go makes the rest, and the relief follows ten frames that are played."""
    ob, viewport, hand = shown(), area("VIEW_3D"), Hand()
    yield from tab(viewport)
    frames, raw = addon("engine.frames"), FOLDER / "depth" / "shot_0001" / "raw"
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.estimate_frames")))
    yield until("three frames are there", lambda: len(list(raw.glob("*.npz"))) >= 3)
    hand.move(at(viewport, 0.3, 0.3))
    yield 0.3
    see("progress")
    clip = frames.under_way()
    hand.strike("Escape")
    yield until("it is given up", lambda: clip.state == "cancelled")
    yield until("the engine has let go", lambda: not addon("engine.jobs").waiting())
    yield 0.5
    see("cancelled")
    kept = {path: path.stat().st_mtime_ns for path in raw.glob("*.npz")}
    assert 3 <= len(kept) < COUNT, kept
    assert not ob.modifiers

    yield from hand.click((yield from hand.find(viewport, "depth_nodes.estimate_frames")))
    yield until("it is gone on with", lambda: frames.under_way() is not None)
    (again,) = frames._begun
    yield until("all frames are there", lambda: len(list(raw.glob("*.npz"))) == COUNT or again.state != "waiting")
    assert again.state == "done" or {path: path.stat().st_mtime_ns for path in kept} == kept
    yield until("it is done", lambda: again.state != "waiting")
    assert again.state == "done", again.error
    measured["files"] = len(list(raw.parent.glob("depth_*.exr")))
    yield from played(ob, viewport)


def played(ob: bpy.types.Object, viewport: bpy.types.Area) -> Steps:
    """Play the clip, and look at two of its frames."""
    heights: dict[int, np.ndarray] = {}

    def note(scene: bpy.types.Scene, *_: object) -> None:
        heights.setdefault(scene.frame_current, positions(ob)[:, 2])

    scene = bpy.context.scene
    scene.frame_set(1)
    bpy.app.handlers.frame_change_post.append(note)
    with within(viewport):
        bpy.ops.screen.animation_play()
    yield until("ten frames were shown", lambda: len(heights) == COUNT)
    with within(viewport):
        bpy.ops.screen.animation_cancel(restore_frame=False)
    bpy.app.handlers.frame_change_post.remove(note)
    for frame in (2, 9):
        scene.frame_set(frame)
        yield 1.0
        see(f"frame_{frame}", viewport)
    measured["frames"] = sorted(heights)
    measured["height"] = {frame: round(float(np.ptp(one)), 4) for frame, one in heights.items()}


def shown() -> bpy.types.Object:
    """Put a plane that shows the clip in the place of the default cube, seen from aside, in a file that is saved."""
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end, scene.sync_mode = 1, COUNT, "NONE"
    image = bpy.data.images.load(str(FOLDER / "shot_0001.png"))
    image.source = "SEQUENCE"
    material = addon("scene.material").material(image)
    mesh = addon("scene.plane").plane("clip", 256, 192)  # a sequence has no size before it is drawn
    mesh.materials.append(material)
    ob = bpy.data.objects.new("clip", mesh)
    scene.collection.objects.link(ob)
    bpy.context.view_layer.objects.active = ob
    ob.select_set(True)
    addon("scene.timeline").Showing(1, COUNT, 0, cyclic=False).apply(addon("scene.photo").shown_by(ob).image_user)
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "clip.blend"))
    space = area("VIEW_3D").spaces.active
    space.shading.type, space.shading.color_type, space.overlay.show_overlays = "SOLID", "TEXTURE", False
    space.region_3d.view_rotation = Euler((0.7, 0.0, 0.5)).to_quaternion()
    space.region_3d.view_location, space.region_3d.view_distance = (0.0, 0.0, 0.2), 2.4
    return ob
