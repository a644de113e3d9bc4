"""PNG files by numpy alone, for Blender, whose Python has no library for it, and the engine alike.

PNG, third edition: https://www.w3.org/TR/png-3/
"""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2  # the standard's colour types
_LEVEL = 4  # zlib's; higher ones cost time and gain little


def encode(pixels: NDArray[np.uint8] | NDArray[np.uint16], text: Mapping[str, str] | None = None) -> bytes:
    """Return a file of 8 or 16 bits: grey of (H, W), RGB of (H, W, 3), top row first. text: for its text chunks."""
    height, width = pixels.shape[:2]
    depth = pixels.dtype.itemsize
    raw = pixels.astype(f">u{depth}").reshape(height, -1).view(np.uint8)  # (H, bytes of a row)
    step = raw.shape[1] // width  # bytes of a pixel
    rows = np.empty(
        (height, 1 + raw.shape[1]), np.uint8
    )  # each begins with its filter: 1 is the difference to the left
    rows[:, 0] = 1
    rows[:, 1 : 1 + step] = raw[:, :step]
    rows[:, 1 + step :] = raw[:, step:] - raw[:, :-step]
    header = struct.pack(">IIBBBBB", width, height, 8 * depth, _GREY if pixels.ndim == 2 else _RGB, 0, 0, 0)
    chunks = [(b"IHDR", header)]
    chunks += [(b"tEXt", f"{name}\0{value}".encode("latin-1", "replace")) for name, value in (text or {}).items()]
    chunks += [(b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)), (b"IEND", b"")]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
