"""Pictures and maps in another size, smoothly: what the built-in model looks at."""

import numpy as np
from numpy.typing import NDArray

from ..resample import Taps, resample


def resize(image: NDArray[np.uint8] | NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Return (H, W) or (H, W, C) as float32 of that height and width, in the image's own range.

    Bilinear with half-pixel centres, the filter as wide as the step where it shrinks: as Pillow's BILINEAR, and torch's
    with antialias.
    """
    planes = image[..., None] if image.ndim == 2 else image
    if planes.shape[:2] == (height, width):
        return image.astype(np.float32)
    resized = resample(planes, _taps(planes.shape[0], height), _taps(planes.shape[1], width))
    return resized[..., 0] if image.ndim == 2 else resized


def _taps(old: int, new: int) -> Taps:
    scale = old / new
    reach = max(scale, 1.0)
    count = min(int(np.ceil(2 * reach)) + 1, old)
    centre = (np.arange(new) + 0.5) * scale
    first = np.clip(np.ceil(centre - reach - 0.5).astype(np.intp), 0, old - count)
    samples = first + np.arange(count)[:, None]  # (taps, new)
    weights = np.maximum(1.0 - np.abs(samples + 0.5 - centre) / reach, 0.0)
    return Taps(samples, (weights / weights.sum(0)).astype(np.float32))
