"""Aligns estimated inverse depth, which has neither scale nor offset, to sparse points: a line through outliers."""

from dataclasses import dataclass

import numpy as np

from ..errors import DatasetError
from ..push_pull import Picture
from .dataset import Doubles

LEAST_POINTS = 10
_ROUNDS = 20
_HUBER = 1.345  # deviations up to which an error counts in full: 95 % efficient on normal errors
_SIGMA = 1.4826  # of the median absolute deviation, for normal errors
_INLIER = 3.0  # deviations


@dataclass(frozen=True)
class Alignment:
    """inverse depth = scale * estimate + offset, in 1 / the scene's unit.

    points: how many it rests on. inliers: the share of them within three deviations. residual: the median of
    |error| / inverse depth.
    """

    scale: float
    offset: float
    points: int
    inliers: float
    residual: float


def align(estimate: Picture, places: Doubles, inverse: Doubles, size: tuple[int, int]) -> Alignment:
    """Return how an estimate fits the points of its photo; raises `DatasetError` where it can't.

    estimate: float32 (H, W), larger where nearer, NaN where unknown. places: (N, 2) in pixels of a photo of `size`,
    (height, width). inverse: (N,), the inverse depth of those points.

    Huber's robust regression by reweighted least squares (P. J. Huber, Robust Statistics, 1981, section 7.8), from the
    line through the medians.
    """
    height, width = estimate.shape
    x = sampled(estimate, places * [width / size[1], height / size[0]])
    counts = np.isfinite(x) & np.isfinite(inverse) & (inverse > 0.0)
    x, y = x[counts], inverse[counts]
    if len(x) < LEAST_POINTS:
        raise DatasetError(f"sees {len(x)} points, and at least {LEAST_POINTS} are needed")
    middle, deviation = np.median(x), np.mean(np.abs(x - np.median(x)))
    if deviation <= 1e-9 * max(abs(float(middle)), 1e-30):
        raise DatasetError("is flat in the estimate where the points are, so that it says nothing of their depth")
    scale = float(np.mean(np.abs(y - np.median(y))) / deviation)
    offset = float(np.median(y) - scale * middle)
    for _ in range(_ROUNDS):
        error = np.abs(y - scale * x - offset)
        sigma = max(_SIGMA * float(np.median(error)), 1e-12)
        weight = np.minimum(1.0, _HUBER * sigma / np.maximum(error, 1e-30))
        scale, offset = _line(x, y, weight)
    error = np.abs(y - scale * x - offset)
    sigma = max(_SIGMA * float(np.median(error)), 1e-12)
    if scale <= 0.0:
        raise DatasetError("is farther where its points are nearer: the depth is inverted, or of another photo")
    inliers = float((error <= _INLIER * sigma).mean())
    return Alignment(scale, offset, len(x), inliers, float(np.median(error / y)))


def _line(x: Doubles, y: Doubles, weight: Doubles) -> tuple[float, float]:
    total = weight.sum()
    middle_x, middle_y = (weight * x).sum() / total, (weight * y).sum() / total
    slope = (weight * (x - middle_x) * (y - middle_y)).sum() / max((weight * (x - middle_x) ** 2).sum(), 1e-300)
    return float(slope), float(middle_y - slope * middle_x)


def sampled(picture: Picture, places: Doubles) -> Doubles:
    """Return a picture at places (N, 2), x and y in pixels from its upper left corner; NaN beside what is unknown."""
    height, width = picture.shape
    x, y = (np.clip(places[:, axis] - 0.5, 0, side - 1) for axis, side in ((0, width), (1, height)))
    left, top = (np.minimum(np.floor(at).astype(int), max(side - 2, 0)) for at, side in ((x, width), (y, height)))
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = x - left, y - top
    upper = picture[top, left] * (1 - across) + picture[top, right] * across
    lower = picture[bottom, left] * (1 - across) + picture[bottom, right] * across
    return np.asarray(upper * (1 - down) + lower * down, float)
