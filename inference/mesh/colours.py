"""The colour of each vertex, for files that hold no picture."""

import numpy as np
from PIL import Image

from .scene import Pixels
from .shape import Floats, Layer


def of_vertices(layer: Layer, picture: Pixels) -> Floats:
    """Return sRGB of 0 to 1, float32 (N, 3), blended from the four pixels around each vertex.

    Of a picture with far more pixels than vertices, whole blocks count as one pixel.
    """
    block = max(1, int(np.sqrt(picture.shape[0] * picture.shape[1] / max(len(layer.vertices), 1))))
    if block > 1:
        picture = np.asarray(Image.fromarray(picture).reduce(block))
    height, width = picture.shape[:2]
    x = np.clip(layer.uv[:, 0] * width - np.float32(0.5), 0, width - 1)
    y = np.clip((1 - layer.uv[:, 1]) * height - np.float32(0.5), 0, height - 1)
    left, top = (np.minimum(at.astype(np.intp), max(side - 2, 0)) for at, side in ((x, width), (y, height)))
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (x - left)[:, None].astype(np.float32), (y - top)[:, None].astype(np.float32)
    upper = picture[top, left] * (1 - across) + picture[top, right] * across
    lower = picture[bottom, left] * (1 - across) + picture[bottom, right] * across
    return np.asarray((upper * (1 - down) + lower * down) / np.float32(255.0), np.float32)


def linear(srgb: Floats) -> Floats:
    """Return linear light, 0 to 1, of sRGB in 0 to 1 (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)
