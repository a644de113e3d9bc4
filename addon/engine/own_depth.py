"""The depth that a photo's own file brings: which photos do, and its pictures decoded for a Python without Pillow."""

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ...inference.embedded import find  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.orientation import upright  # type: ignore[import-not-found]
from ..depth import image as depth_image
from ..depth import picture as picture_file
from ..errors import EmbeddedDepthError


@dataclass(frozen=True)
class Own:
    """Where a photo's own depth is, and whose format it is in."""

    file: Path
    container: str


def of(image: bpy.types.Image) -> Own | None:
    """Return the depth that the file of an image brings; None where it brings none, or where the image was changed."""
    file = depth_image.made_from(image)
    if file is None and image.source == "FILE" and not image.is_dirty and image.packed_file is None:
        file = Path(bpy.path.abspath(image.filepath_raw, library=image.library))
    container = container_of(file) if file is not None else ""
    return Own(file, container) if file is not None and container else None


def container_of(path: Path) -> str:
    """Return whose format a photo brings its depth in, or nothing."""
    return (find.container_of(path) or "") if path.is_file() else ""


def unblurred(own: Own) -> tuple[bytes, int] | None:
    """Return the photo before its background was blurred, as a picture file, and how that lies; None if it wasn't kept.

    Raises EmbeddedDepthError where the photo is damaged.
    """
    stored = find.stored(own.file)
    if stored is None or not stored.sharp:
        return None
    return stored.sharp, stored.orientation or picture_file.orientation(own.file)


def decode(own: Own, folder: Path) -> Path:
    """Write the pictures of a JPEG's depth, upright, and return the file.

    Raises EmbeddedDepthError where it is damaged.
    """
    stored = find.stored(own.file)
    lies = stored.orientation or picture_file.orientation(own.file)
    maps = {"grey": upright(_grey(stored.picture, stored.size, folder), lies)}
    if stored.confidence:
        maps["confidence"] = upright(_grey(stored.confidence, None, folder), lies)
    path = folder / "own.npz"
    np.savez(path, **maps)
    return path


def _grey(picture: bytes, size: tuple[int, int] | None, folder: Path) -> NDArray[np.float32]:
    """Return a stored picture as float32 (h, w), 0 to 1."""
    if size is not None:
        return np.frombuffer(picture, np.uint8).reshape(size[1], size[0]).astype(np.float32) / np.float32(255)
    path = folder / "own.picture"
    path.write_bytes(picture)
    stored = picture_file.grey(path)
    if stored is None:
        raise EmbeddedDepthError(f"The depth in the photo can't be decoded. {find.WAY_OUT}")
    return stored.astype(np.float32) / np.float32(np.iinfo(stored.dtype).max)
