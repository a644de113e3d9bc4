"""The score against pictures whose score is known."""

import json

import numpy as np
import pytest

from training.score import Score, Truth, boundary_f1, mean, photo, score, upright

RNG = np.random.default_rng(1)
TRUE = RNG.uniform(0.2, 1, (40, 50)).astype(np.float32)
ALL = np.ones(TRUE.shape, bool)
RGB = np.zeros((*TRUE.shape, 3), np.uint8)
TRUTH = Truth(RGB, TRUE, ALL)


def measures(disparity, truth) -> tuple[float, float]:
    result = score(disparity, truth)
    return result.ordinal, result.delta1


def test_scale_and_shift_cost_nothing():
    assert measures(7 * TRUE - 3, TRUTH) == (1, 1)


def test_the_opposite_order_is_wrong_everywhere():
    assert score(-TRUE, TRUTH).ordinal == 0


def test_noise_is_chance():
    assert abs(score(RNG.random(TRUE.shape), TRUTH).ordinal - 0.5) < 0.03


def test_delta1_counts_what_is_within_a_quarter_after_the_best_fit():
    found = RNG.random(TRUE.shape)
    slope, offset = np.polyfit(found.ravel(), TRUE.ravel(), 1)
    quotient = (slope * found + offset) / TRUE
    expected = ((quotient < 1.25) & (quotient > 0.8)).mean()
    assert abs(score(found, TRUTH).delta1 - expected) < 1e-9
    assert 0.1 < expected < 0.9


def test_what_is_not_valid_does_not_count():
    valid = RNG.random(TRUE.shape) < 0.5
    assert measures(np.where(valid, TRUE, 9), Truth(RGB, TRUE, valid)) == (1, 1)


def test_kinds_of_depth_become_inverse_depths(tmp_path):
    distance = np.array([[1, 2], [0, 4]], np.float32)
    rgb, valid = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), bool)
    for kind, inverse in (("depth_m", 1 / distance.clip(1)), ("disparity_px", distance)):
        meta = np.frombuffer(json.dumps({"kind": kind}).encode(), np.uint8)
        np.savez(tmp_path / "a.npz", rgb=rgb, depth=distance, valid=valid, meta=meta)
        truth = photo(tmp_path / "a.npz")
        assert truth.measured
        np.testing.assert_array_equal(truth.valid, distance > 0)
        np.testing.assert_allclose(truth.inverse[truth.valid], inverse[truth.valid])


def test_upright_and_mean():
    np.testing.assert_array_equal(upright(np.zeros((3, 2, 3), np.uint8)), [[0, 0], [1, 1], [2, 2]])
    assert mean([Score(0.5, 1, 0.2), Score(1, float("nan"), 0.4)]) == Score(0.75, 1, pytest.approx(0.3))


def test_boundary_f1_finds_edges_in_their_place_and_direction():
    step = np.ones((10, 20))
    step[:, 10:] = 2
    assert boundary_f1(step, step) == pytest.approx(1)
    assert boundary_f1(3 - step, step) == 0  # the other side in front
    assert boundary_f1(np.ones_like(step), step) == 0
    assert boundary_f1(np.roll(step, 1, 1)[:, 1:], step[:, 1:]) == 0  # a pixel off
    two = step.copy()
    two[5:] = two[5:] * 2  # the same edge and 20 pixels of another: precision 10 / 30, recall 1
    assert boundary_f1(two, step) == pytest.approx(0.5)
