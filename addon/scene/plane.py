"""The flat picture: a quad of a photo's aspect, how it can stand and in which units, and what it is called."""

import re
from math import pi
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

UV_MAP = "UVMap"  # as Depth Relief calls that of the grid that it makes
STANDING = Matrix.Rotation(pi / 2, 4, "X")  # faces -Y, where Blender's front view looks from
LYING = Matrix.Identity(4)  # faces +Z


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


def uv_map_of(mesh: bpy.types.Mesh) -> str | None:
    """Return the UV map that a mesh's textures read, whatever it is called: importers and translations differ in it."""
    layers = mesh.uv_layers
    shown = next((layer for layer in layers if layer.active_render), layers.active)
    return shown.name if shown is not None else None


def in_metres(matrix: Matrix, scene: bpy.types.Scene | None) -> Matrix:
    """Return where an object stands so that a unit of its own space is a metre of the scene."""
    units: Any = scene.unit_settings if scene is not None else None
    metre = 1.0 if units is None or units.system == "NONE" else 1.0 / units.scale_length
    return matrix @ Matrix.Scale(metre, 4)
