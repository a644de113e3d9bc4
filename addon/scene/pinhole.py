"""A camera at one frame as a pinhole: for copies of the scene to be rendered through, and in exact numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import CameraError

_LENS = ("lens", "sensor_width", "sensor_height", "sensor_fit", "shift_x", "shift_y", "clip_start", "clip_end")
_SKEW = 1e-4


@dataclass(frozen=True, eq=False)
class Pinhole:
    """What a camera sees, and how.

    width, height, fx, fy, cx, cy: in pixels; (0, 0) is the upper left corner of the first pixel.
    world_to_camera: float64 (3, 4), to X right, Y down, Z forward, in the scene's units.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    world_to_camera: NDArray[np.float64]


@contextmanager
def spare(*names: str) -> Iterator[str]:
    """Give the name of a camera for copies of a scene, named, to be rendered through; it is gone afterwards.

    It has neither depth of field nor animation, so that what it sees is one view in sharp focus.
    """
    data = bpy.data.cameras.new("Pinhole")
    ob = bpy.data.objects.new(data.name, data)
    name, data_name = ob.name, data.name
    for copy in names:
        bpy.data.scenes[copy].collection.objects.link(ob)
        bpy.data.scenes[copy].timeline_markers.clear()  # which would bring another camera
    try:
        yield name
    finally:
        if name in bpy.data.objects:  # undone meanwhile, it is gone
            bpy.data.objects.remove(bpy.data.objects[name])
        if data_name in bpy.data.cameras:
            bpy.data.cameras.remove(bpy.data.cameras[data_name])


def aim(pinhole: Any, copies: Sequence[Any], camera: Any, frame: int) -> None:
    """Have a spare camera see what a camera of the scene sees at a frame, in copies of the scene.

    Raises CameraError for a camera that is not in perspective.
    """
    first = copies[0]
    first.camera = camera  # so that it is evaluated, wherever it is
    first.frame_set(frame)
    seen = camera.evaluated_get(first.view_layers[0].depsgraph)
    if seen.data.type != "PERSP":
        raise CameraError(f"{camera.name} is not a perspective camera. Set its Type to Perspective")
    for name in _LENS:
        setattr(pinhole.data, name, getattr(seen.data, name))
    pinhole.matrix_world = seen.matrix_world.normalized()  # a camera's own scale counts for nothing
    for copy in copies:
        copy.frame_current = frame
        copy.camera = pinhole


def numbers(pinhole: Any, render: Any, camera: str) -> Pinhole:
    """Return the pose and the lens, by Blender's own matrix: sensor fit, shift and pixel aspect are in it.

    Raises CameraError where a scale mirrors or skews it; camera: its name for that.
    """
    matrix = np.array(pinhole.matrix_world, float)
    turn = matrix[:3, :3]
    if np.abs(turn @ turn.T - np.eye(3)).max() > _SKEW or np.linalg.det(turn) < 0.0:
        raise CameraError(f"{camera} is mirrored or skewed by its scale or its parent's. Clear that scale")
    width, height = (side * render.resolution_percentage // 100 for side in (render.resolution_x, render.resolution_y))
    clip = pinhole.calc_matrix_camera(
        bpy.context.evaluated_depsgraph_get(),
        x=width,
        y=height,
        scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y,
    )
    world_to_camera = np.linalg.inv(matrix @ np.diag([1.0, -1.0, -1.0, 1.0]))  # from Blender's Y up, Z backward
    return Pinhole(
        width,
        height,
        clip[0][0] * width / 2,
        clip[1][1] * height / 2,
        (1.0 - clip[0][2]) * width / 2,
        (1.0 + clip[1][2]) * height / 2,
        world_to_camera[:3],
    )
