"""Depth maps of our own, made from the sample still life whose depth is exact, with the faults that real maps have.

Each follows how its kind of device or model works, so that what is missing, wrong or coarse lies where it would.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

SAMPLE = Path(__file__).parents[1] / "assets" / "sample_depth.exr"
SENSOR = (480, 640)  # rows and columns of the usual structured-light camera

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Lens:
    """A pinhole camera: its focal length, and its distance to the second eye or the projector, in pixels and metres."""

    focal_length: float
    baseline: float


@cache
def exact() -> tuple[Floats, float]:
    """Return the sample's distances along the view axis, (900, 1200) in metres, and the focal length in its pixels."""
    with OpenEXR.File(str(SAMPLE), separate_channels=True) as file:
        values, header = np.array(file.channels()["Z"].pixels), file.header()
        return values, header["pinholeFocalLength"] / header["sensorOverallDimensions"][0] * values.shape[1]


def sensor(seed: int = 0) -> tuple[Floats, Flags]:
    """Return what a structured-light camera measures, (480, 640) in whole millimetres, and where it measures anything.

    Nothing is known where the projector's light does not reach, on surfaces seen edge-on, and at scattered pixels.
    """
    distance, lens = _resized(SENSOR, baseline=0.075)
    rng = np.random.default_rng(seed)
    known = _seen_by_both(distance, lens) & ~_is_grazing(distance, lens, degrees=80.0) & (rng.random(SENSOR) > 0.01)
    eighths = np.rint(8 * lens.focal_length * lens.baseline / distance + rng.normal(0.0, 0.3, SENSOR))
    measured = np.rint(1000 * lens.focal_length * lens.baseline / (eighths / 8)) / 1000
    return np.where(known, measured, 0.0).astype(np.float32), known


def stereo() -> tuple[Floats, Flags]:
    """Return what two eyes match: disparity (480, 640) in quarter pixels, unknown where only the left one sees."""
    distance, lens = _resized(SENSOR, baseline=0.12)
    disparity = lens.focal_length * lens.baseline / distance
    known = _seen_by_both(distance, lens) & (np.arange(SENSOR[1]) >= disparity)  # the others lie outside the right view
    return np.where(known, np.rint(4 * disparity) / 4, 0.0).astype(np.float32), known


def model_8bit() -> NDArray[np.uint8]:
    """Return what a model's map is as 8 bits: (518, 690), bright where near, its outlines blurred over some pixels."""
    distance, _ = _resized((518, 690), baseline=1.0)
    disparity = 1.0 / distance
    for axis in (0, 1, 0, 1):
        disparity = np.mean([np.roll(disparity, shift, axis) for shift in (-2, -1, 0, 1, 2)], axis=0)
    disparity = disparity[4:-4, 4:-4]  # what was rolled in from the other side goes
    return np.rint(255 * (disparity - disparity.min()) / np.ptp(disparity)).astype(np.uint8)


def _resized(shape: tuple[int, int], baseline: float) -> tuple[Floats, Lens]:
    """The exact map by its nearest pixels: distances between object and background don't exist."""
    values, focal_length = exact()
    rows, columns = ((np.arange(n) + 0.5) * m // n for n, m in zip(shape, values.shape, strict=True))
    return values[np.ix_(rows.astype(int), columns.astype(int))], Lens(
        focal_length * shape[1] / values.shape[1], baseline
    )


def _seen_by_both(distance: Floats, lens: Lens) -> Flags:
    """Where a second eye to the right sees the same point: nothing right of it here appears left of it there."""
    column = np.arange(distance.shape[1]) - lens.focal_length * lens.baseline / distance
    leftmost = np.minimum.accumulate(column[:, ::-1], axis=1)[:, ::-1]
    return column <= leftmost + 0.5


def _is_grazing(distance: Floats, lens: Lens, degrees: float) -> Flags:
    """Where the surface between a pixel and the next is seen that close to edge-on."""
    pixel = distance / lens.focal_length  # metres that a pixel spans there
    steepest = np.maximum(*(np.abs(slope) for slope in np.gradient(distance)))
    return steepest > np.tan(np.radians(degrees)) * pixel
