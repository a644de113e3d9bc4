"""OpenImageIO, and what it says of a picture's file: whether it is whole, and how a camera was held. Knows no bpy.

Every Blender from blender.org brings its Python module. This is the one place that knows where it can be missing.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
_HEAD = 4096  # bytes; a JPEG begins with its EXIF, a HEIC or AVIF file names its kinds
_JPEG, _PNG, _TIFF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*")  # what each begins with
PLAIN = ("jpeg", "png")  # formats of photos, as OpenImageIO calls them, that everyone reads alike
_CUT = "its end is missing"
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
    head = _head(path)
    if _is_webp(head):  # whatever the file is called
        return _webp_orientation(path.read_bytes())
    if head.startswith(_JPEG) and b"Exif\0\0" in head and not _exif(head).startswith(_TIFF):
        return UPRIGHT  # damaged, and OpenImageIO would guess
    if spec is None:
        with opened(path) as file:
            spec = file.spec() if file else None
    return known(spec.get_int_attribute("Orientation", UPRIGHT)) if spec is not None else UPRIGHT


def format_name(path: Path) -> str:
    """Return what OpenImageIO calls the format of a file, by its content, or nothing."""
    with opened(path) as file:
        return file.format_name() if file else ""


def colours(path: Path) -> NDArray[np.uint8] | None:
    """Return the pixels of a JPEG or PNG file of 8 bits as it stores them, (H, W, 1 to 4); of any other file None.

    Alpha is straight. Blender's own loader gives the same numbers, as floats and in several times the time.
    """
    settings = oiio.ImageSpec() if oiio else None
    if settings is not None:
        settings.attribute("oiio:UnassociatedAlpha", 1)  # colours are not multiplied by alpha
    with opened(path, settings) as file:
        if file is None or file.format_name() not in PLAIN or file.spec().format != oiio.UINT8:
            return None
        stored: NDArray[np.uint8] | None = file.read_image(oiio.UINT8)
        return stored


def grey(path: Path) -> NDArray[np.uint8] | NDArray[np.uint16] | None:
    """Return the grey of a JPEG or PNG file, (H, W), in 8 or 16 bits as it is stored; None where it can't be read.

    Of a picture in colour, the luminance of Rec. 601, as Pillow takes it.
    """
    with opened(path) as file:
        if file is None or file.format_name() not in PLAIN:
            return None
        kind = oiio.UINT16 if file.spec().format == oiio.UINT16 else oiio.UINT8
        stored = file.read_image(kind)
    if stored is None:
        return None
    if stored.shape[2] < 3:
        first: NDArray[np.uint8] | NDArray[np.uint16] = stored[..., 0]
        return first
    luminance = stored[..., :3].astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
    return ((luminance + 0x8000) >> 16).astype(stored.dtype)


def damage(path: Path) -> str:
    """Return why a picture can't be read to its end, or nothing; what OpenImageIO doesn't know counts as whole.

    The picture is decoded for that.
    """
    head = _head(path)
    if head.startswith(b"GIF8"):  # OpenImageIO leaves it to Blender, which shows what there is
        return "" if path.read_bytes().rstrip(b"\0").endswith(b";") else _CUT
    with opened(path) as file:
        if file is None:
            is_known = oiio and (_is_webp(head) or head.startswith((_PNG, _JPEG, *_TIFF)))
            return "it can't be decoded" if is_known else ""  # Blender would show an empty picture
        try:
            whole = file.read_image(oiio.UNKNOWN) is not None
        except MemoryError:
            return "it claims more pixels than there is memory for"
        reason: str = file.geterror().partition("\n")[0]
    if whole and "extraneous bytes" in reason:  # what some cameras leave between JPEG's markers
        return "" if _has_end(path.read_bytes()) else _CUT
    return reason.partition(' ("')[0] if whole or reason else _CUT


def _has_end(jpeg: bytes) -> bool:
    """Return whether the marker of a JPEG's end follows its first scan; one before that belongs to a thumbnail."""
    place = 2
    while jpeg[place : place + 1] == b"\xff" and jpeg[place + 1 : place + 2] != b"\xda":
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4])
    return b"\xff\xd9" in jpeg[place:]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _exif(head: bytes) -> bytes:
    return head.partition(b"Exif\0\0")[2]


def foreign(path: Path) -> str:
    """Return how to convert a photo of a kind that Blender can't open, in words that follow its name, or nothing."""
    head = _head(path)[:64]
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
    if not tiff.startswith(_TIFF):
        return UPRIGHT
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
