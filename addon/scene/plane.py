"""The flat picture: a quad of a photo's aspect, how it can stand, and what it is called."""

import re
from math import pi
from pathlib import Path

import bpy
from mathutils import Matrix

UV_MAP = "UVMap"  # as Depth Relief calls that of the grid that it makes
STANDING = Matrix.Rotation(pi / 2, 4, "X")  # faces -Y, where Blender's front view looks from
LYING = Matrix.Identity(4)  # faces +Z
GAP = 0.2  # metres between two reliefs of a row


def title(picture: bpy.types.Image) -> str:
    """Return what to call the things that show a photo: its name without suffix, or number that made it unique."""
    return Path(re.sub(r"\.\d{3,}$", "", picture.name)).stem


def plane(name: str, width: int, height: int) -> bpy.types.Mesh:
    """Return a single quad in the XY plane, centred, its longer side 2 m, with a UV map that shows all of the photo."""
    x, y = width / max(width, height), height / max(width, height)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    mesh.uv_layers.new(name=UV_MAP).data.foreach_set("uv", (0, 0, 1, 0, 1, 1, 0, 1))
    return mesh


def put_beside(ob: bpy.types.Object, matrix: Matrix, end: float | None) -> float:
    """Move a new relief along the row so that it begins where the last one ended; return where it ends."""
    shaped = ob.evaluated_get(bpy.context.evaluated_depsgraph_get())
    across = [corner[0] for corner in shaped.bound_box]
    place = 0.0 if end is None else end + GAP - min(across)
    ob.matrix_world = matrix @ Matrix.Translation((place, 0.0, 0.0))
    return place + max(across)
