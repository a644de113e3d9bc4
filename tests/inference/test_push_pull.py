"""Push-pull, against what it must do on pictures that can be said in a formula."""

import numpy as np
import pytest

from inference.push_pull import doubled, push_pull, resized


def test_what_is_known_stays_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(-5, 5, (2, 37, 50)).astype(np.float32)
    weight = (rng.uniform(size=(37, 50)) < 0.3).astype(np.float32)
    filled = push_pull(values, weight)
    assert (filled[:, weight == 1] == values[:, weight == 1]).all()
    known = values[:, weight == 1]
    assert (filled.min(axis=(1, 2)) >= known.min(axis=1) - 1e-5).all()  # and nothing is invented beyond it
    assert (filled.max(axis=(1, 2)) <= known.max(axis=1) + 1e-5).all()


def test_a_gap_between_two_sides_is_a_slope() -> None:
    values = np.zeros((1, 8, 64), np.float32)
    values[..., 40:] = 1.0
    weight = np.ones((8, 64), np.float32)
    weight[:, 24:40] = 0.0
    row = push_pull(values, weight)[0, 4]
    assert (np.diff(row) >= -1e-6).all()
    assert np.abs(np.diff(row)).max() < 0.2
    assert row[31] + row[32] == pytest.approx(1.0, abs=1e-5)


def test_faint_values_count_only_where_there_is_nothing_else() -> None:
    values = np.zeros((1, 32, 32), np.float32)
    values[0, :, 16] = 100.0
    weight = np.zeros((32, 32), np.float32)
    weight[:, 16] = 0.01
    assert push_pull(values, weight)[0] == pytest.approx(100.0, rel=1e-5)
    weight[:, 17] = 1.0
    assert push_pull(values, weight)[0, 16, 16] < 2.0


def test_doubling_keeps_a_slope() -> None:
    rows, columns = np.mgrid[0:6, 0:9].astype(np.float32)
    twice = doubled((2 * rows + 5 * columns)[None], 12, 17)[0]
    fine_rows, fine_columns = np.mgrid[0:12, 0:17]
    wanted = 2 * (fine_rows - 0.5) / 2 + 5 * (fine_columns - 0.5) / 2
    assert twice[1:-1, 1:] == pytest.approx(wanted[1:-1, 1:], abs=1e-5)


def test_resizing_keeps_colours_and_places() -> None:
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (6, 8, 3), np.uint8)
    assert (resized(small.repeat(5, axis=0).repeat(5, axis=1), 6, 8) == np.moveaxis(small, 2, 0)).all()
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8)[None, :, None], (10, 1, 3))
    shrunk = resized(ramp, 10, 75)[0, 0]
    wanted = 2 * ((np.arange(75) + 0.5) * 100 / 75 - 0.5)
    assert shrunk[1:-1] == pytest.approx(wanted[1:-1], abs=1e-3)
