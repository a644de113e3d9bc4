"""The flat picture: a quad of a photo's aspect, and how it can stand."""

from math import pi

import bpy
from mathutils import Matrix

UV_MAP = "UVMap"  # as Depth Relief calls that of the grid that it makes
STANDING = Matrix.Rotation(pi / 2, 4, "X")  # faces -Y, where Blender's front view looks from
LYING = Matrix.Identity(4)  # faces +Z


def plane(name: str, width: int, height: int) -> bpy.types.Mesh:
    """Return a single quad in the XY plane, centred, its longer side 2 m, with a UV map that shows all of the photo."""
    x, y = width / max(width, height), height / max(width, height)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    mesh.uv_layers.new(name=UV_MAP).data.foreach_set("uv", (0, 0, 1, 0, 1, 1, 0, 1))
    return mesh
