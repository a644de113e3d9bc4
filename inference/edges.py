"""Where a near surface hides a far one: edges of a depth map, by fronts that walk over its pixels. numpy alone."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .push_pull import Picture

EDGE = 0.04  # the gap over the nearer distance that makes an edge: less fills more, and in poorer colours
SNAP = 0.1  # the gap from which on a blurred edge is taken for a step, as the group Edge Snap does
BLUR = 3  # how far a blurred edge reaches to either side, in pixels: Edge Snap's default radius
RIM = 2  # pixels beside an outline whose colour is still mixed of both sides

_CROSS = ((-1, 0), (0, -1), (0, 1), (1, 0))
_SQUARE = (*_CROSS, (-1, -1), (-1, 1), (1, -1), (1, 1))

Mask = NDArray[np.bool_]
Pixels = NDArray[np.intp]


def snap(
    depth: Picture, known: Mask, inverse: Callable[[Picture], Picture], radius: int = BLUR, gap: float = SNAP
) -> tuple[Picture, Mask]:
    """Return the depth with blurred edges as steps, as the group Edge Snap makes them, and their near sides.

    inverse: from depth to inverse distance, of an array. radius: how far a blurred edge reaches to either side, in
    pixels. gap: the gap over the nearer distance from which on it is an edge.
    """
    above, below = np.where(known, depth, -np.inf), np.where(known, depth, np.inf)
    high, low = window(above, radius, np.maximum), window(below, radius, np.minimum)
    counted = depth[known]
    range_ = inverse(np.array([counted.min(), counted.max()] if counted.size else [0.0, 0.0], np.float32))
    larger_is_nearer = bool(range_[1] > range_[0])
    outline = window(above, 1, np.maximum) if larger_is_nearer else window(below, 1, np.minimum)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # where nothing around is known
        around = inverse(high), inverse(low)
        edge = known & (np.maximum(*around) > np.minimum(*around) * np.float32(1 + gap))
        is_high = outline - low >= high - outline
        snapped = np.where(edge, np.where(is_high, high, low), depth).astype(np.float32, copy=False)
        return snapped, edge & (is_high == larger_is_nearer)


def spread(inverse: Picture, known: Mask, reach: int) -> Picture:
    """Return inverse depth that goes on into what is unknown, the farther side first; 0 beyond the reach."""
    if known.all():
        return inverse
    values = np.pad(np.where(known, inverse, np.float32(0.0)), 1)
    flat, open_ = values.ravel(), np.pad(~known, 1).ravel()
    front = np.flatnonzero(_neighbours(open_.reshape(values.shape)) & ~open_.reshape(values.shape))
    front = front[flat[front] > 0.0]
    last = np.empty(flat.size, np.intp)
    for turn in range(reach):
        came, front = _step(front, last, values.shape[1], turn, lambda _, to: open_[to], lambda place: -flat[place])
        flat[front], open_[front] = flat[came], False
        if not front.size:
            break
    return values[1:-1, 1:-1]


def edges(inverse: Picture, reach: int) -> tuple[Mask, Picture]:
    """Return what hides a far side within the reach, and the gap at the far pixels beside an edge, 0 elsewhere."""
    tear = np.float32(1 + EDGE)
    gap = np.zeros_like(inverse)
    carried = np.full((inverse.shape[0] + 2, inverse.shape[1] + 2), np.inf, np.float32)
    inner = carried[1:-1, 1:-1]
    before, after = (slice(None), slice(-1)), (slice(None), slice(1, None))
    for one, other in ((before, after), (after, before), (before[::-1], after[::-1]), (after[::-1], before[::-1])):
        near, away = inverse[one], inverse[other]
        torn = (near > away * tear) & (away > 0.0)
        gap[other] = np.maximum(gap[other], np.where(torn, near / np.where(torn, away, 1) - 1, 0))
        inner[one] = np.where(torn, np.minimum(inner[one], away), inner[one])
    flat, carry = np.pad(inverse, 1).ravel(), carried.ravel()
    front, last = np.flatnonzero(np.isfinite(carry)), np.empty(flat.size, np.intp)

    def passes(come: Pixels, to: Pixels) -> Mask:
        return np.isinf(carry[to]) & (flat[to] > carry[come] * tear)

    for turn in range(reach - 1):
        came, front = _step(front, last, carried.shape[1], turn, passes, lambda place: -carry[place])
        carry[front] = carry[came]
        if not front.size:
            break
    return np.isfinite(inner), gap


def context(inverse: Picture, hidden: Mask, known: Mask, gap: Picture, reach: int) -> tuple[NDArray[np.int32], Picture]:
    """Return how many pixels from an edge each pixel of its far side lies, and the edge's gap there.

    From 1 at the edge; from RIM + 1 at what is unknown, beside which no colours are mixed; 0 is no far side.
    """
    tear = np.float32(1 + EDGE)
    shore = known & ~hidden & (window((~known).astype(np.float32), 1, np.maximum) > 0.0)
    away = np.pad(np.where((gap > 0.0) & ~hidden, 1, np.where(shore, RIM + 1, 0)), 1).astype(np.int32)
    flat = np.pad(inverse, 1).ravel()
    reached, gaps = away.ravel(), np.pad(gap, 1).ravel()
    blocked = np.pad(hidden, 1, constant_values=True).ravel()
    last = np.empty(flat.size, np.intp)

    def passes(come: Pixels, to: Pixels) -> Mask:
        same = (flat[to] <= flat[come] * tear) & (flat[come] <= flat[to] * tear)
        return same & ((reached[to] == 0) | (reached[to] > reached[come] + 1)) & ~blocked[to]

    front = np.flatnonzero(reached == 1)
    for turn in range(max(reach, RIM + 2)):
        # The first turns are squares, as Edge Snap's window is.
        came, front = _step(front, last, away.shape[1], turn if turn > RIM else 1, passes, lambda place: gaps[place])
        reached[front], gaps[front] = turn + 2, gaps[came]
        if turn == RIM - 1:
            front = np.flatnonzero(reached == RIM + 1)
    return away[1:-1, 1:-1], gaps.reshape(away.shape)[1:-1, 1:-1]


def window(array: Picture, radius: int, extreme: Callable[..., Picture]) -> Picture:
    """Return the smallest or largest value in the square of 2 radius + 1 pixels around each."""
    array = np.pad(array, radius, mode="edge")
    for axis in (0, 1):
        array, width, target = array.swapaxes(0, axis), 1, 2 * radius + 1
        while width < target:
            step = min(width, target - width)
            array = extreme(array[:-step], array[step:])
            width += step
        array = array.swapaxes(0, axis)
    return array


def _neighbours(mask: Mask) -> Mask:
    """Return the pixels that have one of the mask beside them."""
    around = np.zeros_like(mask)
    around[1:] |= mask[:-1]
    around[:-1] |= mask[1:]
    around[:, 1:] |= mask[:, :-1]
    around[:, :-1] |= mask[:, 1:]
    return around


def _step(
    front: Pixels,
    last: Pixels,
    stride: int,
    turn: int,
    passes: Callable[[Pixels, Pixels], Mask],
    rank: Callable[[Pixels], Picture],
) -> tuple[Pixels, Pixels]:
    """Return the pixels that a front reaches next, each once, and where from: the neighbour of the highest rank.

    The places are those of a flattened picture with a rim of one pixel. Crosses and squares in turn make octagons.
    last: as long as the picture; what it holds counts for nothing.
    """
    offsets = np.array([row * stride + column for row, column in (_SQUARE if turn % 2 else _CROSS)])
    came = np.repeat(front, len(offsets))
    to = (front[:, None] + offsets).ravel()
    free = passes(came, to)
    came, to = came[free], to[free]
    order = np.argsort(rank(came))
    came, to = came[order], to[order]
    last[to] = np.arange(to.size)  # of several that reach one pixel the last one stays, which has the highest rank
    once = last[to] == np.arange(to.size)
    return came[once], to[once]
