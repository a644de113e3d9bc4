"""Picture and array files -> plain numbers, every bit of them. What the numbers mean is for `meaning` to say.

Pictures are read by OpenImageIO: Blender's own loader fills what is missing from a damaged file with black or grey and
does not tell, and knows few of the names that an EXR file gives to its channels.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...inference.orientation import upright  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.paths import unreadable  # type: ignore[import-not-found]
from ..errors import DepthFileError, first_line
from . import arrays
from .picture import MISSING, oiio, opened, orientation

# Of depth maps, the most exact format first.
SUFFIXES = (".exr", ".npy", ".npz", ".pfm", ".tif", ".tiff", ".png", ".hdr", ".bmp", ".webp", ".jpg", ".jpeg")

_ARRAYS = {".npy": arrays.read_npy, ".npz": arrays.read_npz, ".pfm": arrays.read_pfm}
_MAX_PIXELS = 2**28

Array = NDArray[np.float32]
Attribute = str | int | float | tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Samples:
    """The numbers in a file.

    values: float32 (H, W), top row first; integers as they are, such as 0 to 65535; NaN where an EXR has no pixels.
    alpha: float32 (H, W) in [0, 1], or None where the file has none, or nothing is transparent.
    bits: of integers, how many they have from 0 upwards: 8, 16, 32, or 15, 31 where they are signed; else None.
    channel: the name that the file gives to the values, or empty. attributes: what else it says.
    """

    values: Array
    alpha: Array | None = None
    bits: int | None = None
    channel: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def load(path: Path) -> Samples:
    """Read a depth map. Raises DepthFileError if it is missing, damaged, in colour, or of another format."""
    if problem := unreadable(path):
        raise DepthFileError(f"{path.name} {problem}")
    suffix = path.suffix.lower()
    try:
        if suffix in _ARRAYS:
            samples = _samples(_ARRAYS[suffix](path), is_colour=suffix == ".pfm")
        elif suffix in SUFFIXES:
            samples = _read_picture(path)
        else:
            raise DepthFileError("this is not a depth map. Choose a PNG, TIFF, EXR, NPY, NPZ or PFM")
    except OSError as error:
        raise DepthFileError(f"{path.name} can't be read ({first_line(error)}). Check the disk") from error
    except (DepthFileError, ValueError) as error:
        raise DepthFileError(f"{path.name}: {error}") from error
    if samples.values.size == 0:
        raise DepthFileError(f"{path.name} has no pixels. Save it again")
    return samples


def _samples(read: arrays.Named, *, is_colour: bool) -> Samples:
    numbers = read.numbers
    if is_colour and numbers.ndim == 3:
        numbers = _grey(np.moveaxis(numbers.astype(np.float32), -1, 0)) if numbers.size else numbers[..., 0]
    if numbers.ndim != 2 or numbers.dtype.kind not in "fiu":
        raise DepthFileError(f"it holds {numbers.dtype} {numbers.shape}, not one number a pixel. Save an array (H, W)")
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, hence invalid
        values = np.array(numbers, np.float32, order="C")
    alpha = None if read.valid is None else (read.valid != 0).astype(np.float32)
    return Samples(values, alpha, _bits(numbers.dtype), read.name, read.said)


def _bits(kind: np.dtype[Any]) -> int | None:
    return int(np.iinfo(kind).max).bit_length() if kind.kind in "iu" else None


def _read_picture(path: Path) -> Samples:
    if oiio is None:
        raise DepthFileError(MISSING)
    settings = oiio.ImageSpec()
    settings.attribute("oiio:UnassociatedAlpha", 1)  # colours are not multiplied by alpha
    with opened(path, settings) as file:
        if file is None:
            raise DepthFileError("the file is damaged, or not what its name says. Save it again")
        try:
            number, names = _depth_channels(_parts(file))
            file.seek_subimage(number, 0)
            spec = file.spec()
            _check(spec)
            planes = [_channel(file, spec, number, name) for name in names]
            alpha_name = f"{names[0].rpartition('.')[0]}.A".removeprefix(".")
            alphas = [_channel(file, spec, number, alpha_name)] if alpha_name in spec.channelnames else []
            attributes, is_exr = _attributes(spec), file.format_name() == "openexr"
        except (UnicodeDecodeError, MemoryError) as error:  # a channel's name, a size that was made up
            raise DepthFileError("the file is damaged. Save or copy it again") from error
    lies = orientation(path, spec)
    values, *alphas = (
        np.ascontiguousarray(upright(_in_frame(plane.astype(np.float32), spec), lies))
        for plane in (_grey(planes), *map(_opacity, alphas))
    )
    alpha = next((alpha for alpha in alphas if not alpha.min() >= 1.0), None)  # NaN where the file has no pixels
    return Samples(values, alpha, None if is_exr else _bits(planes[0].dtype), names[0], attributes)


def _parts(file: Any) -> list[list[str]]:
    """Return the channels of each part of an EXR file; other files have one, or their first page counts."""
    parts: list[list[str]] = []
    while file.seek_subimage(len(parts), 0):
        parts.append(list(file.spec().channelnames))
        if file.format_name() != "openexr":
            break
    return parts


def _attributes(spec: Any) -> dict[str, Attribute]:
    """Return what the file says besides its pixels, without texts that are not UTF-8."""
    said = {}
    for attribute in spec.extra_attribs:
        try:
            said[attribute.name] = attribute.value
        except UnicodeDecodeError:
            continue
    return said


def _check(spec: Any) -> None:
    """Raise DepthFileError for pixels that can't be one number each, or are too many."""
    for width, height in ((spec.width, spec.height), (spec.full_width, spec.full_height)):
        if width < 1 or height < 1 or width * height > _MAX_PIXELS:
            raise DepthFileError(f"the file claims {width} x {height} pixels. It is damaged or too large")
    if spec.deep:
        raise DepthFileError("the EXR file has deep pixels. Flatten it")


def _channel(file: Any, spec: Any, number: int, name: str) -> NDArray[Any]:
    """Return a channel (h, w) of the data window as its file stores it. Raises DepthFileError where that loses bits."""
    place = spec.channelnames.index(name)
    kind = spec.channelformat(place)
    size = spec.get_int_attribute("oiio:BitsPerSample", 8)
    if file.format_name() != "openexr" and size not in (8, 16, 32, 64):
        raise DepthFileError("these numbers would lose bits. Save them as 16-bit integers or 32-bit floats")
    plane = file.read_image(number, 0, place, place + 1, kind)
    if plane is None or file.has_error:
        file.geterror()
        raise DepthFileError("the file is damaged or cut off. Save or copy it again")
    return plane[..., 0]


def _opacity(alpha: NDArray[Any]) -> NDArray[Any]:
    """Return alpha in 0 to 1, of integers or floats."""
    return alpha / np.iinfo(alpha.dtype).max if alpha.dtype.kind in "iu" else alpha


def _in_frame(plane: Array, spec: Any) -> Array:
    """Return the data window's pixels (h, w) in the display window (H, W), NaN around them."""
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    if (left, top, spec.width, spec.height) == (0, 0, spec.full_width, spec.full_height):
        return plane
    width, height = spec.full_width, spec.full_height
    frame = np.full((height, width), np.nan, np.float32)
    seen = plane[max(0, -top) :, max(0, -left) :][: max(0, height - max(0, top)), : max(0, width - max(0, left))]
    frame[max(0, top) :, max(0, left) :][: seen.shape[0], : seen.shape[1]] = seen
    return frame


def _depth_channels(parts: list[list[str]]) -> tuple[int, list[str]]:
    """Return where the depth is: the part, and one channel, or the three of a grey picture. Raises DepthFileError.

    A channel named disparity, depth or Z goes first; then the only one there is, or outside of any layer; then red,
    green and blue.
    """
    lone, colours = [], []
    for number, names in enumerate(parts):
        layers: dict[str, list[str]] = {}
        for name in names:
            layer, _, leaf = name.rpartition(".")
            if leaf.upper() not in ("A", "ALPHA"):
                layers.setdefault(layer, []).append(leaf)
        for layer, leaves in layers.items():
            prefix = f"{layer}." if layer else ""
            vector = {"x", "y"} & {leaf.lower() for leaf in leaves} and len(leaves) > 1  # a normal has a Z, too
            lone += [
                (number, prefix + leaf)
                for leaf in leaves
                if len(leaves) == 1 or (leaf.lower() in ("z", "depth", "disparity") and not vector)
            ]
            if {"R", "G", "B"} <= set(leaves):
                colours.append((number, [prefix + leaf for leaf in "RGB"]))
    for wanted in (r"disp", r"depth|(^|\.)z$"):
        for number, name in lone:
            if re.search(wanted, name.lower()) and not re.search(r"denois|mist", name.lower()):
                return number, [name]
    for alone in (lone, [(number, name) for number, name in lone if "." not in name]):
        if len(alone) == 1:
            return alone[0][0], [alone[0][1]]
    if len(colours) == 1 and not lone:
        return colours[0]
    everything = ", ".join(name for names in parts for name in names)
    raise DepthFileError(f"none of its channels is named Z or depth ({everything}). Save the depth alone")


def _grey(planes: Sequence[NDArray[Any]] | NDArray[Any]) -> NDArray[Any]:
    """Return the one channel of (C, H, W), which a grey picture has three times. Raises DepthFileError for colours."""
    if len(planes) == 1:
        return planes[0]
    colour = np.asarray(planes)
    low, high = colour.min(axis=0).astype(np.float64), colour.max(axis=0).astype(np.float64)
    top = np.iinfo(colour.dtype).max if colour.dtype.kind in "iu" else 1.0
    with np.errstate(invalid="ignore"):  # what JPEG leaves behind is less
        coloured = high - low > 0.02 * max(top, float(np.nanmax(np.abs(high), initial=0.0)))
    if coloured.mean() > 0.01:
        raise DepthFileError("this is a colour picture. Choose the depth map in grey, not a coloured preview of it")
    return colour[0]
