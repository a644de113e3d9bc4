"""Cleans a depth map: closes narrow gaps in what a sensor measured, and takes the stair-steps out of 8 bits."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ...inference.catalog import Kind  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.steps import smooth_steps  # type: ignore[import-not-found]

USUAL_GAP = 2  # pixels: what an import fills, as wide as laying one camera's depth over another's picture leaves

_EDGE = 0.05  # neighbours that differ by a larger share lie on two sides of an edge
# The eight neighbours in turn, so that four places on lies the opposite one.
_DOWN = np.array([0, 1, 1, 1, 0, -1, -1, -1])
_RIGHT = np.array([1, 1, 0, -1, -1, -1, 0, 1])
_AT_ONCE = 2**15  # pixels: their neighbours stay in a processor's cache

Depth = NDArray[np.float32]
Known = NDArray[np.bool_]

_APART = -2.0  # a level that is no neighbour of any


def fill_gaps(values: Depth, known: Known, width: int, kind: Kind) -> tuple[Depth, Known]:
    """Return the depth with gaps of up to `width` pixels filled, and which pixels are known now.

    values: float32 (H, W), finite where known. known: bool (H, W). width: in pixels; 0 fills nothing. Which pixels lie
    in a gap is said by the closing of the known ones with a square of side `width` + 1 (Serra, Image Analysis and
    Mathematical Morphology, 1982): what is known stays as it is, and outlines don't grow. A gap is filled from its rim
    inwards; between a near and a far side, of which `kind` says which is which, it takes the far one, for a gap mostly
    is what was hidden. What stays unknown is 0.
    """
    # A rim of one unknown pixel, so that every pixel has eight neighbours.
    filled = np.full((values.shape[0] + 2, values.shape[1] + 2), np.nan, np.float32)
    np.copyto(filled[1:-1, 1:-1], values, where=known)
    gaps = np.flatnonzero(np.pad(_closing(known, width) & ~known, 1))
    around = _DOWN * filled.shape[1] + _RIGHT
    flat = filled.reshape(-1)

    def continued(part: NDArray[np.intp]) -> Depth:
        return _continued(flat[around[:, None] + part], kind)

    with ThreadPoolExecutor() as pool:  # numpy lets other threads run
        for _ in range(width):
            parts = [gaps[first : first + _AT_ONCE] for first in range(0, gaps.size, _AT_ONCE)]
            news = list(pool.map(continued, parts))  # all by what was known before
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


def smooth_rounded(values: Depth, found: NDArray[np.float64], levels: NDArray[np.float64]) -> Depth:
    """Return a map that was rounded to some values with slopes in place of its steps.

    Each pixel stays within half a step. values: float32 (H, W); what is not finite stays. found, levels: the values,
    rising, and the whole number of each.
    """
    known = np.isfinite(values)
    numbers = np.where(known, np.interp(np.where(known, values, found[0]), found, levels), _APART).astype(np.float32)
    return np.where(known, np.interp(smooth_steps(numbers), levels, found).astype(np.float32), values)
