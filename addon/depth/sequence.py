"""The depth of a clip as image datablocks: sequences of the files that the engine wrote, one for each layer."""

import json
from collections.abc import Sequence
from pathlib import Path

import bpy

from . import image as depth_image
from .image import DepthInfo

_SHOTS = "depth_shots"  # first frame, last frame, lowest and highest value of each, as JSON


def load(
    target: str | bpy.types.Image,
    first: Path,
    info: DepthInfo,
    shots: Sequence[Sequence[float]],
    picture: Path | None = None,
) -> bpy.types.Image:
    """Return the image of a depth sequence, which records what it is.

    target: name for a new image, or the sequence to load anew, which keeps its users. first: the first of the files.
    info: kind, range of all shots, source, model and revision. picture: the first picture of the background, if any.
    """
    image = _sequence(target, first)
    image.colorspace_settings.is_data = True  # type: ignore[union-attr]
    image.alpha_mode = "CHANNEL_PACKED"  # alpha is validity: it never multiplies depth
    colour = None
    if picture is not None:
        colour = _sequence(depth_image.colour(image) or f"{image.name} Background", picture)
    depth_image.record(image, info, colour)
    image[_SHOTS] = json.dumps(shots)
    return image


def is_sequence(image: bpy.types.Image) -> bool:
    """Return whether an image is the depth of a clip, and of this file."""
    return image.is_editable and image.get(_SHOTS) is not None and image.source == "SEQUENCE"


def shots(image: bpy.types.Image) -> list[tuple[int, int, float, float]]:
    """Return the first and last frame, and the lowest and highest value in the model's own units, of each shot."""
    return [(int(first), int(last), low, high) for first, last, low, high in json.loads(image.get(_SHOTS, "[]"))]


def _sequence(target: str | bpy.types.Image, first: Path) -> bpy.types.Image:
    path = str(first)
    if bpy.data.filepath:
        try:
            path = bpy.path.relpath(path)
        except ValueError:  # another drive
            path = str(first)
    if isinstance(target, str):
        image = bpy.data.images.load(str(first))
        image.name = target
    else:
        image = target
    image.source = "SEQUENCE"
    image.filepath = path
    image.reload()
    return image
