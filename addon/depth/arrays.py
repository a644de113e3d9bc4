"""Array files -> the numbers in them: NPY, NPZ and PFM, of which each holds exactly as many as it says.

Whatever else a file holds is a ValueError whose text says what to do.
"""

import re
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]

_DEPTH_NAMES = ("disparity", "disp", "depth", "depth_map", "depthmap", "distance", "z")
_VALID_NAMES = ("valid", "validity")
_MOST = 2**31  # bytes of one array: more is a bomb, or no depth map
# What numpy and zipfile raise of a file that is no array file, or was one.
_DAMAGED = (
    ValueError,
    EOFError,
    SyntaxError,
    TypeError,
    KeyError,
    MemoryError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, eq=False)
class Named:
    """An array (H, W) or (H, W, C), top row first, which pixels of it count if the file says so, and what else it says.

    valid: (H, W), 0 where nothing is known, or None.
    """

    numbers: Numbers
    valid: Numbers | None = None
    name: str = ""
    said: Mapping[str, str | float] = field(default_factory=dict)


def read_npy(path: Path) -> Named:
    """Read one array, mapped into memory, so that a header can't claim more than there is."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGED as error:
        if "Python objects" in str(error) or "Object arrays" in str(error):
            raise ValueError(
                "it holds Python objects, which are not read. Save the depth alone, an array (H, W)"
            ) from error
        raise ValueError("the NPY file is empty, damaged or cut off. Save it again") from error
    if not isinstance(array, np.memmap):
        return read_npz(path)  # an archive of this name
    more = path.stat().st_size - array.offset - array.nbytes
    if more:
        raise ValueError(f"the NPY file is damaged ({more} bytes follow its numbers). Save it again")
    return Named(_flat(array))


def read_npz(path: Path) -> Named:
    """Read the depth of an archive: the array that is called so, or the only one (H, W)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if any(entry.file_size > _MOST for entry in archive.zip.infolist()):
                raise ValueError("an array in it is too large")
            arrays = {name: archive[name] for name in archive.files}
    except _DAMAGED as error:
        raise ValueError(f"the NPZ file is empty, damaged or not an archive ({error}). Save it again") from error
    maps = {name: flat for name, array in arrays.items() if _is_map(flat := _flat(array))}
    chosen = next((name for wanted in _DEPTH_NAMES for name in maps if name.lower() == wanted), None)
    if chosen is None and len(maps) == 1:
        chosen = next(iter(maps))
    if chosen is None:
        there = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "nothing"
        raise ValueError(f"none of its arrays is called depth ({there}). Save the depth alone, an array (H, W)")
    valid = next((_flat(arrays[name]) for name in arrays if name.lower() in _VALID_NAMES), None)
    if valid is not None and (valid.shape != maps[chosen].shape or valid.dtype.kind not in "biuf"):
        valid = None
    said = {name: array.item() for name, array in arrays.items() if array.shape == () and array.dtype.kind in "Uf"}
    return Named(maps[chosen], valid, chosen, said)


def _flat(array: Numbers) -> Numbers:
    """Return (H, W) where an array has one more axis of length 1."""
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        return array[0] if array.shape[0] == 1 else array[..., 0]
    return array


def _is_map(array: Numbers) -> bool:
    return array.ndim == 2 and min(array.shape) > 1 and array.dtype.kind in "fiu"


def read_pfm(path: Path) -> Named:
    """Read a portable float map, http://www.pauldebevec.com/Research/HDR/PFM/; its rows go upwards.

    OpenImageIO reads one that was written with CR LF behind its header a byte off.
    """
    data = path.read_bytes()
    header = re.match(rb"(P[Ff])\s+(\d{1,6})\s+(\d{1,6})\s+([-+.\deE]+)(\r?\n|\s)", data)
    if header is None:
        raise ValueError("this is not a PFM file, or it is damaged. Save it again")
    channels = 3 if header[1] == b"PF" else 1
    width, height = int(header[2]), int(header[3])
    count = channels * width * height
    start = len(data) - 4 * count
    if start not in (header.start(5) + 1, header.end(5)):  # CR may be the header's end, and LF the first number's
        size = f"{len(data)} bytes for {width} x {height} pixels"
        raise ValueError(f"the PFM file is damaged or cut off ({size}). Save it again")
    order = "<" if header[4].startswith(b"-") else ">"  # the sign of the scale says so
    values = np.frombuffer(data, f"{order}f4", count, start).reshape(height, width, channels)
    return Named(values[::-1] if channels == 3 else values[::-1, :, 0])
