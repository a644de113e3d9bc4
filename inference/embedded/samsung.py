"""Samsung's portraits: named blocks behind the photo, listed at the file's end.

As read by the open readers of these files, exiftool's and phonedepth's among them; Samsung documents nothing.
"""

import re
import struct

from . import jpeg
from .stored import NEAR_IS_BLACK, BrokenDepthError, File, Stored

_DUAL, _SINGLE, _EXTRA, _META, _PICTURE = 0x0AB1, 0x0B41, 0x0AB3, 0x0B40, 0x0001
_MOST_BLOCKS = 256


def find(file: File) -> Stored | None:
    """Return the depth of a photo with Samsung's blocks; None where there is none."""
    blocks = _blocks(file)
    depth = blocks.get((_DUAL, b"DualShot_DepthMap_1")) or blocks.get((_SINGLE, b"SingeShot_DepthMap_1"))  # so spelt
    if depth is None:
        return None
    extra, meta = (next((block for (kind, _), block in blocks.items() if kind == of), b"") for of in (_EXTRA, _META))
    size = _side_by_side(extra, len(depth)) or _by_name(meta)
    if size is None or size[0] * size[1] != len(depth):
        raise BrokenDepthError(f"is {len(depth)} bytes, whose width and height the file doesn't state")
    width, height = jpeg.size_of(file)
    size = (max(size), min(size)) if width >= height else (min(size), max(size))
    sharp = blocks.get((_PICTURE, b"DualShot_1"), b"")
    return Stored("Samsung", NEAR_IS_BLACK, depth, size, sharp=sharp)


def _blocks(file: File) -> dict[tuple[int, bytes], bytes]:
    """Return the blocks that the list at the end names, by type and name."""
    if file[-4:] != b"SEFT" or len(file) < 20:
        return {}
    start = len(file) - 8 - int.from_bytes(file[-8:-4], "little")
    if start < 0 or file[start : start + 4] != b"SEFH":
        return {}
    blocks: dict[tuple[int, bytes], bytes] = {}
    count = int.from_bytes(file[start + 8 : start + 12], "little")
    for at in range(start + 12, min(start + 12 + 12 * min(count, _MOST_BLOCKS), len(file) - 11 - 8), 12):
        _, kind, back, size = struct.unpack_from("<HHII", file, at)
        if kind not in (_DUAL, _SINGLE, _EXTRA, _META, _PICTURE):
            continue
        if back > start or size < 8 or size > back:
            raise BrokenDepthError("is listed at a place that is not in the file")
        block = file[start - back : start - back + size]
        name = 8 + int.from_bytes(block[4:8], "little")
        blocks[kind, block[8:name]] = block[name:]
    return blocks


def _side_by_side(extra: bytes, pixels: int) -> tuple[int, int] | None:
    """Return the two numbers side by side whose product is the map's pixels.

    Where they stand, and which of them comes first, differs from model to model.
    """
    for at in range(0, len(extra) - 7, 4):
        first, second = struct.unpack_from("<II", extra, at)
        if first * second == pixels and max(first, second) <= 4 * min(first, second):
            return first, second
    return None


def _by_name(meta: bytes) -> tuple[int, int] | None:
    """Return the size that a photo by a single lens states: each number behind its name and its length."""
    found = [re.search(rb"seg%b\x04\0(.{4})" % side, meta, re.DOTALL) for side in (b"Width", b"Height")]
    sides = [int.from_bytes(match[1], "little") for match in found if match]
    return (sides[0], sides[1]) if len(sides) == 2 else None
