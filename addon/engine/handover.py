"""An image handed to the engine, and its depth taken back. Everything here runs on the main thread.

The engine is given an image's file where that is what Blender shows, its pixels otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ...inference.draft.architecture import output_size  # type: ignore[import-not-found]  # as the extension's root
from ...inference.draft.resize import resize  # type: ignore[import-not-found]
from ...inference.first_picture import not_the_photo  # type: ignore[import-not-found]
from ...inference.orientation import UPRIGHT, upright  # type: ignore[import-not-found]
from ...inference.paths import unreadable  # type: ignore[import-not-found]
from ...inference.worker.protocol import Done  # type: ignore[import-not-found]
from ..depth import image as depth_image
from ..depth import picture as picture_file
from ..depth.colour import to_rec709
from ..depth.stored import Layer
from ..errors import PhotoError, first_line
from . import movie

_DEPTH_OF = "depth_nodes_depth"  # on the photo: its depth image, so that the next estimate rewrites that one
_UNBLURRED = "depth_nodes_unblurred"  # on the depth image of a photo that was kept unblurred, too

# What Blender keeps in float or decodes in a way of its own: its pixels are taken, not its file.
_AS_PIXELS = {"OPEN_EXR", "OPEN_EXR_MULTILAYER", "HDR", "CINEON", "DPX", "JPEG2000", "IRIS", "TARGA_RAW"}
_AS_PIXELS_TOO = {"openexr", "hdr", "cineon", "dpx", "jpeg2000", "sgi"}  # as OpenImageIO calls them


@dataclass(frozen=True)
class Picture:
    """A file for the engine. linear: it holds scene-linear pixels, else whatever the file says of itself.

    orientation: how the file stores upright pixels that are handed over, as EXIF numbers it. upright: the image shows
    it upright, however it lies. shown: it is the file that the image shows, not one that was made for the engine.
    """

    path: Path
    linear: bool = False
    orientation: int = UPRIGHT
    upright: bool = False
    shown: bool = False


def depth_of(image: bpy.types.Image) -> bpy.types.Image | None:
    """Return the depth image that was estimated from an image before, if it is still there."""
    found = image.get(_DEPTH_OF)
    return found if isinstance(found, bpy.types.Image) else None


def photo_of(depth: bpy.types.Image) -> bpy.types.Image | None:
    """Return the photo that a depth image was estimated from, if it is still there."""
    return next((image for image in bpy.data.images if depth_of(image) == depth), None)


def store(image: bpy.types.Image, done: Done, *, invert: bool = False) -> bpy.types.Image:
    """Write an answer into the depth image of its photo, the one there is or a new one, and return it.

    Every modifier that samples it follows. invert: swap near and far.
    """
    if done.picture:
        depth_image.show_file(image, Path(done.picture).read_bytes())
    values = np.load(done.values)  # (H, W)
    validity = np.load(done.validity) if done.validity else None
    if invert:
        values = np.float32(done.raw_min) + np.float32(done.raw_max) - values
    behind = None
    if done.background:
        back = np.load(done.background)  # (H, W, 2)
        behind = Layer(back[..., 0], back[..., 1], np.load(done.colour))
    target = depth_of(image)
    if target is not None and (not target.is_editable or target.source == "SEQUENCE"):
        target = None  # not ours to change, or of many frames
    written = depth_image.write(
        target or f"{Path(image.name).stem} Depth",
        values,
        kind=done.kind,
        validity=validity,
        behind=behind,
        info=depth_image.DepthInfo(
            done.kind,
            source=image.name,
            model=done.model,
            revision=done.revision,
            focal_length=done.focal_length or None,
            lens=done.lens,
        ),
    )
    written[_UNBLURRED] = bool(done.sharp)
    keep(image, written)
    return written


def has_unblurred(depth: bpy.types.Image) -> bool:
    """Whether the photo of a depth image brings a second picture, from before its background was blurred."""
    return bool(depth.get(_UNBLURRED))


def keep(image: bpy.types.Image, depth: bpy.types.Image) -> None:
    """Note on a photo which image is its depth."""
    if image.is_editable:
        image[_DEPTH_OF] = depth


def source_of(depth: bpy.types.Image) -> bpy.types.Image | None:
    """Return the photo, movie or sequence whose depth an image is, if it is still there."""
    return next((image for image in bpy.data.images if depth_of(image) == depth), None)


def source(image: bpy.types.Image, frame: int) -> str:
    """Return what a frame of an image comes from: a file by its name, bytes and time, and the frame of a movie."""
    path = _file(image, frame) if image.source == "SEQUENCE" else Path(bpy.path.abspath(image.filepath_raw))
    try:
        found = path.stat()
    except OSError as error:
        raise PhotoError(f"{path} is not there. Find it with File > External Data, or leave this frame out") from error
    number = f" #{frame}" if image.source == "MOVIE" else ""
    return f"{path.name} {found.st_size} {int(found.st_mtime)}{number}"


def clip_of(image: bpy.types.Image, frames: Sequence[int]) -> str | None:
    """Return the name of a movie or sequence (see `inference.video.clip`), or None where Blender must read its frames.

    It must where the pixels that it shows are not the file's, and where the files can't be told by a pattern.
    """
    if image.is_dirty or image.packed_file is not None:
        return None
    path = _file(image, frames[0])
    if image.source == "MOVIE":
        return None if unreadable(path) else str(path)
    digits = len(path.stem) - len(path.stem.rstrip("0123456789"))
    before = path.stem[: len(path.stem) - digits]
    there = next((one for one in (_file(image, frame) for frame in frames) if not unreadable(one)), None)
    if not digits or there is None or {"#", "%"} & set(path.name) or not _is_alike(image, there):
        return None
    return str(path.with_name(f"{before}{'#' * digits}{path.suffix}"))


def hand_over(image: bpy.types.Image, folder: Path, *, frame: int = 1, small: bool = False) -> Picture:
    """Return what the engine is to look at; what has to be written for it goes into `folder`.

    frame: of a movie or sequence, as its own files are counted; `photo.frame_shown` says which one is shown.
    small: of a movie's frame, no more than the built-in model makes use of.
    A file on disk that nobody edited is used as it is, so that the main thread does next to nothing.
    Raises PhotoError for an image without pixels.
    """
    if image.source in {"VIEWER"} and min(image.size) == 0:
        raise PhotoError(f"{image.name!r} can't be read directly. Save it to a file, and open that")
    if image.source == "MOVIE":
        width, height = image.size
        size = output_size(height, width) if small and width * height else (height, width)
        size = min(2 * size[0], height), min(2 * size[1], width)
        return _save(image, folder, movie.colours(image, frame, *size), linear=True)
    path = _file(image, frame)
    problem = unreadable(path)
    if _is_alike(image, path) and not image.is_dirty and image.source not in {"GENERATED", "VIEWER"}:
        if image.packed_file is not None:
            return _packed(image, folder)
        if not problem:
            _check_photo(path)
            return Picture(path, shown=True)
        if image.source != "FILE" or not image.has_data:
            raise PhotoError(f"{path} {problem}. Find it with File > External Data, or pack it")
    return _pixels_of_frame(image, folder, frame) if image.source == "SEQUENCE" else _pixels(image, folder)


def _is_alike(image: bpy.types.Image, path: Path) -> bool:
    """Return whether Blender shows just what the file says."""
    name = "" if unreadable(path) else picture_file.format_name(path)
    if name in picture_file.PLAIN or name in _AS_PIXELS_TOO:
        return name in picture_file.PLAIN
    return image.file_format not in _AS_PIXELS  # for which Blender decodes the file; of a sequence, only what it shows


def _pixels_of_frame(image: bpy.types.Image, folder: Path, frame: int) -> Picture:
    """Read one file of a sequence in its colour space: `Image.pixels` doesn't follow the frame."""
    path = _file(image, frame)
    if not path.is_file():
        raise PhotoError(f"{path} is not there. Find it with File > External Data, or leave this frame out")
    one = bpy.data.images.load(str(path))
    try:
        one.colorspace_settings.name = image.colorspace_settings.name
        one.alpha_mode = image.alpha_mode
        return _pixels(one, folder)
    finally:
        bpy.data.images.remove(one)


def refresh(image: bpy.types.Image, given: Picture) -> None:
    """Have Blender show the picture that the engine was given, where another program has written its file since."""
    if given.shown and image.source == "FILE":  # reloading tiles would forget which one is active
        image.reload()


def _check_photo(path: Path) -> None:
    try:
        preview = not_the_photo(path)
    except OSError as error:
        raise PhotoError(f"{path.name} can't be read ({first_line(error)}). Check the disk that it is on") from error
    if preview:
        raise PhotoError(f"{path.name} {preview}")


def _file(image: bpy.types.Image, frame: int) -> Path:
    """Return the file that Blender shows: of that frame, of the active tile."""
    path = image.filepath_raw
    if image.source == "TILED" and image.tiles.active is not None:
        number = image.tiles.active.number
        path = path.replace("<UDIM>", str(number))
        path = path.replace("<UVTILE>", f"u{(number - 1001) % 10 + 1}_v{(number - 1001) // 10 + 1}")
    elif image.source == "SEQUENCE":
        path = _numbered(path, frame)
    return Path(bpy.path.abspath(path, library=image.library))


def _numbered(path: str, frame: int) -> str:
    """Return a sequence's file of that frame: the last digits of the name count."""
    stem, suffix = path[: -len(Path(path).suffix)], Path(path).suffix
    digits = len(stem) - len(stem.rstrip("0123456789"))
    return f"{stem[: len(stem) - digits]}{frame:0{digits}d}{suffix}" if digits else path


def _packed(image: bpy.types.Image, folder: Path) -> Picture:
    path = folder / f"{image.session_uid}.picture"
    path.write_bytes(image.packed_file.data)
    return Picture(path)


def as_small_pixels(given: Picture, image: bpy.types.Image, folder: Path) -> Picture:
    """Return what numpy alone can read: pixels, upright, as many of them as the built-in model makes use of."""
    linear, lies, shown = given.linear, UPRIGHT, given.shown
    stored: NDArray[np.uint8] | NDArray[np.float32] | None
    if given.path.suffix == ".npy":
        stored = np.load(given.path, mmap_mode="r")  # (H, W, 4)
    else:
        lies = picture_file.orientation(given.path)
        stored = picture_file.colours(given.path)
        if stored is None:
            refresh(image, given)
            shown = False  # once is enough
            stored, linear = _as_blender_reads(given, image)
    pixels = upright(stored, lies)
    small = resize(pixels, *output_size(*pixels.shape[:2]))
    if stored.dtype == np.uint8:
        small /= np.float32(255.0)
    path = folder / f"{image.session_uid}.small.npy"
    np.save(path, _straight(small))
    return Picture(path, linear, UPRIGHT if given.upright else lies, shown=shown)


def _as_blender_reads(given: Picture, image: bpy.types.Image) -> tuple[NDArray[np.float32], bool]:
    """Return the pixels of a file, (H, W, 4), top row first, and whether they are linear."""
    as_it_lies = image.source == "FILE" and not given.upright
    shown = image if as_it_lies else bpy.data.images.load(str(given.path))
    try:
        return _rgba(shown), shown.is_float
    finally:
        if shown is not image:
            bpy.data.images.remove(shown)


def _pixels(image: bpy.types.Image, folder: Path) -> Picture:
    return _save(image, folder, _rgba(image), linear=image.is_float)


def _rgba(image: bpy.types.Image) -> NDArray[np.float32]:
    """Return the pixels with straight alpha, (H, W, 4), top row first."""
    stored = depth_image.pixels(image)  # (H, W, C)
    rgba = _straight(stored)
    if stored.shape[2] == 4 and image.is_float and image.alpha_mode == "PREMUL":
        rgba[..., :3] /= np.maximum(stored[..., 3:], np.float32(1e-6))
    if image.is_float:
        rgba[..., :3] = to_rec709(rgba[..., :3])
    return rgba


def _straight(stored: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return pixels of grey, grey and alpha, RGB, or RGB and alpha, (H, W, 1 to 4), as the last of these."""
    rgba = np.ones((*stored.shape[:2], 4), np.float32)
    of_colour = stored.shape[2] // 3 * 2 + 1  # 1 or 3
    rgba[..., :3] = stored[..., :of_colour]
    if stored.shape[2] > of_colour:
        rgba[..., 3] = stored[..., of_colour]
    return rgba


def _save(image: bpy.types.Image, folder: Path, rgba: NDArray[np.float32], *, linear: bool) -> Picture:
    path = folder / f"{image.session_uid}.npy"
    np.save(path, rgba)
    return Picture(path, linear)
