"""OpenImageIO, and what it says of a picture's file: whether it is whole, and how a camera was held. Knows no bpy.

Every Blender from blender.org brings its Python module. This is the one place that knows where it can be missing.
"""

import struct
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

try:
    import OpenImageIO as oiio  # noqa: N813  as its own documentation calls it
except ImportError:  # a distribution packed Blender without it
    oiio = None

MISSING = (
    "This Blender lacks OpenImageIO's Python module, which reads depth maps and how a photo lies: use Blender from "
    "blender.org, or install your distribution's python3-openimageio"
)
UPRIGHT = 1  # of EXIF's orientations
_ORIENTATION = 0x0112  # EXIF 2.32 (CIPA DC-008)


def orientation(path: Path) -> int:
    """Return how a photo is stored, 1 to 8 as EXIF numbers it; 1, upright, where the file doesn't say."""
    if path.suffix.lower() == ".webp":
        return _webp_orientation(path.read_bytes())
    file = oiio.ImageInput.open(str(path)) if oiio else None
    if file is None:
        return UPRIGHT
    said = file.spec().get_int_attribute("Orientation", UPRIGHT)
    file.close()
    return said if 1 <= said <= 8 else UPRIGHT


def damage(path: Path) -> str:
    """Return why a picture can't be read to its end, or nothing; what OpenImageIO doesn't know counts as whole.

    The picture is decoded for that.
    """
    file = oiio.ImageInput.open(str(path)) if oiio else None
    if file is None:
        return ""
    whole = file.read_image(oiio.UNKNOWN) is not None
    reason: str = file.geterror().partition("\n")[0]
    file.close()
    if whole and "extraneous bytes" in reason:  # what some cameras leave between JPEG's markers
        return ""
    return reason.partition(' ("')[0] if whole or reason else "its end is missing"


def upright(stored: NDArray[Any], lies: int) -> NDArray[Any]:
    """Return a picture (H, W, ...) upright, top row first, that a file of this orientation stores; a view."""
    if lies >= 5:  # rows are columns
        stored = stored.swapaxes(0, 1)
    if lies in (3, 4, 7, 8):
        stored = stored[::-1]
    return stored[:, ::-1] if lies in (2, 3, 6, 7) else stored


def _webp_orientation(data: bytes) -> int:
    """Return the orientation in a WebP file's EXIF chunk, which OpenImageIO leaves aside.

    Source: the container's specification, https://developers.google.com/speed/webp/docs/riff_container; TIFF 6.0.
    """
    start = data.find(b"EXIF", 12)
    tiff = data[start + 8 :].removeprefix(b"Exif\0\0") if start > 0 else b""
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, _kind, _number, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:  # no EXIF, or cut off: it says nothing
        return UPRIGHT
    return UPRIGHT
