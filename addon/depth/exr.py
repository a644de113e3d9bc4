"""OpenEXR in plain numpy: reads channels of any name, as Blender's own loader does not, and writes small packed files.

Layout: https://openexr.com/en/latest/OpenEXRFileLayout.html. Scanlines in one or several parts, uncompressed or as RLE,
ZIPS or ZIP. Everything else (tiles, deep data, PIZ, DWA ...) is an error that names it.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from ..errors import DepthFileError

MAGIC = b"\x76\x2f\x31\x01"
_TILED, _DEEP, _MULTIPART = 0x200, 0x800, 0x1000
_PIXEL_TYPES = ("<u4", "<f2", "<f4")  # UINT, HALF, FLOAT
_COMPRESSIONS = ("none", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB", "HTJ2K", "HTJ2K")
_ROWS_A_CHUNK = {"none": 1, "RLE": 1, "ZIPS": 1, "ZIP": 16}
_MAX_PIXELS = 2**28
_LEVEL = 4  # zlib's; measured on depth maps: higher levels cost time and gain nothing


Attribute = str | float | tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One part of a file, which in most files is the only one.

    window: data window (x0, y0, x1, y1), inclusive. display: the display window, which is the picture's frame.
    channels: names in the file's order, each with its numpy dtype. compression: its name.
    obstacle: what in the part's layout cannot be read here, or empty.
    attributes: those of type string, float, int and v2f. offsets: where each chunk lies in the file.
    chunk_prefix: bytes before a chunk's own header, which are the part's number in files of several parts.
    """

    window: tuple[int, int, int, int]
    display: tuple[int, int, int, int]
    channels: Mapping[str, np.dtype]
    compression: str
    obstacle: str
    attributes: Mapping[str, Attribute]
    offsets: tuple[int, ...]
    chunk_prefix: int


def read_parts(data: bytes) -> tuple[Part, ...]:
    """Return what a file holds. Raises DepthFileError for data that is not OpenEXR or is cut off in its header."""
    try:
        magic, version = struct.unpack_from("<4sI", data)
        if magic != MAGIC:
            raise DepthFileError("this is not an OpenEXR file: choose the depth map itself")
        headers, position = _headers(data, several=bool(version & _MULTIPART))
        parts = []
        for header in headers:
            part, position = _part(header, version, data, position)
            parts.append(part)
        return tuple(parts)
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise DepthFileError("the EXR file is damaged or cut off: save it again") from error


def read_channel(data: bytes, part: Part, name: str) -> NDArray[np.float32]:
    """Return a channel as float32 (H, W) of the display window, top row first; NaN where the file has no pixels.

    Raises DepthFileError where the part's layout is not supported or the file is cut off.
    """
    if part.obstacle:
        raise DepthFileError(f"the EXR file has {part.obstacle}: save it as scanlines with ZIP compression")
    width, height = _size(part.window)
    starts = [0, *accumulate(dtype.itemsize * width for dtype in part.channels.values())]
    first = starts[list(part.channels).index(name)]
    last = first + part.channels[name].itemsize * width
    plane = np.empty((height, width), np.float32)
    step = _ROWS_A_CHUNK[part.compression]

    def decode(number: int) -> None:
        top = number * step
        count = min(step, height - top)
        at = part.offsets[number] + part.chunk_prefix
        y, size = struct.unpack_from("<ii", data, at)
        packed = data[at + 8 : at + 8 + size]
        if y != part.window[1] + top or size < 0 or len(packed) != size:
            raise ValueError(f"chunk {number}")
        lines = _unpack(packed, part.compression, count * starts[-1]).reshape(count, starts[-1])
        plane[top : top + count] = lines[:, first:last].copy().view(part.channels[name])  # (count, width)

    try:
        with ThreadPoolExecutor() as pool:  # zlib and numpy let other threads run
            list(pool.map(decode, range(len(part.offsets))))
    except (struct.error, ValueError, IndexError, zlib.error) as error:
        raise DepthFileError("the EXR file is damaged or cut off: save it again") from error
    return _in_frame(plane, part)


def encode(channels: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return a ZIP-compressed 32-bit float file of channels that are float32 (H, W), top row first, bit for bit."""
    names = sorted(channels)  # the format demands this order
    height, width = channels[names[0]].shape
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    channel_list = b"".join(name.encode() + b"\0" + struct.pack("<iB3xii", 2, 0, 1, 1) for name in names) + b"\0"
    header = b"".join(
        (
            MAGIC + struct.pack("<I", 2),
            _attribute("channels", "chlist", channel_list),
            _attribute("compression", "compression", bytes([_COMPRESSIONS.index("ZIP")])),
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
    tops = range(0, height, _ROWS_A_CHUNK["ZIP"])

    def chunk(top: int) -> bytes:
        rows = np.stack([plane[top : top + _ROWS_A_CHUNK["ZIP"]] for plane in planes], axis=1)  # (rows, channel, W)
        packed = _pack(rows.reshape(-1).view(np.uint8))
        return struct.pack("<ii", top, len(packed)) + packed

    with ThreadPoolExecutor() as pool:  # zlib and numpy let other threads run
        chunks = list(pool.map(chunk, tops))
    first = len(header) + 8 * len(chunks)
    offsets = [*accumulate((len(chunk) for chunk in chunks), initial=first)][:-1]
    return b"".join((header, np.array(offsets, "<u8").tobytes(), *chunks))


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value


_Header = dict[str, tuple[str, bytes]]  # attribute's name -> (its type, its value)


def _headers(data: bytes, *, several: bool) -> tuple[list[_Header], int]:
    """Return each part's header, and the position after them."""
    headers: list[_Header] = []
    position = 8
    while True:
        header: _Header = {}
        while data[position] != 0:
            end = data.index(b"\0", position)
            value = data.index(b"\0", end + 1) + 5  # after the type and the value's size
            (size,) = struct.unpack_from("<i", data, value - 4)
            if size < 0 or value + size >= len(data):
                raise ValueError(f"an attribute of {size} bytes")
            header[data[position:end].decode()] = (data[end + 1 : value - 5].decode(), data[value : value + size])
            position = value + size
        position += 1
        if header:
            headers.append(header)
        if not header or not several:  # where there are several parts, an empty header ends the list
            return headers, position


def _part(header: _Header, version: int, data: bytes, position: int) -> tuple[Part, int]:
    """Return the part whose table of offsets starts at `position`, and the position after that table."""
    window, display = (struct.unpack("<4i", header[name][1]) for name in ("dataWindow", "displayWindow"))
    for width, height in (_size(window), _size(display)):
        if width < 1 or height < 1 or width * height > _MAX_PIXELS:
            raise DepthFileError(f"the EXR file claims {width} x {height} pixels: it is damaged or too large")
    channels, subsampled = _channels(header["channels"][1])
    number = header["compression"][1][0]
    compression = _COMPRESSIONS[number] if number < len(_COMPRESSIONS) else f"unknown compression {number}"
    obstacle = ""
    if version & _DEEP or header.get("type", ("", b""))[1].startswith(b"deep"):
        obstacle = "deep pixels"
    elif version & _TILED or "tiles" in header:
        obstacle = "tiles"
    elif compression not in _ROWS_A_CHUNK:
        obstacle = f"{compression} compression"
    elif subsampled:
        obstacle = "subsampled channels"
    if "chunkCount" in header:
        (count,) = struct.unpack("<i", header["chunkCount"][1])
    else:
        count = 0 if obstacle else -(-_size(window)[1] // _ROWS_A_CHUNK[compression])
    offsets = struct.unpack_from(f"<{count}Q", data, position)
    if max(offsets, default=0) >= len(data):
        raise ValueError("a chunk beyond the end")
    attributes = {name: _DECODERS[kind](value) for name, (kind, value) in header.items() if kind in _DECODERS}
    prefix = 4 if version & _MULTIPART else 0
    return Part(window, display, channels, compression, obstacle, attributes, offsets, prefix), position + 8 * count


_DECODERS: dict[str, Callable[[bytes], Attribute]] = {
    "string": lambda value: value.decode("utf-8", "replace"),
    "float": lambda value: float(struct.unpack("<f", value)[0]),
    "int": lambda value: float(struct.unpack("<i", value)[0]),
    "v2f": lambda value: struct.unpack("<2f", value),
}


def _channels(value: bytes) -> tuple[dict[str, np.dtype], bool]:
    """Return the channels in the file's order, and whether one has fewer samples than the picture has pixels."""
    channels, subsampled, position = {}, False, 0
    while value[position] != 0:
        end = value.index(b"\0", position)
        pixel_type, x_sampling, y_sampling = struct.unpack_from("<i4xii", value, end + 1)
        channels[value[position:end].decode()] = np.dtype(_PIXEL_TYPES[pixel_type])
        subsampled |= (x_sampling, y_sampling) != (1, 1)
        position = end + 17
    return channels, subsampled


def _size(box: tuple[int, int, int, int]) -> tuple[int, int]:
    x0, y0, x1, y1 = box
    return x1 - x0 + 1, y1 - y0 + 1


def _in_frame(plane: NDArray[np.float32], part: Part) -> NDArray[np.float32]:
    """Return the data window's pixels (h, w) in the display window (H, W), NaN around them."""
    if part.window == part.display:
        return plane
    width, height = _size(part.display)
    frame = np.full((height, width), np.nan, np.float32)
    left, top = part.window[0] - part.display[0], part.window[1] - part.display[1]
    seen = plane[max(0, -top) :, max(0, -left) :][: max(0, height - max(0, top)), : max(0, width - max(0, left))]
    frame[max(0, top) :, max(0, left) :][: seen.shape[0], : seen.shape[1]] = seen
    return frame


def _pack(raw: NDArray[np.uint8]) -> bytes:
    """Return bytes as ZIP stores them: even before odd ones, differences, zlib; unchanged where that is smaller."""
    halves = np.concatenate((raw[0::2], raw[1::2]))
    halves[1:] -= halves[:-1] - np.uint8(128)  # the right side is complete before the left is written
    packed = zlib.compress(halves.tobytes(), _LEVEL)
    return packed if len(packed) < raw.nbytes else raw.tobytes()


def _unpack(packed: bytes, compression: str, size: int) -> NDArray[np.uint8]:
    """Return the `size` bytes of a chunk. Raises ValueError or zlib.error where it does not hold them."""
    if compression == "none" or len(packed) == size:  # a chunk that does not shrink is stored as it is
        return np.frombuffer(packed, np.uint8, size)
    unpacked = _unpack_runs(packed, size) if compression == "RLE" else zlib.decompressobj().decompress(packed, size)
    halves = np.frombuffer(unpacked, np.uint8, size).copy()
    halves[1:] -= np.uint8(128)
    halves = np.cumsum(halves, dtype=np.uint8)
    raw = np.empty(size, np.uint8)
    middle = (size + 1) // 2
    raw[0::2], raw[1::2] = halves[:middle], halves[middle:]
    return raw


def _unpack_runs(packed: bytes, size: int) -> bytes:
    unpacked, position = bytearray(), 0
    while position < len(packed) and len(unpacked) <= size:
        count = packed[position]
        if count > 127:  # so many bytes as they are
            unpacked += packed[position + 1 : position + 257 - count]
            position += 257 - count
        else:  # one byte, repeated
            unpacked += packed[position + 1 : position + 2] * (count + 1)
            position += 2
    return bytes(unpacked[:size])
