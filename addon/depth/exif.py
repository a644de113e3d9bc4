"""How a photo lies in its file: the orientation that cameras note by EXIF, which Blender ignores. Knows no bpy.

Source: EXIF 2.32 (CIPA DC-008), tag 0x0112 of the first directory; TIFF 6.0 for its layout.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1
_ORIENTATION = 0x0112
_HEAD = 1 << 18  # bytes; EXIF stands in front of the pixels, in at most 64 kB


def orientation(path: Path) -> int:
    """Return how the picture of a JPEG, PNG or WebP file is stored, 1 to 8; 1, upright, where the file doesn't say."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if head[:4] == b"RIFF":  # WebP has it behind the pixels
            head += file.read()
    start = head.find(b"Exif\0\0")
    if head[:2] == b"\xff\xd8" and start >= 0:
        return _read(head[start + 6 :])
    chunk = {b"\x89PNG": b"eXIf", b"RIFF": b"EXIF"}.get(head[:4])
    start = head.find(chunk) if chunk else -1
    if start < 0:
        return UPRIGHT
    data = head[start + (4 if chunk == b"eXIf" else 8) :]  # WebP has the length behind the name
    return _read(data.removeprefix(b"Exif\0\0"))


def _read(tiff: bytes) -> int:
    """Return the orientation in the first directory of a TIFF structure."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, directory)
        for place in range(count):
            tag, _kind, _number, value = struct.unpack_from(f"{order}HHIH", tiff, directory + 2 + 12 * place)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:  # cut off: it says nothing
        return UPRIGHT
    return UPRIGHT


def turn(stored: NDArray[np.float32], lies: int) -> NDArray[np.float32]:
    """Return a picture (H, W, ...) upright, top row first, that a file of this orientation stores; a view."""
    if lies >= 5:  # rows are columns
        stored = stored.swapaxes(0, 1)
    if lies in (3, 4, 7, 8):
        stored = stored[::-1]
    return stored[:, ::-1] if lies in (2, 3, 6, 7) else stored
