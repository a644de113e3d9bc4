"""A depth map as its image keeps it: the values and validity of each layer, and the file that they are packed as."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...inference import exr  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.catalog import Kind  # type: ignore[import-not-found]
from ..errors import DepthImageError

_ROWS = 64  # at once: they stay in a processor's cache

Map = NDArray[np.float32]
Half = NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Layer:
    """What lies behind a depth map: see `inference.background.Background`.

    depth, presence: float32 (H, W), of the depth map's size and in its units. colour: uint8 (h, w, 3), sRGB.
    """

    depth: Map
    presence: Map
    colour: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Stored:
    """A depth map in the values that its image holds, top row first.

    front: float32 (H, W). `disparity`: in [0, 1], 1 is near, 0 where invalid; `distance`: metres, the farthest where
        invalid.
    alpha: (H, W) in [0, 1], the validity, or None where all is valid; float16 where that loses nothing, else float32.
    low, high: the smallest and the largest valid value before they were normalised.
    """

    kind: Kind
    front: Map
    alpha: Map | Half | None
    low: float
    high: float

    @classmethod
    def of(cls, depth: Map, kind: Kind, validity: NDArray[np.bool_] | Map | None = None) -> "Stored":
        """Return what is stored of a depth map, float32 (H, W) in any unit, whose values count where they are finite.

        validity: bool or float32 in [0, 1], (H, W). Raises DepthImageError for what is not a depth map.
        """
        depth = np.asarray(depth)
        if depth.ndim != 2 or depth.size == 0 or depth.dtype.kind not in "fiu":
            raise DepthImageError(f"A depth map is (H, W) numbers, not {depth.dtype} {depth.shape}. Pass one channel")
        if validity is not None and np.shape(validity) != depth.shape:
            raise DepthImageError(f"validity is {np.shape(validity)}, depth {depth.shape}. Pass both in the same size")
        front, alpha = np.empty(depth.shape, np.float32), np.empty(depth.shape, np.float16)

        def opacity(rows: slice) -> Map:
            given = np.float32(1.0) if validity is None else np.asarray(validity[rows], np.float32)
            # Of a number and one that is none, fmin and fmax take the number.
            inside = np.fmin(np.fmax(given, np.float32(0.0)), np.float32(1.0))
            return np.where(np.isfinite(front[rows]), inside, np.float32(0.0))

        def take(rows: slice) -> tuple[np.float32, np.float32, np.float32, bool]:
            with np.errstate(over="ignore"):  # beyond float32 becomes infinite, hence invalid
                front[rows] = depth[rows]
            opaque = opacity(rows)
            alpha[rows] = opaque
            counted = np.where(opaque > 0.0, front[rows], np.float32(np.nan))
            low, high = np.fmin.reduce(counted, axis=None), np.fmax.reduce(counted, axis=None)
            return low, high, opaque.min(), bool((alpha[rows] == opaque).all())

        with ThreadPoolExecutor() as pool:  # numpy lets other threads run
            lows, highs, opacities, exact = zip(*pool.map(take, _parts(depth)), strict=True)
        low, high = np.fmin.reduce(lows), np.fmax.reduce(highs)
        if np.isnan(low):
            raise DepthImageError("The depth map has no valid pixel. Check its transparency, and whether it is all NaN")
        whole = min(opacities) == 1.0
        found = cls(kind, front, None if whole else alpha, float(low), float(high))
        if not all(exact):
            found = replace(found, alpha=np.concatenate([opacity(rows) for rows in _parts(depth)]))
        found._finish()
        return found

    def _finish(self) -> None:
        """Scale the values in place, and replace the invalid ones."""
        nothing = np.float32(0.0 if self.kind == "disparity" else self.high)

        def finish(rows: slice) -> None:
            with np.errstate(invalid="ignore", over="ignore"):  # invalid pixels are replaced
                scaled = self.scaled(self.front[rows])
            self.front[rows] = scaled if self.alpha is None else np.where(self.alpha[rows] > 0.0, scaled, nothing)

        if self.kind == "disparity" or self.alpha is not None:
            with ThreadPoolExecutor() as pool:
                list(pool.map(finish, _parts(self.front)))

    def scaled(self, depth: Map) -> Map:
        """Return values in the units of the depth map, (H, W), as they are stored: `low` is 0 and `high` is 1."""
        if self.kind == "distance":
            return depth
        if self.low == self.high:
            return np.zeros_like(depth)
        if self.high - self.low > np.finfo(np.float32).max:
            return ((depth.astype(np.float64) - self.low) / (self.high - self.low)).astype(np.float32)
        low, high = np.float32(self.low), np.float32(self.high)
        scaled: Map = (depth - low) / (high - low)
        return scaled

    def file(self, behind: Layer | None = None, *, layers: bool = False) -> bytes:
        """Return the EXR file: red, green and blue of two layers, grey of one alone.

        behind: the second layer, in the values that are stored. layers: keep a place for one, and say there is none.
        """
        channels: dict[str, Map | Half] = {"Y": self.front}
        if behind is not None:
            channels = {"R": self.front, "G": behind.depth, "B": behind.presence}
        elif layers:
            nothing = np.zeros_like(self.front)
            channels = {"R": self.front, "G": nothing, "B": nothing}
        if self.alpha is not None:
            channels["A"] = self.alpha
        data: bytes = exr.encode(channels)
        return data


def short(alpha: Map) -> Map | Half:
    """Return alpha as float16 where that loses nothing."""
    half = alpha.astype(np.float16)
    return half if np.array_equal(half, alpha) else alpha


def _parts(array: Map) -> Iterable[slice]:
    return (slice(first, first + _ROWS) for first in range(0, len(array), _ROWS))
