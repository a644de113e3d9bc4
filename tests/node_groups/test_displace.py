"""Displace and Displace Grid, and the grid they start from, against numpy."""

from typing import Any

import numpy as np
import pytest

from . import reference
from .scene import Mesh, depth_image, mesh_object, plane, probe

SIZES = [(24, 24), (12, 30), (30, 12)]  # height, width


def grid(width: int, height: int, resolution: int = 24) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices on [-1, 1]², faces, and UVs on pixel centres."""
    columns, rows = reference.grid_counts(width, height, resolution)
    shares = reference.grid_shares(columns, rows)
    uv = reference.on_pixel_centres(shares, width, height)
    return np.pad(shares * 2 - 1, ((0, 0), (0, 1))), reference.grid_faces(columns, rows), uv


def bumps(points: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.sin(5 * points[:, 0]) * np.cos(4 * points[:, 1])


@pytest.mark.parametrize("settings", [{}, {"Midlevel": 0.4, "Scale": -1.3}, {"Border Falloff": 0.2}], ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_along_z(size: tuple[int, int], settings: dict[str, float]) -> None:
    height, width = size
    vertices, faces, uv = grid(width, height)
    heights = bumps(vertices)
    inputs = {"Image": depth_image(np.zeros(size)), "Direction": "Z", **settings}
    mesh = probe(mesh_object(vertices, faces, uv), "Displace", inputs, {"Height": heights})
    offset = (heights - settings.get("Midlevel", 0.0)) * settings.get("Scale", 0.5)
    offset = offset * reference.rim(uv, width, height, settings.get("Border Falloff", 0.0))
    np.testing.assert_allclose(mesh.vertices, vertices + offset[:, None] * [0, 0, 1], atol=1e-5)


@pytest.mark.parametrize("border", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("size", SIZES)
def test_the_rim_is_flat_and_the_inside_untouched(size: tuple[int, int], border: float) -> None:
    height, width = size
    vertices, faces, uv = grid(width, height, max(size))
    inputs = {"Image": depth_image(np.zeros(size)), "Scale": 1.0, "Border Falloff": border}
    mesh = probe(mesh_object(vertices, faces, uv), "Displace", inputs, {"Height": np.ones(len(vertices))})
    outermost = (np.abs(vertices[:, :2]) > 1 - 1e-6).any(axis=1)
    np.testing.assert_allclose(mesh.vertices[outermost, 2], 0.0, atol=1e-5)
    from_rim = (np.minimum(uv, 1 - uv) * [width, height] - 0.5).min(axis=1) / min(size)
    np.testing.assert_allclose(mesh.vertices[from_rim >= border + 1e-6, 2], 1.0, atol=1e-5)
    rising = mesh.vertices[(from_rim > 1e-6) & (from_rim < border - 1e-6), 2]
    assert ((rising > 0) & (rising < 1)).all()


@pytest.mark.parametrize("midlevel", [0.0, 0.5])
def test_along_the_normals_of_a_curved_mesh(midlevel: float) -> None:
    vertices, faces, uv = grid(12, 12, 12)
    vertices[:, 2] = 0.3 * np.sin(3 * vertices[:, 0]) + 0.2 * vertices[:, 1] ** 2
    heights = bumps(vertices)
    inputs = {"Image": depth_image(np.zeros((12, 12))), "Direction": "Normal", "Midlevel": midlevel, "Scale": 0.25}
    mesh = probe(mesh_object(vertices, faces, uv), "Displace", inputs, {"Height": heights})
    offset = (heights - midlevel) * 0.25
    expected = vertices + offset[:, None] * reference.vertex_normals(vertices, faces)
    np.testing.assert_allclose(mesh.vertices, expected, atol=1e-5)


def displace_grid(ob: Any, values: np.ndarray, settings: dict[str, Any], keep: bool = False) -> Mesh:
    return probe(ob, "Displace Grid", {"Image": depth_image(values), "Scale": 0.0, **settings}, keep=keep)


@pytest.mark.parametrize("resolution", [2, 5, 30, 41])
@pytest.mark.parametrize("size", [*SIZES, (1, 1), (1, 20), (20, 1), (2, 2)])
def test_a_plane_becomes_a_grid_of_its_own_size(size: tuple[int, int], resolution: int) -> None:
    height, width = size
    mesh = displace_grid(plane((3.0, 1.2)), np.zeros(size), {"Resolution": resolution})
    columns, rows = reference.grid_counts(width, height, resolution)
    shares = reference.grid_shares(columns, rows)
    np.testing.assert_allclose(mesh.vertices, np.pad((shares - 0.5) * [3.0, 1.2], ((0, 0), (0, 1))), atol=1e-5)
    np.testing.assert_array_equal(mesh.faces, reference.grid_faces(columns, rows))
    uv = reference.on_pixel_centres(shares, width, height)
    np.testing.assert_allclose(mesh.attribute("UV")[:, :2], uv, atol=1e-6)


def test_as_many_vertices_as_pixels_lie_on_their_centres() -> None:
    mesh = displace_grid(plane(), np.zeros((9, 14)), {"Resolution": 14})
    centres = np.stack(np.meshgrid((np.arange(14) + 0.5) / 14, (np.arange(9) + 0.5) / 9, indexing="ij"), axis=-1)
    np.testing.assert_allclose(mesh.attribute("UV")[:, :2], centres.reshape(-1, 2), atol=1e-6)


# Corners of a quad, counter-clockwise, with the UV of each: where the picture lies, and which way up.
STRAIGHT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
PLACEMENTS = {
    "moved and lifted": (np.array([[1, 2, 3], [4, 2, 3], [4, 3, 3], [1, 3, 3]], float), STRAIGHT),
    "tilted": (np.array([[0, 0, 0], [2, 0, 1], [2, 1, 1], [0, 1, 0]], float), STRAIGHT),
    "sheared": (np.array([[0, 0, 0], [2, 0, 0], [3, 1, 0], [1, 1, 0]], float), STRAIGHT),
    "turned picture": (np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float), np.roll(STRAIGHT, 1, axis=0)),
    "upside down": (np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float), np.roll(STRAIGHT, 2, axis=0)),
    "mirrored picture": (np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float), STRAIGHT[:, ::-1]),
    "flipped picture": (np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float), STRAIGHT * [-1, 1] + [1, 0]),
    "part of the picture": (
        np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float),
        STRAIGHT * [0.5, 0.25] + [0.2, 0.6],
    ),
    "facing down": (np.array([[-1, -1, 0], [-1, 1, 0], [1, 1, 0], [1, -1, 0]], float), STRAIGHT[[0, 3, 2, 1]]),
}


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_picture_lies_where_the_uv_map_puts_it(placement: str) -> None:
    """Each vertex of the grid lies where the quad has the vertex's share of the picture; the faces face as the quad."""
    corners, corner_uv = PLACEMENTS[placement]
    width, height = 20, 10
    mesh = displace_grid(mesh_object(corners, [(0, 1, 2, 3)], corner_uv), np.zeros((height, width)), {"Resolution": 20})
    uv = mesh.attribute("UV")[:, :2]
    plain = (uv * [width, height] - 0.5) / np.array([width - 1, height - 1])
    edges = np.stack([corner_uv[1] - corner_uv[0], corner_uv[3] - corner_uv[0]], axis=1)
    s, t = np.linalg.solve(edges, (plain - corner_uv[0]).T)
    expected = corners[0] + s[:, None] * (corners[1] - corners[0]) + t[:, None] * (corners[3] - corners[0])
    np.testing.assert_allclose(mesh.vertices, expected, atol=1e-5 * np.ptp(corners))
    np.testing.assert_allclose(plain.min(axis=0), corner_uv.min(axis=0), atol=1e-5)
    np.testing.assert_allclose(plain.max(axis=0), corner_uv.max(axis=0), atol=1e-5)
    facing = reference.face_normals(corners, [(0, 1, 2, 3)])
    normals = reference.face_normals(mesh.vertices, mesh.faces)
    np.testing.assert_allclose(normals, np.repeat(facing, len(normals), axis=0), atol=1e-4)


def test_a_picture_turned_by_any_angle_keeps_to_the_plane() -> None:
    """The grid has the plane's own size, also where the UV map lies aslant in the picture."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float)
    turn = np.array([[1, -1], [1, 1]]) * np.sqrt(0.5)
    corner_uv = (STRAIGHT - 0.5) @ turn.T * 0.6 + 0.5
    mesh = displace_grid(mesh_object(corners, [(0, 1, 2, 3)], corner_uv), np.zeros((20, 20)), {"Resolution": 20})
    np.testing.assert_allclose(mesh.vertices.min(axis=0), [-1, -1, 0], atol=1e-5)
    np.testing.assert_allclose(mesh.vertices.max(axis=0), [1, 1, 0], atol=1e-5)


@pytest.mark.parametrize("corner_uv", [None, np.zeros((4, 2)), STRAIGHT * [1, 0]], ids=["none", "a point", "a line"])
def test_a_plane_without_a_usable_uv_map_is_filled_corner_to_corner(corner_uv: np.ndarray | None) -> None:
    corners = np.array([[-2, -1, 1], [2, -1, 1], [2, 1, 1], [-2, 1, 1]], float)
    mesh = displace_grid(mesh_object(corners, [(0, 1, 2, 3)], corner_uv), np.zeros((10, 20)), {"Resolution": 20})
    shares = reference.grid_shares(20, 10)
    np.testing.assert_allclose(mesh.vertices, np.column_stack([shares * [4, 2] - [2, 1], np.ones(200)]), atol=1e-5)
    np.testing.assert_allclose(mesh.attribute("UV")[:, :2], reference.on_pixel_centres(shares, 20, 10), atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("start", ["nothing", "a dense mesh"])
def test_a_grid_whatever_comes_in(start: str, size: tuple[int, int]) -> None:
    """Without a plane to lie on the grid's longer side is 2 m, like Blender's own plane."""
    height, width = size
    vertices, faces, uv = grid(6, 6, 6)
    ob = mesh_object(np.empty((0, 3))) if start == "nothing" else mesh_object(vertices + 5, faces, uv)
    mesh = displace_grid(ob, np.zeros(size), {"Surface": "Grid", "Resolution": 15})
    shares = reference.grid_shares(*reference.grid_counts(width, height, 15))
    expected = (shares - 0.5) * np.array([width, height]) * 2 / max(size)
    np.testing.assert_allclose(mesh.vertices, np.pad(expected, ((0, 0), (0, 1))), atol=1e-5)


@pytest.mark.parametrize("surface", ["Automatic", "Mesh", "Frozen"])
def test_a_dense_mesh_stays_itself(surface: str) -> None:
    vertices, faces, uv = grid(7, 5, 7)
    vertices += np.random.default_rng(0).uniform(-0.1, 0.1, vertices.shape)
    mesh = displace_grid(mesh_object(vertices, faces, uv), np.zeros((5, 7)), {"Surface": surface, "Resolution": 50})
    np.testing.assert_allclose(mesh.vertices, vertices, atol=1e-6)
    np.testing.assert_array_equal(mesh.faces, faces)
    np.testing.assert_allclose(mesh.attribute("UV")[:, :2], uv, atol=1e-6)


def test_a_quad_may_be_kept_as_it_is() -> None:
    mesh = displace_grid(plane(), np.zeros((5, 7)), {"Surface": "Mesh"})
    assert len(mesh.vertices) == 4
