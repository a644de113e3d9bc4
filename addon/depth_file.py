"""Reads the depth maps that other tools write, without losing a bit: PNG, TIFF, EXR, NPY and PFM."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .depth_image import Kind

NearIs = Literal["bright", "dark"]


@dataclass(frozen=True, eq=False)
class DepthMap:
    """A depth map read from a file.

    values: float32 (H, W), top row first, all finite, 0 where invalid. `disparity`: larger is nearer, any unit.
        `distance`: metres, larger is farther.
    validity: float32 (H, W) in [0, 1], or None where every pixel counts.
    kind: what the values are. guessed: neither the caller nor the file said so; it was inferred from the picture.
    source: the file's name. model, revision: what predicted it, if the file says so.
    focal_length: in millimetres on a sensor 36 mm wide, if the file says so.
    """

    values: NDArray[np.float32]
    validity: NDArray[np.float32] | None
    kind: Kind
    guessed: bool
    source: str
    model: str = ""
    revision: str = ""
    focal_length: float | None = None


def read(path: str | Path, *, near_is: NearIs | None = None, kind: Kind | None = None) -> DepthMap:
    """Read a depth map; what is not said by `near_is` and `kind` is taken from the file or inferred from its values.

    near_is: whether near things are bright (a disparity) or dark (a distance) in the file; None infers it.
    kind: what the values are: `disparity`, or `distance` in metres (16-bit integers: millimetres, 0 = invalid); None
        infers it.

    Raises DepthFileError for a file that is missing, empty, truncated, of an unknown format, in colour, or without one
    valid pixel.
    """
    raise NotImplementedError
