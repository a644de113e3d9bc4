"""What becomes of the depth that a photo brings: numbers on arrays, without files."""

import numpy as np
import pytest

from inference.cli import estimate
from inference.cli.batch import Done, Job
from inference.depth import Depth
from inference.embedded import use
from inference.embedded.embedded import Embedded
from inference.errors import EmbeddedDepthError
from inference.picture import Photo

HEIGHT, WIDTH = 60, 80
METRES = np.broadcast_to(np.linspace(3.0, 1.0, HEIGHT, dtype=np.float32)[:, None], (HEIGHT, WIDTH)).copy()
LOOKS = Photo(np.full((4 * HEIGHT, 4 * WIDTH, 3), 100, np.uint8), None, focal_length=28.0)


def own(known: np.ndarray | None = None, **more: object) -> Embedded:
    values = METRES if known is None else np.where(known, METRES, np.float32(0))
    return Embedded(values, known, "distance", "GDepth", **more)


def relative(scale: float, shift: float) -> Depth:
    """Return an estimate of the scene at twice the size of the photo's own depth."""
    values = ((1 / METRES - shift) / scale).repeat(2, axis=0).repeat(2, axis=1)
    return Depth(values, None, "disparity", float(values.min()), float(values.max()), "small", "1")


def test_an_anchor_finds_scale_and_shift():
    found = use.made(LOOKS, own(), relative(0.02, -0.1))
    assert (found.alignment.scale, found.alignment.offset) == (
        pytest.approx(0.02, rel=0.01),
        pytest.approx(-0.1, abs=0.01),
    )
    np.testing.assert_allclose(found.depth.values[::2, ::2], METRES, rtol=0.02)
    assert (found.depth.kind, found.depth.model) == ("distance", "small")


def test_an_anchor_leaves_out_what_does_not_fit_and_what_is_unknown():
    wrong = METRES.copy()
    wrong[10:25, 10:30] = 9.0  # a phone that took a window for the view behind it
    known = np.ones((HEIGHT, WIDTH), bool)
    known[:, :20] = False
    brought = Embedded(np.where(known, wrong, np.float32(0)), known, "distance", "GDepth")
    found = use.made(LOOKS, brought, relative(0.02, -0.1))
    assert found.alignment.scale == pytest.approx(0.02, rel=0.03)
    assert found.alignment.points == known.sum()
    assert found.alignment.inliers < 0.98


def test_nothing_becomes_farther_than_the_photos_own_depth_says():
    estimate = relative(0.02, -0.1)
    estimate.values[:4, :4] = -1e3  # the sky
    found = use.made(LOOKS, own(), estimate)
    assert found.depth.raw_max == pytest.approx(3.0, rel=1e-4)


def test_a_metric_estimate_is_anchored_too():
    estimate = Depth((METRES * 1.3).repeat(2, axis=0), None, "distance", 1.3, 3.9, "metric-indoor-small", "1")
    np.testing.assert_allclose(use.made(LOOKS, own(), estimate).depth.values[::2], METRES, rtol=0.02)


def test_holes_are_filled_from_around_and_the_mean_of_each_stored_pixel_stays():
    known = np.ones((HEIGHT, WIDTH), bool)
    known[20:30, 30:45] = False
    depth = use.whole(own(known), LOOKS)
    assert depth.values.shape == (4 * HEIGHT, 4 * WIDTH)
    inverse = (1 / depth.values).reshape(HEIGHT, 4, WIDTH, 4).mean(axis=(1, 3))
    error = np.abs(inverse * METRES - 1)
    assert np.median(error[known]) < 0.002
    assert error[9:-9].max() < 0.05
    assert (depth.lens.focal_length, depth.lens.source) == (28.0, "photo")


def test_what_is_transparent_does_not_count_in_the_range():
    validity = np.ones((4 * HEIGHT, 4 * WIDTH), np.float32)
    validity[: 2 * HEIGHT] = 0
    depth = use.whole(own(), Photo(LOOKS.rgb, validity))
    assert depth.validity is validity
    assert depth.raw_max < 2.1


def test_with_neither_there_is_no_depth():
    with pytest.raises(EmbeddedDepthError, match="neither"):
        use.made(LOOKS, None, None)


def test_the_line_of_an_anchored_estimate_says_how_it_fits(tmp_path, capsys):
    found = use.made(LOOKS, own(sharp=b"\xff\xd8"), relative(0.02, -0.1))
    estimate._report(Done(Job(tmp_path / "a.jpg", tmp_path / "a.depth.exr", "exr"), found, 0.5), False, None)
    told = capsys.readouterr().out
    assert "anchored to the photo's own depth (GDepth), which it fits within 0." in told
    assert told.endswith(f"its sharp original in {tmp_path / 'a.sharp.jpg'}\n")
