"""A clip's frames as Blender shows them: one image sequence of both layers, and one of the background's picture.

`depth_0001.exr` is what `addon.depth.image` makes of a single photo, in the range of its shot: depth in red, 0 to 1 for
disparity, metres for a distance; what lies behind in green, its presence in blue; validity in alpha.
"""

from pathlib import Path

import numpy as np

from .. import background, exr, png
from ..depth import Depth
from ..errors import DepthFileError, first_line
from ..io import making_of
from ..paths import replacing
from .gauge import Map
from .record import NAME as RECORD
from .record import Record
from .shots import Shot
from .stabilise import Finisher

__all__ = ("RECORD", "colour_path", "depth_path", "is_whole", "write")

_FORM = "layers"


def depth_path(folder: Path, frame: int) -> Path:
    """Return the file of a frame's depth."""
    return folder / f"depth_{frame:04d}.exr"


def colour_path(folder: Path, frame: int) -> Path:
    """Return the file of the picture of a frame's background."""
    return folder / f"background_{frame:04d}.png"


def is_whole(record: Record, frame: int, folder: Path, *, with_background: bool) -> bool:
    """Return whether a frame's files are there, whole and made as the record says."""
    made = making_of(depth_path(folder, frame)) == _digest(record, frame, with_background)
    return made and (not with_background or colour_path(folder, frame).is_file())


def write(finisher: Finisher, frame: int, folder: Path, *, with_background: bool) -> None:
    """Write a frame's files, unless they are there, whole and made the same way. Raises DepthFileError."""
    record = finisher.record
    if is_whole(record, frame, folder, with_background=with_background):
        return
    digest = _digest(record, frame, with_background)
    path, picture = depth_path(folder, frame), colour_path(folder, frame)
    own, values = finisher.frame(frame)
    shot, known = record.shot_of(frame), own.known
    stored = np.where(known, _normalised(values, shot, record.kind), 0.0 if record.kind == "disparity" else shot.high)
    channels = {"R": stored.astype(np.float32), "G": np.zeros_like(values), "B": np.zeros_like(values)}
    if not known.all():
        channels["A"] = known.astype(np.float32) if own.validity is None else np.where(known, own.validity, 0.0)
    making = record.making
    depth = Depth(values, own.validity, record.kind, shot.low, shot.high, making.model, making.revision, digest)
    try:
        if with_background:
            back = background.of_photo(depth, own.rgb)
            channels |= {"G": _normalised(back.depth, shot, record.kind), "B": back.presence}
            _replace(picture, png.encode(back.colour))
        texts = {"depthKind": record.kind, "depthModel": making.model, "depthMaking": digest}
        _replace(path, exr.encode({name: np.asarray(one, np.float32) for name, one in channels.items()}, texts))
    except OSError as error:
        raise DepthFileError(f"{path} can't be written ({first_line(error)}). Free some space there") from error


def _digest(record: Record, frame: int, with_background: bool) -> str:
    return record.digest(frame, f"{_FORM} {with_background}")


def _normalised(values: Map, shot: Shot, kind: str) -> Map:
    if kind == "distance" or shot.low == shot.high:
        return values if kind == "distance" else np.zeros_like(values)
    return (values - np.float32(shot.low)) / np.float32(shot.high - shot.low)


def _replace(path: Path, data: bytes) -> None:
    with replacing(path) as part:
        part.write_bytes(data)
