"""Sample Depth, Depth Range, Normalize Depth and Disparity to Distance against numpy."""

import numpy as np
import pytest

from . import reference
from .scene import depth_image, mesh_object, probe

SIZES = [(7, 7), (5, 13), (13, 5), (1, 1), (1, 9), (9, 1)]


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.0, 1.0, (height, width)).astype(np.float32)


def pixel_centres(height: int, width: int) -> np.ndarray:
    """UV (H * W, 2) of all pixels in the order of the picture's array."""
    v, u = np.meshgrid((height - np.arange(height) - 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    return np.stack([u.ravel(), v.ravel()], axis=1)


def sample(values: np.ndarray, uv: np.ndarray, interpolation: str, valid: np.ndarray | None = None) -> np.ndarray:
    """Depth and Validity (2, N) at `uv`."""
    ob = mesh_object(np.zeros((len(uv), 3)))
    inputs = {"Image": depth_image(values, valid), "Interpolation": interpolation}
    mesh = probe(ob, "Sample Depth", inputs, {"UV": np.pad(uv, ((0, 0), (0, 1)))})
    return np.stack([mesh.attribute("Depth"), mesh.attribute("Validity")])


@pytest.mark.parametrize("interpolation", ["Linear", "Closest"])
@pytest.mark.parametrize("size", SIZES)
def test_pixel_centres_are_exact(size: tuple[int, int], interpolation: str) -> None:
    values = picture(*size)
    depth, validity = sample(values, pixel_centres(*size), interpolation)
    np.testing.assert_allclose(depth, values.ravel(), atol=1e-6)
    np.testing.assert_array_equal(validity, 1.0)


@pytest.mark.parametrize("interpolation", ["Linear", "Closest"])
def test_between_pixels_and_beyond_the_border(interpolation: str) -> None:
    values = picture(6, 11)
    uv = np.random.default_rng(1).uniform(-0.5, 1.5, (500, 2))
    expected = {"Linear": reference.sample_linear, "Closest": reference.sample_closest}[interpolation](values, uv)
    np.testing.assert_allclose(sample(values, uv, interpolation)[0], expected, atol=1e-5)


def test_cubic_is_a_smoothing_b_spline() -> None:
    values = picture(8, 9)
    uv = pixel_centres(8, 9).reshape(8, 9, 2)[1:-1, 1:-1].reshape(-1, 2)
    columns = (values[:, :-2] + 4 * values[:, 1:-1] + values[:, 2:]) / 6
    expected = (columns[:-2] + 4 * columns[1:-1] + columns[2:]) / 6
    np.testing.assert_allclose(sample(values, uv, "Cubic")[0], expected.ravel(), atol=1e-5)


@pytest.mark.parametrize("interpolation", ["Linear", "Closest", "Cubic"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_are_unknown(bad: float, interpolation: str) -> None:
    values = picture(9, 9)
    values[4, 4] = bad
    depth, validity = sample(values, pixel_centres(9, 9), interpolation)
    assert depth.reshape(9, 9)[4, 4] == 0.0
    assert validity.reshape(9, 9)[4, 4] == 0.0
    far_away = np.ones((9, 9), bool)
    far_away[2:7, 2:7] = False
    np.testing.assert_array_equal(validity[far_away.ravel()], 1.0)
    assert np.isfinite(depth).all()


@pytest.mark.parametrize("bad", [0.0, 1e6, np.nan, np.inf])
def test_between_known_and_unknown_the_closest_pixel_counts(bad: float) -> None:
    """Never a blend with what an unknown pixel holds, be it transparent or not finite."""
    values, valid = picture(9, 14), np.random.default_rng(2).uniform(size=(9, 14)) > 0.3
    values[~valid] = bad
    uv = np.random.default_rng(3).uniform(0, 1, (500, 2))
    depth, validity = sample(values, uv, "Linear", valid.astype(float))
    expected, known = reference.sample_known(values, valid, uv)
    assert 50 < known.sum() < 450
    np.testing.assert_array_equal(validity >= 0.5, known)
    np.testing.assert_allclose(depth[known], expected[known], atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_closest_keeps_the_neighbours_of_such_a_pixel(bad: float) -> None:
    values = picture(5, 5)
    values[2, 2] = bad
    depth, validity = sample(values, pixel_centres(5, 5), "Closest")
    np.testing.assert_array_equal(validity, np.isfinite(values).ravel())
    np.testing.assert_array_equal(depth, np.where(np.isfinite(values), values, 0.0).ravel())


@pytest.mark.parametrize("interpolation", ["Linear", "Closest"])
def test_alpha_is_validity_and_leaves_depth_alone(interpolation: str) -> None:
    values, alpha = picture(6, 7), picture(6, 7, seed=3)
    alpha[2, 2:5] = 0.0
    depth, validity = sample(values, pixel_centres(6, 7), interpolation, alpha)
    np.testing.assert_allclose(depth, values.ravel(), atol=1e-6)
    np.testing.assert_allclose(validity, alpha.ravel(), atol=1e-6)


def test_metres_are_read_as_they_are() -> None:
    values = picture(5, 6) * 500 - 100
    np.testing.assert_array_equal(sample(values, pixel_centres(5, 6), "Closest")[0], values.ravel())


def measured_range(
    values: np.ndarray, valid: np.ndarray, kind: str, near: float, far: float, resolution: int = 1
) -> tuple[float, float]:
    ob = mesh_object(np.zeros((resolution, 3)))
    inputs = {"Image": depth_image(values, valid), "Kind": kind, "Clip Near": near, "Clip Far": far}
    mesh = probe(ob, "Depth Range", inputs)
    low, high = mesh.attribute("Low"), mesh.attribute("High")
    assert (low == low[0]).all()
    assert (high == high[0]).all()
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(("near", "far"), [(0.0, 0.0), (2.0, 5.0), (30.0, 0.0), (0.0, 12.5), (50.0, 50.0)])
@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
@pytest.mark.parametrize("size", [(40, 60), (300, 200), (128, 128), (1, 1), (1, 50), (50, 1)])
def test_range_is_two_percentiles_of_the_lattice(size: tuple[int, int], kind: str, near: float, far: float) -> None:
    values, valid = picture(*size), np.ones(size, bool)
    expected = reference.depth_range(values, valid, kind, near, far)
    np.testing.assert_allclose(measured_range(values, valid, kind, near, far), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
def test_range_leaves_unknown_pixels_out(kind: str) -> None:
    values, valid = picture(64, 48) + 1, np.random.default_rng(2).uniform(size=(64, 48)) < 0.6
    values[~valid] = np.where(np.arange((~valid).sum()) % 2, 1000.0, -1000.0)
    values[3, 4:9], values[20, 5], values[21, 5] = np.nan, np.inf, -np.inf
    for near, far in ((0.0, 0.0), (3.0, 10.0)):
        expected = reference.depth_range(values, valid, kind, near, far)
        assert 1.0 <= expected[0] < expected[1] <= 2.0
        np.testing.assert_allclose(measured_range(values, valid, kind, near, far), expected, atol=1e-6)


def test_range_of_a_constant_picture_and_of_nothing() -> None:
    everything = np.ones((20, 30), bool)
    assert measured_range(np.full((20, 30), 0.25), everything, "Disparity", 2.0, 2.0) == (0.25, 0.25)
    assert measured_range(np.full((20, 30), 0.25), ~everything, "Disparity", 2.0, 2.0) == (0.0, 0.0)


def test_range_without_an_image() -> None:
    mesh = probe(mesh_object(np.zeros((1, 3))), "Depth Range", {})
    assert (mesh.attribute("Low")[0], mesh.attribute("High")[0]) == (0.0, 0.0)


SETTINGS = [
    {},
    {"Near": 0.7, "Far": 0.2},
    {"Near": 0.0, "Far": 1.0},
    {"Falloff": 2.5},
    {"Invert": True},
    {"Invert": True, "Near": 0.9, "Far": 0.1, "Falloff": 0.4},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 12.0), (1.5, 1.75)])
def test_normalize(kind: str, low: float, high: float, settings: dict[str, float | bool]) -> None:
    depth = np.linspace(low - 1, high + 1, 201)
    inputs = {"Kind": kind, "Low": low, "High": high, **settings}
    mesh = probe(mesh_object(np.zeros((201, 3))), "Normalize Depth", inputs, {"Depth": depth})
    expected = reference.normalize(depth, kind, low, high, **{name.lower(): v for name, v in settings.items()})
    np.testing.assert_allclose(mesh.attribute("Normalized"), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
def test_normalize_an_empty_range_gives_0(kind: str) -> None:
    for invert in (False, True):
        inputs = {"Kind": kind, "Low": 0.5, "High": 0.5, "Invert": invert}
        mesh = probe(mesh_object(np.zeros((3, 3))), "Normalize Depth", inputs, {"Depth": np.array([0.0, 0.5, 1.0])})
        np.testing.assert_array_equal(mesh.attribute("Normalized"), 0.0)


@pytest.mark.parametrize(("near", "far"), [(1.0, 4.0), (0.2, 1000.0), (5.0, 5.0), (8.0, 2.0)])
def test_disparity_to_distance(near: float, far: float) -> None:
    depth = np.linspace(0, 1, 101)
    inputs = {"Kind": "Disparity", "Near Distance": near, "Far Distance": far}
    mesh = probe(mesh_object(np.zeros((101, 3))), "Disparity to Distance", inputs, {"Depth": depth})
    distance = mesh.attribute("Distance")
    np.testing.assert_allclose(distance, reference.to_distance(depth, near, far), rtol=1e-4)
    np.testing.assert_allclose(distance[[0, -1]], [far, near], rtol=1e-5)


def test_metres_pass() -> None:
    depth = np.array([0.0, 0.3, 1.0, 77.7, 10000.0])
    mesh = probe(mesh_object(np.zeros((5, 3))), "Disparity to Distance", {"Kind": "Distance"}, {"Depth": depth})
    np.testing.assert_array_equal(mesh.attribute("Distance"), depth.astype(np.float32))
