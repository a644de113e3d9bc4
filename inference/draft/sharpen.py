"""A coarse depth map at the size of a photo, its blurred edges made steps along the photo's outlines.

First a guided filter (He, Sun and Tang, "Guided image filtering", 2013): around each pixel, depth is taken for a linear
function of the photo's colours there, and so changes where they do. As in their "Fast guided filter", 2015, the
function is found on a small picture and applied to a large one. It says on which side of an edge a pixel lies, but its
steps stay soft. So every pixel of a blurred edge is then drawn to the nearest or the farthest depth around it,
whichever is closer. On a plane each pixel lies in the middle between them, and stays where it is. The pull fades where
the blur ends: otherwise the surface beside an edge would be raised or sunk as far as the pull reaches, and end in a
step.
"""

import numpy as np
from numpy.typing import NDArray

from .resize import resize

Map = NDArray[np.float32]

# In pixels of the small picture.
_WINDOW = 4  # from a pixel to the window's side, for the linear function
_REACH = 4  # half the width of a blurred edge
_CLOSE = 2  # from a pixel to the side of the window that tells whether it lies in the blur
_SOFT = 2  # the same, for the mean over what pulls a pixel
_NOISE = np.float32(1e-3)  # variance of a colour, in 0 to 1, below which it says little
_GAIN = 6.0  # how much steeper a step becomes
_LEAST = np.float32(1e-12)
_STEP = (0.02, 0.08)  # what is no step yet, and what is one: jumps as a share of the map's range
_BLUR = (0.1, 0.4)  # what is no blur yet, and what is: depths close by as a share of those within reach


def sharpen(depth: Map, small: Map, large: Map) -> Map:
    """Return a depth map (h, w) in the size of `large`.

    small, large: the photo in two sizes, RGB in 0 to 1, (h, w, 3) and (H, W, 3).
    """
    height, width = large.shape[:2]
    low, high = extremes(depth, _REACH)
    pull = _mean(np.stack([low, high - low, _steepness(depth, low, high)], -1), _SOFT)
    maps = np.concatenate([_line(depth, small), pull], -1)
    maps = resize(maps, height, width)
    low, span, steep = maps[..., 4], maps[..., 5], maps[..., 6]
    guided = np.einsum("hwc,hwc->hw", maps[..., :3], large)
    guided += maps[..., 3]
    # `place` is 0 at the lowest depth around, 1 at the highest.
    place = guided - low
    place /= np.maximum(span, _LEAST)
    place -= np.float32(0.5)
    stretched = np.clip(place * np.float32(_GAIN), -0.5, 0.5)
    place += steep * (stretched - place)
    place += np.float32(0.5)
    place *= span
    place += low
    return place


def _steepness(depth: Map, low: Map, high: Map) -> Map:
    """Return whether each pixel lies in a blurred step, 0 to 1, (h, w). low, high: the extremes within reach."""
    none, full = (share * max(np.ptp(depth), _LEAST) for share in _STEP)
    span = high - low
    twice = _extreme(high, np.maximum, _REACH) - _extreme(low, np.minimum, _REACH)  # more, unless it is a step
    step = np.clip((2 * span - twice - none) / (full - none), 0.0, 1.0)
    lowest, highest = extremes(depth, _CLOSE)
    close = (highest - lowest) / np.maximum(span, _LEAST)
    return step * np.clip((close - _BLUR[0]) / (_BLUR[1] - _BLUR[0]), 0.0, 1.0)


def _line(depth: Map, colours: Map) -> Map:
    """Return the linear function of each pixel, (h, w, 4): how much of red, of green, of blue, and a constant."""
    centred = depth - depth.mean()
    terms = [*np.moveaxis(colours - np.float32(0.5), -1, 0), centred]
    pairs = [(i, j) for i in range(4) for j in range(i, 4) if i < 3]
    moments = _mean(np.stack([*terms, *(terms[i] * terms[j] for i, j in pairs)], -1), _WINDOW)
    means = moments[..., :4]
    covariance = np.empty((*depth.shape, 3, 4), np.float32)
    for number, (i, j) in enumerate(pairs, 4):
        covariance[..., i, j] = moments[..., number] - means[..., i] * means[..., j]
        if j < 3:
            covariance[..., j, i] = covariance[..., i, j]
    colour = covariance[..., :3] + _NOISE * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(colour, covariance[..., 3:])[..., 0]
    constant = means[..., 3] - np.einsum("hwc,hwc->hw", slope, means[..., :3] + np.float32(0.5))
    return _mean(np.concatenate([slope, (constant + depth.mean())[..., None]], -1), _WINDOW)


def _mean(x: Map, reach: int) -> Map:
    """Return the mean over the window around each pixel of (h, w, c), as far as it lies inside."""
    for axis in (0, 1):
        size = x.shape[axis]
        sums = np.concatenate([np.zeros_like(x.take([0], axis)), x.cumsum(axis)], axis)
        first = np.maximum(np.arange(size) - reach, 0)
        end = np.minimum(np.arange(size) + reach + 1, size)
        counts = (end - first).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (-1, 1))
        x = (sums.take(end, axis) - sums.take(first, axis)) / counts
    return x


def extremes(x: Map, reach: int) -> tuple[Map, Map]:
    """Return the smallest and the largest value within reach of each pixel of (h, w)."""
    return _extreme(x, np.minimum, reach), _extreme(x, np.maximum, reach)


def _extreme(x: Map, of: np.ufunc, reach: int) -> Map:
    for _ in range(2):  # along rows, then along columns
        padded = np.pad(x, ((reach, reach), (0, 0)), mode="edge")
        shifted = [padded[shift : shift + len(x)] for shift in range(2 * reach + 1)]
        x = of.reduce(shifted).T
    return x
