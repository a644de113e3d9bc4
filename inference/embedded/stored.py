"""What every container is reduced to: a small grey picture in the photo's file, and the law by which it means depth."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Container = Literal["Apple HEIC", "Apple JPEG", "GDepth", "Dynamic Depth", "Samsung", "Huawei"]
Accuracy = Literal["", "relative", "absolute"]
File = bytes  # or a memory map, which is searched and cut like bytes


class BrokenDepthError(ValueError):
    """A file announces depth and then breaks its own format. The text goes on from "its own depth "."""


@dataclass(frozen=True)
class Decoded:
    """The grey pictures of a depth, float32 (h, w), 0 to 1, upright as the photo is. confidence: or None."""

    grey: NDArray[np.float32]
    confidence: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Law:
    """How grey becomes depth: linearly from `black` to `white`, in inverse depth or in distance.

    metric: the numbers are metres, or 1 / metres; else only their order and their proportions count. along_ray:
    distances are along the ray of each pixel, not along the view axis.
    """

    linear_in: Literal["inverse", "distance"]
    black: float
    white: float
    metric: bool = False
    along_ray: bool = False


NEAR_IS_BLACK = Law("inverse", 1.0, 0.0)  # the law of maps that state none


@dataclass(frozen=True)
class Stored:
    """Depth as it lies in a photo's file.

    picture: a JPEG or PNG file, or with `size` one byte a pixel, row by row; empty where only libheif can cut it out.
    size: width and height of plain bytes. confidence: a picture of the same kind, 0 where the depth says nothing.
    orientation: how it lies, as EXIF numbers it; None where it lies as the photo's own pixels do.
    focal_length: in millimetres on a sensor whose longer side is 36 mm. accuracy: what Apple says of the numbers.
    sharp: a picture file of the photo before its background was blurred.
    """

    container: Container
    law: Law
    picture: bytes = b""
    size: tuple[int, int] | None = None
    confidence: bytes = b""
    orientation: int | None = None
    focal_length: float | None = None
    accuracy: Accuracy = ""
    sharp: bytes = b""
