"""PNG, TIFF, EXR, NPY and PFM files -> plain numbers, every bit of them. What they mean is for `meaning` to say.

Blender's own loader decodes PNG and TIFF: it keeps 16-bit integers and 32-bit floats exactly, but fills what is missing
from a damaged file with black and does not tell. So the files' frames are checked here first.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import DepthFileError, DepthImageError
from . import exr, image


@dataclass(frozen=True, eq=False)
class Samples:
    """The numbers in a file.

    values: float32 (H, W), top row first; integers as they are, 0 to 255 or 65535.
    alpha: float32 (H, W) in [0, 1], or None. bits: 8 or 16 where the file holds integers of that size, else None.
    channel: the name that the file gives to the values, or empty. attributes: what else it says.
    """

    values: NDArray[np.float32]
    alpha: NDArray[np.float32] | None = None
    bits: int | None = None
    channel: str = ""
    attributes: Mapping[str, exr.Attribute] = field(default_factory=dict)


def load(path: Path) -> Samples:
    """Read a file by its suffix. Raises DepthFileError if it is missing, damaged, in colour, or of another format."""
    if not path.is_file():
        raise DepthFileError(f"{path.name} is no file: check the path")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DepthFileError(f"{path.name} is no depth file: choose a PNG, TIFF, EXR, NPY or PFM")
    try:
        samples = reader(path)
    except OSError as error:
        raise DepthFileError(f"{path.name} can't be read ({error.strerror or error}): check its permissions") from error
    except DepthFileError as error:
        raise DepthFileError(f"{path.name}: {error}") from error
    if samples.values.size == 0:
        raise DepthFileError(f"{path.name} holds no pixels: save it again")
    return samples


def _read_png(path: Path) -> Samples:
    attributes, header = {}, b""
    for kind, body in _png_chunks(path.read_bytes()):
        if kind == b"IHDR":
            header = body
        elif kind == b"tEXt":
            name, _, text = body.partition(b"\0")
            attributes[name.decode("latin-1")] = text.decode("latin-1")
    bits = 16 if header[8] == 16 else 8  # Blender spreads fewer bits over eight
    return _with_blender(path, bits, attributes)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and body of each chunk. Raises DepthFileError for a broken or missing one."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise DepthFileError("this is no PNG file: choose the depth map itself")
    position, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", data[position : position + 8].ljust(8, b"\0"))
        body = data[position + 8 : position + 8 + length]
        position += length + 12
        if position > len(data) or zlib.crc32(kind + body) != int.from_bytes(data[position - 4 : position], "big"):
            raise DepthFileError("the PNG file is damaged or cut off: save or copy it again")
        yield kind, body


def _read_tiff(path: Path) -> Samples:
    data = path.read_bytes()
    try:
        tags = _tiff_tags(data)
        # Offsets and sizes of the strips, or of the tiles
        starts, sizes = (tags[273], tags[279]) if 273 in tags else (tags[324], tags[325])
        bits, layout = tags.get(258, (1,))[0], tags.get(339, (1,))[0]  # layout: 1 unsigned, 2 signed, 3 float
    except (struct.error, KeyError, IndexError) as error:
        raise DepthFileError("this is no TIFF file, or it is damaged: save it again") from error
    if any(start + size > len(data) for start, size in zip(starts, sizes, strict=True)):
        raise DepthFileError("the TIFF file is cut off: save or copy it again")
    if (bits, layout) not in {(8, 1), (16, 1), (16, 3), (32, 3), (64, 3)}:
        raise DepthFileError("these TIFF numbers would lose bits: save them as 16-bit integers or 32-bit floats")
    return _with_blender(path, bits if layout == 1 else None, {})


def _tiff_tags(data: bytes) -> dict[int, tuple[int, ...]]:
    """Return the whole-number tags of the first picture."""
    order = {b"II*\0": "<", b"MM\0*": ">"}[data[:4]]
    (directory,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, directory)
    tags = {}
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, entry)
        if kind in (3, 4):  # SHORT and LONG
            item = "H" if kind == 3 else "I"
            inline = length * struct.calcsize(item) <= 4
            place = entry + 8 if inline else struct.unpack_from(f"{order}I", data, entry + 8)[0]
            tags[tag] = struct.unpack_from(f"{order}{length}{item}", data, place)
    return tags


def _with_blender(path: Path, bits: int | None, attributes: Mapping[str, exr.Attribute]) -> Samples:
    """Have Blender decode a file, without colour management and without multiplying by alpha."""
    loaded = bpy.data.images.load(str(path), check_existing=False)
    try:
        loaded.colorspace_settings.is_data = True
        loaded.alpha_mode = "CHANNEL_PACKED"
        pixels = image.pixels(loaded)  # (H, W, C)
    except DepthImageError as error:
        raise DepthFileError("Blender can't decode it: open it in another program and save it again") from error
    finally:
        bpy.data.images.remove(loaded)
    values = _grey(np.moveaxis(pixels[..., :3], -1, 0))
    if bits is not None:
        values = np.rint(values * np.float32(2**bits - 1))
    alpha = pixels[..., 3].copy() if pixels.shape[2] == 4 and pixels[..., 3].min() < 1.0 else None
    return Samples(np.ascontiguousarray(values), alpha, bits, "", attributes)


def _grey(colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the one channel that a grey picture (C, H, W) has three times. Raises DepthFileError for colours."""
    low, high = colour.min(axis=0), colour.max(axis=0)
    with np.errstate(invalid="ignore"):
        coloured = high - low > 0.02 * max(
            1.0, float(np.nanmax(np.abs(high), initial=0.0))
        )  # what JPEG leaves behind is less
    if coloured.mean() > 0.01:
        raise DepthFileError("this is a colour picture: choose the depth map in grey, not a coloured preview of it")
    return colour[0]


def _read_exr(path: Path) -> Samples:
    data = path.read_bytes()
    part, names = _depth_channels(exr.read_parts(data))
    if part.obstacle and set(names) <= {"R", "G", "B", "Y"}:  # Blender knows every compression, but only these names
        samples = _with_blender(path, None, part.attributes)
        return Samples(samples.values, samples.alpha, None, names[0], part.attributes)
    planes = [exr.read_channel(data, part, name) for name in names]
    values = planes[0] if len(planes) == 1 else _grey(np.stack(planes))
    layer = names[0].rpartition(".")[0]
    alpha_name = f"{layer}.A" if layer else "A"
    alpha = exr.read_channel(data, part, alpha_name) if alpha_name in part.channels else None
    return Samples(values, alpha, None, names[0], part.attributes)


def _depth_channels(parts: tuple[exr.Part, ...]) -> tuple[exr.Part, list[str]]:
    """Return where the depth is: one channel, or the three of a grey picture. Raises DepthFileError in doubt.

    A channel named disparity, depth or Z goes first; then the only one there is; then red, green and blue.
    """
    lone, colours, everything = [], [], []
    for part in parts:
        layers: dict[str, list[str]] = {}
        for name in part.channels:
            layer, _, leaf = name.rpartition(".")
            everything.append(name)
            if leaf.upper() not in ("A", "ALPHA"):
                layers.setdefault(layer, []).append(leaf)
        for layer, leaves in layers.items():
            prefix = f"{layer}." if layer else ""
            vector = {"x", "y"} & {leaf.lower() for leaf in leaves} and len(leaves) > 1  # a normal has a Z, too
            lone += [
                (part, prefix + leaf)
                for leaf in leaves
                if len(leaves) == 1 or (leaf.lower() in ("z", "depth", "disparity") and not vector)
            ]
            if {"R", "G", "B"} <= set(leaves):
                colours.append((part, [prefix + leaf for leaf in "RGB"]))
    for wanted in (r"disp", r"depth|(^|\.)z$"):
        for part, name in lone:
            if re.search(wanted, name.lower()) and not re.search(r"denois|mist", name.lower()):
                return part, [name]
    if len(lone) == 1:
        return lone[0][0], [lone[0][1]]
    if len(colours) == 1 and not lone:
        return colours[0]
    raise DepthFileError(f"none of its channels is named Z or depth ({', '.join(everything)}): save the depth alone")


def _read_npy(path: Path) -> Samples:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)  # mapped: a header can't claim more than there is
    except (ValueError, EOFError, SyntaxError) as error:
        raise DepthFileError("the NPY file is empty, damaged or cut off: save it again") from error
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise DepthFileError(f"it holds {array.dtype} {array.shape}, not one number a pixel: save an array (H, W)")
    bits = {"uint8": 8, "uint16": 16}.get(array.dtype.name)
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, hence invalid
        return Samples(np.array(array, np.float32, order="C"), bits=bits)


def _read_pfm(path: Path) -> Samples:
    """Read a portable float map, http://www.pauldebevec.com/Research/HDR/PFM/; its rows go upwards."""
    data = path.read_bytes()
    header = re.match(rb"(P[Ff])\s+(\d{1,6})\s+(\d{1,6})\s+([-+.\deE]+)\s", data)
    if header is None:
        raise DepthFileError("this is no PFM file, or it is damaged: save it again")
    channels = 3 if header[1] == b"PF" else 1
    width, height = int(header[2]), int(header[3])
    count = channels * width * height
    if len(data) - header.end() < 4 * count:
        raise DepthFileError("the PFM file is cut off: save or copy it again")
    order = "<" if header[4].startswith(b"-") else ">"  # the sign of the scale says so
    values = np.frombuffer(data, f"{order}f4", count, header.end()).reshape(height, width, channels)
    colour = np.moveaxis(values[::-1].astype(np.float32), -1, 0)  # (C, H, W)
    return Samples(np.ascontiguousarray(_grey(colour) if colour.size else colour[0]))


_READERS: dict[str, Callable[[Path], Samples]] = {
    ".png": _read_png,
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".exr": _read_exr,
    ".npy": _read_npy,
    ".pfm": _read_pfm,
}
