"""The parts of a JPEG file that depth hides in: its application segments, and what follows its end.

JPEG: ITU-T T.81, annex B. Several pictures in one file: CIPA DC-007, Multi-Picture Format, section 5.
"""

import re
import struct
from collections.abc import Iterator

from .stored import BrokenDepthError, File

START = b"\xff\xd8"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_MPF = b"MPF\0"
_SCAN, _END = 0xDA, 0xD9
_TABLES = (0xC4, 0xC8, 0xCC)  # among the markers of frames
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # FF 00 is a sample, and restarts belong to the scan
_ENTRIES = 0xB002  # the tag of the list of pictures
_MOST_PICTURES = 64


def segments(file: File, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment before the scan, and where its content begins and ends."""
    at = start + 2
    if file[start:at] != START:
        return
    while at + 4 <= len(file) and file[at] == 0xFF:
        marker = file[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
            if marker == _END or end > len(file) or end < at + 4:
                return
            yield marker, at + 4, end
            if marker == _SCAN:
                return
            at = end


def size_of(file: File, start: int = 0) -> tuple[int, int]:
    """Return the width and height of a picture as it lies in its file; 0 where it says none."""
    for marker, begin, _ in segments(file, start):
        if 0xC0 <= marker <= 0xCF and marker not in _TABLES:
            height, width = struct.unpack_from(">HH", file, begin + 1)
            return width, height
    return 0, 0


def end_of(file: File, start: int = 0) -> int:
    """Return where the picture that begins at `start` ends. Raises `BrokenDepthError` where it doesn't."""
    at = next((end for marker, _, end in segments(file, start) if marker == _SCAN), None)
    while at is not None and (found := _AFTER_SCAN.search(file, at)):
        at, marker = found.end(), file[found.start() + 1]
        if marker == _END:
            return at
        at += int.from_bytes(file[at : at + 2], "big")  # tables between the scans of a progressive picture
    raise BrokenDepthError("follows a picture that is cut off")


def xmp(file: File, start: int = 0) -> bytes:
    """Return the XMP packet of a picture, empty where there is none."""
    found = _bodies(file, start, 0xE1, _XMP)
    return next(found, b"")


def extended_xmp(file: File, guid: str) -> bytes:
    """Return the XMP packet that goes on over many segments, by the identifier that the first packet names.

    Adobe, XMP specification part 3, section 1.1.3.1. Raises `BrokenDepthError` where it is incomplete.
    """
    parts: dict[int, bytes] = {}
    length = 0
    for body in _bodies(file, 0, 0xE1, _EXTENSION):
        if body[:32] == guid.encode() and len(body) > 40:
            length, offset = struct.unpack_from(">II", body, 32)
            parts[offset] = body[40:]
    whole = b"".join(parts[offset] for offset in sorted(parts))
    if not whole or len(whole) != length:
        raise BrokenDepthError(f"is incomplete: {len(whole)} of {length} bytes are there")
    return whole


def pictures(file: File) -> Iterator[tuple[int, int]]:
    """Yield where each further picture begins and ends that the Multi-Picture index names and the file holds whole."""
    for marker, begin, end in segments(file):
        if marker == 0xE2 and file[begin : begin + 4] == _MPF:
            base = begin + 4  # what offsets count from
            entries = _entries(file[base:end])
            for at in range(16, min(len(entries), 16 * _MOST_PICTURES) - 15, 16):  # the first one is the photo
                size, offset = struct.unpack_from(_order(file[base:end]) + "II", entries, at + 4)
                if base + offset + size <= len(file):
                    yield base + offset, base + offset + size


def _bodies(file: File, start: int, wanted: int, name: bytes) -> Iterator[bytes]:
    for marker, begin, end in segments(file, start):
        if marker == wanted and file[begin : begin + len(name)] == name:
            yield file[begin + len(name) : end]


def _order(index: bytes) -> str:
    return "<" if index[:2] == b"II" else ">"


def _entries(index: bytes) -> bytes:
    """Return the list of pictures of a Multi-Picture index, 16 bytes each."""
    order = _order(index)
    try:
        (first,) = struct.unpack_from(order + "I", index, 4)
        (count,) = struct.unpack_from(order + "H", index, first)
        for number in range(count):
            tag, _, length, offset = struct.unpack_from(order + "HHII", index, first + 2 + 12 * number)
            if tag == _ENTRIES:
                return index[offset : offset + length]
    except struct.error:
        return b""
    return b""
