"""Takes the stair-steps out of a map that was rounded to few levels, as every depth map of 8 bits is. numpy alone."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_TURNS = 12  # at each size, after the next smaller map
_SMALLEST = 8  # pixels of a side below which there is nothing to pool
_LITTLE = np.float32(1e-6)  # keeps a pixel without neighbours where it is

_Any = TypeVar("_Any", bound=np.generic)
Levels = NDArray[np.float32]
# Whether a pixel and the next one, to the right (H, W - 1) or below (H - 1, W), are neighbours.
Links = NDArray[np.bool_]


def smooth_steps(levels: Levels) -> Levels:
    """Return the smoothest map that rounds to the given one.

    levels: whole numbers, float32 (H, W). The result, of the same form, lies within half a level of them: what its
    creator rounded away is filled in as a slope from one step to the next. Pixels that differ by more than a level are
    no neighbours, for that is an edge and not a step.

    It is the map of least squared slope between two bounds, an obstacle problem, by projected Jacobi iteration (for
    example Kornhuber, Monotone multigrid methods for elliptic variational inequalities I, 1994) from coarse to fine.
    """
    right, below = (np.abs(np.diff(levels, axis=axis)) <= 1.0 for axis in (1, 0))
    return _solve(levels, right, below).clip(levels.min(), levels.max())


def _solve(levels: Levels, right: Links, below: Links) -> Levels:
    low, high = levels - np.float32(0.5), levels + np.float32(0.5)
    smooth = levels
    if min(levels.shape) >= _SMALLEST:
        coarse, whole = _solve_half(levels, right, below)
        smooth = np.where(whole, coarse.clip(low, high), levels)
    weight = _LITTLE + _neighbours(np.ones_like(levels), right, below)
    for _ in range(_TURNS):
        smooth = ((_LITTLE * smooth + _neighbours(smooth, right, below)) / weight).clip(low, high)
    return smooth


def _solve_half(levels: Levels, right: Links, below: Links) -> tuple[Levels, NDArray[np.bool_]]:
    """Return the solution at half the size, enlarged again, and where it counts: not in cells with an edge inside."""
    height, width = levels.shape
    odd = ((0, height % 2), (0, width % 2))
    levels = np.pad(levels, odd, mode="edge")
    right = np.pad(right, odd, constant_values=True)  # what is repeated is linked
    below = np.pad(below, odd, constant_values=True)
    mean = (levels[::2, ::2] + levels[1::2, ::2] + levels[::2, 1::2] + levels[1::2, 1::2]) * np.float32(0.25)
    whole = right[::2, ::2] & right[1::2, ::2] & below[::2, ::2] & below[::2, 1::2]
    to_right = right[::2, 1::2] & right[1::2, 1::2] & whole[:, :-1] & whole[:, 1:]
    to_below = below[1::2, ::2] & below[1::2, 1::2] & whole[:-1] & whole[1:]
    coarse = _solve(mean, to_right, to_below)
    return _double(coarse)[:height, :width], _double(whole)[:height, :width]


def _double(array: NDArray[_Any]) -> NDArray[_Any]:
    return array.repeat(2, axis=0).repeat(2, axis=1)


def _neighbours(array: Levels, right: Links, below: Links) -> Levels:
    """Return the sum of each pixel's neighbours."""
    total = np.zeros_like(array)
    total[:, 1:] += right * array[:, :-1]
    total[:, :-1] += right * array[:, 1:]
    total[1:] += below * array[:-1]
    total[:-1] += below * array[1:]
    return total
