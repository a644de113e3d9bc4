"""Cleans a depth map: closes narrow gaps in what a sensor measured, and takes the stair-steps out of 8 bits."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...inference.catalog import Kind  # type: ignore[import-not-found]  # the checkout's root is the extension's

USUAL_GAP = 2  # pixels: what an import fills, as wide as laying one camera's depth over another's picture leaves

_EDGE = 0.05  # neighbours that differ by a larger share lie on two sides of an edge
# The eight neighbours in turn, so that four places on lies the opposite one.
_DOWN = np.array([0, 1, 1, 1, 0, -1, -1, -1])
_RIGHT = np.array([1, 1, 0, -1, -1, -1, 0, 1])
_AT_ONCE = 2**15  # pixels: their neighbours stay in a processor's cache

Depth = NDArray[np.float32]
Known = NDArray[np.bool_]

_TURNS = 12  # at each size, after the next smaller map
_SMALLEST = 8  # pixels of a side below which there is nothing to pool
_APART = -2.0  # a level that is no neighbour of any
_LITTLE = np.float32(1e-6)  # keeps a pixel without neighbours where it is

_Any = TypeVar("_Any", bound=np.generic)
Levels = NDArray[np.float32]
# Whether a pixel and the next one, to the right (H, W - 1) or below (H - 1, W), are neighbours.
Links = NDArray[np.bool_]


def fill_gaps(values: Depth, known: Known, width: int, kind: Kind) -> tuple[Depth, Known]:
    """Return the depth with gaps of up to `width` pixels filled, and which pixels are known now.

    values: float32 (H, W), finite where known. known: bool (H, W). width: in pixels; 0 fills nothing. Which pixels lie
    in a gap is said by the closing of the known ones with a square of side `width` + 1 (Serra, Image Analysis and
    Mathematical Morphology, 1982): what is known stays as it is, and outlines don't grow. A gap is filled from its rim
    inwards; between a near and a far side, of which `kind` says which is which, it takes the far one, for a gap mostly
    is what was hidden. What stays unknown is 0.
    """
    # A rim of one unknown pixel, so that every pixel has eight neighbours.
    filled = np.pad(np.where(known, values, np.float32(np.nan)), 1, constant_values=np.nan)
    gaps = np.flatnonzero(np.pad(_closing(known, width) & ~known, 1))
    around = _DOWN * filled.shape[1] + _RIGHT
    flat = filled.reshape(-1)
    for _ in range(width):
        parts = [gaps[first : first + _AT_ONCE] for first in range(0, gaps.size, _AT_ONCE)]
        news = [_continued(flat[around[:, None] + part], kind) for part in parts]  # all by what was known before
        for part, new in zip(parts, news, strict=True):
            flat[part] = new
        gaps = gaps[np.isnan(flat[gaps])]
    known = ~np.isnan(filled)
    filled[~known] = 0.0
    return filled[1:-1, 1:-1], known[1:-1, 1:-1]


def _continued(around: Depth, kind: Kind) -> Depth:
    """Return what pixels are by their neighbours (8, N), NaN where unknown; NaN where none is known.

    Neighbours on the far side count, and of these opposite ones alone, if there are any: their mean continues a slope.
    """
    far = (np.fmax if kind == "distance" else np.fmin).reduce(around, axis=0)
    same = np.abs(around - far) <= _EDGE * np.abs(far)
    pairs = same[:4] & same[4:]
    chosen = same & (np.tile(pairs, (2, 1)) | ~pairs.any(axis=0))
    with np.errstate(invalid="ignore"):  # none of none is not a number
        mean: Depth = np.where(chosen, around, np.float32(0.0)).sum(axis=0) / chosen.sum(axis=0, dtype=np.float32)
    return mean


def _closing(known: Known, width: int) -> Known:
    # Outside of the picture nothing is known, so that a gap at its border stays open.
    near = np.pad(known, 2 * width)
    for joined in (np.logical_or, np.logical_and):
        for axis in (0, 1):
            near = _windows(near, width + 1, axis, joined)
    height, breadth = known.shape
    return near[width : width + height, width : width + breadth]


def _windows(flags: Known, size: int, axis: int, joined: np.ufunc) -> Known:
    """Return the flags of each window of `size` along an axis joined into one, by windows that grow to the double."""
    flags, reach = flags.swapaxes(0, axis), 1
    while reach < size:
        step = min(reach, size - reach)
        flags = joined(flags[:-step], flags[step:])
        reach += step
    return flags.swapaxes(0, axis)


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


def smooth_rounded(values: Depth, found: NDArray[np.float64], levels: NDArray[np.float64]) -> Depth:
    """Return a map that was rounded to some values with slopes in place of its steps.

    Each pixel stays within half a step. values: float32 (H, W); what is not finite stays. found, levels: the values,
    rising, and the whole number of each.
    """
    known = np.isfinite(values)
    numbers = np.where(known, np.interp(np.where(known, values, found[0]), found, levels), _APART).astype(np.float32)
    return np.where(known, np.interp(smooth_steps(numbers), levels, found).astype(np.float32), values)


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
