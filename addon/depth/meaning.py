"""Reads the depth maps that other tools write, and finds out what their numbers mean."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...inference.catalog import Kind  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..errors import DepthFileError
from . import clean, files
from .files import Samples

NearIs = Literal["bright", "dark"]

_MILLIMETRE = np.float32(0.001)
_BEYOND = 65504.0  # metres; the largest half float. Renderers write it or 1e10 where there is nothing
_SENSOR = 36.0  # millimetres; the longer side of the sensor that focal lengths are given for


@dataclass(frozen=True, eq=False)
class DepthMap:
    """A depth map read from a file.

    values: float32 (H, W), top row first, all finite, 0 where invalid. `disparity`: larger is nearer, any unit.
        `distance`: metres, larger is farther.
    validity: float32 (H, W) in [0, 1], or None where every pixel counts.
    kind: what the values are. guessed: neither the caller nor the file said so; it was inferred from the picture.
    source: the file's name. model, revision: what predicted it, if the file says so.
    focal_length: in millimetres on a sensor whose longer side is 36 mm, if the file says so.
    """

    values: NDArray[np.float32]
    validity: NDArray[np.float32] | None
    kind: Kind
    guessed: bool
    source: str
    model: str = ""
    revision: str = ""
    focal_length: float | None = None


def read(
    path: str | Path,
    *,
    near_is: NearIs | None = None,
    kind: Kind | None = None,
    smooth_steps: bool = False,
    fill_gaps: int = 0,
) -> DepthMap:
    """Read a depth map; what is not said by `near_is` and `kind` is taken from the file or inferred from its values.

    near_is: whether near things are bright or dark in the file. kind: `distance` in metres (in 16-bit integers,
        millimetres), which is dark where near and invalid at 0, or `disparity`: any other numbers, turned around where
        near is dark. With both None the file's own word counts, then its channel's name; else the picture decides, in
        which what lies lower is mostly nearer.
    smooth_steps: turn the 256 steps of an 8-bit file into slopes; no value moves by more than half a step.
    fill_gaps: the widest gap in pixels, 0 for none, that is filled from its rim where depth is missing. What the
        file's own alpha leaves out stays out.

    Raises DepthFileError for a file that is missing, empty, damaged, of an unknown format, in colour, or without one
    valid pixel, and for a kind that its numbers can't have.
    """
    path = Path(path)
    samples = files.load(path)
    as_they_are = samples
    if smooth_steps and samples.bits == 8:
        samples = replace(samples, values=clean.smooth_steps(samples.values))
    stated = _stated_kind(samples)
    guessed = False
    if stated is not None and near_is is None and kind in (None, stated):
        kind, samples = stated, _as_stated(samples, stated, path)
        near_is = "dark" if kind == "distance" else "bright"
    elif near_is is None or kind is None:
        near_is, kind, guessed = _infer(as_they_are, near_is, kind)
    if kind == "distance":
        values, valid = _distance(samples, near_is, path)
    else:
        values, valid = _disparity(samples, near_is)
    if not valid.all():
        values, valid = clean.fill_gaps(values, valid, fill_gaps, kind)
    if samples.alpha is not None:
        valid &= samples.alpha > 0.0
    if not valid.any():
        raise DepthFileError(f"{path.name} has no valid pixel. Check that it is the depth map, and not empty")
    validity = None
    if samples.alpha is not None or not valid.all():
        validity = np.where(valid, 1.0 if samples.alpha is None else samples.alpha, 0.0).astype(np.float32)
    return DepthMap(
        values=np.where(valid, values, np.float32(0.0)),
        validity=validity,
        kind=kind,
        guessed=guessed,
        source=path.name,
        model=str(samples.attributes.get("depthModel", "")),
        revision=str(samples.attributes.get("depthRevision", "")),
        focal_length=_focal_length(samples),
    )


def _stated_kind(samples: Samples) -> Kind | None:
    stated = samples.attributes.get("depthKind")
    return next((kind for kind in get_args(Kind) if kind == stated), None)


def _as_stated(samples: Samples, kind: Kind, path: Path) -> Samples:
    """Return the values in the units that the file states: integers are nearness, linear in the values' own range."""
    if samples.bits is None:
        return samples
    try:
        low, high = (float(str(samples.attributes[name])) for name in ("depthRawMin", "depthRawMax"))
    except (KeyError, ValueError) as error:
        raise DepthFileError(f"{path.name} states its kind but not its range. Set Depth Is") from error
    nearness = samples.values.astype(np.float64) / (2**samples.bits - 1)
    far, near = (high, low) if kind == "distance" else (low, high)
    values = (far + nearness * (near - far)).astype(np.float32)
    return Samples(values, samples.alpha, None, samples.channel, samples.attributes)


def _infer(samples: Samples, near_is: NearIs | None, kind: Kind | None) -> tuple[NearIs, Kind, bool]:
    """Return near_is, kind, and whether the picture had to decide."""
    leaf = samples.channel.lower().rpartition(".")[2]
    if kind == "distance":
        return "dark", kind, False
    if kind is None and near_is is None:
        if "disp" in samples.channel.lower():
            return "bright", "disparity", False
        if leaf == "z":
            return "dark", "distance", False
    guessed = near_is is None
    near_is = near_is or ("dark" if _falls_downwards(samples) else "bright")
    if kind is None:
        metric = near_is == "dark" and not _is_normalised(samples)
        kind = "distance" if metric else "disparity"
    return near_is, kind, guessed


def _falls_downwards(samples: Samples) -> bool:
    """Return whether values fall from the top rows to the bottom rows, by the sign of their rank correlation.

    The floor is nearer than the wall, a field nearer than the sky: true of 15 measured depth maps out of 15.
    """
    step = -(-max(samples.values.shape) // 256)  # enough to see it
    values = samples.values[::step, ::step]
    counted = np.isfinite(values) & (values != 0.0)  # 0 is often what could not be measured
    if not counted.any():
        return False
    rows, _ = np.nonzero(counted)
    ranks = np.argsort(np.argsort(values[counted], kind="stable"), kind="stable")
    return float(np.dot(rows - rows.mean(), ranks - ranks.mean())) < 0.0


def _is_normalised(samples: Samples) -> bool:
    """Return whether values fill the range of their type, as relative depth does and distances don't."""
    if samples.bits == 8:
        return True
    top = 1.0 if samples.bits is None else 2.0**samples.bits - 1
    counted = samples.values[np.isfinite(samples.values)]
    return counted.size > 0 and float(counted.max()) == top and float(counted.min()) >= 0.0


def _distance(samples: Samples, near_is: NearIs | None, path: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return metres and where they are valid."""
    if near_is == "bright":
        raise DepthFileError(f"{path.name}: a distance is dark where near. Read bright depth as Near Is Bright")
    if samples.bits == 8:
        raise DepthFileError(f"{path.name}: 8 bits hold no distances. Choose Near Is Bright or Near Is Dark")
    values = samples.values * _MILLIMETRE if samples.bits == 16 else samples.values
    return values, np.isfinite(values) & (values > 0.0) & (values < _BEYOND)


def _disparity(samples: Samples, near_is: NearIs) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return values that are larger where nearer, and where they are valid."""
    values = samples.values
    if near_is == "dark":
        brightest = np.max(values, where=np.isfinite(values), initial=-np.inf)
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is invalid
            values = brightest - values
    return values, np.isfinite(values)


def _focal_length(samples: Samples) -> float | None:
    """Return the focal length of OpenEXR's standard attributes, for a sensor of 36 mm."""
    focal_length = samples.attributes.get("pinholeFocalLength")
    sensor = samples.attributes.get("sensorOverallDimensions", (_SENSOR, 0.0))
    if not isinstance(focal_length, float) or not isinstance(sensor, tuple) or max(sensor) <= 0.0:
        return None
    return focal_length * _SENSOR / max(sensor)
