"""Grey PNG files of 16 bits written byte by byte, in each of the ways that the format has to store the same pixels."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BYTES = 2  # of a pixel: the distance to the byte that a filter calls "left"
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def write(samples: NDArray[np.uint16], *, filters: str = "0", interlaced: bool = False, chunk: int = 1 << 20) -> bytes:
    """Encode (H, W). Each row takes the next of `filters`, digits 0 to 4; `chunk`: bytes of an IDAT chunk."""
    height, width = samples.shape
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    packed = zlib.compress(b"".join(b"".join(_rows(part, filters)) for part in parts if part.size))
    header = struct.pack(">2I5B", width, height, 16, 0, 0, 0, int(interlaced))
    data = [(b"IDAT", packed[start : start + chunk]) for start in range(0, len(packed), chunk)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in ((b"IHDR", header), *data, (b"IEND", b""))
    )


def _rows(samples: NDArray[np.uint16], filters: str) -> Iterator[bytes]:
    """Yield the rows of an image or a pass, filtered as section 9 of the PNG specification says."""
    pixels = samples.astype(">u2").view(np.uint8).reshape(len(samples), -1).astype(np.int32)
    padded = np.pad(pixels, ((1, 0), (BYTES, 0)))
    left, above, corner = padded[1:, :-BYTES], padded[:-1, BYTES:], padded[:-1, :-BYTES]
    estimate = left + above - corner
    distances = [np.abs(estimate - near) for near in (left, above, corner)]
    paeth = np.choose(np.argmin(distances, axis=0), (left, above, corner))
    predictions = (np.zeros_like(pixels), left, above, (left + above) // 2, paeth)
    for row in range(len(samples)):
        kind = int(filters[row % len(filters)])
        yield bytes([kind]) + ((pixels[row] - predictions[kind][row]) % 256).astype(np.uint8).tobytes()
