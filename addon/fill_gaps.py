"""Closes narrow gaps in what a sensor measured, for example where its depth was laid over another camera's picture."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .depth_image import Kind

USUAL_WIDTH = 2  # pixels: what an import fills, as wide as laying one camera's depth over another's picture leaves

_STEP = 0.05  # neighbours that differ by a larger share lie on two sides of an edge
# The eight neighbours in turn, so that four places on lies the opposite one.
_DOWN = np.array([0, 1, 1, 1, 0, -1, -1, -1])
_RIGHT = np.array([1, 1, 0, -1, -1, -1, 0, 1])

Depth = NDArray[np.float32]
Known = NDArray[np.bool_]


def fill_gaps(values: Depth, known: Known, width: int, kind: Kind) -> tuple[Depth, Known]:
    """Return the depth with gaps of up to `width` pixels filled, and which pixels are known now.

    values: float32 (H, W). known: bool (H, W). width: in pixels; 0 fills nothing. Which pixels lie in a gap is said by
    the closing of the known ones with a square of side `width` + 1 (Serra, Image Analysis and Mathematical Morphology,
    1982): what is known stays as it is, and outlines don't grow. A gap is filled from its rim inwards; between a near
    and a far side, of which `kind` says which is which, it takes the far one, for a gap mostly is what was hidden.
    """
    rows, columns = np.nonzero(_closing(known, width) & ~known)
    # A rim of one unknown pixel, so that every pixel has eight neighbours.
    values, known = np.pad(np.where(known, values, np.float32(0.0)), 1), np.pad(known, 1)
    rows, columns = rows + 1, columns + 1
    for _ in range(width):
        around = (rows[:, None] + _DOWN, columns[:, None] + _RIGHT)
        reached = known[around].any(axis=1)
        filled = rows[reached], columns[reached]
        values[filled] = _continued(values[around][reached], known[around][reached], kind)
        known[filled] = True
        rows, columns = rows[~reached], columns[~reached]
    return values[1:-1, 1:-1], known[1:-1, 1:-1]


def _continued(values: Depth, known: Known, kind: Kind) -> Depth:
    """Return what each pixel is by its eight neighbours, (N, 8), of which one at least is known.

    Neighbours on the far side count, and of these opposite ones alone, if there are any: their mean continues a slope.
    """
    farthest = np.max if kind == "distance" else np.min
    none = -np.inf if kind == "distance" else np.inf
    far = farthest(np.where(known, values, none), axis=1, keepdims=True)
    same = known & (np.abs(values - far) <= _STEP * np.abs(far))
    pairs = same & np.roll(same, 4, axis=1)
    chosen = np.where(pairs.any(axis=1, keepdims=True), pairs, same)
    return (values * chosen).sum(axis=1) / chosen.sum(axis=1)


def _closing(known: Known, width: int) -> Known:
    # Outside of the picture nothing is known, so that a gap at its border stays open.
    near = np.pad(known, 2 * width)
    for axis in (0, 1):
        near = np.logical_or.reduce(sliding_window_view(near, width + 1, axis), axis=-1)
    for axis in (0, 1):
        near = np.logical_and.reduce(sliding_window_view(near, width + 1, axis), axis=-1)
    height, breadth = known.shape
    return near[width : width + height, width : width + breadth]
