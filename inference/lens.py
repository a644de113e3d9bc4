"""The focal length that a photo's EXIF data states."""

import math
import os

from PIL import ExifTags, Image

from .depth import SENSOR

_DIAGONAL = math.hypot(36.0, 24.0)  # of the film that a 35 mm equivalent is one of


def focal_length(path: str | os.PathLike[str]) -> float | None:
    """Return the focal length in millimetres, of a sensor whose longer side is 36 mm; None where the photo says none.

    The 35 mm equivalent of EXIF 2.32 (tag 0xA405) compares diagonals. Without it, the focal length and the pixels in
    the focal plane (0x920A, 0xA20E, 0xA210) say the same, where the photo has the size that the camera gave it.
    """
    try:
        with Image.open(path) as image:
            longer, shorter = max(image.size), min(image.size)
            exif = image.getexif().get_ifd(ExifTags.IFD.Exif)
        equivalent = float(exif.get(ExifTags.Base.FocalLengthIn35mmFilm, 0) or 0)
        if equivalent > 0.0:
            return equivalent * SENSOR / _DIAGONAL * math.hypot(1.0, shorter / longer)
        return _from_focal_plane(exif, longer)
    except (OSError, ValueError, TypeError, LookupError, SyntaxError, ArithmeticError):  # what damaged EXIF data raises
        return None


def _from_focal_plane(exif: dict[int, object], longer: int) -> float | None:
    millimetres = float(exif.get(ExifTags.Base.FocalLength, 0) or 0)  # type: ignore[arg-type]  # a rational
    density = float(exif.get(ExifTags.Base.FocalPlaneXResolution, 0) or 0)  # type: ignore[arg-type]
    unit = {2: 25.4, 3: 10.0, 4: 1.0}.get(int(exif.get(ExifTags.Base.FocalPlaneResolutionUnit, 2)))  # type: ignore[call-overload]
    taken = max(int(exif.get(tag, 0) or 0) for tag in (0xA002, 0xA003))  # type: ignore[call-overload]  # its pixels then
    if millimetres <= 0.0 or density <= 0.0 or unit is None or taken != longer:
        return None
    return millimetres * SENSOR / (longer * unit / density)
