"""Bas-Relief against the walks that numpy takes over the grid, and against the surface that fits the steps best."""

import numpy as np
import pytest

from . import reference
from .scene import mesh_object, probe
from .test_edge_snap import COLUMNS, ROWS, blurred_steps, grid


def compressed(height: np.ndarray, known: np.ndarray, strength: float) -> np.ndarray:
    fields = {"Height": height.ravel(), "Validity": known.ravel().astype(float)}
    mesh = probe(grid(*height.shape), "Bas-Relief", {"Bas-Relief": strength}, fields)
    return mesh.attribute("Height").reshape(height.shape)


def vase_and_wall(columns: int = COLUMNS, rows: int = ROWS) -> np.ndarray:
    """A round body far in front of a wall, 0 to 1."""
    x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows), indexing="ij")
    body = 0.95 + 0.05 * np.sqrt(np.clip(1 - (x / 0.5) ** 2, 0, 1))
    return np.where((np.abs(x) < 0.5) & (np.abs(y) < 0.7), body, 0.0)


@pytest.mark.parametrize("strength", [0.01, 0.35, 1.0])
@pytest.mark.parametrize("holes", [False, True])
def test_every_strength(strength: float, holes: bool) -> None:
    height = blurred_steps()
    known = np.random.default_rng(3).uniform(size=height.shape) > (0.15 if holes else -1)
    height[~known] = 1e6
    expected = reference.compress(height, known, strength)
    np.testing.assert_allclose(compressed(height, known, strength), expected, atol=2e-6)


def test_a_wide_hole_is_reached_from_its_rim_only() -> None:
    height, known = blurred_steps(60, 50), np.ones((60, 50), bool)
    known[5:55, 4:46] = False
    known[30, 25] = True
    height[~known] = -1e6
    np.testing.assert_allclose(compressed(height, known, 1.0), reference.compress(height, known, 1.0), atol=5e-6)


def test_an_outline_stays_where_no_depth_is_known_beside_it() -> None:
    height = vase_and_wall(80, 60)
    body, known = height > 0, np.ones(height.shape, bool)
    known[15:21, :] = False  # as stereo leaves it, left of the body
    result = compressed(height, known, 1.0)
    assert (result[21][body[21]] - result[14][body[21]]).min() > 0.3


@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (9, 2), (3, 3), (17, 8), (33, 5)])
def test_small_and_narrow_grids(shape: tuple[int, int]) -> None:
    height, known = blurred_steps(*shape), np.ones(shape, bool)
    np.testing.assert_allclose(compressed(height, known, 1.0), reference.compress(height, known, 1.0), atol=2e-6)


def test_without_strength_nothing_changes() -> None:
    height, known = blurred_steps(), np.ones((COLUMNS, ROWS), bool)
    np.testing.assert_array_equal(compressed(height, known, 0.0), height.astype(np.float32))


def test_a_slope_stays_a_slope() -> None:
    height = 0.3 + 0.002 * np.arange(COLUMNS)[:, None] * np.ones((1, ROWS))
    known = np.ones(height.shape, bool)
    slope = np.linspace(0, 1, COLUMNS)[:, None] * np.ones((1, ROWS))
    np.testing.assert_allclose(compressed(height, known, 1.0), slope, atol=0.02)


def test_the_result_is_close_to_the_surface_that_fits_best() -> None:
    """Least squares over all steps, solved directly."""
    height = vase_and_wall(24, 20)
    index = np.arange(height.size).reshape(height.shape)
    sides = (index[:-1], index[1:]), (index[:, :-1], index[:, 1:])
    pairs = np.concatenate([np.stack(side, axis=-1).reshape(-1, 2) for side in sides])
    step = np.diff(height.ravel()[pairs], axis=1).ravel()
    wanted = np.sign(step) * 0.005 * np.log1p(np.abs(step) / 0.005)
    matrix = np.zeros((len(pairs), height.size))
    matrix[np.arange(len(pairs)), pairs[:, 1]], matrix[np.arange(len(pairs)), pairs[:, 0]] = 1.0, -1.0
    best = np.linalg.lstsq(matrix, wanted, rcond=None)[0].reshape(height.shape)
    best = (best - best.min()) / np.ptp(best)
    result = compressed(height, np.ones(height.shape, bool), 1.0)
    assert np.abs(result - best).mean() < 0.03


def test_a_vase_is_round_in_a_flat_relief() -> None:
    height, known = vase_and_wall(80, 60), np.ones((80, 60), bool)
    body = height > 0
    result = compressed(height, known, 1.0)

    def roundness(of: np.ndarray) -> float:
        across = of[:, 30][body[:, 30]]
        return float(across.max() - across[[0, -1]].mean())

    assert roundness(height) < 0.06
    assert roundness(result) > 5 * roundness(height)
    assert result[body].min() > result[~body].mean()


def test_any_other_mesh_passes() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0]], float)
    height = np.array([0.0, 0.2, 1.0, 0.4, 0.1])
    fields = {"Height": height, "Validity": np.ones(5)}
    mesh = probe(mesh_object(vertices, [(0, 1, 2, 3), (1, 4, 2)]), "Bas-Relief", {"Bas-Relief": 1.0}, fields)
    np.testing.assert_allclose(mesh.attribute("Height"), height, atol=1e-7)
