"""Edge Snap against a window that numpy walks over the grid."""

from typing import Any

import bpy
import numpy as np
import pytest

from . import reference
from .scene import mesh_object, probe

COLUMNS, ROWS = 23, 17


def grid(columns: int = COLUMNS, rows: int = ROWS) -> bpy.types.Object:
    flat = np.pad(reference.grid_shares(columns, rows), ((0, 0), (0, 1)))
    return mesh_object(flat, reference.grid_faces(columns, rows))


def blurred_steps(columns: int = COLUMNS, rows: int = ROWS) -> np.ndarray:
    """Depth (columns, rows) in [0, 1]: a tilted plane with a blurred block on it, a corner peak and a little noise."""
    x, y = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows), indexing="ij")
    block = np.clip(6 * (0.3 - np.maximum(np.abs(x - 0.55), np.abs(y - 0.5))) + 0.5, 0, 1)
    depth = 0.1 * x + 0.6 * block + np.random.default_rng(0).uniform(0, 0.03, x.shape)
    depth[0, 0] = depth[-1, -1] = 1.0
    return depth.astype(np.float32).astype(float)


def snapped(depth: np.ndarray, known: np.ndarray, radius: int, settings: dict[str, Any]) -> np.ndarray:
    fields = {"Depth": depth.ravel(), "Validity": known.ravel().astype(float)}
    mesh = probe(grid(*depth.shape), "Edge Snap", {"Radius": radius, **settings}, fields)
    return mesh.attribute("Depth").reshape(depth.shape)


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 4, 5, 7, 13, 40])
def test_every_radius(radius: int) -> None:
    depth, known = blurred_steps(), np.ones((COLUMNS, ROWS), bool)
    settings = {"Kind": "Disparity", "Threshold": 0.3, "Near Distance": 1.0, "Far Distance": 5.0}
    distance = reference.to_distance(depth, 1.0, 5.0)
    expected = reference.snap(depth, known, distance, radius, 0.3)
    assert (expected != depth).any() == (radius > 0)
    np.testing.assert_allclose(snapped(depth, known, radius, settings), expected, atol=1e-6)


@pytest.mark.parametrize("radius", [1, 3, 4, 7])
def test_unknown_vertices_take_no_part(radius: int) -> None:
    depth, known = blurred_steps(), np.random.default_rng(5).uniform(size=(COLUMNS, ROWS)) > 0.4
    known[:6, :5] = False
    known[2, 2] = True  # alone in its window at small radii
    depth[~known] = np.where(np.arange((~known).sum()) % 2, 1e6, -1e6)
    settings = {"Kind": "Distance", "Threshold": 0.3}
    metres = np.where(known, 1 + 4 * np.clip(depth, 0, 1), depth).astype(np.float32).astype(float)
    expected = reference.snap(metres, known, metres, radius, 0.3)
    assert (expected != metres).any()
    np.testing.assert_allclose(snapped(metres, known, radius, settings), expected, rtol=1e-6)


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
def test_the_jump_is_one_of_distance(kind: str, invert: bool) -> None:
    """A gap that is nothing far away, in disparity, is much in metres; Invert turns disparity around."""
    values, known = 2 + 8 * blurred_steps(), np.ones((COLUMNS, ROWS), bool)
    values = values.astype(np.float32).astype(float)
    settings = {"Kind": kind, "Invert": invert, "Low": 2.0, "High": 10.0, "Near Distance": 0.5, "Far Distance": 9.0}
    near_is_1 = reference.normalize(values, kind, 2.0, 10.0, invert=invert)
    distance = values if kind == "Distance" else reference.to_distance(near_is_1, 0.5, 9.0)
    expected = reference.snap(values, known, distance, 3, 0.8)
    assert 0 < (expected != values).mean() < 1
    np.testing.assert_allclose(snapped(values, known, 3, settings | {"Threshold": 0.8}), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 2), (2, 30), (30, 2), (3, 3)])
def test_small_and_narrow_grids(shape: tuple[int, int]) -> None:
    depth, known = blurred_steps(*shape), np.ones(shape, bool)
    expected = reference.snap(depth, known, reference.to_distance(depth, 1.0, 4.0), 3, 0.2)
    assert (expected != depth).any() or shape == (2, 2)
    np.testing.assert_allclose(snapped(depth, known, 3, {"Threshold": 0.2}), expected, atol=1e-6)


def test_a_blurred_edge_becomes_a_step() -> None:
    profile = np.array([0, 0, 0, 0, 0.1, 0.3, 0.6, 0.9, 1, 1, 1, 1])
    depth = np.repeat(profile[:, None], 5, axis=1)
    result = snapped(depth, np.ones(depth.shape, bool), 4, {"Threshold": 0.2})
    # 0.6 is the first that is closer to the near side; the outline, one vertex, goes to the near side too.
    np.testing.assert_array_equal(result, np.repeat(np.array([0] * 5 + [1] * 7)[:, None], 5, axis=1))


@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
def test_the_outline_belongs_to_the_near_side(kind: str) -> None:
    near = np.zeros((12, 9), bool)
    near[4:8, 3:6] = True
    depth = np.where(near, 1.0, 0.0 if kind == "Disparity" else 3.0)
    fields = {"Depth": depth.ravel(), "Validity": np.ones(depth.size)}
    mesh = probe(grid(*depth.shape), "Edge Snap", {"Kind": kind, "Radius": 3}, fields)
    outlined = np.zeros_like(near)
    outlined[3:9, 2:7] = True
    np.testing.assert_array_equal(
        mesh.attribute("Depth").reshape(depth.shape),
        np.where(outlined, 1.0, depth.max() if kind == "Distance" else 0.0),
    )
    at_edge = np.zeros_like(near)
    at_edge[1:11, :] = True  # the window of 3 around the block holds both sides
    np.testing.assert_array_equal(mesh.attribute("Near Side").reshape(depth.shape), outlined & at_edge)


def test_any_other_mesh_passes() -> None:
    """A mesh with no rows and columns is left alone."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0]], float)
    depth = np.array([0.0, 0.2, 1.0, 0.4, 0.1])
    mesh = probe(mesh_object(vertices, [(0, 1, 2, 3), (1, 4, 2)]), "Edge Snap", {"Radius": 3}, {"Depth": depth})
    np.testing.assert_array_equal(mesh.attribute("Depth"), depth.astype(np.float32))
    np.testing.assert_array_equal(mesh.vertices, vertices)
