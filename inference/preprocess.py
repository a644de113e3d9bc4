"""A photo to what a network takes, by the rules of the original implementation. Needs numpy alone."""

import math

import numpy as np
from numpy.typing import NDArray

from .resample import Taps, resample

Rgb = NDArray[np.uint8] | NDArray[np.float32]

# ImageNet's statistics, with which DINOv2 was trained; RGB in 0 to 1.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

_CUBIC = np.float32(-0.75)  # OpenCV's coefficient; Pillow and PyTorch's antialiased filter have -0.5


def input_size(height: int, width: int, size: int, multiple: int) -> tuple[int, int]:
    """Return the (height, width) at which a network sees a photo.

    The aspect is kept, the shorter side is `size`, and both are multiples of `multiple`.
    """
    scale = max(size / height, size / width)

    def fit(side: int) -> int:
        nearest = round(scale * side / multiple) * multiple
        return nearest if nearest >= size else math.ceil(scale * side / multiple) * multiple

    return fit(height), fit(width)


def to_input(rgb: Rgb, height: int, width: int) -> NDArray[np.float32]:
    """Return a photo, (H, W, 3) uint8 or float32 in 0 to 1, as a network's input, float32 (1, 3, height, width)."""
    scale = 1.0 / 255.0 if rgb.dtype == np.uint8 else 1.0
    pixels = resize_cubic(rgb, height, width)
    pixels *= (scale / np.array(STD)).astype(np.float32)
    pixels -= (np.array(MEAN) / np.array(STD)).astype(np.float32)
    return pixels.transpose(2, 0, 1)[None]


def resize_cubic(image: Rgb, height: int, width: int) -> NDArray[np.float32]:
    """Resize (H, W, C) as OpenCV's INTER_CUBIC does floats: four taps a side, no antialiasing, edges repeated.

    Returns float32 (height, width, C) in the image's own range, overshoot included. Only the pixels under the taps are
    read, however large the image.
    """
    return resample(image, _taps(image.shape[0], height), _taps(image.shape[1], width))


def _taps(old: int, new: int) -> Taps:
    """Return the four samples that each new one reads.

    Positions are rounded to float32, as in OpenCV: at 4000 pixels that moves a sample by up to 1e-4.
    """
    position = ((np.arange(new) + 0.5) * (old / new) - 0.5).astype(np.float32)
    first = np.floor(position)
    x, one = position - first, np.float32(1.0)

    def inner(d: NDArray[np.float32]) -> NDArray[np.float32]:
        return ((_CUBIC + 2) * d - (_CUBIC + 3)) * d * d + one

    before = ((_CUBIC * (x + 1) - 5 * _CUBIC) * (x + 1) + 8 * _CUBIC) * (x + 1) - 4 * _CUBIC
    weights = np.stack([before, inner(x), inner(one - x), one - before - inner(x) - inner(one - x)])
    samples = first.astype(np.intp) + np.arange(-1, 3)[:, None]
    return Taps(np.clip(samples, 0, old - 1), weights)
