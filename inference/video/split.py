"""Shots found before any depth is known, for models that look from frame to frame: `raw/split.json`."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DepthFileError, DepthNodesError, PhotoError, first_line
from ..paths import replacing
from ..picture import Photo
from . import cuts, gauge
from .clip import Clip
from .gauge import Map
from .record import Record

NAME = "split.json"


class Framed(NamedTuple):
    """A frame of a shot, and the file it comes from: see `Clip.source`."""

    frame: int
    source: str


@dataclass(frozen=True)
class Split:
    """The shots of a clip, of frames that can be read. height, width, cuts: see `Record`."""

    clip: str
    fps: float | None
    height: int
    width: int
    cuts: tuple[int, ...] | None
    shots: tuple[tuple[Framed, ...], ...]

    def save(self, folder: Path) -> None:
        """Write it into the folder of the raw frames, whole or not at all. Raises DepthFileError."""
        path = folder / NAME
        try:
            with replacing(path) as part:
                part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        except OSError as error:
            raise DepthFileError(f"{path} can't be written ({first_line(error)}). Free some space there") from error


def load(folder: Path) -> Split:
    """Read the shots of a clip. Raises DepthFileError where they are not there, or damaged."""
    path = folder / NAME
    try:
        return _split(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise DepthFileError(f"{path}: no such file. Split the clip first, by --step split") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DepthFileError(f"{path}: damaged ({first_line(error)}). Split the clip again, by --step split") from error


def of_record(found: Record) -> Split:
    """Return the shots of a clip that was measured."""
    shots = tuple(tuple(Framed(one.frame, one.source) for one in shot.frames) for shot in found.shots)
    return Split(found.clip, found.fps, found.height, found.width, found.cuts, shots)


def find(
    clip: Clip,
    name: str,
    pictures: Iterator[tuple[int, Callable[[], Photo]]],
    told: Collection[int] | None,
    failed: Callable[[int, DepthNodesError], object],
) -> Split:
    """Return the shots of a clip.

    pictures: each frame that is wanted, in order, with a function that returns it or raises what it can't be read for.
    told: the frames that begin a shot, where they are known; else they are found. failed: called for each frame that
    can't be read, which is left out. Raises DepthFileError for a frame unlike the others, and where none can be read.
    """
    shots: list[list[Framed]] = []
    size: tuple[int, ...] = ()
    before: Map | None = None
    for frame, picture in pictures:
        try:
            rgb, source = picture().rgb, clip.source(frame)
        except PhotoError as error:
            failed(frame, PhotoError(f"frame {frame}: {error}"))
            continue
        size = size or rgb.shape[:2]
        if rgb.shape[:2] != size:
            is_now, was = f"{rgb.shape[1]} x {rgb.shape[0]}", f"{size[1]} x {size[0]}"
            raise DepthFileError(f"Frame {frame} has {is_now} pixels, the first one {was}. Leave it out with --frames")
        small = cuts.reduced(gauge.luma(rgb))
        begins = frame in told if told is not None else before is not None and cuts.is_cut(before, small)
        if begins or not shots:
            shots.append([])
        shots[-1].append(Framed(frame, source))
        before = small
    if not shots:
        raise DepthFileError(f"{name}: no frame of this clip can be read. Check its files")
    kept = None if told is None else tuple(sorted(told))
    return Split(name, clip.fps, size[0], size[1], kept, tuple(map(tuple, shots)))


def _split(fields: dict[str, Any]) -> Split:
    shots = tuple(tuple(Framed(*one) for one in shot) for shot in fields["shots"])
    told = None if fields["cuts"] is None else tuple(fields["cuts"])
    return Split(**{**fields, "cuts": told, "shots": shots})
