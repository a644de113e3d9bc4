"""Anchor: a scene stands at true distances once two of its points have theirs.

Near and Far Distance turn a relative depth h into a distance d (see the group Disparity to Distance):

    1 / d = a h + b,  b = 1 / far,  a = 1 / near - b

So the present distances of two points tell their h, however the depth was stretched, smoothed or frozen before, and the
wanted distances then tell a and b. This holds inside faces too: over a plane, 1 / d is linear in the picture.
"""

from dataclasses import dataclass
from math import sqrt
from typing import cast

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ..errors import AnchorError
from . import camera, inputs
from .plane import UV_MAP

Point = tuple[float, float]

SAME = 1.0 / 256.0  # shares of the range: closer than a level of an 8-bit map, two points have one depth
_ON = 1e-5  # in UV and in shares of a triangle: how far beside it a point still lies on it
_NEAREST, _FARTHEST = 0.001, 1e6  # what Near and Far Distance take


@dataclass(frozen=True)
class Anchored:
    """What two points made of a scene.

    near, far: what Near and Far Distance are now, or None where the depth is metric: then `scale` is by how much the
    object grew instead. distances: where the points are now, in Blender units along the view axis.
    """

    near: float | None
    far: float | None
    scale: float
    distances: tuple[float, float]


def anchor(
    ob: bpy.types.Object,
    modifier: bpy.types.NodesModifier,
    points: tuple[Point, Point],
    distances: tuple[float, float],
) -> Anchored:
    """Have two points of a scene stand at these distances from its camera, and all others follow.

    points: where they lie in the picture, as a UV: (0, 0) is its lower left corner, (1, 1) the upper right. distances:
    along the view axis, in Blender units. Relative depth gets its Near and Far Distance. Metric depth lacks a scale at
    most: the object is scaled, as well as one number fits both. Raises DepthNodesError, before anything changes.
    """
    wanted = _checked(distances)
    if not ob.is_editable:
        raise AnchorError(f"{ob.name!r} is linked from another file. Make it local first")
    present = [distance_at(ob, modifier, point) for point in points]
    follows = inputs.get_input(modifier, "Lens") == "Camera Object"
    if inputs.get_input(modifier, "Kind") == "Distance":
        if follows:
            raise AnchorError(
                f"{ob.name!r} has metric depth and follows a camera, so its distances are fixed. Take the lens from a "
                "focal length"
            )
        scale = sqrt(wanted[0] / present[0] * wanted[1] / present[1])
        ob.scale *= scale
        return Anchored(None, None, scale, (present[0] * scale, present[1] * scale))
    unit = 1.0 if follows else _scale(ob, modifier)  # before a camera of the scene the object's own scale doesn't count
    near, far = _ends(modifier, [one / unit for one in present], [one / unit for one in wanted])
    inputs.set_input(modifier, "Near Distance", near)
    inputs.set_input(modifier, "Far Distance", far)
    return Anchored(near, far, 1.0, wanted)


def distance_at(ob: bpy.types.Object, modifier: bpy.types.NodesModifier, point: Point) -> float:
    """Return how far a scene's surface is from its camera, along the view axis and in Blender units.

    point: the UV of a place in the picture. Raises DepthNodesError where nothing is seen there.
    """
    mesh = _evaluated(ob, modifier)
    loops, faces = _triangles(mesh)
    corners = _uv_of(mesh, modifier)[loops]  # (T, 3, 2)
    at = np.array(point, np.float64)
    near = (corners.min(axis=1) <= at + _ON).all(axis=-1) & (corners.max(axis=1) >= at - _ON).all(axis=-1)
    near &= ~np.isin(faces, _behind(mesh, modifier))
    weights = _weights(corners[near], at)
    inside = (weights >= -_ON).all(axis=-1)
    ahead = _ahead(mesh, ob, modifier)[_vertices(mesh)[loops[near][inside]]]  # (T, 3)
    seen = (ahead > 0.0).all(axis=-1)
    if not seen.any():
        raise AnchorError(
            f"The relief has no surface at ({at[0]:.3f}, {at[1]:.3f}): it is cut there, or its depth is unknown. Pick "
            "a point on the surface"
        )
    inverse = (weights[inside][seen] / ahead[seen]).sum(axis=-1)
    return float(1.0 / inverse.max()) * _scale(ob, modifier)


def uv_at(ob: bpy.types.Object, modifier: bpy.types.NodesModifier, face: int, place: Vector) -> Point:
    """Return which UV of the picture a place on a face of the evaluated mesh has.

    face, place: as `Object.ray_cast` returns them. Raises AnchorError on the background, which is in no photo.
    """
    mesh = _evaluated(ob, modifier)
    if face in _behind(mesh, modifier):
        raise AnchorError("That is the background, which is made up. Click on a surface that the photo shows")
    loops, faces = _triangles(mesh)
    loops = loops[faces == face]
    corners = _vertices(mesh)[loops]
    weights = _weights(_points(mesh)[corners], np.array(place, np.float64))
    best = int(weights.min(axis=-1).argmax())
    share = weights[best] * _ahead(mesh, ob, modifier)[corners[best]]  # of the picture, where far corners count more
    u, v = share / share.sum() @ _uv_of(mesh, modifier)[loops[best]]
    return float(u), float(v)


def _ends(modifier: bpy.types.NodesModifier, present: list[float], wanted: list[float]) -> tuple[float, float]:
    """Return Near and Far Distance with which what is at the present distances comes to the wanted ones."""
    near, far = 1.0 / inputs.get_input(modifier, "Near Distance"), 1.0 / inputs.get_input(modifier, "Far Distance")
    if near == far:
        raise AnchorError("Near and Far Distance are equal, so the scene is flat. Set Far Distance higher first")
    first, second = ((1.0 / distance - far) / (near - far) for distance in present)  # shares of the range, 1 = near
    if abs(first - second) < SAME:
        raise AnchorError("Both points have the same depth, which fits any range. Pick one point near and one far")
    a = (1.0 / wanted[0] - 1.0 / wanted[1]) / (first - second)
    b = 1.0 / wanted[0] - a * first
    if a < 0.0:
        raise AnchorError(
            "In the depth map the other one of the two points is nearer. Exchange the distances, or use Invert for a "
            "map in which dark is near"
        )
    if b < 1.0 / _FARTHEST:
        ratio = max(first, second) / max(min(first, second), 1e-6)
        raise AnchorError(
            f"No range fits: in this depth map the farther point is less than {ratio:.3g} times as far away as the "
            "nearer one. Check the distances, or pick other points"
        )
    if a + b > 1.0 / _NEAREST:
        raise AnchorError("Near Distance would be below a millimetre. Check both distances")
    return 1.0 / (a + b), 1.0 / b


def _checked(distances: tuple[float, float]) -> tuple[float, float]:
    first, second = distances
    if not (0.0 < first < np.inf and 0.0 < second < np.inf):
        raise AnchorError("A distance has to be more than 0. Measure both from the camera")
    if first == second:
        raise AnchorError("Both distances are the same. Pick two points of which one is farther away")
    return float(first), float(second)


def _scale(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> float:
    """Return how many Blender units one unit of the object's space has along the view axis."""
    turn = ob.matrix_world.to_3x3() @ camera.photo_view(ob, modifier).matrix.to_3x3()
    return (turn @ Vector((0.0, 0.0, 1.0))).length


def _evaluated(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> bpy.types.Mesh:
    """Return the mesh that is shown. Raises AnchorError for a relief, which has no distances."""
    if inputs.get_input(modifier, "Projection") != "Camera":
        raise AnchorError(f"{ob.name!r} is a relief, which has no distances. Set Projection to Camera")
    return cast("bpy.types.Mesh", ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data)


def _triangles(mesh: bpy.types.Mesh) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the corners of each triangle (T, 3), and the face (T,) that it is part of."""
    mesh.calc_loop_triangles()
    loops = np.empty((len(mesh.loop_triangles), 3), np.int32)
    faces = np.empty(len(loops), np.int32)
    mesh.loop_triangles.foreach_get("loops", loops.reshape(-1))
    mesh.loop_triangles.foreach_get("polygon_index", faces)
    return loops, faces


def _vertices(mesh: bpy.types.Mesh) -> NDArray[np.int32]:
    """Return the vertex of each corner, (L,)."""
    vertices = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", vertices)
    return vertices


def _points(mesh: bpy.types.Mesh) -> NDArray[np.float32]:
    """Return where each vertex is in the object's space, (N, 3)."""
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", points.reshape(-1))
    return points


def _ahead(mesh: bpy.types.Mesh, ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> NDArray[np.float64]:
    """Return how far each vertex is from the camera, along the view axis in the object's space, (N,)."""
    to_view = np.array(camera.photo_view(ob, modifier).matrix.inverted())
    return -(_points(mesh) @ to_view[2, :3] + to_view[2, 3])


def _uv_of(mesh: bpy.types.Mesh, modifier: bpy.types.NodesModifier) -> NDArray[np.float32]:
    """Return where each corner lies in the picture, (L, 2)."""
    layer = mesh.uv_layers.get(inputs.get_attribute(modifier, "UV") or UV_MAP) or mesh.uv_layers.get(UV_MAP)
    if layer is None:
        raise AnchorError("The relief shows no faces with a UV map. Choose a depth image, or raise Threshold")
    uv = np.empty((len(mesh.loops), 2), np.float32)
    layer.uv.foreach_get("vector", uv.reshape(-1))
    return uv


def _behind(mesh: bpy.types.Mesh, modifier: bpy.types.NodesModifier) -> NDArray[np.intp]:
    """Return the faces of the background, known by its material."""
    material = inputs.get_input(modifier, "Background Material") if inputs.get_input(modifier, "Background") else None
    slots = [slot for slot, shown in enumerate(mesh.materials) if shown and shown.original == material]
    shown = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", shown)
    return np.flatnonzero(np.isin(shown, slots))


def _weights(corners: NDArray[np.float32], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the barycentric coordinates (T, 3) of a point (k,) in triangles (T, 3, k); NaN where one has no area."""
    start = corners[:, 0].astype(np.float64)
    one, two, to = corners[:, 1] - start, corners[:, 2] - start, point - start
    aa, ab, bb = ((left * right).sum(axis=-1) for left, right in ((one, one), (one, two), (two, two)))
    pa, pb = ((to * side).sum(axis=-1) for side in (one, two))
    with np.errstate(divide="ignore", invalid="ignore"):
        second, third = (bb * pa - ab * pb) / (aa * bb - ab * ab), (aa * pb - ab * pa) / (aa * bb - ab * ab)
    return np.stack([1.0 - second - third, second, third], axis=-1)
