"""The distance between two depths of one photo."""

import numpy as np
import pytest

from inference.compare import Difference, difference
from inference.depth import Depth

RNG = np.random.default_rng(0)


def depth(values: np.ndarray, kind: str = "disparity", validity: np.ndarray | None = None) -> Depth:
    values = values.astype(np.float32)
    return Depth(values, validity, kind, float(values.min()), float(values.max()), "small", "local")


def test_disparity_has_neither_scale_nor_offset():
    exact = RNG.uniform(1.0, 5.0, (50, 60))
    found = difference(depth(0.25 * exact + 7.0), depth(exact))
    assert (found.mean, found.most) == pytest.approx((0.0, 0.0), abs=1e-5)


def test_distance_has_both():
    exact = RNG.uniform(1.0, 5.0, (50, 60))
    found = difference(depth(exact + 0.4, "distance"), depth(exact, "distance"))
    assert (found.mean, found.most) == pytest.approx((0.4 / np.ptp(exact),) * 2, rel=1e-4)


def test_the_fit_is_that_of_least_squares():
    exact = RNG.uniform(size=(40, 50))
    ours = exact**2 + 3.0
    fitted = np.polyval(np.polyfit(ours.ravel(), exact.ravel(), 1), ours)
    apart = np.abs(fitted - exact) / np.ptp(exact)
    found = difference(depth(ours), depth(exact))
    assert (found.mean, found.most) == pytest.approx((apart.mean(), np.quantile(apart, 0.99)), rel=1e-4)


def test_one_pixel_in_a_hundred_does_not_count_in_most():
    exact = np.tile(np.linspace(0.0, 10.0, 101), (10, 1))
    ours = exact + 0.1
    ours[::2, 7] += 5.0
    assert difference(depth(ours, "distance"), depth(exact, "distance")).most == pytest.approx(0.01, rel=1e-4)


def test_invalid_pixels_do_not_count():
    exact = RNG.uniform(size=(20, 30))
    ours = exact.copy()
    ours[:, :9] = 100.0
    validity = np.ones((20, 30), np.float32)
    validity[:, :9] = 0.0
    found = difference(depth(ours, validity=validity), depth(exact, validity=validity))
    assert found.mean == pytest.approx(0.0, abs=1e-6)
    assert difference(depth(ours), depth(exact)).mean > 0.1


def test_a_flat_depth_can_be_compared():
    flat, sloping = np.full((4, 5), 2.0), np.arange(20.0).reshape(4, 5)
    assert difference(depth(sloping), depth(flat)) == Difference(0.0, 0.0)
    assert difference(depth(flat), depth(sloping)).mean == pytest.approx(5.0 / 19.0)


def test_it_is_told_in_hundredths():
    assert str(Difference(0.00123, 0.5)) == "0.12% of the range on average, 50.00% at most in 99 of 100 pixels"
