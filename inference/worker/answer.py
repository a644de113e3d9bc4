"""What an answer names: arrays of one picture's depth on disk, raw frames of a clip, or the clip's files."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from .. import background
from ..backdrop import with_backdrop
from ..depth import Depth
from ..embedded.embedded import Embedded
from ..embedded.read import brought
from ..embedded.stored import Decoded
from ..embedded.use import Made
from ..errors import DepthFileError, EmbeddedDepthError, first_line
from ..orientation import as_stored
from ..paths import replacing
from ..picture import Photo
from ..video import layers, raw, stabilise
from ..video.record import Record
from .protocol import Done, Estimate, EstimateClip, Stabilise, Stabilised


def own(request: Estimate, photo: Photo) -> tuple[Photo, Embedded | None]:
    """Return the depth that the picture's file brings, if that was asked for, and the photo in its sharpest state.

    Raises EmbeddedDepthError.
    """
    if not request.embedded:
        return photo, None
    path = request.photo_file or request.picture
    if path.endswith(".npy"):
        raise EmbeddedDepthError("Pixels without a file bring no depth of their own. Have it estimated")
    decoded = None
    if request.own:
        with np.load(request.own) as maps:
            decoded = Decoded(maps["grey"], maps.get("confidence"))
    return brought(path, photo, metric=request.embedded == "anchor", decoded=decoded)


def done(request: Estimate, found: Made, photo: Photo, *, size: int, seconds: float) -> Done:
    """Write the arrays of a picture, and return the answer. size, errors: see `written`."""
    depth = found.depth if request.raw else with_backdrop(found.depth, photo.validity)
    paths = written(request, depth, photo, size)
    height, width = as_stored(photo.rgb, photo.orientation).shape[:2]
    return Done(
        id=request.id,
        values=paths.get("values", ""),
        validity=paths.get("validity", ""),
        background=paths.get("background", ""),
        colour=paths.get("colour", ""),
        kind=depth.kind,
        raw_min=depth.raw_min,
        raw_max=depth.raw_max,
        model=depth.model,
        revision=depth.revision,
        width=width,
        height=height,
        seconds=seconds,
        focal_length=depth.lens.focal_length if depth.lens else 0.0,
        lens=depth.lens.source if depth.lens else "",
        embedded=found.own.container if found.own else "",
        residual=found.alignment.residual if found.alignment else 0.0,
        sharp=_write_sharp(request, found.own.sharp) if found.own and found.own.sharp else "",
        picture=_write_picture(request, photo) if request.show else "",
    )


def written(request: Estimate, depth: Depth, photo: Photo, size: int) -> dict[str, str]:
    """Write the arrays of a picture, and return their paths by name: none where a raw frame was asked for.

    size: the pixels of the picture's shorter side inside the model. Raises DepthFileError.
    """
    if request.raw:
        making = raw.Making(depth.model, depth.revision, size, request.precision)
        upright = raw.raw_of(depth, photo.rgb, making, request.source)
        raw.write(upright.turned(photo.orientation), Path(request.raw))
        return {}
    arrays: dict[str, NDArray[np.generic]] = {"values": depth.values}
    if depth.validity is not None:
        arrays["validity"] = np.asarray(depth.validity, np.float32)
    if request.background:
        back = background.of_photo(depth, photo.rgb)
        arrays |= {"background": np.dstack([back.depth, back.presence]), "colour": back.colour}
    return {name: _write(request, name, as_stored(array, photo.orientation)) for name, array in arrays.items()}


def stabilised(request: Stabilise, report: Callable[[float], None]) -> Stabilised:
    """Write the files of a clip, and return the answer. Raises DepthFileError."""
    found = stabilise.measure(Path(request.raw), request.frames, fixed_camera=request.fixed_camera)
    return finished(request, found, report)


def finished(request: Stabilise | EstimateClip, found: Record, report: Callable[[float], None]) -> Stabilised:
    """Write the files of a clip that was measured, and return the answer. Raises DepthFileError."""
    found.save(Path(request.output, layers.RECORD))
    finisher = stabilise.Finisher(found, Path(request.raw))
    for done, frame in enumerate(found.frames):
        report(done / len(found.frames))
        layers.write(finisher, frame, Path(request.output), with_background=request.background)
    return Stabilised(
        id=request.id,
        kind=found.kind,
        raw_min=min(shot.low for shot in found.shots),
        raw_max=max(shot.high for shot in found.shots),
        model=found.making.model,
        revision=found.making.revision,
        shots=[[shot.frames[0].frame, shot.frames[-1].frame, shot.low, shot.high] for shot in found.shots],
    )


def _write(request: Estimate, name: str, array: NDArray[np.generic]) -> str:
    """Write an array of the answer, and return its path."""
    return _whole(request, f"{name}.npy", lambda file: np.save(file, np.ascontiguousarray(array)))


def _write_sharp(request: Estimate, picture: bytes) -> str:
    """Write a picture file as it is, and return its path."""
    suffix = "png" if picture.startswith(b"\x89PNG") else "jpg"
    return _whole(request, f"sharp.{suffix}", lambda file: file.write(picture))


def _write_picture(request: Estimate, photo: Photo) -> str:
    """Write the photo as a file that everything opens, and return its path: PNG where it has alpha, else JPEG."""
    from PIL import Image

    rgb = photo.rgb if photo.rgb.dtype == np.uint8 else np.rint(photo.rgb * np.float32(255)).astype(np.uint8)
    image = Image.fromarray(rgb)
    if photo.validity is None:
        return _whole(request, "picture.jpg", lambda file: image.save(file, "JPEG", quality=95, subsampling=0))
    image.putalpha(Image.fromarray(np.rint(photo.validity * np.float32(255)).astype(np.uint8)))
    return _whole(request, "picture.png", lambda file: image.save(file, "PNG", compress_level=1))


def _whole(request: Estimate, name: str, write: Callable[[BinaryIO], object]) -> str:
    """Write a file of the answer whole or not at all, and return its path."""
    path = Path(request.output, f"{request.id}.{name}")
    try:
        with replacing(path) as part, part.open("wb") as file:
            write(file)
    except FileNotFoundError as error:  # systems empty their temporary folder while a machine sleeps
        raise DepthFileError(f"{path.parent} was removed while the depth was estimated. Try again") from error
    except OSError as error:
        raise DepthFileError(
            f"The depth can't be written to {path} ({first_line(error)}). Free some space there"
        ) from error
    return str(path)
