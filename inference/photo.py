"""Photos of every kind to RGB: what Pillow reads, upright, in sRGB, with transparency kept as validity."""

import logging
import os
import re
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from .colour import foreign_profile, to_srgb
from .errors import PhotoError, first_line
from .first_picture import RAW, not_the_photo
from .lens import focal_length
from .orientation import UPRIGHT, known
from .paths import unreadable
from .picture import Photo, Samples, Validity

log = logging.getLogger(__name__)

MAX_PIXELS = 250_000_000  # 750 MB of RGB; the largest phone cameras take 200 million
# What a folder is searched for; a file that is named itself may be called anything.
PHOTO_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".bmp", ".gif", ".ppm", ".pgm")
)

# How Pillow unpacks 16-bit colour, which it keeps to the high bytes, and what unpacks the low bytes of the same data:
# the other byte order. Grey with alpha has no such twin; its four bytes are taken as the four bytes of RGBA.
_LOW_BYTES = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B" if np.little_endian else "RGB;16L",
    "RGBA;16B": "RGBA;16L",
    "RGBA;16L": "RGBA;16B",
    "RGBA;16N": "RGBA;16B" if np.little_endian else "RGBA;16L",
    "LA;16B": "RGBA",
}
# PNG names the transparent grey in the file's own bit depth; Pillow looks for it among 8-bit samples.
_GREY_STEP = {"1": 255, "L;2": 85, "L;4": 17}

_RAW_SUFFIXES = frozenset(
    (".dng", ".nef", ".nrw", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".3fr", ".iiq", ".x3f")
)
_STDERR = threading.Lock()
_LIBTIFF = re.compile(rb"[^:]*(tif|decode|jpeg|fax|lzw|zip|logluv|pixarlog)[^:]*: ", re.IGNORECASE)

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def read_photo(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read a picture file; what it is follows from its content, not from its name.

    Upright by its EXIF orientation, in sRGB by its ICC profile (which takes it to 8 bits a channel), first frame of an
    animation. Grey numbers without a stated white (float and 32-bit integer) are scaled by their own range unless they
    lie in 0 to 1. More than `max_pixels`, or anything that cannot be decoded in full, raises `PhotoError`.
    """
    path = Path(path)
    _check_file(path)
    # Pillow has one limit for the whole process and refuses at twice its value: keep it out of the way of ours.
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, max_pixels)
    try:
        return _read(path, max_pixels)
    except PhotoError:
        raise
    except UnidentifiedImageError as error:
        if path.suffix.lower() in _RAW_SUFFIXES:
            raise PhotoError(f"{path} {RAW}") from error
        raise PhotoError(f"{path} is not a picture of a known kind, or is damaged. Save it as PNG or JPEG") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(f"{path} has {_limit(max_pixels)}") from error
    except MemoryError as error:
        raise PhotoError(f"{path} does not fit into memory. Scale the picture down") from error
    except OSError as error:
        if error.errno is None:  # Pillow's own
            raise PhotoError(f"{path} {_damaged(error)}") from error
        raise PhotoError(f"{path} can't be read ({first_line(error)}). Check its permissions and its disk") from error
    except Exception as error:  # Pillow's decoders raise whatever they stumble over in a damaged file
        raise PhotoError(f"{path} {_damaged(error)}") from error


def _check_file(path: Path) -> None:
    if problem := unreadable(path):
        raise PhotoError(f"{path} {problem}")
    if path.stat().st_size == 0:
        raise PhotoError(f"{path} is empty. Copy or export the photo again")


def _read(path: Path, max_pixels: int) -> Photo:
    _prepare_heif(path)
    with Image.open(path) as image:
        if image.width * image.height > max_pixels:
            raise PhotoError(f"{path} has {image.width} x {image.height} pixels, {_limit(max_pixels)}")
        if image.format == "EPS":  # Pillow would start Ghostscript on it
            raise PhotoError(f"{path} is a drawing, not a photo. Save it as PNG or JPEG")
        if problem := not_the_photo(path):
            raise PhotoError(f"{path} {problem}")
        if image.format == "PPM":
            _skip_line_feed(image, path)
        raw_mode = _raw_mode(image)
        orientation = _load(image)
    profile = foreign_profile(image)
    if raw_mode in _LOW_BYTES and profile is None:
        colour, validity = _deep_colour(image, path, raw_mode)
    elif image.mode in ("I", "F") or image.mode.startswith("I;16"):
        colour, validity = _grey_numbers(image)
    else:
        colour, validity = _eight_bit(image, raw_mode, profile)
    if colour.ndim == 2:
        colour = np.repeat(colour[:, :, None], 3, axis=2)  # (H, W) -> (H, W, 3)
    if colour.dtype == np.uint16:
        colour = colour.astype(np.float32) / np.float32(65535)
    if validity is not None and (validity == 1.0).all():
        validity = None
    return Photo(colour, validity, orientation, focal_length(path))


def _limit(max_pixels: int) -> str:
    limit = f"more than the limit of {max_pixels / 1e6:g} megapixels"
    return f"{limit}. Scale it down, or raise --max-megapixels on the command line"


def _damaged(error: Exception) -> str:
    return f"is damaged or unsupported ({first_line(error)}). Save it as PNG or JPEG"


# --- Opening and decoding -----------------------------------------------------------------------------------------


def _raw_mode(image: Image.Image) -> str:
    """Return how the decoder is going to unpack the samples ("RGB;16B", "L;4"), or "" where it does not say."""
    tiles = getattr(image, "tile", None)
    if not tiles:
        return ""
    args = tiles[0].args
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""  # some formats give numbers of their own


def _skip_line_feed(image: ImageFile.ImageFile, path: Path) -> None:
    """Begin a byte later with the pixels of a portable map whose header ends in CR LF, which its size gives away.

    Pillow takes the CR for the one byte between header and pixels.
    """
    if not image.tile or not image.tile[0].offset:
        return
    start = image.tile[0].offset
    with path.open("rb") as file:
        file.seek(start - 1)
        between = file.read(2)
    samples = image.width * image.height * len(image.getbands())
    sizes = {samples, 2 * samples, 4 * samples, (image.width + 7) // 8 * image.height}
    if between == b"\r\n" and path.stat().st_size - start - 1 in sizes:
        image.tile = [tile._replace(offset=start + 1) for tile in image.tile]


def _load(image: Image.Image) -> int:
    """Decode the pixels and turn them upright, in place; return the orientation that they had.

    Pillow turns some kinds by itself while it decodes them (TIFF), and finds the orientation of others only then (PNG).
    """
    before = _orientation(image)
    with _overheard(image.format == "TIFF"):
        image.load()
    after = _orientation(image)
    if after != UPRIGHT:
        ImageOps.exif_transpose(image, in_place=True)
    return before if after == UPRIGHT else after


def _orientation(image: Image.Image) -> int:
    try:
        return known(int(image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)))
    except (ValueError, TypeError, LookupError, SyntaxError, OSError, struct.error) as error:
        log.info("orientation unknown, EXIF data cannot be read: %s", error)
        return UPRIGHT


@contextmanager
def _overheard(is_tiff: bool) -> Iterator[None]:
    """Take libtiff's own words, which Pillow raises as errors too, from the process's stderr into the log.

    What others say meanwhile, in threads of their own, is said again.
    """
    if not is_tiff or (kept := _copy_of_stderr()) is None:
        yield
        return
    with _STDERR, _for_words() as words:
        os.dup2(words.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            words.seek(0)
            for line in words:
                if _LIBTIFF.match(line):
                    log.info("%s", line.decode(errors="replace").rstrip())
                else:
                    os.write(2, line)


def _for_words() -> BinaryIO:
    """Open a temporary file; where there is no place for one, the null device."""
    try:
        return cast(BinaryIO, tempfile.TemporaryFile())
    except OSError:
        return open(os.devnull, "r+b")


def _copy_of_stderr() -> int | None:
    try:
        return os.dup(2)
    except OSError:  # a program without a console has none
        return None


def _load_low_bytes(path: Path, raw_mode: str) -> Image.Image:
    with Image.open(path) as image:
        args = image.tile[0].args
        args = (raw_mode, *args[1:]) if isinstance(args, tuple) else raw_mode
        image.tile = [tile._replace(args=args) for tile in image.tile]
        _load(image)
        return image


def _prepare_heif(path: Path) -> None:
    """Teach Pillow HEIC where `path` is one: its decoder comes in a package of its own."""
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] != b"ftyp" or head[8:12] not in _HEIF_BRANDS or b"avif" in head:
        return
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise PhotoError(f"{path} is a HEIC photo. Install pillow-heif to read it, or save it as JPEG") from error
    register_heif_opener()


# --- Samples ------------------------------------------------------------------------------------------------------


def _eight_bit(image: Image.Image, raw_mode: str, profile: ImageCms.ImageCmsProfile | None) -> tuple[Samples, Validity]:
    """Return uint8 (H, W, 3) in sRGB and the alpha of an image with at most 8 bits a channel."""
    validity = None
    if image.has_transparency_data:
        if raw_mode in _GREY_STEP and "transparency" in image.info:
            image.info["transparency"] *= _GREY_STEP[raw_mode]
        with_alpha = image.convert("RGBA")
        validity = np.asarray(with_alpha.getchannel("A"), dtype=np.float32) / np.float32(255)
        image = image.getchannel("L") if image.mode == "LA" else with_alpha.convert("RGB")
    return np.asarray(to_srgb(image, profile)), validity


def _deep_colour(image: Image.Image, path: Path, raw_mode: str) -> tuple[Samples, Validity]:
    """Return uint16 (H, W, 3), or (H, W) for grey, and the alpha of a file with 16 bits a channel."""
    low = np.asarray(_load_low_bytes(path, _LOW_BYTES[raw_mode])).astype(np.uint16)
    if raw_mode == "LA;16B":
        grey, alpha = np.moveaxis(low[..., 0::2] << 8 | low[..., 1::2], 2, 0)  # (H, W, 4) bytes -> 2 of (H, W)
        return grey, alpha.astype(np.float32) / np.float32(65535)
    joined = np.asarray(image).astype(np.uint16) << 8 | low  # (H, W, 3 or 4)
    colour = joined[..., :3]
    if joined.shape[2] == 4:
        return colour, joined[..., 3].astype(np.float32) / np.float32(65535)
    return colour, _unlike(colour, image.info.get("transparency"))


def _grey_numbers(image: Image.Image) -> tuple[Samples, Validity]:
    """Return grey (H, W) and its validity: uint16 as stored, wider numbers as float32 in 0 to 1."""
    numbers = np.asarray(image)
    if image.mode.startswith("I;16"):
        return numbers.astype(np.uint16), _unlike(numbers, image.info.get("transparency"))
    if image.mode == "I" and numbers.min() >= 0 and numbers.max() <= 65535:  # what Pillow makes of 16-bit PGM
        return numbers.astype(np.uint16), None
    finite = np.isfinite(numbers)
    if not finite.any():
        raise ValueError("no pixel holds a finite number")
    low, high = float(numbers[finite].min()), float(numbers[finite].max())
    if low < 0.0 or high > 1.0:
        numbers = (numbers.astype(np.float64) - low) / max(high - low, np.finfo(np.float64).tiny)
    return np.where(finite, numbers, 0.0).astype(np.float32), finite.astype(np.float32)


def _unlike(samples: Samples, key: int | tuple[int, ...] | None) -> Validity:
    """Return 1 where the samples differ from the one transparent colour that PNG can name; None where it names none."""
    if key is None:
        return None
    unlike = np.atleast_3d(samples != np.asarray(key))  # (H, W, 1 or 3)
    return np.asarray(unlike.any(axis=2), dtype=np.float32)
