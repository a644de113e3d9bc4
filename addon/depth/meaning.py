"""Reads the depth maps that other tools write, and finds out what their numbers mean."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...inference.backdrop import flat  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.catalog import Kind  # type: ignore[import-not-found]
from ...inference.depth import along_axis  # type: ignore[import-not-found]
from ..errors import DepthFileError, printable
from . import clean, evidence, files
from .evidence import BEYOND, METRES, Unit
from .files import Samples

NearIs = Literal["bright", "dark"]

USUAL_LENS = 50.0  # millimetres, as `_SENSOR`; what a relief has where nothing says more
_SENSOR = 36.0  # millimetres; the longer side of the sensor that focal lengths are given for
_WORDS: dict[Unit, tuple[str, ...]] = {
    "m": ("metre", "metres", "meter", "meters"),
    "cm": ("centimetre", "centimetres", "centimeter", "centimeters"),
    "mm": ("millimetre", "millimetres", "millimeter", "millimeters"),
}


@dataclass(frozen=True, eq=False)
class DepthMap:
    """A depth map read from a file.

    values: float32 (H, W), top row first, all finite, 0 where invalid. `disparity`: larger is nearer, any unit.
        `distance`: metres, larger is farther.
    validity: float32 (H, W) in [0, 1], or None where every pixel counts.
    kind: what the values are. guessed: neither the caller nor the file said so; it was inferred from the picture.
    notes: what was inferred and why, and what may be wrong with it, a sentence each.
    source: the file's name. model, revision: what predicted it, if the file says so.
    focal_length: in millimetres on a sensor whose longer side is 36 mm, if the file says so. lens: who says it: see
        `DepthInfo`.
    """

    values: NDArray[np.float32]
    validity: NDArray[np.float32] | None
    kind: Kind
    guessed: bool
    source: str
    model: str = ""
    revision: str = ""
    focal_length: float | None = None
    notes: tuple[str, ...] = ()
    lens: str = ""


def read(
    path: str | Path,
    *,
    near_is: NearIs | None = None,
    kind: Kind | None = None,
    unit: Unit | None = None,
    along_ray: bool = False,
    focal_length: float | None = None,
    smooth_steps: bool = False,
    fill_gaps: int = 0,
) -> DepthMap:
    """Read a depth map; what is not said by `near_is`, `kind` and `unit` is read from the file or inferred.

    near_is: whether near things are bright or dark in the file. kind: `distance`, which is dark where near and invalid
        at 0, or `disparity`: any other numbers, turned around where near is dark. With both None the file's own word
        counts, then its channel's name; else the picture decides, in which what lies lower is mostly nearer.
    unit: of a distance. None reads it from the file, or infers it: whole numbers are millimetres, others metres.
    along_ray: the file holds distances from the camera's eye, not along its view axis; they are converted.
    focal_length: of the photo in millimetres on a sensor whose longer side is 36 mm, for `along_ray` and to record.
        None takes the file's word; the rays are those of 50 mm then if the file doesn't say.
    smooth_steps: turn the steps of an 8-bit file into slopes, and those of a file that was made of one, which its few
        levels tell; no value moves by more than half a step.
    fill_gaps: the widest gap in pixels, 0 for none, that is filled from its rim where depth is missing. What the
        file's own alpha leaves out stays out.

    Raises DepthFileError for a file that is missing, empty, damaged, of an unknown format, in colour, or without one
    valid pixel, and for a kind or unit that its numbers can't have.
    """
    path = Path(path)
    samples = files.load(path)
    if unit is not None and (kind == "disparity" or near_is == "bright"):
        raise DepthFileError(f"{path.name}: only distances have a unit. Read it as metres, or leave the unit automatic")
    if smooth_steps and samples.bits == 8:
        samples = replace(samples, values=clean.smooth_steps(samples.values))
    said = _Said(near_is, kind or ("distance" if unit or along_ray else None), unit)
    eight = samples.bits == 8
    samples, found = _understand(path, samples, said)
    notes = list(found.notes)
    if smooth_steps and not eight and (rounded := evidence.levels(samples.values)) is not None:
        samples = replace(samples, values=clean.smooth_rounded(samples.values, *rounded))
        notes.append(f"Its {rounded[0].size} levels, as of 8 bits, are smoothed.")
    lens = "photo" if focal_length else str(samples.attributes.get("depthLens", "photo"))
    focal_length = focal_length or _focal_length(samples)
    if found.kind == "distance":
        values, valid = _distance(samples, found.unit)
        if along_ray:
            focal_length, lens = (focal_length, lens) if focal_length else (USUAL_LENS, "assumed")
            values = along_axis(values, focal_length)
    else:
        values, valid = _disparity(samples, found.near_is)
    if not valid.all():
        values, valid = clean.fill_gaps(values, valid, fill_gaps, found.kind)
    if samples.alpha is not None:
        valid &= samples.alpha > 0.0
    if not valid.any():
        raise DepthFileError(f"{path.name} has no valid pixel. Check that it is the depth map and not empty")
    validity = None
    if samples.alpha is not None or not valid.all():
        opaque = np.float32(1.0) if samples.alpha is None else samples.alpha
        validity = np.where(valid, opaque, np.float32(0.0))
        np.copyto(values, np.float32(0.0), where=~valid)
    return DepthMap(
        values=values,
        validity=validity,
        kind=found.kind,
        guessed=found.guessed,
        source=printable(path.name),
        model=str(samples.attributes.get("depthModel", "")),
        revision=str(samples.attributes.get("depthRevision", "")),
        focal_length=focal_length,
        notes=tuple(notes),
        lens=lens if focal_length else "",
    )


def with_backdrop(depth: DepthMap) -> DepthMap:
    """Return a depth map whose sky is flat, where its numbers say that they are next to infinitely far."""
    return replace(depth, values=flat(depth.values, depth.validity)) if depth.kind == "disparity" else depth


@dataclass(frozen=True)
class _Said:
    """What the caller says of a map; None where it says nothing."""

    near_is: NearIs | None
    kind: Kind | None
    unit: Unit | None


@dataclass(frozen=True)
class _Meaning:
    """What the numbers are. guessed, notes: as in `DepthMap`."""

    near_is: NearIs
    kind: Kind
    unit: Unit = "m"
    guessed: bool = False
    notes: tuple[str, ...] = ()


def _understand(path: Path, samples: Samples, said: _Said) -> tuple[Samples, _Meaning]:
    """Return the numbers that count, NaN for the others, and what they mean."""
    stated = _stated_kind(samples)
    if stated is not None and said.near_is is None and said.kind in (None, stated) and said.unit is None:
        near: NearIs = "dark" if stated == "distance" else "bright"
        return _as_stated(samples, stated, path), _Meaning(near, stated)
    if said.near_is == "bright" and said.kind == "distance":
        raise DepthFileError(f"{path.name}: distances are dark where near. Choose Near Is Bright")
    samples, notes = _without_placeholders(samples)
    near_is, kind, guessed, why = _infer(samples, said)
    notes += why
    if kind == "disparity":
        outliers = evidence.outliers(samples.values)
        return samples, _Meaning(near_is, kind, "m", guessed, (*notes, outliers) if outliers else tuple(notes))
    unit = said.unit or _stated_unit(samples)
    if unit is None and samples.bits == 8:
        raise DepthFileError(f"{path.name} has 8 bits, too few for distances. Choose Near Is Dark, or a unit")
    if unit is None:
        unit, shown = evidence.unit(samples.values, samples.bits)
        if unit != "m" or guessed:
            notes.append(f"Its unit is taken as {unit}: {shown}.")
    return samples, _Meaning("dark", kind, unit, guessed, tuple(notes))


def _without_placeholders(samples: Samples) -> tuple[Samples, list[str]]:
    """Return the samples with NaN for the numbers that stand for nothing, and which those are."""
    found = evidence.placeholders(samples.values, samples.bits)
    if not found:
        return samples, []
    nothing = np.isin(samples.values, np.array(found, np.float32))
    values = np.where(nothing, np.float32(np.nan), samples.values)
    numbers = " and ".join(f"{number:g}" for number in found)
    return replace(samples, values=values), [f"{numbers} counts as unknown ({nothing.mean():.1%} of the pixels)."]


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
        raise DepthFileError(f"{path.name} states its kind but not its range. Choose Depth Is") from error
    nearness = samples.values.astype(np.float64) / (2**samples.bits - 1)
    far, near = (high, low) if kind == "distance" else (low, high)
    values = (far + nearness * (near - far)).astype(np.float32)
    return Samples(values, samples.alpha, None, samples.channel, samples.attributes)


def _stated_unit(samples: Samples) -> Unit | None:
    """Return the unit that a file states, under any of the usual names: a text chunk, an attribute, an NPZ's text."""
    for name, value in samples.attributes.items():
        if re.sub(r"[^a-z]", "", name.lower()) in ("unit", "units", "depthunit", "depthunits"):
            word = str(value).strip().lower()
            unit = next((unit for unit in METRES if word in (unit, *_WORDS.get(unit, ()))), None)
            if unit is not None:
                return unit
    return None


def _infer(samples: Samples, said: _Said) -> tuple[NearIs, Kind, bool, list[str]]:
    """Return near_is, kind, whether the picture had to decide, and how it did."""
    channel = samples.channel.lower()
    near_is, kind = said.near_is, said.kind
    if kind == "distance":
        return "dark", kind, False, []
    if kind is None and near_is is None:
        if "disp" in channel:
            return "bright", "disparity", False, []
        if channel.rpartition(".")[2] == "z" or _stated_unit(samples):
            return "dark", "distance", False, []
    guessed = near_is is None
    near_is = near_is or ("dark" if evidence.falls_downwards(samples.values) else "bright")
    why = [f"Near is taken as {near_is}: so are its lower rows."] if guessed else []
    if kind is None and near_is == "dark":
        shades = evidence.why_relative(samples.values, samples.bits)
        kind = "disparity" if shades else "distance"
        why.append(f"It is taken as relative: {shades}." if shades else "It is taken as distances.")
    return near_is, kind or "disparity", guessed, why


def _distance(samples: Samples, unit: Unit) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return metres and where they are valid."""
    values = samples.values  # read from a file a moment ago: nobody else's
    if unit != "m":
        values *= np.float32(METRES[unit])
    return values, np.isfinite(values) & (values > 0.0) & (values < BEYOND)


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
