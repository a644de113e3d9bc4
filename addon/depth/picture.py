"""OpenImageIO, and what it says of a picture's file: whether it is whole, and how a camera was held. Knows no bpy.

Every Blender from blender.org brings its Python module. This is the one place that knows where it can be missing.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...inference.orientation import UPRIGHT, known  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.paths import utf_8  # type: ignore[import-not-found]

try:
    import OpenImageIO as oiio  # noqa: N813  as its own documentation calls it
except ImportError:  # a distribution packed Blender without it
    oiio = None

MISSING = (
    "This Blender lacks OpenImageIO's Python module, which reads depth maps and the orientation of photos. Use Blender "
    "from blender.org, or install your distribution's python3-openimageio"
)
_HEAD = 64  # bytes; a HEIC or AVIF file names its kinds within
_ORIENTATION = 0x0112  # EXIF's tag


@contextmanager
def opened(path: Path, settings: Any = None) -> Iterator[Any]:
    """Open a picture for as long as the block lasts; None where OpenImageIO is missing or knows no such picture.

    settings: an `ImageSpec`. OpenImageIO takes names in UTF-8 alone.
    """
    with utf_8(path) as name:
        file = oiio.ImageInput.open(name, settings or oiio.ImageSpec()) if oiio else None
        if file is None and oiio:
            oiio.geterror()  # taken away, or it is printed when Blender ends
        try:
            yield file
        finally:
            if file is not None:
                file.close()


def orientation(path: Path, spec: Any = None) -> int:
    """Return how a photo lies in its file, 1 to 8 as EXIF numbers it; 1, upright, where the file doesn't say.

    spec: its header, where it has been opened already.
    """
    with path.open("rb") as stored:
        head = stored.read(_HEAD)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":  # whatever the file is called
            return _webp_orientation(head + stored.read())
    if spec is None:
        with opened(path) as file:
            spec = file.spec() if file else None
    return known(spec.get_int_attribute("Orientation", UPRIGHT)) if spec is not None else UPRIGHT


def damage(path: Path) -> str:
    """Return why a picture can't be read to its end, or nothing; what OpenImageIO doesn't know counts as whole.

    The picture is decoded for that.
    """
    with opened(path) as file:
        if file is None:
            return ""
        whole = file.read_image(oiio.UNKNOWN) is not None
        reason: str = file.geterror().partition("\n")[0]
    if whole and "extraneous bytes" in reason:  # what some cameras leave between JPEG's markers
        return ""
    return reason.partition(' ("')[0] if whole or reason else "its end is missing"


def foreign(path: Path) -> str:
    """Return how to convert a photo of a kind that Blender can't open, in words that follow its name, or nothing."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[4:8] != b"ftyp":
        return ""
    kind = "AVIF" if b"avif" in head or b"avis" in head else "HEIC"
    return (
        f"is {'an' if kind == 'AVIF' else 'a'} {kind} photo, which Blender can't open. Export it as JPEG: in Photos on "
        "a Mac, a phone or Windows, or in GIMP"
    )


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
                return known(value)
    except struct.error:  # no EXIF, or cut off: it says nothing
        return UPRIGHT
    return UPRIGHT
