"""The sky becomes a flat backdrop, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

from inference.backdrop import flat, with_backdrop
from inference.catalog import EMBEDDED
from inference.depth import Depth

HEIGHT, WIDTH = 60, 80


def landscape(sky_rows: int, noise: float, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Disparity of a plain that runs from `scale` at the bottom to a horizon of 0.03 under a sky of noise above 0."""
    ground = np.linspace(0.03, 1.0, HEIGHT - sky_rows)[:, None] * np.ones((1, WIDTH))
    sky = np.random.default_rng(0).random((sky_rows, WIDTH)) * noise
    return (np.vstack([sky, ground]) * scale + shift).astype(np.float32)


@pytest.mark.parametrize("scale", [1.0, 255.0, 1e-3])
def test_a_noisy_sky_becomes_flat_and_the_ground_stays(scale):
    map_ = landscape(20, 0.009, scale)
    found = flat(map_, None)
    assert (found[:20] == 0).all()
    np.testing.assert_array_equal(found[20:], map_[20:])


def test_no_step_appears_between_the_backdrop_and_what_rises_from_it():
    map_ = np.tile(np.linspace(0, 1, 4000, dtype=np.float32) ** 3, (4, 1))
    found = flat(map_, None)
    assert (found[map_ < 0.01] == 0).all()
    assert (np.diff(found, axis=1) >= 0).all()
    assert np.diff(found, axis=1).max() <= np.diff(map_, axis=1).max() * 1.001
    np.testing.assert_array_equal(found[map_ > 0.02], map_[map_ > 0.02])


@pytest.mark.parametrize(
    "map_",
    [
        landscape(2, 0.009),  # 3 % of the picture
        landscape(20, 0.009, shift=0.5),  # a wall that is not far
        landscape(20, 0.009, shift=-0.3),
        np.zeros((4, 4), np.float32),
        np.full((4, 4), 2.0, np.float32),
    ],
    ids=["a gap", "a wall", "both signs", "nothing", "one depth"],
)
def test_without_a_wide_sky_a_map_stays_as_it_is(map_):
    np.testing.assert_array_equal(flat(map_, None), map_)


def test_only_what_is_known_counts():
    map_ = landscape(20, 0.009)
    validity = np.ones(map_.shape, np.float32)
    validity[:20] = 0.0  # the map doesn't know that part, which is not a sky then
    np.testing.assert_array_equal(flat(map_, validity), map_)
    validity[5:20] = 1.0
    assert (flat(map_, validity)[5:20] == 0).all()


def metres(model: str = "moge-small") -> Depth:
    """A distance of 2 to 40 m; the upper third has none."""
    values = np.linspace(40.0, 2.0, HEIGHT)[:, None] * np.ones((1, WIDTH), np.float32)
    seen = np.ones((HEIGHT, WIDTH), np.float32)
    seen[:20] = 0.0
    values = np.where(seen > 0, values, 0.0).astype(np.float32)
    return Depth(values, seen, "distance", 2.0, float(values.max()), model, "local")


def test_a_sky_that_a_model_leaves_out_lies_as_far_as_it_sees():
    depth = metres()
    found = with_backdrop(depth, None)
    assert found.validity is None
    assert (found.values[:20] == depth.raw_max).all()
    np.testing.assert_array_equal(found.values[20:], depth.values[20:])


def test_what_is_transparent_stays_so():
    depth = metres()
    opacity = np.ones((HEIGHT, WIDTH), np.float32)
    opacity[:, :10] = 0.0
    found = with_backdrop(replace(depth, validity=depth.validity * opacity), opacity)
    np.testing.assert_array_equal(found.validity, opacity)
    assert (found.values[:20, 10:] == depth.raw_max).all()


@pytest.mark.parametrize("model", ["", "depth.exr", EMBEDDED])
def test_what_a_camera_or_an_unknown_map_leaves_out_is_not_a_sky(model):
    depth = metres(model)
    assert with_backdrop(depth, None) is depth


def test_the_range_follows_the_backdrop():
    values = landscape(20, 0.009) + np.float32(1e-4)
    depth = Depth(values, None, "disparity", float(values.min()), float(values.max()), "small", "local")
    assert with_backdrop(depth, None).raw_min == 0.0
