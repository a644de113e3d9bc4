"""A smooth hill stays whole on every mesh that it is laid over: a gap is judged by the pixels that it spans."""

from typing import Any

import bpy
import numpy as np
import pytest

from . import reference
from .scene import add_group, depth_image, evaluate, mesh_object, relief

SIDE = 512


def hill() -> np.ndarray:
    """Disparity 0 at the border to 1 in the middle, (SIDE, SIDE): no edge anywhere."""
    x, y = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    return ((np.cos(np.pi / 2 * x) * np.cos(np.pi / 2 * y)) ** 2).astype(np.float32)


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
@pytest.mark.parametrize("resolution", [2, 3, 4, 8, 9, 16, 64, 256, 512, 700])
def test_on_a_plane(resolution: int, projection: str) -> None:
    mesh = evaluate(relief({"Image": depth_image(hill()), "Resolution": resolution, "Projection": projection}))
    assert len(mesh.faces) == (resolution - 1) ** 2


@pytest.mark.parametrize("side", [3, 8, 10, 40])
def test_on_a_coarse_grid_with_a_uv_map(side: int) -> None:
    shares = reference.grid_shares(side, side)
    ob = mesh_object(np.pad(shares, ((0, 0), (0, 1))), reference.grid_faces(side, side), shares)
    add_group(ob, "Depth Relief", {"Image": depth_image(hill()), "Surface": "Mesh"})
    assert len(evaluate(ob).faces) == (side - 1) ** 2


@pytest.mark.parametrize("kind", ["cube", "ico", "sphere", "subdivided"])
def test_on_blenders_own_meshes(kind: str) -> None:
    settings: dict[str, Any] = {"Image": depth_image(hill()), "Surface": "Mesh", "Direction": "Normal", "Scale": 0.2}
    match kind:
        case "cube":
            bpy.ops.mesh.primitive_cube_add()
        case "ico":
            bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=2)
        case "sphere":
            bpy.ops.mesh.primitive_uv_sphere_add(segments=32, ring_count=16)
        case "subdivided":
            bpy.ops.mesh.primitive_plane_add()
            bpy.context.object.modifiers.new("finer", "SUBSURF").levels = 3
    ob = bpy.context.object
    whole = len(evaluate(ob, keep=True).sizes)
    assert len(evaluate(add_group(ob, "Depth Relief", settings)).sizes) == whole


@pytest.mark.parametrize("resolution", [65, 128, 256, 512, 700])
def test_an_edge_is_cut_at_every_resolution_that_shows_it(resolution: int) -> None:
    values = np.zeros((SIDE, SIDE), np.float32)
    values[:, SIDE // 2 :] = 1.0
    mesh = evaluate(relief({"Image": depth_image(values), "Resolution": resolution, "Minimum Island": 0}))
    torn = (resolution - 1) - len(mesh.faces) / (resolution - 1)  # columns; two where a vertex lies on the edge itself
    assert torn in {1, 2}
