"""The depth of what the scene's camera sees, whatever that is, as a map for diffusion models."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...inference import constraint  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.depth import Depth  # type: ignore[import-not-found]
from ...inference.paths import replacing  # type: ignore[import-not-found]
from ..errors import ViewError, first_line
from . import pinhole, still

_FRAME, _MATRIX, _PLACE = "depth_nodes_frame", "depth_nodes_view_matrix", "depth_nodes_view_place"  # on the scene


def depth_map(
    scene: bpy.types.Scene, path: Path, *, resolution: int = constraint.RESOLUTION, multiple: int = constraint.MULTIPLE
) -> constraint.Frame:
    """Write the depth that the scene's camera sees as a PNG: 8-bit RGB, white where near, linear in inverse depth.

    resolution: of the shorter side. multiple: of which both sides are multiples, by padding. Returns where the view
    lies in the map. The scene keeps that, and the view, for `texture.project`. Renders one sample with Cycles.

    Raises ViewError without a camera in perspective, where it sees nothing, and where the file can't be written.
    """
    camera = scene.camera
    if camera is None or camera.type != "CAMERA":
        raise ViewError("The scene has no camera. Add one and align it to this view (View > Align View)")
    if camera.data.type != "PERSP":
        raise ViewError(f"{camera.name} is not a perspective camera. Set its Type to Perspective")
    render = scene.render
    inside = constraint.frame(render.resolution_x, render.resolution_y, resolution, multiple)
    distance = _distances(scene, inside)
    known = np.isfinite(distance)
    if not known.any():
        raise ViewError(f"{camera.name} sees nothing. Point it at what the map should show")
    counted = distance[known]
    depth = Depth(distance, known, "distance", float(counted.min()), float(counted.max()), "", "")
    try:
        with replacing(path) as part:
            part.write_bytes(constraint.png(depth, inside))
    except OSError as error:
        raise ViewError(f"{path} can't be written ({first_line(error)}). Choose another place") from error
    _remember(scene, inside)
    return inside


def remembered(scene: bpy.types.Scene) -> tuple[constraint.Frame, Matrix, tuple[float, ...]]:
    """Return the frame, the world-to-view matrix and the camera's place of the scene's last depth map.

    The matrix takes a point of the world to (x, y, z, w), of which x / w and y / w are -1 to 1 across the view. Raises
    ViewError if there is none.
    """
    if scene.get(_FRAME) is None:
        raise ViewError("No view is known that the picture could be of. Make Depth Map of This View first")
    numbers = list(scene[_MATRIX])
    matrix = Matrix([numbers[start : start + 4] for start in range(0, 16, 4)])
    return constraint.Frame(*map(int, scene[_FRAME])), matrix, tuple(scene[_PLACE])


def _remember(scene: bpy.types.Scene, inside: constraint.Frame) -> None:
    camera: Any = scene.camera
    graph = bpy.context.evaluated_depsgraph_get()
    lens = camera.calc_matrix_camera(graph, x=scene.render.resolution_x, y=scene.render.resolution_y)
    matrix = lens @ camera.matrix_world.normalized().inverted()
    scene[_MATRIX] = [number for row in matrix for number in row]
    scene[_PLACE] = tuple(camera.matrix_world.translation)
    sides = (inside.left, inside.top, inside.width, inside.height, inside.whole_width, inside.whole_height)
    scene[_FRAME] = sides


def _distances(scene: bpy.types.Scene, inside: constraint.Frame) -> Any:
    """Return the distances along the view axis, float32 (height, width), by a copy of the scene that renders them."""
    with (
        still.temporary_folder() as folder,
        still.copied(scene) as name,
        pinhole.spare(name) as camera,
    ):
        copy = bpy.data.scenes[name]
        still.show_distances(copy)
        render: Any = copy.render
        render.resolution_x, render.resolution_y, render.resolution_percentage = inside.width, inside.height, 100
        render.pixel_aspect_x = render.pixel_aspect_y = 1.0
        pinhole.aim(bpy.data.objects[camera], [copy], scene.camera, scene.frame_current)
        path = folder / "view.exr"
        render.filepath = str(path)
        still.render(name)
        return still.read_distances(path)
