"""The score against pictures whose score is known."""

import json

import numpy as np

from training.score import Score, mean, photo, score, upright

RNG = np.random.default_rng(1)
TRUE = RNG.uniform(0.2, 1, (40, 50)).astype(np.float32)
ALL = np.ones(TRUE.shape, bool)


def test_scale_and_shift_cost_nothing():
    assert score(7 * TRUE - 3, TRUE, ALL) == Score(1, 1)


def test_the_opposite_order_is_wrong_everywhere():
    assert score(-TRUE, TRUE, ALL).ordinal == 0


def test_noise_is_chance():
    assert abs(score(RNG.random(TRUE.shape), TRUE, ALL).ordinal - 0.5) < 0.03


def test_delta1_counts_what_is_within_a_quarter_after_the_best_fit():
    found = RNG.random(TRUE.shape)
    slope, offset = np.polyfit(found.ravel(), TRUE.ravel(), 1)
    quotient = (slope * found + offset) / TRUE
    expected = ((quotient < 1.25) & (quotient > 0.8)).mean()
    assert abs(score(found, TRUE, ALL).delta1 - expected) < 1e-9
    assert 0.1 < expected < 0.9


def test_what_is_not_valid_does_not_count():
    valid = RNG.random(TRUE.shape) < 0.5
    assert score(np.where(valid, TRUE, 9), TRUE, valid) == Score(1, 1)


def test_kinds_of_depth_become_inverse_depths(tmp_path):
    distance = np.array([[1, 2], [0, 4]], np.float32)
    rgb, valid = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), bool)
    for kind, inverse in (("depth_m", 1 / distance.clip(1)), ("disparity_px", distance)):
        meta = np.frombuffer(json.dumps({"kind": kind}).encode(), np.uint8)
        np.savez(tmp_path / "a.npz", rgb=rgb, depth=distance, valid=valid, meta=meta)
        _, found, counted, measured = photo(tmp_path / "a.npz")
        assert measured
        np.testing.assert_array_equal(counted, distance > 0)
        np.testing.assert_allclose(found[counted], inverse[counted])


def test_upright_and_mean():
    np.testing.assert_array_equal(upright(np.zeros((3, 2, 3), np.uint8)), [[0, 0], [1, 1], [2, 2]])
    assert mean({"a": Score(0.5, 1), "b": Score(1, float("nan"))}) == Score(0.75, 1)
