"""Depth array <-> float image datablock: the only vertical flip, the packing, and what the image knows of its origin."""

from dataclasses import dataclass
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

Kind = Literal["disparity", "distance"]


@dataclass(frozen=True)
class DepthInfo:
    """Where a depth map comes from; kept on the image as custom properties.

    kind: `disparity`, stored in [0, 1] with 1 = near, or `distance`, stored in metres.
    raw_min, raw_max: range of the valid values before they were normalised; for a distance the metres themselves.
    source: the photo or depth file it was made from. model, revision: what predicted it. Empty where unknown.
    focal_length: in millimetres on a sensor 36 mm wide, or None where unknown.
    version: the version of this extension that wrote the image; empty until it is written.
    """

    kind: Kind
    raw_min: float = 0.0
    raw_max: float = 1.0
    source: str = ""
    model: str = ""
    revision: str = ""
    focal_length: float | None = None
    version: str = ""


def write(
    target: str | bpy.types.Image,
    depth: NDArray[np.float32],
    *,
    kind: Kind,
    validity: NDArray[np.bool_] | NDArray[np.float32] | None = None,
    info: DepthInfo | None = None,
) -> bpy.types.Image:
    """Write a depth map into an image, pack it, and have every modifier that samples it evaluate again.

    target: name for a new image (Blender makes it unique), or the image to rewrite, which keeps its users.
    depth: float32 (H, W), top row first. `disparity`: any unit, larger is nearer, normalised here to [0, 1] by its
        smallest and largest valid value. `distance`: metres, larger is farther, stored as it is.
    validity: bool or float32 in [0, 1], (H, W); stored as alpha. Values that are not finite are always invalid.
    info: source, model, revision and focal length to record; kind, range and version are set here.

    Raises DepthImageError, before anything changes, for an array that is no depth map and for an image that is linked or
    overridden.
    """
    raise NotImplementedError


def read(image: bpy.types.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return depth and validity as stored, both float32 (H, W), top row first. Raises DepthImageError without pixels."""
    raise NotImplementedError


def info(image: bpy.types.Image) -> DepthInfo | None:
    """Return what the image records about its depth, or None if this extension did not write it."""
    raise NotImplementedError
