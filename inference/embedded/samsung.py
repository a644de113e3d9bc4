"""Samsung's portraits: named blocks behind the photo, listed at the file's end.

As read by the open readers of these files, exiftool's and phonedepth's among them; Samsung documents nothing.
"""

import re
import struct

from . import jpeg
from .stored import NEAR_IS_BLACK, BrokenDepthError, File, Stored

_DUAL = 0x0AB1, b"DualShot_DepthMap_1"
_SINGLE = 0x0B41, b"SingeShot_DepthMap_1"  # so spelt
_EXTRA = 0x0AB3, b"DualShot_Extra_Info"
_META = 0x0B40, b"SingleShot_Meta_Info"
_SHARP = 0x0001, b"DualShot_1"
_NAMES = dict((_DUAL, _SINGLE, _EXTRA, _META, _SHARP))
_MOST_BLOCKS = 256
_LONGEST = 4096  # bytes of a record that states a size

Block = tuple[int, bytes]  # type and name


def find(file: File) -> Stored | None:
    """Return the depth of a photo with Samsung's blocks; None where there is none."""
    blocks = _blocks(file)
    depth = blocks.get(_DUAL) or blocks.get(_SINGLE)
    if not depth:
        return None
    said = _side_by_side(blocks.get(_EXTRA, b"")[:_LONGEST], len(depth)) or _by_name(blocks.get(_META, b"")[:_LONGEST])
    if said is None or said[0] * said[1] != len(depth):
        raise BrokenDepthError(f"is {len(depth)} bytes, whose width and height the file doesn't state")
    width, height = jpeg.size_of(file)
    size = (max(said), min(said)) if width >= height else (min(said), max(said))
    return Stored("Samsung", NEAR_IS_BLACK, depth, size, sharp=blocks.get(_SHARP, b""))


def _blocks(file: File) -> dict[Block, bytes]:
    """Return the blocks of depth that the list at the end names."""
    if file[-4:] != b"SEFT" or len(file) < 20:
        return {}
    start = len(file) - 8 - int.from_bytes(file[-8:-4], "little")
    if start < 0 or file[start : start + 4] != b"SEFH":
        return {}
    blocks: dict[Block, bytes] = {}
    count = min(int.from_bytes(file[start + 8 : start + 12], "little"), _MOST_BLOCKS)
    for at in range(start + 12, min(start + 12 + 12 * count, len(file) - 8), 12):
        _, kind, back, size = struct.unpack_from("<HHII", file, at)
        name = _NAMES.get(kind, b"")
        if not name or back > start:
            continue
        begin = start - back
        head = struct.pack("<I", len(name)) + name
        if file[begin + 4 : begin + 4 + len(head)] == head:
            if size > back:
                raise BrokenDepthError("is listed at a place that is not in the file")
            blocks[kind, name] = file[begin + 4 + len(head) : begin + size]
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
