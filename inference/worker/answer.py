"""What an answer names: arrays of one picture's depth on disk, raw frames of a clip, or the clip's files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import background
from ..depth import Depth
from ..errors import DepthFileError, first_line
from ..orientation import as_stored
from ..picture import Photo
from ..video import layers, raw, stabilise
from .protocol import Estimate, Stabilise, Stabilised


def written(request: Estimate, depth: Depth, photo: Photo, size: int) -> dict[str, str]:
    """Write the arrays of a picture, and return their paths by name: none where a raw frame was asked for.

    size: the pixels of the picture's shorter side inside the model. Raises DepthFileError.
    """
    if request.raw:
        making = raw.Making(depth.model, depth.revision, size, request.precision)
        upright = stabilise.raw_of(depth, photo.rgb, making, request.source)
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
    folder = Path(request.raw)
    found = stabilise.measure(folder, request.frames, fixed_camera=request.fixed_camera)
    found.save(Path(request.output, layers.RECORD))
    finisher = stabilise.Finisher(found, folder)
    for done, frame in enumerate(request.frames):
        report(done / len(request.frames))
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
    """Write an array of the answer whole or not at all, and return its path."""
    path = Path(request.output, f"{request.id}.{name}.npy")
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            np.save(file, np.ascontiguousarray(array))
        part.replace(path)
    except FileNotFoundError as error:  # systems empty their temporary folder while a machine sleeps
        raise DepthFileError(f"{path.parent} was removed while the depth was estimated. Try again") from error
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DepthFileError(
            f"The depth can't be written to {path} ({first_line(error)}). Free some space there"
        ) from error
    return str(path)
