"""Small photos and depth maps for the tests, written with numpy and Pillow."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_photo(path: Path, width: int = 48, height: int = 36, *, opaque_columns: int | None = None) -> Path:
    """Write a picture whose red follows x and green follows y; transparent from column `opaque_columns` on."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), np.full_like(x, 90)]
    if opaque_columns is not None:
        channels.append(np.where(x < opaque_columns, 255, 0))
    Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8)).save(path)
    return path


def hill(width: int = 48, height: int = 36) -> np.ndarray:
    """Return a smooth disparity, float32 (H, W), 1 in the middle, falling to 0.1 in the corners: nothing to cut off."""
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5)
    return (1 - 0.9 * radius / radius.max()).astype(np.float32)


def write_depth(path: Path, values: np.ndarray) -> Path:
    """Write a depth map: NPY as it is, PNG with 16 bits from [0, 1]."""
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        Image.fromarray(np.round(values * 65535).astype(np.uint16)).save(path)
    return path
