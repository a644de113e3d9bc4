"""`depth.json`: what the depth of a clip is, its shots, and how each of their frames is made from its raw one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..catalog import Kind
from ..errors import DepthFileError, first_line
from ..model.windows import Part, parts, slots
from ..paths import replacing
from .bilateral import REACH
from .raw import Making
from .shots import Correction, Shot

NAME = "depth.json"
_METHOD = 1  # of the stabiliser: another number where it gives other values


@dataclass(frozen=True)
class Record:
    """The depth of a clip. height, width: of its frames. cuts: the frames that were told to begin a shot, or None."""

    kind: Kind
    making: Making
    clip: str
    fps: float | None
    height: int
    width: int
    cuts: tuple[int, ...] | None
    fixed_camera: bool
    shots: tuple[Shot, ...]

    @cached_property
    def frames(self) -> tuple[int, ...]:
        """The numbers of all frames, in order."""
        return tuple(self._places)

    @cached_property
    def _places(self) -> Mapping[int, tuple[Shot, int]]:
        return {one.frame: (shot, place) for shot in self.shots for place, one in enumerate(shot.frames)}

    def shot_of(self, frame: int) -> Shot:
        """Return the shot of a frame. Raises DepthFileError for a frame that is in none."""
        return self._place(frame)[0]

    def parts(self, frame: int) -> list[Part]:
        """Return the windows that show a frame, where the model looked from frame to frame; else none."""
        shot, place = self._place(frame)
        return parts(place, len(shot.frames)) if shot.windows else []

    def around(self, frame: int) -> dict[int, Correction]:
        """Return the frames that one is filtered with, itself among them, by how far away they are."""
        shot, place = self._place(frame)
        first, last = max(place - REACH, 0), min(place + REACH, len(shot.frames) - 1)
        return {other - place: shot.frames[other] for other in range(first, last + 1)}

    def digest(self, frame: int, form: str) -> str:
        """Return what a finished frame's header names: whatever its bytes follow from. form: how it is written."""
        shot = self.shot_of(frame)
        windows = [(part, shot.windows[part.window]) for part in self.parts(frame)]
        seen = {place: shot.frames[place] for part, _ in windows for place in slots(part.window, len(shot.frames))}
        others = [asdict(one) for one in (seen or self.around(frame)).values()]
        told = [_METHOD, self.kind, asdict(self.making), shot.low, shot.high, others, form]
        text = json.dumps([*told, windows] if windows else told)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _place(self, frame: int) -> tuple[Shot, int]:
        if frame not in self._places:
            raise DepthFileError(f"frame {frame} was not measured: measure again, with all frames")
        return self._places[frame]

    def save(self, path: Path) -> None:
        """Write the record, whole or not at all. Raises DepthFileError."""
        text = json.dumps(asdict(self), indent=1) + "\n"
        try:
            with replacing(path) as part:
                part.write_text(text, encoding="utf-8")
        except OSError as error:
            raise DepthFileError(f"{path} can't be written ({first_line(error)}). Free some space there") from error


def load(path: Path) -> Record:
    """Read a record. Raises DepthFileError for one that is not there, or damaged."""
    try:
        return _record(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise DepthFileError(f"{path}: no such file; measure the clip first") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DepthFileError(f"{path}: damaged ({first_line(error)}); measure the clip again") from error


def _record(fields: Mapping[str, Any]) -> Record:
    shots = tuple(map(_shot, fields["shots"]))
    cuts = None if fields["cuts"] is None else tuple(fields["cuts"])
    return Record(**{**fields, "making": Making(**fields["making"]), "cuts": cuts, "shots": shots})


def _shot(fields: Mapping[str, Any]) -> Shot:
    windows = tuple((scale, shift) for scale, shift in fields["windows"])
    return Shot(fields["low"], fields["high"], tuple(Correction(**one) for one in fields["frames"]), windows)
