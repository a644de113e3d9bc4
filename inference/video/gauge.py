"""The gauge of a relative model: the scale and shift that it puts each frame's depth in, and their path over time.

A model that sees one frame at a time gives d = g x + h, the true depth x in a gauge (g, h) that jitters from frame to
frame. Aligning each frame to the one before would take a moving camera's real change away with the jitter, and would
drift. So the gauge is stabilised as one stabilises a camera: its path is estimated, smoothed, and only the difference
is applied.

A distance is compared as its logarithm, and has a scale alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..catalog import Kind

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]
Path = NDArray[np.float64]

SIGMA = 24.0  # frames of the Gaussian that smooths the path

_LEAST_PIXELS = 1000  # of a reduced map
_REDUCTION = 4
_STILL = 0.03  # luma changes by less where nothing moves, in 0 to 1
_LEAST_STILL = 0.05  # share of the pixels, below which all of them count
_ROUNDS = 8  # of reweighting
_DRAWN, _PAIRS, _STEEPEST = 500, 100, 2.0  # pixels, pairs of them, and the largest scale, to begin with
_RIDGE = 1.0  # times what the fit leaves: a scene whose depth varies no more than that says little about the scale
_NEAR, _FAR = 95.0, 5.0  # percentiles whose path is followed
_FOLLOWS = 1e-3  # share of the range: who is that close follows, however close the others are
_LEAST = 1e-6  # metres, and the least span of values
_REACH = 3.0  # sigmas to either side


@dataclass(frozen=True, eq=False)
class Small:
    """A frame, reduced for comparing: values, float32 (h, w), as they are compared; luma, 0 to 1; known, bool."""

    values: Map
    luma: Map
    known: Mask


@dataclass(frozen=True)
class Pair:
    """How one frame's values follow from those of the frame before: after = scale * before + shift.

    static: share of the pixels whose luma stays. residual: median of what the fit leaves, in shares of the range.
    inliers: share of the pixels that follow it.
    """

    scale: float
    shift: float
    static: float
    residual: float
    inliers: float


def compared(values: Map, kind: Kind) -> Map:
    """Return values as they are compared: a distance as its logarithm."""
    return values if kind == "disparity" else np.log(np.maximum(values, np.float32(_LEAST)))


def restored(values: Map, kind: Kind) -> Map:
    """Return compared values as they were."""
    return values if kind == "disparity" else np.exp(values)


def luma(rgb: NDArray[np.uint8] | NDArray[np.float32]) -> Map:
    """Return the luma of sRGB pixels (H, W, 3) in 0 to 255, float32 (H, W) in 0 to 1 (ITU-R BT.709)."""
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32) / np.float32(255.0)
    return rgb.astype(np.float32) @ weights


def reduced(values: Map, light: Map, known: Mask, kind: Kind) -> Small:
    """Return a frame at about a quarter of its size: the means of whole blocks of what is known."""
    step = max(1, min(_REDUCTION, int((values.size / _LEAST_PIXELS) ** 0.5)))
    weight = _blocks(known.astype(np.float32), step)
    kept = np.where(known, compared(values, kind), np.float32(0.0)).astype(np.float32, copy=False)
    mean = np.divide(_blocks(kept, step), np.maximum(weight, np.float32(_LEAST)), dtype=np.float32)
    return Small(mean, _blocks(light, step), weight > 0.5)


def fit(before: Small, after: Small, kind: Kind) -> Pair:
    """Return how `after` follows from `before`, by what doesn't move.

    Moments are matched, which unlike least squares says the same in both directions of time and isn't drawn to smaller
    scales by noise. Pixels that don't follow lose their weight over a few rounds (biweight-like, by the median).
    """
    both = before.known & after.known
    if not both.any():
        return Pair(1.0, 0.0, 0.0, 0.0, 0.0)
    x, y = before.values[both].astype(np.float64), after.values[both].astype(np.float64)
    still = np.abs(after.luma[both] - before.luma[both]) < _STILL
    static = float(still.mean())
    trusted = (still if static >= _LEAST_STILL else np.ones_like(still)).astype(np.float64)
    extent = float(np.ptp(x) * np.ptp(y)) ** 0.5
    scale, shift = _begun(x[trusted > 0.0], y[trusted > 0.0], kind)
    for _ in range(_ROUNDS):
        residual = np.abs(y - scale * x - shift)
        spread = 1.4826 * float(np.median(residual[trusted > 0.0]))
        if spread <= _LEAST * extent:
            break
        weight = trusted / (1.0 + (residual / (2.0 * spread)) ** 2) ** 2
        if kind == "disparity":
            scale, shift = _matched(x, y, weight, (_RIDGE * spread) ** 2 / scale)
        else:
            shift = _weighted_median(y - x, weight)
    residual = np.abs(y - scale * x - shift)
    spread = 1.4826 * float(np.median(residual[trusted > 0.0]))
    follows = residual[trusted > 0.0] <= max(3.0 * spread, _FOLLOWS * extent)
    inliers = float(follows.mean())
    return Pair(scale, shift, static, float(np.median(residual)) / max(extent, _LEAST), inliers)


def ends(values: Map, known: Mask, kind: Kind) -> tuple[float, float]:
    """Return the far and near end of a frame as compared: percentiles, which a few odd pixels don't move."""
    counted = compared(values[known], kind) if known.any() else np.zeros(1, np.float32)
    far, near = np.percentile(counted, [_FAR, _NEAR])
    return float(far), float(near)


def corrections(
    pairs: Sequence[Pair], levels: Sequence[tuple[float, float]], *, sigma: float = SIGMA
) -> tuple[Path, Path]:
    """Return what takes the jitter of each frame away, as compared: scales and offsets, both (frames,).

    pairs: from each frame to the next, one fewer than the frames. levels: the `ends` of each frame.
    sigma: frames; infinite for a camera that stands still. A short shot takes less.

    The path is that of two levels, which the pairs carry through the shot. What they are doesn't matter much; they are
    the medians of all frames' own, so that a shot played backwards is corrected alike.
    """
    scale = np.cumprod([1.0, *(pair.scale for pair in pairs)])
    shift = [0.0]
    for pair in pairs:
        shift.append(pair.scale * shift[-1] + pair.shift)
    shifts = np.array(shift)
    far, near = (np.median((np.array(level) - shifts) / scale) for level in zip(*levels, strict=True))
    span, middle = scale * max(near - far, _LEAST), scale * (near + far) / 2.0 + shifts
    scales = np.exp(_smoothed(np.log(span), sigma) - np.log(span))
    return scales, _smoothed(middle, sigma) - scales * middle


def _smoothed(path: Path, sigma: float) -> Path:
    """Return a path smoothed by a Gaussian; its ends go on by point reflection, which keeps what is steady."""
    if np.isinf(sigma):
        return np.full_like(path, path.mean())
    sigma = min(sigma, (len(path) - 2) / _REACH)
    if sigma <= 0.0:
        return path
    reach = min(int(np.ceil(_REACH * sigma)), len(path) - 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    longer = np.pad(path, reach, mode="reflect", reflect_type="odd")
    return np.convolve(longer, weights / weights.sum(), mode="valid")


def _begun(x: Path, y: Path, kind: Kind) -> tuple[float, float]:
    """Return the scale and shift of the line through two pixels that leaves the least median residual.

    So half of the pixels can't mislead the rounds that follow (Rousseeuw 1984). Pairs are drawn alike in both
    directions of time; among them is the scale 1.
    """
    if kind == "distance":
        return 1.0, float(np.median(y - x))
    draw = np.random.default_rng(0)
    some = draw.choice(len(x), min(len(x), _DRAWN), replace=False)
    x, y = x[some], y[some]
    first, second = draw.integers(len(x), size=(2, _PAIRS))
    run, rise = x[second] - x[first], y[second] - y[first]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = rise / run
    scales = np.append(slopes[(slopes > 1.0 / _STEEPEST) & (slopes < _STEEPEST)], 1.0)[:, None]
    apart = y - scales * x
    shifts = np.median(apart, axis=1, keepdims=True)
    left = np.median(np.abs(apart - shifts), axis=1) / np.sqrt(scales[:, 0])
    best = int(left.argmin())
    return float(scales[best, 0]), float(shifts[best, 0])


def _matched(x: Path, y: Path, weight: Path, ridge: float) -> tuple[float, float]:
    """Return the scale and shift that match the weighted means and variances; `ridge` draws the scale to 1."""
    total = max(float(weight.sum()), _LEAST)
    mean_x, mean_y = float(weight @ x) / total, float(weight @ y) / total
    square_x, square_y = float(weight @ (x - mean_x) ** 2) / total, float(weight @ (y - mean_y) ** 2) / total
    least = np.finfo(np.float64).tiny
    scale = ((square_y + ridge + least) / (square_x + ridge + least)) ** 0.5
    return scale, mean_y - scale * mean_x


def _weighted_median(values: Path, weight: Path) -> float:
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    place = min(int(np.searchsorted(below, below[-1] / 2.0)), len(order) - 1)
    return float(values[order[place]])


def _blocks(array: Map, step: int) -> Map:
    """Return the means of blocks of `step` squared; what is left over at two sides doesn't count."""
    rows, columns = array.shape[0] // step, array.shape[1] // step
    whole = array[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return whole.mean(axis=(1, 3), dtype=np.float32)
