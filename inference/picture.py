"""A photo as the models take it. Needs numpy alone: `photo.py` reads one from a file."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .orientation import UPRIGHT

Samples = NDArray[Any]  # uint8, uint16 or float32
Validity = NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class Photo:
    """One picture as the model takes it.

    rgb: (H, W, 3), sRGB, top row first; uint8, or float32 in 0 to 1 where the file holds more than 8 bits a channel.
    validity: float32 (H, W), the file's alpha in 0 to 1; None where every pixel counts. The colours below transparent
        pixels stay as they are in the file.
    orientation: how the file lies, as EXIF 2.32 numbers it: 1 is upright, 6 needs a quarter turn clockwise. `rgb` and
        `validity` are upright already; `orientation.as_stored` turns them back.
    focal_length: in millimetres on a sensor whose longer side is 36 mm, or None where the file doesn't say it.
    """

    rgb: NDArray[np.uint8] | NDArray[np.float32]
    validity: Validity
    orientation: int = UPRIGHT
    focal_length: float | None = None


def encode_srgb(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Encode scene-linear colours of sRGB's primaries as sRGB (IEC 61966-2-1); what is below 0 becomes 0.

    float32 of any shape, and of the same shape.
    """
    linear = np.maximum(linear, np.float32(0.0))
    power = np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(linear <= np.float32(0.0031308), np.float32(12.92) * linear, power)
