"""What lies behind: the far side of every depth edge goes on under the near side, in depth and in colour. numpy alone.

A photo doesn't show it, so it is made up from what it shows beside: smooth, without seams, for a camera that moves a
little. Each pixel has one background, whatever the number of surfaces that stand in front of it.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .catalog import Kind
from .depth import Depth
from .edges import RIM, Mask, context, edges, snap, spread, window
from .push_pull import Picture, doubled, push_pull, resized

REACH = 0.06  # how far the background goes on under the near side, in shares of the longer side
MARGIN = 0.125  # how far the background's picture goes on beyond the photo, on each side, in shares of that side
MOST_PIXELS = 2_000_000  # about a second's work
NEAR, FAR = 1.0, 4.0  # where relative depth is taken to begin and to end: the defaults of Depth Relief

_BEHIND = np.float32(1.02)  # by so much the background lies behind what hides it
_JUST_BEHIND = np.float32(1.001)  # and where the two go over into each other, lest they flicker
_LEAST = np.float32(1e-6)  # of a distance and of its inverse
_FAINT = np.float32(1e-3)  # what mixed colours count for: where there is nothing else
_BAND = 2  # pixels of that picture along the border
_OVERLAP = 0.03  # shares of a side inside the border that are the whole picture too, where Border overlaps the front
_COARSE = 4  # the margins are smooth: they are made at so small a part of the picture's size


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
    with ThreadPoolExecutor(1) as beside:  # numpy lets other threads run
        resizing = beside.submit(resized, rgb, *depth.shape)
        snapped, _ = snap(depth, known, scale.inverse)
        front = spread(scale.inverse(snapped), known, reach)
        hidden, gap = edges(front, reach)
        away, gap = context(front, hidden, known, gap, reach // 2)
    rim, seam = (away > 0) & (away <= RIM), away == RIM + 1
    weight = np.where(rim, _FAINT, (away > RIM).astype(np.float32)) * known
    photo = resizing.result()
    fill = push_pull(np.concatenate([photo, front[None]]), weight)

    nearest = front / np.where(hidden, _BEHIND, _JUST_BEHIND)  # what the background stays behind
    nearest = np.where(rim | ~known, nearest, np.minimum(nearest, scale.inverse(depth) / _JUST_BEHIND))
    inverse = np.where(nearest > 0.0, np.minimum(fill[3], nearest), fill[3])
    presence = (hidden | seam | ~known & (front > 0.0)).astype(np.float32)
    presence[rim] = 1.0 + gap[rim]
    presence = _without_specks(presence)
    if opaque is not None:
        presence[~opaque] = 0.0
    around = window(presence, 2, np.maximum) > 0.0  # so that it can be interpolated where it ends
    made_up = fill[:3] if presence.any() else photo
    colour = _with_margin(made_up, np.where(presence > 0.0, made_up, photo))
    return Background(np.where(around, scale.depth(inverse), np.float32(0.0)), presence, colour)


def _without_specks(presence: Picture) -> Picture:
    """Return a presence in which no pixel of a rim is more than all of the 8 around it: alone it would be a hole."""
    padded, stride = np.pad(presence, 1), presence.shape[1] + 2
    flat = padded.ravel()
    rim = np.flatnonzero(flat > 1.0)
    around = [row * stride + column for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column]
    beside = np.maximum(flat[rim[:, None] + around].max(axis=1), np.float32(1.0))
    flat[rim] = np.minimum(flat[rim], beside)
    return padded[1:-1, 1:-1].copy()


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
