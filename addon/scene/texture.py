"""A picture that was made from a depth map goes back onto what the map showed: a mesh, or a relief."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...inference import constraint  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..errors import ViewError
from . import inputs, material, photo, plane, view

UV_MAP = "Picture from View"
_FACING = 0.1  # cosine of the angle to the view ray below which a face is seen too nearly edge-on
_SAME = 1e-3  # of the distance: what is hit so near to a face's middle is the face
_OFF = 0.01  # of the picture's size: how far a relief's own view may be from the map's


def project(
    scene: bpy.types.Scene, obs: Sequence[tuple[bpy.types.Object, bpy.types.NodesModifier | None]], path: Path
) -> int:
    """Lay a picture over objects as the scene's last depth map saw them; return how many took it.

    obs: each with its Depth Relief, if it has one.

    Padding is left out. A relief takes it in its material, by its own UV map. On any other mesh the faces that the
    camera sees get a UV map and a material of their own; back faces and what is hidden keep theirs.

    Raises ViewError where there is no depth map yet, the picture has another shape, or nothing takes it.
    """
    inside, matrix, place = view.remembered(scene)
    picture = photo.load(path)
    width, height = picture.size
    if abs(width / height / (inside.whole_width / inside.whole_height) - 1) > 0.02:
        raise ViewError(
            f"{path.name} is {width} x {height}, the depth map was {inside.whole_width} x {inside.whole_height}. "
            "Choose the picture that was made from it"
        )
    shown: bpy.types.Material | None = None
    count = 0
    for ob, modifier in obs:
        if ob.type != "MESH":
            continue
        if not ob.data.is_editable:
            raise ViewError(f"{ob.name} is linked from another file. Make its mesh local first")
        if modifier is not None:
            _on_relief(ob, modifier, picture, inside, matrix)
            count += 1
            continue
        seen = _seen_faces(scene, ob, matrix, Vector(place))
        if seen.any():
            shown = shown or _material(picture)
            _on_mesh(ob, seen, shown, inside, matrix)
            count += 1
    if not count:
        raise ViewError("Nothing that is selected was seen by the depth map's camera. Select what the map shows")
    return count


def view_uv(matrix: Matrix, points: Any) -> Any:
    """Return where points of the world, (N, 3), lie in the view, from (0, 0) at its lower left to (1, 1).

    NaN behind the camera.
    """
    rows = np.array(matrix)
    clip = points @ rows[:, :3].T + rows[:, 3]
    with np.errstate(invalid="ignore", divide="ignore"):
        uv = clip[:, :2] / clip[:, 3:] * 0.5 + 0.5
    return np.where(clip[:, 3:] > 0.0, uv, np.nan)


def _padded(uv: Any, inside: constraint.Frame) -> Any:
    """Return the same places in the padded picture."""
    left, below = inside.left, inside.whole_height - inside.top - inside.height
    return (uv * [inside.width, inside.height] + [left, below]) / [inside.whole_width, inside.whole_height]


def _seen_faces(scene: bpy.types.Scene, ob: Any, matrix: Matrix, place: Vector) -> Any:
    """Return which faces of a mesh the camera sees: all corners in view, facing it, and nothing before their middle."""
    mesh, world = ob.data, ob.matrix_world
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    uv = view_uv(matrix, points @ np.array(world.to_3x3()).T + np.array(world.translation))
    inside = ((uv >= -1e-4) & (uv <= 1 + 1e-4)).all(axis=1)
    normals = world.to_3x3().inverted_safe().transposed()
    graph = bpy.context.evaluated_depsgraph_get()
    seen = np.zeros(len(mesh.polygons), bool)
    for face in mesh.polygons:
        if not inside[list(face.vertices)].all():
            continue
        middle = world @ face.center
        ray = middle - place
        facing = -(normals @ face.normal).normalized().dot(ray.normalized())
        if facing < _FACING:
            continue
        hit, where, *_ = scene.ray_cast(graph, place, ray.normalized())
        seen[face.index] = hit and (where - middle).length < _SAME * ray.length
    return seen


def _on_mesh(ob: Any, seen: Any, shown: bpy.types.Material, inside: constraint.Frame, matrix: Matrix) -> None:
    mesh, world = ob.data, ob.matrix_world
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    uv = _padded(view_uv(matrix, points @ np.array(world.to_3x3()).T + np.array(world.translation)), inside)
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    layer = mesh.uv_layers.get(UV_MAP) or mesh.uv_layers.new(name=UV_MAP, do_init=False)
    layer.uv.foreach_set("vector", np.nan_to_num(uv)[corners].astype(np.float32).ravel())
    if not mesh.materials:
        mesh.materials.append(None)  # what is hidden keeps what it had: nothing
    if shown.name not in mesh.materials:
        mesh.materials.append(shown)
    slots = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    slots[seen] = mesh.materials.find(shown.name)
    mesh.polygons.foreach_set("material_index", slots)
    mesh.update()


def _material(picture: bpy.types.Image) -> bpy.types.Material:
    made = material.material(picture)
    next(node for node in made.node_tree.nodes if node.bl_idname == "ShaderNodeUVMap").uv_map = UV_MAP
    return made


def _on_relief(
    ob: Any, modifier: bpy.types.NodesModifier, picture: bpy.types.Image, inside: constraint.Frame, matrix: Matrix
) -> None:
    """Give a relief a material of its own with the cropped picture, if the map's view is that of its photo."""
    if not _sees_as_photo(ob, matrix):
        raise ViewError(
            f"The depth map does not see {ob.name} as its photo does. Make it from the relief's matching camera"
        )
    cropped = _cropped(picture, inside)
    shown = material.material(cropped)
    inputs.set_input(modifier, "Material", shown)
    ob.data.materials.clear()
    ob.data.materials.append(shown)


def _sees_as_photo(ob: Any, matrix: Matrix) -> bool:
    """Whether the vertices of a relief lie in the view where they lie in the photo."""
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    layer = mesh.uv_layers.get(plane.UV_MAP)
    if layer is None or not len(mesh.loops):
        return False
    points, corners = np.empty((len(mesh.vertices), 3), np.float32), np.empty(len(mesh.loops), np.int32)
    uv = np.empty((len(mesh.loops), 2), np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    mesh.loops.foreach_get("vertex_index", corners)
    layer.uv.foreach_get("vector", uv.ravel())
    world = ob.matrix_world
    seen = view_uv(matrix, points @ np.array(world.to_3x3()).T + np.array(world.translation))[corners]
    return float(np.nanmedian(np.abs(seen - uv))) < _OFF


def _cropped(picture: bpy.types.Image, inside: constraint.Frame) -> bpy.types.Image:
    """Return the picture without its padding, to whole pixels, as an image of its own that is packed."""
    width, height = picture.size
    left, top, right, bottom = (round(edge) for edge in inside.crop(width, height))
    pixels = np.empty((height, width, 4), np.float32)
    picture.pixels.foreach_get(pixels.ravel())
    part = np.ascontiguousarray(pixels[height - bottom : height - top, left:right])
    made = bpy.data.images.new(picture.name, right - left, bottom - top, alpha=True)
    made.colorspace_settings.name = picture.colorspace_settings.name
    made.pixels.foreach_set(part.ravel())
    made.pack()
    return made
