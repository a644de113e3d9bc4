"""Shots: where one ends and the next begins, and how each of their frames is to be corrected."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..catalog import Kind
from . import gauge
from .gauge import Pair

# Within shots of a simulation: static share 0.95 to 1, residual 0.4 to 1.1 %, inliers 0.93 or more. At cuts: 0.13 to
# 0.20, 2 to 9 %, 0.72 to 0.86.
_STATIC, _RESIDUAL, _INLIERS = 0.4, 0.015, 0.9
_FOLLOWS = 0.55  # share of inliers below which a pair says nothing of the gauge: a flash, a fade


@dataclass(frozen=True)
class Measured:
    """One frame: its number, the ends and the range of its values in the model's own units, and how it follows.

    far, near: see `gauge.ends`. low, high: smallest and largest known value. pair: from the frame before, if any.
    source: the file it comes from, by name, bytes and time.
    """

    frame: int
    far: float
    near: float
    low: float
    high: float
    pair: Pair | None = None
    source: str = ""


@dataclass(frozen=True)
class Correction:
    """One frame of a shot, corrected: scale * value + offset as compared (see `gauge`); its place in the shot."""

    frame: int
    scale: float
    offset: float
    source: str = ""


@dataclass(frozen=True)
class Shot:
    """Frames without a cut. low, high: the range of all of them once corrected, in the model's own units.

    windows: scale and shift of each, where the model looked from frame to frame: see `windowed`. Else there are none.
    """

    low: float
    high: float
    frames: tuple[Correction, ...]
    windows: tuple[tuple[float, float], ...] = ()


def is_cut(pair: Pair) -> bool:
    """Return whether another shot begins between two frames."""
    return pair.static < _STATIC and (pair.residual > _RESIDUAL or pair.inliers < _INLIERS)


def shots(
    measured: Sequence[Measured], kind: Kind, *, cuts: Collection[int] | None = None, fixed_camera: bool = False
) -> list[Shot]:
    """Return the shots, each with one range and with corrections that take the model's jitter away.

    cuts: the frames that begin a shot, where they are known; else they are found. fixed_camera: the camera stands
    still, so that the gauge has no reason to change in a shot at all.
    """
    sigma = np.inf if fixed_camera else gauge.SIGMA
    return [_shot(frames, kind, sigma) for frames in _split(measured, cuts)]


def _split(measured: Iterable[Measured], cuts: Collection[int] | None) -> Iterator[list[Measured]]:
    shot: list[Measured] = []
    for frame in measured:
        begins = frame.frame in cuts if cuts is not None else frame.pair is not None and is_cut(frame.pair)
        if shot and begins:
            yield shot
            shot = []
        shot.append(frame)
    if shot:
        yield shot


def _shot(frames: Sequence[Measured], kind: Kind, sigma: float) -> Shot:
    pairs = [_held(frame.pair) for frame in frames[1:]]
    scales, offsets = gauge.corrections(pairs, [(frame.far, frame.near) for frame in frames], sigma=sigma)
    compared = gauge.compared(np.array([(frame.low, frame.high) for frame in frames], np.float32), kind)
    reached = gauge.restored((compared * scales[:, None] + offsets[:, None]).astype(np.float32), kind)
    corrected = tuple(
        Correction(frame.frame, float(scale), float(offset), frame.source)
        for frame, scale, offset in zip(frames, scales, offsets, strict=True)
    )
    return Shot(float(reached.min()), float(reached.max()), corrected)


def _held(pair: Pair | None) -> Pair:
    """Return a pair, or one that keeps the gauge where too little follows."""
    if pair is None:
        return Pair(1.0, 0.0, 0.0, 0.0, 0.0)
    return pair if pair.inliers >= _FOLLOWS else replace(pair, scale=1.0, shift=0.0)
