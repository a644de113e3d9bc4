"""A clip in windows of frames that overlap, and their depths laid over each other, as Video Depth Anything does it.

Chen et al. 2025, https://arxiv.org/abs/2501.12375, section 3.3. numpy alone; what a frame is, the caller knows.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Frame = TypeVar("Frame")
Encoded = TypeVar("Encoded")

LENGTH = 32  # frames of a window
STEP = 22  # frames from one window to the next
CARRIED = (0, 12, *range(24, 32))  # what a window begins with: these frames of the one before
FADED = slice(2, 10)  # of a window: the frames that the one before has shown too
_ANCHOR = 12
_WEIGHTS = np.linspace(0.0, 1.0, FADED.stop - FADED.start, dtype=np.float32)


class Part(NamedTuple):
    """What a frame takes from a window: the depth of a slot, with a weight in 0 to 1."""

    window: int
    slot: int
    weight: float


def count(frames: int) -> int:
    """Return how many windows show a shot of so many frames, at least one."""
    return 1 + max(0, (frames - FADED.start - 2) // STEP)  # one that shows its first frame alone shows it by nothing


def slots(window: int, frames: int) -> list[int]:
    """Return the frames that a window of a shot holds, from 0 on; what is beyond the last one is filled with that."""
    held = [window * STEP + slot for slot in range(LENGTH)]
    if window:
        held[:2] = 0, (window - 1) * STEP + _ANCHOR
    return [min(frame, frames - 1) for frame in held]


def parts(frame: int, frames: int) -> list[Part]:
    """Return the windows that show a frame of a shot: one, or two that fade into each other."""
    window = min(max(frame - FADED.start, 0) // STEP, count(frames) - 1)
    slot = frame - window * STEP
    if not window or slot >= FADED.stop:
        return [Part(window, slot, 1.0)]
    weight = float(_WEIGHTS[slot - FADED.start])
    return [Part(window - 1, slot + STEP, 1.0 - weight), Part(window, slot, weight)]


def depths(
    frames: Iterable[Frame],
    encode: Callable[[Frame], Encoded],
    window: Callable[[list[Encoded]], list[Array]],
    *,
    is_metric: bool,
) -> Iterator[Array]:
    """Yield the depth of each frame in order.

    encode: called once for each frame. window: the depths of `LENGTH` encoded frames, each (H, W). is_metric: they are
    metres, which are never scaled. A clip is filled up with its last frame; no more than a window of it is held.
    """
    coming = map(encode, frames)
    stitched = Stitch(is_metric=is_metric)
    slots: list[Encoded] = []
    start = read = shown = 0
    while True:
        new = list(islice(coming, LENGTH - len(slots)))
        read += len(new)
        if read <= start + (FADED.start + 1 if start else 0):  # the window would show nothing: its fade begins at 0
            break
        slots += new
        slots += [slots[-1]] * (LENGTH - len(slots))
        for depth in stitched.add(window(slots))[: read - shown]:
            shown += 1
            yield depth
        slots = [slots[slot] for slot in CARRIED]
        start += STEP
    yield from stitched.held[: read - shown]


class Stitch:
    """Lays each window over the one before it."""

    def __init__(self, *, is_metric: bool) -> None:
        self.is_metric = is_metric
        self.fits: list[tuple[float, float]] = []  # scale and shift of each window but the first
        self._reference: list[Array] = []
        self.held: list[Array] = []  # the last eight frames, which the next window fades out

    def add(self, window: list[Array]) -> list[Array]:
        """Return the frames that a window decides, in order: those that were held, and its own up to the last eight."""
        if self._reference:
            scale, shift = (1.0, 0.0) if self.is_metric else fit(window[:2], self._reference)
            self.fits.append((scale, shift))
            window = [aligned(depth, scale, shift) for depth in window]
            faded = zip(self.held, window[FADED], _WEIGHTS, strict=True)
            fresh = [(1 - weight) * old + weight * new for old, new, weight in faded] + window[FADED.stop :]
        else:
            fresh = window
        self._reference = [self._reference[0] if self._reference else window[0], window[_ANCHOR]]
        kept = len(window[FADED])
        self.held = fresh[-kept:]
        return fresh[:-kept]


def aligned(depth: Array, scale: float, shift: float) -> Array:
    """Return a depth of a window in the range of the first window."""
    return np.maximum(depth * np.float32(scale) + np.float32(shift), np.float32(0.0))


def fit(ours: list[Array], theirs: list[Array]) -> tuple[float, float]:
    """Return the scale and the shift that lay our depths over theirs in least squares, over all pixels."""
    x, y = (np.stack(depths).astype(np.float64) for depths in (ours, theirs))
    variance = float((x * x).mean() - x.mean() ** 2)
    if variance <= 0.0:
        return 1.0, 0.0
    scale = float((x * y).mean() - x.mean() * y.mean()) / variance
    return scale, float(y.mean() - scale * x.mean())
