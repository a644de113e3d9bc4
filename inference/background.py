"""What lies behind: the far side of every depth edge goes on under the near side, in depth and in colour. numpy alone.

A photo doesn't show it, so it is made up from what it shows beside: smooth, without seams, for a camera that moves a
little. Each pixel has one background, whatever the number of surfaces that stand in front of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .catalog import Kind
from .depth import Depth
from .push_pull import Picture, doubled, push_pull, resized

EDGE = 0.05  # the gap over the nearer distance that makes an edge: a quarter of what Depth Relief tears at
SNAP = 0.1  # the gap from which on a blurred edge is taken for a step, as the group Edge Snap does
REACH = 0.06  # how far the background goes on under the near side, in shares of the longer side
RIM = 3  # pixels beside an edge whose colour is mixed of both sides; Edge Snap's default radius
MARGIN = 0.125  # how far the background's picture goes on beyond the photo, on each side, in shares of that side
MOST_PIXELS = 2_000_000  # about a second's work
NEAR, FAR = 1.0, 4.0  # where relative depth is taken to begin and to end: the defaults of Depth Relief

_BEHIND = np.float32(1.02)  # by so much the background lies behind what hides it
_JUST_BEHIND = np.float32(1.001)  # and where the two go over into each other, lest they flicker
_LEAST = np.float32(1e-6)  # of a distance and of its inverse
_FAINT = np.float32(1e-3)  # what mixed colours count for: where there is nothing else
_CROSS = ((-1, 0), (0, -1), (0, 1), (1, 0))
_SQUARE = (*_CROSS, (-1, -1), (-1, 1), (1, -1), (1, 1))
_BAND = 2  # pixels of that picture along the border
_OVERLAP = 0.03  # shares of a side inside the border that are the whole picture too, where Border overlaps the front
_COARSE = 4  # the margins are smooth: they are made at so small a part of the picture's size

Mask = NDArray[np.bool_]
Pixels = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Background:
    """The second layer of a depth map.

    depth: float32 (H, W), in the units of the depth map; 0 where it says nothing.
    presence: float32 (H, W). 0: no background. 1: it lies behind the front. More: at the rim of an edge, where the
        front shows mixed colours, it can stand in its place; the edge's gap over the nearer distance is presence - 1.
    colour: uint8 (H + 2 y, W + 2 x, 3), sRGB: the picture of it, with `margins` of y rows and x columns around; of a
        map of many pixels it is smaller.
    """

    depth: Picture
    presence: Picture
    colour: NDArray[np.uint8]


def behind(
    depth: Picture,
    known: Mask,
    kind: Kind,
    rgb: NDArray[np.uint8],
    opaque: Mask | None = None,
    most_pixels: int = MOST_PIXELS,
) -> Background:
    """Return what lies behind the edges of a depth map, and behind what it doesn't know.

    depth: float32 (H, W), top row first, of which `known`, bool (H, W), says where it counts. kind: `disparity`, any
        unit, larger is nearer, or `distance`, metres above 0.
    rgb: the photo, uint8 (h, w, 3) of any size, sRGB. opaque: bool (H, W), where the photo is not transparent; there
        is no background anywhere else.
    most_pixels: a larger map is filled at a whole part of its size, and its background enlarged: it is smooth anyway.

    Colour and inverse depth, which is linear on a plane, go on from the far side alone.
    """
    step = math.ceil(math.sqrt(depth.size / most_pixels))
    if step > 1:
        part = slice(None, None, step), slice(None, None, step)
        back = behind(depth[part], known[part], kind, rgb, None if opaque is None else opaque[part], most_pixels)
        return replace(back, depth=_enlarged(back.depth, depth, step), presence=_enlarged(back.presence, depth, step))
    scale = _Scale.of(depth, known, kind)
    depth = np.where(known, depth, np.float32(scale.farthest))
    reach = max(1, round(REACH * max(depth.shape)))
    front = _spread(scale.inverse(_snap(depth, known, scale)), known, reach)
    hidden, gap = _edges(front, reach)
    away, gap = _context(front, hidden, known, gap, reach // 2)
    rim, seam = (away > 0) & (away <= RIM), away == RIM + 1
    weight = np.where(rim, _FAINT, (away > RIM).astype(np.float32)) * known
    photo = resized(rgb, *depth.shape)
    fill = push_pull(np.concatenate([photo, front[None]]), weight)

    nearest = np.where(rim | ~known, front, np.minimum(front, scale.inverse(depth)))  # what the background stays behind
    nearest = nearest / np.where(hidden, _BEHIND, _JUST_BEHIND)
    inverse = np.where(nearest > 0.0, np.minimum(fill[3], nearest), fill[3])
    presence = (hidden | seam | ~known & (front > 0.0)).astype(np.float32)
    presence[rim] = 1.0 + gap[rim]
    if opaque is not None:
        presence[~opaque] = 0.0
    around = _window(presence, 2, np.maximum) > 0.0  # so that it can be interpolated where it ends
    made_up = fill[:3] if presence.any() else photo
    colour = _with_margin(made_up, np.where(presence > 0.0, made_up, photo))
    return Background(np.where(around, scale.depth(inverse), np.float32(0.0)), presence, colour)


def of_photo(depth: Depth, rgb: NDArray[np.uint8] | NDArray[np.float32]) -> Background:
    """Return what lies behind in a photo whose depth was estimated; where it is transparent there is nothing.

    rgb: (h, w, 3), sRGB, 0 to 255 as integers or 0 to 1 as floats.
    """
    colours = np.asarray(rgb if rgb.dtype == np.uint8 else rgb * np.float32(255.0) + np.float32(0.5))
    colours = np.clip(colours, 0, 255).astype(np.uint8, copy=False)
    known = np.isfinite(depth.values)
    opaque = None if depth.validity is None else depth.validity > 0
    return behind(depth.values, known if opaque is None else known & opaque, depth.kind, colours, opaque)


def _enlarged(array: Picture, like: Picture, step: int) -> Picture:
    return array.repeat(step, axis=0).repeat(step, axis=1)[: like.shape[0], : like.shape[1]]


def margins(height: int, width: int) -> tuple[int, int]:
    """Return how many rows and columns the background's picture has beyond a map of this size, on each side."""
    return round(MARGIN * height), round(MARGIN * width)


@dataclass(frozen=True)
class _Scale:
    """From depth to inverse distance and back; relative depth is taken to run from NEAR to FAR."""

    kind: Kind
    low: float
    high: float

    @classmethod
    def of(cls, depth: Picture, known: Mask, kind: Kind) -> "_Scale":
        counted = depth[known]
        low, high = (float(counted.min()), float(counted.max())) if counted.size else (0.0, 1.0)
        return cls(kind, low, high)

    @property
    def farthest(self) -> float:
        return self.high if self.kind == "distance" else self.low

    def inverse(self, depth: Picture) -> Picture:
        if self.kind == "distance":
            return np.reciprocal(np.maximum(depth, _LEAST))
        slope = np.float32((1 / NEAR - 1 / FAR) / (self.high - self.low) if self.high > self.low else 0.0)
        return (depth - np.float32(self.low)) * slope + np.float32(1 / FAR)

    def depth(self, inverse: Picture) -> Picture:
        if self.kind == "distance":
            return np.reciprocal(np.maximum(inverse, _LEAST))
        slope = np.float32((self.high - self.low) / (1 / NEAR - 1 / FAR))
        return np.maximum(inverse - np.float32(1 / FAR), np.float32(0.0)) * slope + np.float32(self.low)


def _window(array: Picture, radius: int, extreme: Callable[..., Picture]) -> Picture:
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


def _snap(depth: Picture, known: Mask, scale: _Scale) -> Picture:
    """Return the depth with blurred edges as steps, as the group Edge Snap makes them."""
    high = _window(np.where(known, depth, -np.inf), RIM, np.maximum)
    low = _window(np.where(known, depth, np.inf), RIM, np.minimum)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # where nothing around is known
        ends = scale.inverse(high), scale.inverse(low)
        edge = known & (np.maximum(*ends) > np.minimum(*ends) * np.float32(1 + SNAP))
        return np.where(edge, np.where(depth - low >= high - depth, high, low), depth).astype(np.float32, copy=False)


def _spread(inverse: Picture, known: Mask, reach: int) -> Picture:
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


def _edges(inverse: Picture, reach: int) -> tuple[Mask, Picture]:
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


def _context(
    inverse: Picture, hidden: Mask, known: Mask, gap: Picture, reach: int
) -> tuple[NDArray[np.int32], Picture]:
    """Return how many pixels from an edge each pixel of its far side lies, and the edge's gap there.

    From 1 at the edge; from RIM + 1 at what is unknown, beside which no colours are mixed; 0 is no far side.
    """
    tear = np.float32(1 + EDGE)
    shore = known & ~hidden & (_window((~known).astype(np.float32), 1, np.maximum) > 0.0)
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


def _with_margin(fill: Picture, whole: Picture) -> NDArray[np.uint8]:
    """Return `fill`, (3, H, W), as a picture with margins in which `whole`, the picture without gaps, goes on."""
    _, height, width = whole.shape
    y, x = margins(height, width)
    coarse = np.pad(whole, ((0, 0), (0, -height % _COARSE), (0, -width % _COARSE)), mode="edge")
    rows, columns = coarse.shape[1] // _COARSE, coarse.shape[2] // _COARSE
    coarse = coarse.reshape(3, rows, _COARSE, columns, _COARSE).mean(axis=(2, 4))
    beyond = -(-y // _COARSE), -(-x // _COARSE)
    around = ((beyond[0], beyond[0]), (beyond[1], beyond[1]))
    inside = np.ones((rows, columns), np.float32)
    inside[_BAND : rows - _BAND, _BAND : columns - _BAND] = 0.0  # only what lies at the border goes on beyond it
    inside = np.pad(inside, around)
    picture = push_pull(np.pad(coarse, ((0, 0), *around)), inside)
    for _ in range(_COARSE.bit_length() - 1):
        picture = doubled(picture, 2 * picture.shape[1], 2 * picture.shape[2])
    top, left = beyond[0] * _COARSE - y, beyond[1] * _COARSE - x
    picture = picture[:, top : top + height + 2 * y, left : left + width + 2 * x].copy()
    picture[:, y : y + height, x : x + width] = whole
    rows, columns = (slice(math.ceil(_OVERLAP * side), side - math.ceil(_OVERLAP * side)) for side in (height, width))
    picture[:, y : y + height, x : x + width][:, rows, columns] = fill[:, rows, columns]
    return np.ascontiguousarray(np.moveaxis(np.clip(picture + 0.5, 0, 255).astype(np.uint8), 0, 2))
