"""Huawei's and Honor's wide-aperture photos: the sharp photo and a plain map behind the photo, found from the end.

As read by the open readers of these files, phonedepth's among them; Huawei documents nothing.
"""

import struct

from .stored import NEAR_IS_BLACK, BrokenDepthError, File, Stored

_END = b"DepthEn\0"
_HEADER = 64
_ORIENTATIONS = {0x10: 1, 0x11: 8, 0x12: 3, 0x13: 6}  # quarter turns, as EXIF numbers them


def find(file: File) -> Stored | None:
    """Return the depth of a photo that ends as Huawei's do; None where it doesn't."""
    if file[-len(_END) :] != _END:
        return None
    end = len(file) - len(_END) - 4
    length = int.from_bytes(file[end : end + 4], "little")
    start = end - length
    if length < _HEADER or start < 12:
        raise BrokenDepthError("is listed at a place that is not in the file")
    header = file[start : start + _HEADER]
    width, height = struct.unpack_from("<HH", header, 12)
    depth = file[start + _HEADER : start + _HEADER + width * height]
    if not depth or len(depth) != width * height or _HEADER + width * height > length:
        raise BrokenDepthError(f"is said to be {width} x {height}, more than the {length} bytes of its block")
    return Stored(
        "Huawei",
        NEAR_IS_BLACK,
        depth,
        (width, height),
        orientation=_ORIENTATIONS.get(header[3]),
        sharp=_sharp(file, start),
    )


def _sharp(file: File, start: int) -> bytes:
    """Return the photo before its background was blurred, which lies before the map's block."""
    size, name, zero = struct.unpack_from("<I4sI", file, start - 12)
    if name != b"edof" or zero or size > start - 12:
        return b""
    return file[start - 12 - size : start - 12]
