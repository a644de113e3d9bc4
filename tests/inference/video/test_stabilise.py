"""The stabiliser on clips whose depth is known, with the error of a model that sees each frame alone played on them."""

import numpy as np
import pytest

from tests import simulated_clip as clips
from tests.inference.video.clips import stabilised


@pytest.fixture(scope="module")
def static() -> clips.Frames:
    return clips.shoot(clips.path("static", 40))


@pytest.fixture(scope="module")
def dolly() -> clips.Frames:
    return clips.shoot(clips.path("dolly", 80))


def jittering(z: np.ndarray, seed: int = 3) -> np.ndarray:
    """Return disparity in a gauge that jitters, and nothing else."""
    rng = np.random.default_rng(seed)
    gain = np.exp(0.03 * rng.standard_normal(len(z)))[:, None, None]
    return (gain / z + 0.01 * rng.standard_normal(len(z))[:, None, None]).astype(np.float32)


def test_jitter_of_the_gauge_alone_goes_without_a_trace(static):
    rough = jittering(static.z)
    steady, _ = stabilised(rough, static.rgb, fixed_camera=True)
    extent = np.ptp(steady[0])
    assert np.abs(rough - rough[0]).max() > 0.05 * extent
    assert np.abs(steady - steady[0]).max() < 1e-4 * extent


def test_a_moving_camera_without_jitter_stays_as_it_is(dolly):
    true = (1.0 / dolly.z).astype(np.float32)
    steady, _ = stabilised(true, dolly.rgb)
    assert np.abs(steady - true).mean() < 0.005 * np.ptp(true)


@pytest.mark.parametrize("seed", [1, 2])
def test_jitter_on_a_moving_camera(dolly, seed):
    rough = clips.as_predicted(dolly.z, seed=seed)
    steady, record = stabilised(rough, dolly.rgb)
    low, high = rough.min((1, 2), keepdims=True), rough.max((1, 2), keepdims=True)
    of_the_sequence = rough  # one minimum and maximum for all: as the model put it out, but for a scale and a shift
    assert len(record.shots) == 1
    least = clips.tae(1.0 / dolly.z, dolly)  # of the truth: whole pixels are compared
    assert clips.tae(steady, dolly) < clips.tae(of_the_sequence, dolly) / 3
    assert clips.tae(steady, dolly) - least < (clips.tae(of_the_sequence, dolly) - least) / 5
    assert clips.absrel(steady, dolly.z) <= clips.absrel(of_the_sequence, dolly.z)
    assert clips.absrel(steady, dolly.z) < clips.absrel((rough - low) / (high - low), dolly.z) / 2


def test_a_clip_played_backwards_gives_the_same_frames(dolly):
    rough = clips.as_predicted(dolly.z[:30])
    there, _ = stabilised(rough, dolly.rgb[:30])
    back, _ = stabilised(rough[::-1], dolly.rgb[:30][::-1])
    # Each is in a gauge of its own: that of the path's own smoothing is the same both ways.
    assert np.abs(there - back[::-1]).max() < 1e-4 * np.ptp(rough)


@pytest.mark.parametrize("count", [1, 2])
def test_one_and_two_frames(static, count):
    rough = clips.as_predicted(static.z[:count])
    steady, record = stabilised(rough, static.rgb[:count])
    assert [len(shot.frames) for shot in record.shots] == [count]
    assert np.abs(steady - rough).max() < 0.02 * np.ptp(rough)
    if count == 1:
        np.testing.assert_array_equal(steady, rough)


def test_what_is_not_known_counts_nowhere(static):
    rough = jittering(static.z)
    hole = np.ones(rough.shape, np.float32)
    hole[:, 20:50, 30:90] = 0.0
    damaged = np.where(hole > 0, rough, np.float32(1e6))
    damaged[::2, 5, 5] = np.nan
    expected, whole = stabilised(rough, static.rgb, validity=hole, fixed_camera=True)
    found, record = stabilised(damaged, static.rgb, validity=hole, fixed_camera=True)
    others = (hole > 0) & np.isfinite(damaged)
    assert np.abs(found - expected)[others].max() < 1e-3 * np.ptp(expected[others])
    (shot,), (other,) = record.shots, whole.shots
    assert (shot.low, shot.high) == pytest.approx((other.low, other.high), rel=1e-3)


def test_a_cut_begins_a_shot_of_its_own():
    frames = clips.own_clip(24)
    rough = clips.as_predicted(frames.z)
    steady, record = stabilised(rough, frames.rgb)
    assert [shot.frames[0].frame for shot in record.shots] == [1, 13]
    alone = [stabilised(rough[part], frames.rgb[part]) for part in (slice(None, 12), slice(12, None))]
    np.testing.assert_array_equal(steady, np.concatenate([values for values, _ in alone]))
    assert [(shot.low, shot.high) for shot in record.shots] == [
        (other.shots[0].low, other.shots[0].high) for _, other in alone
    ]


def test_cuts_that_are_told_are_taken_and_no_others():
    frames = clips.own_clip(24)
    rough = clips.as_predicted(frames.z)
    _, record = stabilised(rough, frames.rgb, cuts=(5, 9))
    assert [shot.frames[0].frame for shot in record.shots] == [1, 5, 9]


def test_what_moves_on_its_own_does_not_steer_the_gauge(static):
    """40 % of the pixels change by another law, with the luma as it was."""
    rough = jittering(static.z)
    moved = rough.copy()
    moved[1::2, :, :64] += np.float32(0.3 * np.ptp(rough[0]))
    steady, _ = stabilised(moved, static.rgb, fixed_camera=True)
    rest = steady[:, :, 70:]
    assert np.abs(rest - rest[0]).max() < 0.01 * np.ptp(rest[0])


def test_a_clip_of_equal_frames_stays_as_it_is(static):
    same = np.repeat((1.0 / static.z[:1]).astype(np.float32), 9, axis=0)
    steady, record = stabilised(same, static.rgb[:9])
    np.testing.assert_allclose(steady, same, rtol=1e-6)
    assert (record.shots[0].low, record.shots[0].high) == pytest.approx((same.min(), same.max()), rel=1e-6)
    flat = np.full((5, 30, 40), 2.5, np.float32)
    steady, record = stabilised(flat, np.zeros((5, 30, 40, 3), np.uint8))
    np.testing.assert_array_equal(steady, flat)


def test_metres_are_scaled_and_never_shifted(static):
    gain = np.exp(0.05 * np.random.default_rng(2).standard_normal(40))
    metres = (static.z * gain[:, None, None]).astype(np.float32)
    steady, record = stabilised(metres, static.rgb, kind="distance", fixed_camera=True)
    assert np.abs(steady / steady[0] - 1).max() < 1e-4
    np.testing.assert_allclose(steady[0] / static.z[0], np.exp(np.log(gain).mean()), rtol=1e-4)
    assert [one.scale for one in record.shots[0].frames] == pytest.approx([1.0] * 40)


def test_every_frame_of_a_shot_lies_in_its_range(dolly):
    rough = clips.as_predicted(dolly.z, 4.0)
    steady, record = stabilised(rough, dolly.rgb)
    (shot,) = record.shots
    extent = shot.high - shot.low
    assert shot.low - 1e-5 * extent <= steady.min()
    assert steady.max() <= shot.high + 1e-5 * extent
    assert np.ptp(steady) > 0.8 * extent
