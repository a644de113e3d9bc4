"""Raw frames: what the model said of each frame, on disk between the passes."""

import json
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog import Kind, ModelSpec
from ..depth import Depth, Validity
from ..draft.resize import resize
from ..errors import DepthFileError, first_line
from ..model import Rgb
from ..orientation import as_stored
from ..paths import replacing
from .gauge import Map, Mask

_DAMAGED = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Making:
    """What makes the values of a raw frame: a model with its settings."""

    model: str
    revision: str
    size: int
    precision: str

    @classmethod
    def of(cls, spec: ModelSpec, weights: Path | None, size: int | None, precision: str) -> "Making":
        """Return that of a model; a local file of weights is known by its name and bytes."""
        revision = spec.revision
        if weights is not None:
            revision = f"local {weights.name} {weights.stat().st_size if weights.is_file() else 0}"
        return cls(spec.name, revision, size or spec.trained, precision)


@dataclass(frozen=True)
class Note:
    """What a raw frame's file says of it. source: see `Clip.source`. height, width: of the frame itself."""

    making: Making
    kind: Kind
    source: str
    height: int
    width: int


@dataclass(frozen=True, eq=False)
class Raw:
    """One frame as the model put it out: values, float32 (H, W); the frame at that size, uint8 (H, W, 3); validity.

    Of a window (see `inference.model.windows`) the frames of its slots: (T, H, W) in the place of (H, W).
    """

    values: Map
    rgb: NDArray[np.uint8]
    validity: Validity | None
    note: Note

    def turned(self, orientation: int) -> "Raw":
        """Return an upright frame as a file of that EXIF orientation stores it."""
        validity = None if self.validity is None else as_stored(self.validity, orientation)
        values, rgb = as_stored(self.values, orientation), as_stored(self.rgb, orientation)
        height, width = self.note.height, self.note.width
        if values.shape != self.values.shape:
            height, width = width, height
        return Raw(values, rgb, validity, replace(self.note, height=height, width=width))

    @property
    def known(self) -> Mask:
        """Where the values count, bool, in the shape of the values."""
        finite = np.isfinite(self.values)
        return finite if self.validity is None else finite & (self.validity > 0)


def path_of(folder: Path, frame: int) -> Path:
    """Return where the raw frame of a number lies."""
    return folder / f"{frame:04d}.npz"


def write(raw: Raw, path: Path) -> None:
    """Write a raw frame, whole or not at all. Raises DepthFileError."""
    arrays: dict[str, Any] = {"values": raw.values, "rgb": raw.rgb, "note": np.array(json.dumps(asdict(raw.note)))}
    if raw.validity is not None:
        arrays["validity"] = raw.validity
    try:
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise DepthFileError(f"{path} can't be written ({first_line(error)}). Free some space there") from error


def read(path: Path) -> Raw:
    """Read a raw frame. Raises DepthFileError for one that is not there, or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            validity = file.get("validity")
            return Raw(file["values"], file["rgb"], validity, _note(str(file["note"])))
    except FileNotFoundError as error:
        raise DepthFileError(f"{path}: no such file. Estimate this frame first") from error
    except _DAMAGED as error:
        raise DepthFileError(f"{path}: damaged ({first_line(error)}). Estimate this frame again") from error


def note_of(path: Path) -> Note | None:
    """Return what a raw frame's file says of it, or None where there is no whole one."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return _note(str(file["note"]))
    except _DAMAGED:
        return None


def raw_of(depth: Depth, rgb: Rgb, making: Making, source: str) -> Raw:
    """Return a frame as it was estimated, as a raw one. rgb: the frame, (h, w, 3), uint8 or float32 in 0 to 1."""
    height, width = rgb.shape[:2]
    values = np.ascontiguousarray(depth.values, np.float32)
    note = Note(making, depth.kind, source, height, width)
    return Raw(values, pixels_at(rgb, *values.shape), depth.validity, note)


def pixels_at(rgb: Rgb, height: int, width: int) -> NDArray[np.uint8]:
    """Return a frame, (h, w, 3), uint8 or float32 in 0 to 1, in another size as uint8."""
    seen = rgb if rgb.shape[:2] == (height, width) else resize(rgb, height, width)
    scale = np.float32(1.0 if rgb.dtype == np.uint8 else 255.0)
    return np.asarray(seen if seen.dtype == np.uint8 else np.clip(seen * scale + np.float32(0.5), 0, 255), np.uint8)


def _note(text: str) -> Note:
    fields = json.loads(text)
    return Note(**fields | {"making": Making(**fields["making"])})
