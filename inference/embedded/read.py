"""The depth that a photo brings, from its file to numbers."""

import io
import logging
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import orientation
from ..catalog import Kind
from ..depth import USUAL_LENS, along_axis
from ..errors import EmbeddedDepthError, PhotoError, first_line
from ..picture import Photo
from ..steps import smooth_steps
from . import find
from .embedded import Embedded, Map
from .stored import BrokenDepthError, Decoded, Law, Stored

if TYPE_CHECKING:
    from PIL import Image

# Pillow is imported where it is used: Blender's own Python has none, and is given what is decoded.

log = logging.getLogger(__name__)

MOST_PIXELS = 16_000_000  # of a depth map: many times what phones store
_LEAST = np.float32(1e-3)  # 1 / metres: what is farther than a kilometre is taken to be that far
_ASPECT = 0.03  # by how much the shapes of a small map and of its photo may differ


def read(path: str | os.PathLike[str], photo: Photo, decoded: Decoded | None = None) -> Embedded | None:
    """Return the depth that a photo's file brings; None where it brings none.

    photo: what `read_photo` made of the same file: the depth is turned as it was, and has its shape. decoded: its
    pictures, where somebody else decoded them. Raises
    `EmbeddedDepthError` where the file announces depth that is cut off, damaged, too large, or of another shape.
    """
    path = Path(path)
    stored = find.stored(path)
    if stored is None:
        return None
    try:
        return _embedded(stored, photo, decoded or _decoded(path, stored, photo))
    except BrokenDepthError as error:
        raise EmbeddedDepthError(f"The depth in {path} {error}. {find.WAY_OUT}") from error
    except Exception as error:  # Pillow and libheif raise whatever they stumble over in a damaged picture
        said = f"The depth in {path} is damaged ({first_line(error)})"
        raise EmbeddedDepthError(f"{said}. {find.WAY_OUT}") from error


def required(path: str | os.PathLike[str], photo: Photo, decoded: Decoded | None = None) -> Embedded:
    """Return the depth that a photo's file brings, as `read` does; raise `EmbeddedDepthError` where it brings none."""
    found = read(path, photo, decoded)
    if found is None:
        raise EmbeddedDepthError(f"{path} brings no depth of its own. Have its depth estimated")
    return found


def brought(
    path: str | os.PathLike[str], photo: Photo, *, metric: bool, decoded: Decoded | None = None
) -> tuple[Photo, Embedded]:
    """Return the depth as `required` does, and the photo before its background was blurred where the file brings that.

    Both photos have one size, and lie alike; a sharp one of another size is left in the file, and so is one where
    somebody else decoded the depth. metric: depth without a unit won't do; that is an `EmbeddedDepthError` too.
    """
    own = required(path, photo, decoded)
    if metric:
        try:
            own.check_metric()
        except EmbeddedDepthError as error:
            raise EmbeddedDepthError(f"{path}: {error}") from error
    if not own.sharp or decoded is not None:
        return photo, own
    from ..photo import read_photo

    with tempfile.TemporaryDirectory(prefix="depth-nodes-") as folder:
        file = Path(folder, "sharp")
        file.write_bytes(own.sharp)
        try:
            sharp = read_photo(file, max_pixels=photo.rgb.shape[0] * photo.rgb.shape[1])
        except PhotoError as error:
            log.warning("the sharp photo in %s can't be read: %s", path, error)
            return photo, own
    if sharp.rgb.shape != photo.rgb.shape or sharp.rgb.dtype != photo.rgb.dtype:
        return photo, own
    return replace(photo, rgb=sharp.rgb), own


def _decoded(path: Path, stored: Stored, photo: Photo) -> Decoded:
    if not stored.picture:
        return Decoded(_heic(path))  # libheif turns it
    turn = stored.orientation or photo.orientation
    grey = orientation.upright(_grey(stored.picture, stored.size), turn)
    return Decoded(grey, orientation.upright(_grey(stored.confidence), turn) if stored.confidence else None)


def _embedded(stored: Stored, photo: Photo, decoded: Decoded) -> Embedded:
    _check_shape(decoded.grey, photo)
    values, kind = _depth(_slopes(decoded.grey), stored.law, stored.focal_length or photo.focal_length or USUAL_LENS)
    known = np.isfinite(values)
    if decoded.confidence is not None:
        if decoded.confidence.shape != values.shape:
            raise BrokenDepthError("and its confidence differ in size")
        known &= decoded.confidence > 0.0
    if not known.any():
        raise BrokenDepthError("has no valid pixel")
    values = np.where(known, values, np.float32(0.0))
    everywhere = None if known.all() else known
    return Embedded(values, everywhere, kind, stored.container, stored.accuracy, stored.focal_length, stored.sharp)


def _heic(path: Path) -> Map:
    """Return the first depth picture of a HEIC file, 0 to 1, upright."""
    import pillow_heif

    found = pillow_heif.open_heif(path, convert_hdr_to_8bit=False).info.get("depth_images", [])
    if not found:
        raise BrokenDepthError("is named in the file, but not in it")
    _check_size(*found[0].size)
    return _numbers(found[0].to_pillow())


def _grey(picture: bytes, size: tuple[int, int] | None = None) -> Map:
    """Return a stored picture as float32 (h, w), 0 to 1; its first byte is the top left pixel."""
    if size is not None:
        _check_size(*size)
        pixels = np.frombuffer(picture, np.uint8).reshape(size[1], size[0])
        return pixels.astype(np.float32) / np.float32(255)
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
            _check_size(*image.size)
            image.load()
            return _numbers(image)
    except Image.DecompressionBombError as error:
        raise BrokenDepthError("has more pixels than any phone stores") from error


def _numbers(image: "Image.Image") -> Map:
    if image.mode.startswith("I"):
        return np.asarray(image, dtype=np.float32) / np.float32(65535)
    return np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255)


def _slopes(grey: Map) -> Map:
    """Return a map of 8 bits with slopes in place of its steps, each value within half a step; others as they are."""
    levels = grey * np.float32(255)
    whole = np.rint(levels)
    return smooth_steps(whole) / np.float32(255) if np.abs(levels - whole).max() < 1e-3 else grey


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise BrokenDepthError(f"has {width} x {height} pixels, more than any phone stores")


def _check_shape(grey: Map, photo: Photo) -> None:
    (rows, columns), (height, width) = grey.shape, photo.rgb.shape[:2]
    if abs(columns / rows / (width / height) - 1.0) > _ASPECT:
        raise BrokenDepthError(f"is {columns} x {rows}, the photo {width} x {height}: it was cropped since")


def _depth(grey: Map, law: Law, focal_length: float) -> tuple[Map, Kind]:
    """Return values and their kind by the law of a container, NaN where it gives none."""
    numbers = np.float32(law.black) + grey * np.float32(law.white - law.black)
    if law.linear_in == "inverse":
        if not law.metric:
            return numbers, "disparity"
        distances = np.reciprocal(np.maximum(numbers, _LEAST))
    else:
        distances = np.where(numbers > 0.0, numbers, np.float32(np.nan))
    if law.along_ray:
        distances = along_axis(distances, focal_length)
    return (distances, "distance") if law.metric else (np.reciprocal(distances), "disparity")
