"""OpenEXR files in memory, as small as Blender's own packing is not, which stores them uncompressed.

Layout: https://openexr.com/en/latest/OpenEXRFileLayout.html.
"""

import struct
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x76\x2f\x31\x01"
_ZIP, _ROWS_A_CHUNK = 3, 16  # the compression's number, and how many rows it packs together
_LEVEL = 4  # zlib's; measured on depth maps: higher levels cost time and gain nothing


def encode(channels: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return a ZIP-compressed 32-bit float file of channels that are float32 (H, W), top row first, bit for bit."""
    names = sorted(channels)  # the format demands this order
    height, width = channels[names[0]].shape
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    channel_list = b"".join(name.encode() + b"\0" + struct.pack("<iB3xii", 2, 0, 1, 1) for name in names) + b"\0"
    header = b"".join(
        (
            _MAGIC + struct.pack("<I", 2),
            _attribute("channels", "chlist", channel_list),
            _attribute("compression", "compression", bytes([_ZIP])),
            _attribute("dataWindow", "box2i", box),
            _attribute("displayWindow", "box2i", box),
            _attribute("lineOrder", "lineOrder", b"\0"),
            _attribute("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
            _attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0.0, 0.0)),
            _attribute("screenWindowWidth", "float", struct.pack("<f", 1.0)),
            b"\0",
        )
    )
    planes = [channels[name].astype("<f4", copy=False) for name in names]
    tops = range(0, height, _ROWS_A_CHUNK)

    def chunk(top: int) -> bytes:
        rows = np.stack([plane[top : top + _ROWS_A_CHUNK] for plane in planes], axis=1)  # (rows, channel, W)
        packed = _pack(rows.reshape(-1).view(np.uint8))
        return struct.pack("<ii", top, len(packed)) + packed

    with ThreadPoolExecutor() as pool:  # zlib and numpy let other threads run
        chunks = list(pool.map(chunk, tops))
    first = len(header) + 8 * len(chunks)
    offsets = [*accumulate((len(chunk) for chunk in chunks), initial=first)][:-1]
    return b"".join((header, np.array(offsets, "<u8").tobytes(), *chunks))


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value


def _pack(raw: NDArray[np.uint8]) -> bytes:
    """Return bytes as ZIP stores them: even before odd ones, differences, zlib; unchanged where that is smaller."""
    halves = np.concatenate((raw[0::2], raw[1::2]))
    halves[1:] -= halves[:-1] - np.uint8(128)  # the right side is complete before the left is written
    packed = zlib.compress(halves.tobytes(), _LEVEL)
    return packed if len(packed) < raw.nbytes else raw.tobytes()
