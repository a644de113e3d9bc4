"""What an image's depth takes: which engine is asked, and for what."""

from dataclasses import replace
from pathlib import Path

import bpy

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.worker.protocol import Estimate  # type: ignore[import-not-found]
from ..depth import image as depth_image
from ..depth import picture as picture_file
from ..errors import EngineError
from . import handover, own_depth, place, settings


def engine_for(image: bpy.types.Image, wanted: settings.Settings, own: own_depth.Own | None) -> place.Engine:
    """Return the engine to ask. Raises EngineError where there is none, and EstimateError before a licence is accepted.

    own: the photo's own depth, where it is to count. To use it as it is takes no model: Blender's own Python will do.
    """
    as_it_is = own is not None and wanted.own_depth == "use"
    if not as_it_is:
        settings.check(wanted)
    if (file := _foreign(image)) is not None:
        try:
            return settings.engine()
        except EngineError as error:
            raise EngineError(f"{file.name} {picture_file.foreign(file)}. Or open it by the engine: {error}") from error
    return place.built_in() if as_it_is else settings.engine_of(catalog.get(wanted.model))


def ask(
    image: bpy.types.Image,
    wanted: settings.Settings,
    own: own_depth.Own | None,
    identifier: int,
    folder: Path,
    *,
    frame: int = 1,
    raw: str = "",
    source: str = "",
) -> tuple[Estimate, handover.Picture]:
    """Return the request, and the picture that goes with it; what has to be written for it goes into `folder`.

    Raises DepthNodesError for an image, or depth of its own, that can't be read.
    """
    foreign, built_in = _foreign(image), catalog.get(wanted.model).built_in
    without_pillow = built_in or (own is not None and wanted.own_depth == "use")
    # The file of a turned photo is small, and says by which lens it was taken; what is packed is neither.
    if file := foreign or depth_image.same_as(image):
        given = handover.Picture(file, upright=True)
    else:
        given = handover.hand_over(image, folder, frame=frame, small=built_in)
    if without_pillow and not foreign:
        given = handover.as_small_pixels(given, image, folder)
    asked = settings.request(
        wanted,
        identifier,
        given.path,
        folder,
        linear=given.linear,
        orientation=given.orientation,
        raw=raw,
        source=source,
    )
    if own is not None:
        decoded = "" if foreign else str(own_depth.decode(own, folder))
        asked = replace(asked, embedded=wanted.own_depth, photo_file=str(own.file), own=decoded, background=True)
    return replace(asked, upright=given.upright, show=bool(foreign and not image.packed_file)), given


def _foreign(image: bpy.types.Image) -> Path | None:
    """Return the file of a photo that Blender can't open, for which an image stands."""
    file = depth_image.made_from(image)
    return file if file is not None and picture_file.foreign(file) else None
