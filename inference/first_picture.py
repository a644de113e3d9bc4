"""Whether the first picture of a TIFF, the one that programs show, is the photo itself. Standard library alone.

Sources: TIFF 6.0, TIFF/EP (ISO 12234-2), Adobe's DNG specification, and the BigTIFF layout of libtiff.
"""

import struct
from pathlib import Path
from typing import BinaryIO

RAW = "is a raw photo. Develop it first, and save it as JPEG or TIFF"
_WIDTH, _HEIGHT, _PHOTOMETRIC, _SUB_PICTURES, _SUBFILE, _DNG_VERSION = 256, 257, 262, 330, 254, 50706
_SENSOR = (32803, 34892)  # photometric interpretations: a colour filter array, and linear raw
_CANON = b"CR\x02"  # behind the header of a CR2
_NUMBERS = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # TIFF's types of whole numbers
_ENTRIES, _PICTURES = 1000, 32  # more of them make no photo
_SAME_ASPECT, _LARGER = 0.03, 1.5

_Tags = dict[int, tuple[int, ...]]


def not_the_photo(path: Path) -> str:
    """Return what is wrong where the first picture of a TIFF is only a preview of the photo, or nothing.

    The words follow the file's name.
    A file of another kind, or one too damaged to tell, has nothing wrong in this respect. Raises OSError.
    """
    with path.open("rb") as file:
        try:
            return _problem(file)
        except (struct.error, OverflowError):  # cut off
            return ""


def _problem(file: BinaryIO) -> str:
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or (version := struct.unpack(order + "H", head[2:4])[0]) not in (42, 43):
        return ""
    is_big = version == 43
    start = struct.unpack(order + ("Q" if is_big else "I"), head[8:16] if is_big else head[4:8])[0]
    tags, following = _directory(file, order, start, is_big=is_big)
    if _DNG_VERSION in tags or _first(tags, _PHOTOMETRIC) in _SENSOR or (not is_big and head[8:11] == _CANON):
        return RAW
    size = _size(tags)
    below = [_size(_directory(file, order, at, is_big=is_big)[0]) for at in tags.get(_SUB_PICTURES, ())[:_PICTURES]]
    seen = {start}
    while following not in (0, *seen) and len(seen) < _PICTURES:
        seen.add(following)
        others, following = _directory(file, order, following, is_big=is_big)
        below += [_size(others)] if _is_enlarged(size, _size(others)) else []
    if _first(tags, _SUBFILE) & 1 or any(width > max(size) for width, _ in below):
        return "begins with a preview of the photo. Develop it if it is a raw photo, and save it as JPEG or TIFF"
    return ""


def _is_enlarged(size: tuple[int, int], other: tuple[int, int]) -> bool:
    (width, height), (other_width, other_height) = size, other
    if min(*size, *other) < 1 or other_width < _LARGER * width:
        return False
    return abs(other_width * height / (other_height * width) - 1.0) < _SAME_ASPECT


def _size(tags: _Tags) -> tuple[int, int]:
    return _first(tags, _WIDTH), _first(tags, _HEIGHT)


def _first(tags: _Tags, tag: int) -> int:
    return (tags.get(tag) or (0,))[0]


def _directory(file: BinaryIO, order: str, start: int, *, is_big: bool) -> tuple[_Tags, int]:
    """Return the whole numbers of a directory by their tags, and where the next one is; 0 for none."""
    word = "Q" if is_big else "I"
    room = struct.calcsize(order + word)
    file.seek(start)
    count = _read(file, order, "Q" if is_big else "H")[0]
    if count > _ENTRIES:
        return {}, 0
    entries = [(_read(file, order, "HH" + word), file.read(room)) for _ in range(count)]
    following = _read(file, order, word)[0]
    tags: _Tags = {}
    for (tag, kind, number), value in entries:
        code = _NUMBERS.get(kind)
        if code is None or not 0 < number <= _ENTRIES:
            tags[tag] = ()
            continue
        if struct.calcsize(f"{order}{number}{code}") > room:
            file.seek(struct.unpack(order + word, value)[0])
            tags[tag] = _read(file, order, f"{number}{code}")
        else:
            tags[tag] = struct.unpack_from(f"{order}{number}{code}", value)
    return tags, following


def _read(file: BinaryIO, order: str, code: str) -> tuple[int, ...]:
    return struct.unpack(order + code, file.read(struct.calcsize(order + code)))
