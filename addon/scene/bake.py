"""Bake Maps: height, normals and depth of a relief as pictures, from the heights that it shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...inference import exr, png  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.catalog import Kind  # type: ignore[import-not-found]
from ...inference.paths import replacing  # type: ignore[import-not-found]
from ..errors import BakeError, in_one_line
from . import inputs, photo, stand_in

_FLAT, _UV, _DISTANCE = "depth_nodes_flat", "depth_nodes_uv", "depth_nodes_distance"  # attributes on the way
_STRAIGHT = 1e-4  # of the picture: by how much a column may lean before the picture counts as turned

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Maps:
    """A relief as pictures, top row first. Pixels without a depth are at the far end, flat, and not known.

    depth: float32 (H, W), of the closest vertex: what the relief sampled, in the units of its depth image; of
        Projection Camera the distance along the view axis. kind: what that is. known: bool (H, W).
    height: float32 (H, W), in the object's units above its plane; None of Projection Camera, whose rays spread.
    normal: float32 (H, W, 3), unit vectors in tangent space, X right, Y up (as OpenGL has it), Z to the viewer.
    """

    depth: Floats
    kind: Kind
    known: NDArray[np.bool_]
    height: Floats | None = None
    normal: Floats | None = None

    def reach(self) -> float:
        """Return how far the highest known pixel lies above the lowest, in the object's units; 0 without heights."""
        return 0.0 if self.height is None else float(np.ptp(self.height[self.known]))


@dataclass(frozen=True, eq=False)
class _Grid:
    """A relief's vertices in columns and rows, (C, R) each: where they lie in the picture, from its lower left."""

    u: Floats
    v: Floats
    height: Floats
    depth: Floats
    known: NDArray[np.bool_]
    across: float  # the plane's size in the object's units for the whole width of the picture
    up: float


def compute(ob: bpy.types.Object, modifier: bpy.types.NodesModifier, size: int = 0) -> Maps:
    """Return the maps of a relief, as detailed as its Resolution makes it.

    size: pixels along the longer side; 0 takes those of the photo that the object shows, or of the depth image.
    Raises BakeError where the relief is no grid, or its picture lies turned or mirrored on its plane.
    """
    image = inputs.get_input(modifier, "Image")
    if image is None or 0 in image.size:
        raise BakeError(f"{modifier.name!r} has no depth image to bake. Choose one under Image")
    scene = is_scene(modifier)
    grid = _grid(ob, modifier, scene)
    width, height = _size(ob, image, size)
    x = np.interp((np.arange(width) + 0.5) / width, grid.u, np.arange(grid.u.size))
    y = np.interp((np.arange(height)[::-1] + 0.5) / height, grid.v, np.arange(grid.v.size))
    closest = np.ix_(np.rint(x).astype(int), np.rint(y).astype(int))
    known = grid.known[closest].T
    kind: Kind = "distance" if scene else inputs.get_input(modifier, "Kind").lower()
    depth = np.where(known, grid.depth[closest].T, 0.0).astype(np.float32)
    if scene:
        return Maps(depth, kind, known)
    lowest = grid.height[grid.known].min()
    between = _between(np.where(grid.known, grid.height, lowest), x, y).T
    high: Floats = np.where(known, between, lowest).astype(np.float32)
    slope_y, slope_x = np.gradient(high.astype(np.float64), grid.up / height, grid.across / width)
    normal = np.stack([-slope_x, slope_y, np.ones_like(slope_x)], axis=-1)  # rows run down, Y up
    normal[~known] = 0.0, 0.0, 1.0
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return Maps(depth, kind, known, high, np.asarray(normal, np.float32))


def write(maps: Maps, stem: Path, *, overwrite: bool = False) -> list[Path]:
    """Write STEM_height.png, STEM_normal.png and STEM_depth.exr, and return those that there are.

    Height is 16-bit grey, 0 at the lowest and 65535 at the highest known pixel, which its text chunks name. The normal
    map is 16-bit RGB, 65535 (n + 1) / 2. Depth is 32-bit float in Z, with 0 in A where it is unknown.
    Raises BakeError, before anything is written, where a file is there already, and where one can't be written.
    """
    files = {stem.with_name(f"{stem.name}_depth.exr"): _depth_file(maps)}
    if maps.height is not None and maps.normal is not None:
        low, high = (float(end(maps.height[maps.known])) for end in (np.min, np.max))
        share = (maps.height.astype(np.float64) - low) / (high - low or 1.0)
        grey = np.rint(np.clip(share, 0.0, 1.0) * 65535.0).astype(np.uint16)
        text = {"depthHeightBlack": repr(low), "depthHeightWhite": repr(high)}
        files[stem.with_name(f"{stem.name}_height.png")] = png.encode(grey, text)
        rgb = np.rint((maps.normal.astype(np.float64) + 1.0) * 32767.5).astype(np.uint16)
        files[stem.with_name(f"{stem.name}_normal.png")] = png.encode(rgb)
    there = [path.name for path in files if path.exists()]
    if there and not overwrite:
        raise BakeError(f"{', '.join(sorted(there))} exists already. Choose another name, or tick Overwrite")
    for path, data in files.items():
        try:
            with replacing(path) as part:
                part.write_bytes(data)
        except OSError as error:
            raise BakeError(f"{path} can't be written ({in_one_line(error)}). Choose another place") from error
    return sorted(files)


def is_scene(modifier: bpy.types.NodesModifier) -> bool:
    """Return whether the relief is a camera's scene, of which no height can be baked."""
    return bool(inputs.get_input(modifier, "Projection") == "Camera")


def open_images(paths: list[Path]) -> list[bpy.types.Image]:
    """Open the files as Non-Color images, those that are open already anew."""
    images = []
    for path in paths:
        image = bpy.data.images.load(str(path), check_existing=True)
        image.colorspace_settings.is_data = True
        image.reload()
        images.append(image)
    return images


def _depth_file(maps: Maps) -> bytes:
    data: bytes = exr.encode({"Z": maps.depth, "A": maps.known.astype(np.float32)}, {"depthKind": maps.kind})
    return data


def _size(ob: bpy.types.Object, image: bpy.types.Image, size: int) -> tuple[int, int]:
    texture = photo.shown_by(ob)
    shown = image if texture is None or texture.image is None or 0 in texture.image.size else texture.image
    width, height = shown.size
    longer = size or max(width, height)
    return tuple(max(1, round(side * longer / max(width, height))) for side in (width, height))  # type: ignore[return-value]


def _grid(ob: bpy.types.Object, modifier: bpy.types.NodesModifier, scene: bool) -> _Grid:
    soft = inputs.get_input(modifier, "Cutoff") and inputs.get_input(modifier, "Edge Falloff") > 0
    mesh = stand_in.evaluated(ob, modifier, lambda tree: _end(tree, modifier, soft))
    try:
        return _arranged(mesh, ob, scene)
    finally:
        bpy.data.meshes.remove(mesh)


def _end(tree: bpy.types.NodeTree, modifier: bpy.types.NodesModifier, soft: bool) -> bpy.types.NodeSocket:
    """Return the surface before anything is deleted, with its flat places and distances; soft: with Edge Falloff."""
    samples, cutoff = (stand_in.group_in(tree, name, modifier) for name in (stand_in.SAMPLES, stand_in.CUTOFF))
    given: dict[str, Any] = {
        link.to_socket.name: link.from_socket for link in tree.links if link.to_node == cutoff and link.to_socket
    }
    cutoff.inputs["Delete"].default_value = False
    flat = tree.nodes.new("GeometryNodeSampleIndex")
    flat.data_type = "FLOAT_VECTOR"
    tree.links.new(samples.outputs["Geometry"], flat.inputs["Geometry"])
    tree.links.new(tree.nodes.new("GeometryNodeInputPosition").outputs[0], flat.inputs["Value"])
    tree.links.new(tree.nodes.new("GeometryNodeInputIndex").outputs[0], flat.inputs["Index"])
    geometry = stand_in.store(tree, given["Geometry"], _DISTANCE, given["Distance"], "FLOAT")
    if soft:
        tree.links.new(geometry, cutoff.inputs["Geometry"])
        geometry = cutoff.outputs["Geometry"]
    geometry = stand_in.store(tree, geometry, _FLAT, flat.outputs[0], "FLOAT_VECTOR")
    return stand_in.store(tree, geometry, _UV, samples.outputs["UV"], "FLOAT_VECTOR")


def _arranged(mesh: bpy.types.Mesh, ob: bpy.types.Object, scene: bool) -> _Grid:
    count = len(mesh.vertices)
    rows = mesh.loops[1].vertex_index if len(mesh.loops) > 1 else 0  # the first face goes on to the second column
    columns = count // rows if rows else 0
    if columns < 2 or rows < 2 or columns * rows != count or len(mesh.polygons) != (columns - 1) * (rows - 1):
        raise BakeError(f"{ob.name!r} is not a whole grid. Unfreeze it, or set Surface to Grid")
    place = _read(mesh.vertices, "co", (columns, rows, 3))
    flat, uv = (_read(mesh.attributes[name].data, "vector", (columns, rows, 3)) for name in (_FLAT, _UV))
    name = _DISTANCE if scene else "depth"
    depth, validity = (_read(mesh.attributes[one].data, "value", (columns, rows)) for one in (name, "validity"))
    known = validity >= 0.5
    if not known.any():
        raise BakeError(f"{ob.name!r} shows no known depth. Check its depth image, Keep From and Keep To")
    u, v = uv[:, 0, 0], uv[0, :, 1]
    lean = max(np.ptp(uv[:, :, 0], axis=1).max(), np.ptp(uv[:, :, 1], axis=0).max())
    if lean > _STRAIGHT or (np.diff(u) <= 0).any() or (np.diff(v) <= 0).any():
        raise BakeError(f"The picture lies turned or mirrored on {ob.name!r}. Give its plane an upright UV map")
    right, top = flat[-1, 0] - flat[0, 0], flat[0, -1] - flat[0, 0]
    normal = np.cross(right, top)
    normal /= np.linalg.norm(normal)
    height = ((place - flat) @ normal).astype(np.float32)
    across, up = (float(np.linalg.norm(side)) for side in (right, top))
    return _Grid(u, v, height, depth, known, across / float(u[-1] - u[0]), up / float(v[-1] - v[0]))


def _read(data: Any, field: str, shape: tuple[int, ...]) -> Floats:
    values = np.empty(shape, np.float32)
    data.foreach_get(field, values.reshape(-1))
    return values


def _between(values: Floats, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (X, Y) values at places on a grid, (X,) columns and (Y,) rows with fractions: bilinear."""
    left, low = (np.minimum(place.astype(int), side - 2) for place, side in zip((x, y), values.shape, strict=True))
    s, t = (x - left)[:, None], y - low
    columns = values[left].astype(np.float64) * (1.0 - s) + values[left + 1] * s
    result: NDArray[np.float64] = columns[:, low] * (1.0 - t) + columns[:, low + 1] * t
    return result
