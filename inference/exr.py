"""OpenEXR files by numpy alone, for Blender and the engine alike: written, and looked at without reading the pixels.

Layout: https://openexr.com/en/latest/OpenEXRFileLayout.html.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x76\x2f\x31\x01"
_NONE, _ZIP = 0, 3  # the compressions' numbers
_ROWS = {_NONE: 1, _ZIP: 16}  # how many of them make a chunk
_KINDS = {2: 1, 4: 2}  # HALF and FLOAT, by their bytes
_LEVEL = 1  # zlib's; measured on depth maps: the next ones cost a quarter more time and gain 1 to 6 % of the size
_LONGEST = 1 << 20  # bytes of an attribute that is looked at


def encode(
    channels: Mapping[str, NDArray[np.float32] | NDArray[np.float16]],
    attributes: Mapping[str, str | float] | None = None,
    *,
    compress: bool = True,
) -> bytes:
    """Return a file of channels that are float32 or float16 (H, W), top row first, bit for bit.

    attributes: for the header; numbers are stored as 32-bit floats. compress: by ZIP, else not at all.
    """
    names = sorted(channels)  # the format demands this order
    height, width = channels[names[0]].shape
    method = _ZIP if compress else _NONE
    kinds = [_KINDS[channels[name].itemsize] for name in names]
    header = _header(names, kinds, height, width, method, attributes or {})
    planes = [_bytes(channels[name]) for name in names]
    chunks = _zipped(planes) if compress else _rows(planes)
    file, offsets = BytesIO(), []
    file.write(header + bytes(8 * -(-height // _ROWS[method])))
    for chunk in chunks:  # each goes as it is written: a large map would be there twice
        offsets.append(file.tell())
        file.write(chunk)
    file.seek(len(header))
    file.write(np.array(offsets, "<u8").tobytes())
    return file.getvalue()


def _bytes(channel: NDArray[np.float32] | NDArray[np.float16]) -> NDArray[np.uint8]:
    """Return the bytes of each row of a channel, (H, bytes)."""
    samples = channel.astype(f"<f{channel.itemsize}", copy=False)
    if samples.strides[1] != samples.itemsize:
        samples = np.ascontiguousarray(samples)
    return samples.view(np.uint8)


def _zipped(planes: list[NDArray[np.uint8]]) -> Iterator[bytes]:
    """Yield the chunks of a file with ZIP: in each its first row, its size, and its samples, row by row."""

    def chunk(top: int) -> bytes:
        rows = np.concatenate([plane[top : top + _ROWS[_ZIP]] for plane in planes], axis=1)
        packed = _pack(rows.reshape(-1))
        return struct.pack("<ii", top, len(packed)) + packed

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # zlib and numpy let other threads run
        yield from pool.map(chunk, range(0, len(planes[0]), _ROWS[_ZIP]))


def _rows(planes: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the chunks of a file without compression, one for each row, (H, bytes)."""
    height, size = len(planes[0]), sum(plane.shape[1] for plane in planes)
    heads = np.array([(row, size) for row in range(height)], "<i4").view(np.uint8)
    return np.concatenate([heads, *planes], axis=1)


def attributes(path: Path) -> dict[str, str | float] | None:
    """Return the texts and numbers in the header of a file that `encode` made; None where it is no such file, or cut.

    Raises OSError where it can't be read.
    """
    with path.open("rb") as file:
        try:
            return _looked_at(file)
        except (struct.error, ValueError, KeyError, IndexError):
            return None


def _looked_at(file: BinaryIO) -> dict[str, str | float] | None:
    if file.read(8) != _MAGIC + struct.pack("<I", 2):
        return None
    found: dict[str, str | float] = {}
    raw = dict(_attributes(file, found))
    _, top, _, bottom = struct.unpack("<4i", raw["dataWindow"])
    count = -(-(bottom - top + 1) // _ROWS[raw["compression"][0]])
    offsets = np.frombuffer(file.read(8 * count), "<u8")
    file.seek(int(offsets[count - 1]) + 4)
    (size,) = struct.unpack("<i", file.read(4))
    end = file.tell() + size
    return found if file.seek(0, 2) == end else None


def _attributes(file: BinaryIO, found: dict[str, str | float]) -> Iterator[tuple[str, bytes]]:
    """Yield each attribute's name and bytes; texts and numbers go into `found` too."""
    while name := _text(file):
        kind = _text(file)
        (size,) = struct.unpack("<i", file.read(4))
        if not 0 <= size <= _LONGEST:
            raise ValueError(size)
        value = file.read(size)
        if kind == "string":
            found[name] = value.decode()
        elif kind == "float":
            found[name] = struct.unpack("<f", value)[0]
        yield name, value


def _text(file: BinaryIO) -> str:
    """Read a name, which a zero byte ends."""
    text = b""
    while (byte := file.read(1)) != b"\0":
        if not byte or len(text) > 255:
            raise ValueError(text)
        text += byte
    return text.decode()


def _header(
    names: list[str], kinds: list[int], height: int, width: int, method: int, attributes: Mapping[str, str | float]
) -> bytes:
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    listed = zip(names, kinds, strict=True)
    channel_list = b"".join(name.encode() + b"\0" + struct.pack("<iB3xii", kind, 0, 1, 1) for name, kind in listed)
    channel_list += b"\0"
    own = (
        _attribute(name, "string", value.encode())
        if isinstance(value, str)
        else _attribute(name, "float", struct.pack("<f", value))
        for name, value in attributes.items()
    )
    return b"".join(
        (
            _MAGIC + struct.pack("<I", 2),
            _attribute("channels", "chlist", channel_list),
            _attribute("compression", "compression", bytes([method])),
            _attribute("dataWindow", "box2i", box),
            *own,
            _attribute("displayWindow", "box2i", box),
            _attribute("lineOrder", "lineOrder", b"\0"),
            _attribute("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
            _attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0.0, 0.0)),
            _attribute("screenWindowWidth", "float", struct.pack("<f", 1.0)),
            b"\0",
        )
    )


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value


def _pack(raw: NDArray[np.uint8]) -> bytes:
    """Return bytes as ZIP stores them: even before odd ones, differences, zlib; unchanged where that is smaller."""
    halves = np.concatenate((raw[0::2], raw[1::2]))
    halves[1:] -= halves[:-1] - np.uint8(128)  # the right side is complete before the left is written
    packed = zlib.compress(halves.tobytes(), _LEVEL)
    return packed if len(packed) < raw.nbytes else raw.tobytes()
