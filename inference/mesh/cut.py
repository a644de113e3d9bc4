"""Which faces of a grid stay: no face bridges a jump in depth. The rules are those of the group Edge-Aware Cutoff.

Faces are (rows - 1, columns - 1): the one at (r, c) lies between the vertices (r, c) and (r + 1, c + 1).
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..edges import Mask, window
from .samples import SNAP_FROM, Samples
from .shape import Floats, Shape

_Any = TypeVar("_Any", bound=np.generic)

_BLUR = 3.0  # pixels over which an edge is blurred
_WEAK = 0.5  # the share of the threshold from which on an edge goes on
_NEEDLE = 2.0  # the share of the threshold from which on a speck is worse closed than open
_RINGS = 2  # how far it goes on
_REACH = 8  # vertices over which a plane goes on
_EVEN, _NOISE = 1.25, 0.002  # how much faster a plane may seem to rise at one vertex
_LEAST = 0.25  # the share of the least gap for a step
_SPECK = 8.0  # a hole of fewer faces is no edge; on a small grid the eighth part of a side


def corners(array: NDArray[_Any]) -> tuple[NDArray[_Any], ...]:
    """Return the values at the corners of each face, from the lower left one counter-clockwise; views."""
    return array[1:, :-1], array[1:, 1:], array[:-1, 1:], array[:-1, :-1]


def kept(vertices: Floats, inverse: Floats, samples: Samples, shape: Shape) -> Mask:
    """Return which faces of the front stay.

    vertices: float32 (rows, columns, 3). inverse: their inverse distances, (rows, columns).
    """
    known = samples.known & ~(samples.presence > shape.threshold * SNAP_FROM + 1.0) if shape.cutoff else samples.known
    a, b, c, d = corners(known)
    good = a & b & c & d
    if not shape.cutoff:
        return good
    ends = corners(inverse)
    near = np.maximum(np.maximum(ends[0], ends[1]), np.maximum(ends[2], ends[3]))
    far = np.minimum(np.minimum(ends[0], ends[1]), np.minimum(ends[2], ends[3]))
    gap = (near / far - 1).astype(np.float32, copy=False)
    across = max(samples.span / _BLUR, 1.0)
    limits = ((1 + shape.threshold * share) ** across - 1 for share in (1.0, _WEAK, _NEEDLE))
    limit, low, needle = (np.float32(value) for value in limits)
    least = _least_gap(np.where(known, inverse, np.float32(0.0)), samples, shape)
    steep = _steep(vertices, gap, shape, least)
    covered = _covered(samples)
    torn = (gap > limit) | (steep & covered)
    unknown = ~good  # what is torn beside it belongs to its hole, and is no speck
    good &= ~whole_edges(torn | unknown, (gap > low) & good, (gap > needle) | unknown)
    return good & ~(small_islands(good, min(shape.minimum_island, good.size // 16)) & covered)


def _covered(samples: Samples) -> Mask:
    """Return which faces may go though they bridge no jump: with a background, those that it has at a corner."""
    if not samples.has_background:
        return np.ones((), bool)
    a, b, c, d = corners(samples.presence >= 0.5)
    return a | b | c | d


def whole_edges(torn: Mask, weak: Mask, needles: Mask) -> Mask:
    """Return the torn faces when each edge is torn whole or not at all.

    What is torn spreads over two rings of weak faces. Specks of torn faces stay, unless there is a needle in them.
    """
    possible = torn | weak
    for _ in range(_RINGS):
        torn = possible & (window(torn.astype(np.float32), 1, np.maximum) > 0.0)
    return torn & ~small_islands(torn, math.ceil(min(_SPECK, math.sqrt(torn.size) / 8)), needles & torn)


def _least_gap(inverse: Floats, samples: Samples, shape: Shape) -> Floats:
    """Return the gap from which on a steep face is torn: in a scene less where the depth steps."""
    if shape.projection != "camera":
        return np.zeros((), np.float32)
    span = max(samples.span, 1.0)
    whole, less = (np.float32((1 + shape.least_gap * share) ** span - 1) for share in (1.0, _LEAST))
    a, b, c, d = corners(_uneven(inverse, 0) | _uneven(inverse, 1))
    return np.where(a | b | c | d, less, whole)


def _uneven(inverse: Floats, axis: int) -> Mask:
    """Return where the inverse distance, even on a plane, changes faster along an axis than on its flatter side."""
    count = inverse.shape[axis]
    place = np.arange(count)

    def at(places: NDArray[np.intp]) -> Floats:
        return inverse.take(places, axis)

    reach = min(_REACH, (count - 1) // 2)
    # Where the picture ends, the other side counts.
    before = np.where(place < reach, place + reach, place - reach)
    after = np.where(place + reach < count, place + reach, place - reach)
    here = np.abs(at(np.minimum(place + 1, count - 1)) - at(np.maximum(place - 1, 0))) * np.float32(0.5)
    flat = np.minimum(np.abs(at(before) - inverse), np.abs(at(after) - inverse)) / np.float32(max(reach, 1))
    return here > flat * np.float32(_EVEN) + inverse * np.float32(_NOISE)


def _steep(vertices: Floats, gap: Floats, shape: Shape, least: Floats) -> Mask:
    """Return which faces are seen too nearly edge-on; those with a gap of `least` and below stay."""
    result = gap > least
    rows, columns = np.nonzero(result)  # most faces are flat: only the others are looked at
    a, b, c, d = (vertices[rows + r, columns + s] for r, s in ((1, 0), (1, 1), (0, 1), (0, 0)))
    normal = np.cross(c - a, d - b)
    view = -(a + b + c + d) if shape.projection == "camera" else np.array([[0.0, 0.0, 1.0]], np.float32)
    length = np.linalg.norm(normal, axis=1) * np.linalg.norm(view, axis=1)
    facing = np.abs((normal * view).sum(axis=1))
    result[rows, columns] = facing < length * np.float32(np.cos(shape.angle))
    return result


def small_islands(good: Mask, minimum: int, stay: Mask | None = None) -> Mask:
    """Return the faces of pieces with fewer faces than the minimum. Faces that share a vertex hang together.

    stay: faces of which one is enough for a piece not to count as small; none without it.
    """
    small = np.zeros_like(good)
    if minimum <= 1 or not good.any():
        return small
    stride = good.shape[1] + 2  # so that no run touches one of the next row
    flat = np.zeros((good.shape[0], stride), np.int8)
    flat[:, 1:-1] = good
    step = np.diff(flat.ravel(), prepend=0)
    starts, ends = np.flatnonzero(step == 1), np.flatnonzero(step == -1)  # a run holds starts to ends - 1
    piece = _pieces(starts, ends, stride)
    lengths = ends - starts
    counted = lengths if stay is None else lengths + minimum * _run_sums(stay, starts, ends)
    faces = np.bincount(piece, weights=counted)[piece]
    few = faces < minimum
    begun, length = starts[few], lengths[few]
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    place = np.repeat(begun, length) + within
    small[place // stride, place % stride - 1] = True
    return small


def _run_sums(marked: Mask, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how many of the marked faces each run holds; a column is added at either side, as its numbers have it."""
    before = np.concatenate([[0], np.cumsum(np.pad(marked, ((0, 0), (1, 1))))])
    return before[ends] - before[starts]


def _pieces(starts: NDArray[np.intp], ends: NDArray[np.intp], stride: int) -> NDArray[np.intp]:
    """Return for each run of faces in a row the number of its piece: that of the first run in it."""
    first = np.searchsorted(ends, starts + stride, "left")  # of the runs of the next row that touch it
    beyond = np.searchsorted(starts, ends + stride, "right")
    count = np.maximum(beyond - first, 0)
    upper = np.repeat(np.arange(len(starts)), count)
    lower = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    piece = np.arange(len(starts))
    while True:
        lowest = np.minimum(piece[upper], piece[lower])
        joined = piece.copy()
        np.minimum.at(joined, piece[upper], lowest)
        np.minimum.at(joined, piece[lower], lowest)
        while not np.array_equal(jumped := joined[joined], joined):
            joined = jumped
        if (joined == piece).all():
            return piece
        piece = joined
