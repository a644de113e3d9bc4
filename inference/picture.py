"""A photo as the models take it. Needs numpy alone: `photo.py` reads one from a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]  # uint8, uint16 or float32
Validity = NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class Photo:
    """One picture as the model takes it.

    rgb: (H, W, 3), sRGB, top row first; uint8, or float32 in 0 to 1 where the file holds more than 8 bits a channel.
    validity: float32 (H, W), the file's alpha in 0 to 1; None where every pixel counts. The colours below transparent
        pixels stay as they are in the file.
    orientation: how the file lies, as EXIF 2.32 numbers it: 1 is upright, 6 needs a quarter turn clockwise. `rgb` and
        `validity` are upright already; `as_stored` turns them back.
    """

    rgb: NDArray[np.uint8] | NDArray[np.float32]
    validity: Validity
    orientation: int = 1


# What turns an upright array (H, W, ...) back to how the file stores it, by its orientation.
TURNS: dict[int, Callable[[Samples], Samples]] = {
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright.swapaxes(0, 1)[::-1],
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: upright.swapaxes(0, 1)[:, ::-1],
}


def as_stored(upright: Samples, orientation: int) -> Samples:
    """Return an upright array (H, W, ...) as the file of that EXIF orientation stores it; a view."""
    return TURNS[orientation](upright) if orientation in TURNS else upright
