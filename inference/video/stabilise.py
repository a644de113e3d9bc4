"""The two passes over a clip's raw frames: what is measured of all of them, and each one finished by it.

Both hold a few frames at a time, whatever the length of the clip. A frame is finished from its raw neighbours and the
record alone, so that frames may be finished in any order and on any machine, to the same bytes.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from ..depth import Depth
from ..draft.resize import resize
from ..errors import DepthFileError
from . import bilateral, gauge, raw, windowed
from .gauge import Map, Mask, Small
from .record import Record
from .shots import Measured, shots

_AROUND = 2 * bilateral.REACH + 1  # frames that one is filtered with, itself among them


def measure(
    folder: Path,
    frames: Iterable[int],
    *,
    clip: str = "",
    fps: float | None = None,
    cuts: Collection[int] | None = None,
    fixed_camera: bool = False,
) -> Record:
    """Return the record of raw frames, which lie in `folder`, in the order of the clip.

    cuts: the frames that begin a shot, None to find them. fixed_camera: see `shots.shots`. At least one frame.
    Raises DepthFileError for a frame that is not there, or unlike the others.
    """
    measured: list[Measured] = []
    before: Small | None = None
    first: raw.Note | None = None
    for frame in frames:
        one = raw.read(raw.path_of(folder, frame))
        first = first or one.note
        _check(frame, one.note, first)
        small = gauge.reduced(one.values, gauge.luma(one.rgb), one.known, one.note.kind)
        pair = None if before is None else gauge.fit(before, small, one.note.kind)
        before = small
        far, near = gauge.ends(one.values, one.known, one.note.kind)
        counted = one.values[one.known] if one.known.any() else np.zeros(1, np.float32)
        low, high = float(counted.min()), float(counted.max())
        measured.append(Measured(frame, far, near, low, high, pair, one.note.source))
    if first is None:
        raise DepthFileError(f"{folder}: no frame of this clip was estimated. Estimate it first")
    found = shots(measured, first.kind, cuts=cuts, fixed_camera=fixed_camera)
    told = None if cuts is None else tuple(sorted(cuts))
    return Record(first.kind, first.making, clip, fps, first.height, first.width, told, fixed_camera, tuple(found))


def _check(frame: int, note: raw.Note, first: raw.Note) -> None:
    if (note.height, note.width) != (first.height, first.width):
        size, other = f"{note.width} x {note.height}", f"{first.width} x {first.height}"
        raise DepthFileError(f"Frame {frame} has {size} pixels, the first one {other}. Leave it out with --frames")
    if note.making != first.making:
        raise DepthFileError(f"Frame {frame} was estimated by another model or size. Estimate it again")


class Finisher:
    """Finishes frames by a record from the raw ones in a folder; keeps what the next frame needs too."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.record = record
        self._folder = folder
        self._kept: OrderedDict[Path, raw.Raw] = OrderedDict()

    def frame(self, number: int) -> tuple[raw.Raw, Map]:
        """Return a raw frame, and its values once they are stabilised, float32 (H, W), in the model's own units.

        Raises DepthFileError where a raw frame that is needed is not there.
        """
        return self._of_windows(number) if self.record.parts(number) else self._stabilised(number)

    def depth(self, number: int, form: str) -> Depth:
        """Return a finished frame at the clip's own size. form: how it is going to be written, for the digest."""
        own, values = self.frame(number)
        record, shot, validity = self.record, self.record.shot_of(number), own.validity
        size = record.height, record.width
        if values.shape != size:
            values = resize(values, *size)
            validity = (
                None if validity is None else resize(np.asarray(validity, np.float32), record.height, record.width)
            )
        making = record.making
        return Depth(
            values=values,
            validity=validity,
            kind=record.kind,
            raw_min=shot.low,
            raw_max=shot.high,
            model=making.model,
            revision=making.revision,
            making=record.digest(number, form),
        )

    def _stabilised(self, number: int) -> tuple[raw.Raw, Map]:
        kind, around = self.record.kind, self.record.around(number)
        ready: dict[int, tuple[Map, Map, Mask]] = {}
        for offset, one in around.items():
            found = self._raw(raw.path_of(self._folder, one.frame), _AROUND)
            values = gauge.compared(found.values, kind) * np.float32(one.scale) + np.float32(one.offset)
            ready[offset] = values, gauge.luma(found.rgb), found.known
        shot = self.record.shot_of(number)
        low, high = gauge.compared(np.array([shot.low, shot.high], np.float32), kind)
        smooth = bilateral.smoothed(ready, float(high - low))
        return self._raw(raw.path_of(self._folder, number), _AROUND), gauge.restored(smooth, kind)

    def _of_windows(self, number: int) -> tuple[raw.Raw, Map]:
        shot, parts = self.record.shot_of(number), self.record.parts(number)
        paths = [windowed.path_of(self._folder, shot.frames[0].frame, part.window) for part in parts]
        return windowed.laid(parts, [self._raw(path, 2) for path in paths], shot)

    def _raw(self, path: Path, most: int) -> raw.Raw:
        """Return a raw frame or window, and keep as many as that."""
        if path not in self._kept:
            found = raw.read(path)
            if found.note.making != self.record.making:
                raise DepthFileError(f"{path} was estimated by another model or size. Estimate it again")
            self._kept[path] = found
            while len(self._kept) > most:
                self._kept.popitem(last=False)
        return self._kept[path]
