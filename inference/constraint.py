"""A depth map as diffusion models are given one, and the way back from the picture that they make of it."""

import json
import math
import os
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .depth import Depth, valid_index
from .draft.resize import resize
from .errors import DepthFileError
from .png import SIGNATURE, encode

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
    inverse = inverse_depth(depth)
    known = np.isfinite(inverse)
    if not known.any():
        raise DepthFileError("the depth map has no valid pixel: nothing can be made of it")
    far, near = np.percentile(inverse[known], [FARTHEST, 100.0 - NEAREST]).tolist()
    span = near - far if near > far else 1.0
    share = np.where(known, np.clip((inverse - far) / span, 0.0, 1.0), 0.0).astype(np.float32)
    if share.shape != (inside.height, inside.width):
        share = resize(share, inside.height, inside.width)
    pixels = np.rint(share * np.float32(255)).astype(np.uint8)
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


def png(depth: Depth, inside: Frame, said: dict[str, str] | None = None) -> bytes:
    """Return a control map as a PNG file, 8-bit RGB; `said` goes into its text chunks too."""
    pixels, (far, near) = control_map(depth, inside)
    text = {**(said or {}), "depthBlack": str(far), "depthWhite": str(near), _KEY: json.dumps(asdict(inside))}
    return encode(np.repeat(pixels[..., None], 3, axis=2), text)


def read_frame(path: str | os.PathLike[str]) -> Frame:
    """Return where the photo lies in a map that `png` made. Raises `DepthFileError` for any other file."""
    try:
        text = dict(_texts(Path(path).read_bytes()))
        said: dict[str, Any] = json.loads(text[_KEY])
        return Frame(**{name: int(value) for name, value in said.items()})
    except (OSError, KeyError, ValueError, TypeError, struct.error) as error:
        raise DepthFileError(f"{path} is not a map that --format controlnet wrote. Name such a file") from error


def _texts(data: bytes) -> Iterator[tuple[str, str]]:
    at = len(SIGNATURE)
    while data.startswith(SIGNATURE) and at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"tEXt":
            name, _, value = data[at + 8 : at + 8 + length].partition(b"\0")
            yield name.decode("latin-1"), value.decode("latin-1")
        at += length + 12
