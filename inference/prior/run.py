"""The way of a whole dataset: each photo's depth is estimated once, aligned to the points, and written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..constraint import inverse_depth
from ..depth import Depth
from ..errors import DatasetError, DepthNodesError, first_line
from ..push_pull import Picture
from .dataset import Dataset, View
from .fit import Alignment, align
from .targets import To, target


@dataclass(frozen=True)
class Aligned:
    """A photo whose depth fits the scene."""

    name: str
    alignment: Alignment


@dataclass(frozen=True)
class Refused:
    """A photo that came to nothing, and why."""

    name: str
    error: DepthNodesError


@dataclass(frozen=True)
class Written:
    """The files and folders that a reader takes."""

    paths: tuple[Path, ...]


def run(
    dataset: Dataset, to: To, folder: Path, estimate: Callable[[Path], Depth]
) -> Iterator[Aligned | Refused | Written]:
    """Make a prior, and yield what came of each photo, and at last what was written.

    estimate: the depth of a photo, by its path; any `DepthNodesError` costs that photo alone. Raises `DatasetError`
    where no photo could be aligned or a file can't be written; the file that names the maps is written last.
    """
    out = target(to, dataset, folder)
    good = 0
    try:
        for view in dataset.views:
            inverse: Picture | None = None
            try:
                inverse, alignment = _aligned(view, dataset.images / view.name, estimate)
            except DepthNodesError as error:
                yield Refused(view.name, error)
            else:
                good += 1
                yield Aligned(view.name, alignment)
            out.add(view, inverse)
        if not good:
            raise DatasetError("no photo's depth could be aligned to the points: nothing would come of this prior")
        yield Written(tuple(out.close()))
    except OSError as error:
        raise DatasetError(
            f"{folder} can't be written to ({first_line(error)}). Name another folder with -o"
        ) from error


def _aligned(view: View, photo: Path, estimate: Callable[[Path], Depth]) -> tuple[Picture, Alignment]:
    """Return the inverse depth of a photo in the scene's unit, of the camera's size, and how it fits."""
    depth = estimate(photo)
    rows, columns = depth.values.shape
    if abs(columns / rows / (view.width / view.height) - 1) > 0.01:
        raise DatasetError(
            f"{view.name} is {columns} x {rows}, its camera {view.width} x {view.height}, another shape. Take the "
            "undistorted photos"
        )
    found = inverse_depth(depth)
    depths = view.depths()
    ahead = depths > 0.0
    try:
        alignment = align(found, view.places[ahead], 1.0 / depths[ahead], (view.height, view.width))
    except DatasetError as error:
        raise DatasetError(f"{view.name}: {error}") from error
    inverse = found * np.float32(alignment.scale) + np.float32(alignment.offset)
    return _resized(inverse, view.height, view.width), alignment


def _resized(inverse: Picture, height: int, width: int) -> Picture:
    """Return the map at the camera's size; inverse depth is linear across a plane, so it is what is blended."""
    if inverse.shape == (height, width):
        return inverse
    from PIL import Image

    return np.asarray(Image.fromarray(inverse).resize((width, height), Image.Resampling.BILINEAR))
