"""A depth map as diffusion models are given one, and the way back from the picture that they make of it."""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .depth import Depth, valid_index
from .errors import DepthFileError

RESOLUTION = 1024  # of the shorter side: what SDXL and FLUX were trained at
MULTIPLE = 64  # both sides are whole multiples of it
NEAREST, FARTHEST = 0.5, 1.0  # percent of the pixels beyond the white and the black end

_KEY = "depthNodesFrame"  # of the PNG text chunk


@dataclass(frozen=True)
class Frame:
    """Where the photo lies in a padded map: at (left, top), of this width and height, in a whole of that size."""

    left: int
    top: int
    width: int
    height: int
    whole_width: int
    whole_height: int

    def crop(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return where it lies in a picture of another size: left, top, right and bottom in pixels."""
        x, y = width / self.whole_width, height / self.whole_height
        return self.left * x, self.top * y, (self.left + self.width) * x, (self.top + self.height) * y


def frame(width: int, height: int, resolution: int | None = None, multiple: int | None = None) -> Frame:
    """Return the frame of a photo: padded evenly, never stretched.

    resolution: its shorter side there, by default RESOLUTION. multiple: of which both sides of the whole are multiples,
    by default MULTIPLE.
    """
    scale = (resolution or RESOLUTION) / min(width, height)
    multiple = multiple or MULTIPLE
    inner_width, inner_height = round(width * scale), round(height * scale)
    wide, high = (math.ceil(side / multiple) * multiple for side in (inner_width, inner_height))
    return Frame((wide - inner_width) // 2, (high - inner_height) // 2, inner_width, inner_height, wide, high)


def control_map(depth: Depth, inside: Frame) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return an 8-bit map, (H, W), 255 where near, and the inverse depths that became 0 and 255.

    It is linear in inverse depth between two percentiles, black where nothing is known, and padded by its own rim.
    """
    from PIL import Image

    inverse = inverse_depth(depth)
    known = np.isfinite(inverse)
    if not known.any():
        raise DepthFileError("the depth map has no valid pixel: nothing can be made of it")
    far, near = np.percentile(inverse[known], [FARTHEST, 100.0 - NEAREST]).tolist()
    span = near - far if near > far else 1.0
    share = np.where(known, np.clip((inverse - far) / span, 0.0, 1.0), 0.0).astype(np.float32)
    small = Image.fromarray(share).resize((inside.width, inside.height), Image.Resampling.BILINEAR)
    pixels = np.rint(np.asarray(small) * np.float32(255)).astype(np.uint8)
    right = inside.whole_width - inside.width - inside.left
    bottom = inside.whole_height - inside.height - inside.top
    return np.pad(pixels, ((inside.top, bottom), (inside.left, right)), mode="edge"), (far, near)


def inverse_depth(depth: Depth) -> NDArray[np.float32]:
    """Return inverse depth, larger where nearer: disparity as it is, 1 / metres of a distance; NaN where not valid."""
    counts = np.zeros(depth.values.shape, bool)
    counts[valid_index(depth.validity)] = True
    if depth.kind == "disparity":
        return np.where(counts, depth.values, np.float32(np.nan))
    counts &= depth.values > 0.0
    return np.where(counts, np.reciprocal(np.maximum(depth.values, np.float32(1e-6))), np.float32(np.nan))


def text(inside: Frame) -> tuple[str, str]:
    """Return the key and the value of the PNG text chunk that says where the photo lies."""
    return _KEY, json.dumps(asdict(inside))


def read_frame(path: str | os.PathLike[str]) -> Frame:
    """Return where the photo lies in a map that `text` was written into. Raises `DepthFileError` for any other file."""
    from PIL import Image

    try:
        with Image.open(Path(path)) as image:
            said: dict[str, Any] = json.loads(image.info[_KEY])
            return Frame(**{name: int(value) for name, value in said.items()})
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DepthFileError(f"{path}: is no map that --format controlnet wrote; name that file") from error
