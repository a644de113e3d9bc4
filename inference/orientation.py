"""How a photo lies in its file, 1 to 8 as EXIF 2.32 (CIPA DC-008) numbers it; arrays turned by that. numpy alone."""

from typing import Any

from numpy.typing import NDArray

UPRIGHT = 1

_SIDEWAYS = (5, 6, 7, 8)  # rows are columns
_BOTTOM_FIRST = (3, 4, 7, 8)  # rows run upwards, once they are rows
_RIGHT_FIRST = (2, 3, 6, 7)  # columns run to the left


def known(number: int) -> int:
    """Return an orientation as a file states it; upright for a number that stands for none."""
    return number if 1 <= number <= 8 else UPRIGHT


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return an array (H, W, ...) upright, top row first, that a file of this orientation stores; a view."""
    turned = stored.swapaxes(0, 1) if orientation in _SIDEWAYS else stored
    return _flipped(turned, orientation)


def as_stored(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return an upright array (H, W, ...) as a file of this orientation stores it; a view."""
    flipped = _flipped(upright, orientation)
    return flipped.swapaxes(0, 1) if orientation in _SIDEWAYS else flipped


def _flipped(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    array = array[::-1] if orientation in _BOTTOM_FIRST else array
    return array[:, ::-1] if orientation in _RIGHT_FIRST else array
