"""Depth maps that exist already, as a `Depth`: those of this program, and others whose meaning is said.

An artist's import guesses what a file doesn't say, and shows what it made of it. A script says it instead.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .catalog import Kind
from .depth import SENSOR, Depth
from .errors import DepthFileError, first_line
from .paths import unreadable, utf_8

Meaning = Literal["bright", "dark", "metres"]  # near is bright, near is dark, or distances in metres
MEANINGS: tuple[Meaning, ...] = get_args(Meaning)
SUFFIXES = (".exr", ".npy", ".png", ".tif", ".tiff")

_MILLIMETRE = np.float32(0.001)  # the unit of distances in 16-bit integers
_BEYOND = 65504.0  # metres: renderers write the largest half float, or 1e10, where nothing is


@dataclass(frozen=True, eq=False)
class DepthMap:
    """A depth map, and the focal length that its file states: in millimetres, of a longer side of 36 mm."""

    depth: Depth
    focal_length: float | None = None


@dataclass(frozen=True, eq=False)
class _Samples:
    """The numbers in a file, float32 (H, W), their alpha, whether they are integers and of which size, and the rest."""

    values: NDArray[np.float32]
    alpha: NDArray[np.float32] | None = None
    bits: int | None = None
    channel: str = ""
    said: dict[str, Any] | None = None


def read_map(path: str | os.PathLike[str], meaning: Meaning | None = None) -> DepthMap:
    """Read a depth map: EXR, NPY, and grey PNG or TIFF of 16 or 32 bits.

    meaning: what its numbers are. Files of this program say it themselves, and so does an EXR channel called Z, which
    holds metres; others raise `DepthFileError` without it, as do 8-bit pictures, which have too few steps for a mesh.
    Distances in 16-bit integers are millimetres, and 0 is unknown.
    """
    path = Path(path)
    try:
        samples = _read(path)
    except DepthFileError:
        raise
    except OSError as error:
        raise DepthFileError(f"{path} can't be read ({first_line(error)})") from error
    except (ValueError, RuntimeError, KeyError, EOFError, SyntaxError) as error:
        raise DepthFileError(f"{path}: damaged, or not a depth map ({first_line(error)}). Save it again") from error
    said = samples.said or {}
    if meaning is None and "depthKind" in said:
        depth = _as_stated(samples, said)
    elif meaning is None and samples.channel.rpartition(".")[2].upper() == "Z":
        depth = _as_meant(samples, "metres", path)
    elif meaning is None:
        raise DepthFileError(f"{path} doesn't say what its numbers are. Add --depth-is {', '.join(MEANINGS)}")
    else:
        depth = _as_meant(samples, meaning, path)
    return DepthMap(depth, _focal_length(said))


def _read(path: Path) -> _Samples:
    if problem := unreadable(path):
        raise DepthFileError(f"{path} {problem}")
    match path.suffix.lower():
        case ".exr":
            return _read_exr(path)
        case ".npy":
            array = np.load(path, allow_pickle=False).squeeze()
            if array.ndim != 2 or array.dtype.kind not in "fiu":
                raise DepthFileError(f"{path} holds {array.dtype} {array.shape}, not one number a pixel (H, W)")
            return _Samples(array.astype(np.float32), bits=16 if array.dtype == np.uint16 else None)
        case ".png" | ".tif" | ".tiff":
            return _read_picture(path)
        case suffix:
            known = ", ".join(SUFFIXES)
            raise DepthFileError(f"{path}: no depth map is read from a {suffix or 'nameless'} file. Give {known}")


def _read_exr(path: Path) -> _Samples:
    import OpenEXR

    with utf_8(path) as name, OpenEXR.File(name, separate_channels=True) as file:
        header, channels = file.header(), file.channels()
        names = [name for name in channels if name.rpartition(".")[2].upper() not in ("A", "ALPHA")]
        wanted = [name for name in names if name.rpartition(".")[2].lower() in ("z", "depth", "disparity")]
        if len(wanted or names) != 1:
            raise DepthFileError(f"{path}: which of {', '.join(names)} is the depth? Save it alone, as Z or Y")
        name = (wanted or names)[0]
        alpha = next((channels[other].pixels for other in channels if other.rpartition(".")[2].upper() == "A"), None)
        values = np.asarray(channels[name].pixels, np.float32)
        return _Samples(
            values,
            None if alpha is None else np.asarray(alpha, np.float32),
            None,
            name,
            {str(key): value for key, value in header.items()},
        )


def _read_picture(path: Path) -> _Samples:
    from PIL import Image

    with Image.open(path) as image:
        if image.mode not in ("I;16", "I;16B", "I", "F"):
            raise DepthFileError(
                f"{path} is {image.mode} of 8 bits, too coarse for a mesh. Save depth as 16-bit grey, or as EXR"
            )
        values = np.asarray(image)
        bits = 16 if image.mode.startswith("I") and values.max(initial=0) <= 65535 else None
        return _Samples(
            values.astype(np.float32), bits=bits, said={str(key): value for key, value in image.info.items()}
        )


def _as_stated(samples: _Samples, said: dict[str, Any]) -> Depth:
    """Return what a file of this program holds; in integers, nearness over the range of its values."""
    kind: Kind = "distance" if said["depthKind"] == "distance" else "disparity"
    low, high = (float(said.get(name, end)) for name, end in (("depthRawMin", 0.0), ("depthRawMax", 1.0)))
    values = samples.values
    if samples.bits:
        far, near = (high, low) if kind == "distance" else (low, high)
        values = np.float32(far) + values / np.float32(65535) * np.float32(near - far)
    return Depth(
        values, samples.alpha, kind, low, high, str(said.get("depthModel", "")), str(said.get("depthRevision", ""))
    )


def _as_meant(samples: _Samples, meaning: Meaning, path: Path) -> Depth:
    values, known = samples.values, np.isfinite(samples.values)
    if meaning == "metres":
        values = values * _MILLIMETRE if samples.bits == 16 else values
        known &= (values > 0.0) & (values < _BEYOND)
    elif meaning == "dark":
        values = -values
    if samples.alpha is not None:
        known &= samples.alpha > 0.0
    if not known.any():
        raise DepthFileError(f"{path} holds no valid depth. Check that it is the right file")
    counted = values[known]
    validity = None if known.all() else known
    values = np.where(known, values, np.float32(0.0))
    kind: Kind = "distance" if meaning == "metres" else "disparity"
    return Depth(values, validity, kind, float(counted.min()), float(counted.max()), path.name, "")


def _focal_length(said: dict[str, Any]) -> float | None:
    """Return the focal length of OpenEXR's standard attributes."""
    focal_length, sensor = said.get("pinholeFocalLength"), said.get("sensorOverallDimensions")
    if focal_length is None or sensor is None or max(sensor) <= 0.0:
        return None
    return float(focal_length) * SENSOR / float(max(sensor))
