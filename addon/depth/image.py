"""Depth array <-> float image datablock: the only vertical flip, the packing, and what an image knows of its origin."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import bpy
import numpy as np
from numpy.typing import NDArray

from ...inference import png  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.catalog import EMBEDDED, Kind  # type: ignore[import-not-found]
from ..errors import DepthImageError
from ..version import VERSION
from .stored import Layer, Stored, short

_KIND, _RAW_MIN, _RAW_MAX, _FOCAL_LENGTH = "depth_kind", "depth_raw_min", "depth_raw_max", "depth_focal_length"
_BACKGROUND, _COLOUR = "depth_background", "depth_background_image"
# On an image that stands for a file that Blender doesn't show upright: that file, and when it was written.
_MADE_FROM, _WRITTEN = "depth_nodes_upright_of", "depth_nodes_written"
_AS_MADE = "depth_nodes_packed"  # and the bytes of the picture that was packed then
_TEXTS = {
    "source": "depth_source",
    "model": "depth_model",
    "revision": "depth_revision",
    "version": "depth_version",
    "lens": "depth_lens",
}


@dataclass(frozen=True)
class DepthInfo:
    """Where a depth map comes from; kept on the image as custom properties.

    kind: `disparity`, stored in [0, 1] with 1 = near, or `distance`, stored in metres.
    raw_min, raw_max: range of the valid values before they were normalised; for a distance the metres themselves.
    source: the photo or depth file it was made from. model, revision: what predicted it. Empty where unknown.
    focal_length: in millimetres on a sensor whose longer side is 36 mm, or None where unknown.
    version: the version of this extension that wrote the image; empty until it is written.
    background: whether green and blue hold a second layer: what lies behind, and where.
    lens: who states the focal length: the `photo`, a `model` that estimated it, or nobody (`assumed`).
    """

    kind: Kind
    raw_min: float = 0.0
    raw_max: float = 1.0
    source: str = ""
    model: str = ""
    revision: str = ""
    focal_length: float | None = None
    version: str = ""
    background: bool = False
    lens: str = ""


def write(
    target: str | bpy.types.Image,
    depth: NDArray[np.float32],
    *,
    kind: Kind,
    validity: NDArray[np.bool_] | NDArray[np.float32] | None = None,
    info: DepthInfo | None = None,
    behind: Layer | None = None,
) -> bpy.types.Image:
    """Write a depth map into an image, pack it, and have every modifier that samples it evaluate again.

    target: name for a new image (Blender makes it unique), or the image to rewrite, which keeps its users.
    depth: float32 (H, W), top row first. `disparity`: any unit, larger is nearer, normalised here to [0, 1] by its
        smallest and largest valid value; a flat map becomes 0. `distance`: metres, larger is farther, stored as it is.
    validity: bool or float32 in [0, 1], (H, W); stored as alpha. Values that are not finite are always invalid, and
        wherever alpha is 0 the farthest valid value is stored.
    info: source, model, revision and focal length to record; kind, range, version and background are set here.
    behind: a second layer, which goes into green and blue in the same range; its picture becomes an image of its own.

    Raises DepthImageError, before anything changes, for an array that is not a depth map and for an image that is
    linked, overridden, or not a single picture.
    """
    stored = Stored.of(depth, kind, validity)
    if behind is not None:
        behind = replace(behind, depth=stored.scaled(behind.depth))
    if isinstance(target, bpy.types.Image):
        check_writable(target)
    return put(target, stored, info, behind)


def put(
    target: str | bpy.types.Image, stored: Stored, info: DepthInfo | None = None, behind: Layer | None = None
) -> bpy.types.Image:
    """Write what is stored of a depth map into an image, as `write` does; `behind` too is in the values stored."""
    if isinstance(target, str):
        target = bpy.data.images.new(target, 1, 1, alpha=True, float_buffer=True, is_data=True)
    # Modifiers may go on asking for the background that the image had.
    data = stored.file(behind, layers=target.get(_COLOUR) is not None)
    known = replace(info or DepthInfo(stored.kind), kind=stored.kind, raw_min=stored.low, raw_max=stored.high)
    pack(target, data, known, None if behind is None else behind.colour)
    return target


def pack(image: bpy.types.Image, data: bytes, info: DepthInfo, behind: NDArray[np.uint8] | None) -> None:
    """Make an EXR file of depth the image's packed and only content, and record what it is.

    behind: the picture of its second layer, uint8 (h, w, 3), sRGB, which becomes an image of its own; or None.
    """
    show_file(image, data)
    image.colorspace_settings.is_data = True
    image.alpha_mode = "CHANNEL_PACKED"  # alpha is validity: it never multiplies depth
    image.use_half_precision = False
    image.update_tag()  # for modifiers; the line above is for materials
    picture = None if behind is None else _write_colour(colour(image) or f"{image.name} Background", behind)
    record(image, info, picture)


def stored_of(image: bpy.types.Image) -> Stored:
    """Return what an image stores of its depth map, the first layer alone.

    Raises DepthImageError without pixels, and for an image that this extension did not write.
    """
    known = info(image)
    if known is None:
        raise DepthImageError(f"{image.name!r} is not a depth image of this extension. Import the depth map's file")
    front, alpha = read(image)
    return Stored(known.kind, front, None if alpha.min() == 1.0 else short(alpha), known.raw_min, known.raw_max)


def colour(image: bpy.types.Image) -> bpy.types.Image | None:
    """Return the picture of a depth image's second layer, or None if it has none."""
    found = image.get(_COLOUR)
    return found if isinstance(found, bpy.types.Image) and image.get(_BACKGROUND) else None


def _write_colour(target: str | bpy.types.Image, rgb: NDArray[np.uint8]) -> bpy.types.Image:
    """Write a picture, uint8 (H, W, 3), sRGB, into an image, and pack it."""
    if isinstance(target, str):
        target = bpy.data.images.new(target, 1, 1, alpha=False)
    show_file(target, png.encode(rgb))
    return target


def read(image: bpy.types.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first channel and alpha as stored: depth and validity, both float32 (H, W), top row first.

    Raises DepthImageError for an image without pixels.
    """
    stored = pixels(image)
    opaque = np.ones(stored.shape[:2], np.float32)
    return stored[..., 0].copy(), stored[..., 3].copy() if stored.shape[2] == 4 else opaque


def pixels(image: bpy.types.Image) -> NDArray[np.float32]:
    """Return all channels as stored, float32 (H, W, C), top row first. Raises DepthImageError without pixels."""
    width, height = image.size
    if width * height == 0:
        raise DepthImageError(f"The image {image.name!r} has no pixels. Choose another one, or reload it from its file")
    stored = np.empty((height, width, image.channels), np.float32)
    image.pixels.foreach_get(stored.reshape(-1))
    return stored[::-1]  # Blender keeps the bottom row first


def note_origin(image: bpy.types.Image, path: Path) -> None:
    """Note which file an image was made from."""
    image[_MADE_FROM], image[_WRITTEN] = str(path), str(path.stat().st_mtime_ns)
    image[_AS_MADE] = image.packed_file.size if image.packed_file else 0


def made_from(image: bpy.types.Image) -> Path | None:
    """Return the file that an image was made from, if it is still as it was then."""
    path = Path(image.get(_MADE_FROM, ""))
    try:
        written = str(path.stat().st_mtime_ns)
    except OSError:
        return None
    return path if image.get(_MADE_FROM) and image.get(_WRITTEN) == written else None


def same_as(image: bpy.types.Image) -> Path | None:
    """Return the file that an image was made from, while nobody has painted on it since."""
    size = image.packed_file.size if image.packed_file else 0
    return made_from(image) if size == image.get(_AS_MADE) and not image.is_dirty else None


def find(uid: int) -> bpy.types.Image | None:
    """Return the image of the open file with this `session_uid`, which a renamed one keeps, or None."""
    return next((image for image in bpy.data.images if image.session_uid == uid), None)


def is_estimated(image: bpy.types.Image) -> bool:
    """Return whether a model made a depth image, so that it can be made again."""
    known = info(image)
    return known is not None and known.model not in {"", EMBEDDED}


def info(image: bpy.types.Image) -> DepthInfo | None:
    """Return what the image records about its depth, or None if this extension did not write it."""
    if image.get(_KIND) not in get_args(Kind):
        return None
    return DepthInfo(
        kind=image[_KIND],
        raw_min=image.get(_RAW_MIN, 0.0),
        raw_max=image.get(_RAW_MAX, 1.0),
        focal_length=image.get(_FOCAL_LENGTH),
        background=bool(image.get(_BACKGROUND)),
        **{field: image.get(key, "") for field, key in _TEXTS.items()},
    )


def check_writable(image: bpy.types.Image) -> None:
    """Raise DepthImageError for an image that is linked, overridden, or not a single picture."""
    if image.override_library or not image.is_editable:
        raise DepthImageError(
            f"The image {image.name!r} is linked from another file. Make it local first, or write a new one"
        )
    if image.source not in {"FILE", "GENERATED"}:
        raise DepthImageError(f"{image.name!r} is not a single image but a {image.source.lower()}. Write a new one")


def show_file(image: bpy.types.Image, data: bytes) -> None:
    """Make a picture file the image's packed and only content. Its size and its bits come from the file itself."""
    image.source = "GENERATED"  # leaving it makes Blender drop the old pixels and decode the packed file
    image.filepath_raw = ""
    image.pack(data=data, data_len=len(data))
    image.source = "FILE"


def record(image: bpy.types.Image, info: DepthInfo, picture: bpy.types.Image | None) -> None:
    """Note on an image what it is, by which version, and the picture of its second layer if it has one."""
    image[_KIND], image[_RAW_MIN], image[_RAW_MAX] = info.kind, info.raw_min, info.raw_max
    image[_BACKGROUND] = picture is not None
    if picture is not None:
        image[_COLOUR] = picture
    for field, key in _TEXTS.items():
        image[key] = VERSION if field == "version" else getattr(info, field)
    if info.focal_length is not None:
        image[_FOCAL_LENGTH] = info.focal_length
    else:
        image.pop(_FOCAL_LENGTH, None)
