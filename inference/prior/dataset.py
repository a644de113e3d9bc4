"""A set of photos with their cameras and the sparse points that each of them sees, whatever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """One photo and its camera, which is a pinhole without distortion.

    name: the photo's path below `Dataset.images`, with slashes. width, height, fx, fy, cx, cy: in pixels; (0, 0) is
        the upper left corner of the first pixel.
    world_to_camera: float64 (3, 4), to X right, Y down, Z forward.
    points: float64 (N, 3), the sparse points that it sees, in the world. places: float64 (N, 2), where it sees them.
    reach: the distance beyond which its depth is unknown, where that is known; else the points say it.
    """

    name: str
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    world_to_camera: Doubles
    points: Doubles
    places: Doubles
    reach: float | None = None

    def depths(self) -> Doubles:
        """Return the distance of each point along the view axis, (N,)."""
        rotation, move = self.world_to_camera[:, :3], self.world_to_camera[:, 3]
        return np.asarray(self.points @ rotation[2] + move[2])

    def camera_to_world(self) -> Doubles:
        """Return float64 (4, 4), from X right, Y up, Z backward, as OpenGL has it."""
        whole = np.eye(4)
        whole[:3] = self.world_to_camera
        return np.asarray(np.linalg.inv(whole) @ np.diag([1.0, -1.0, -1.0, 1.0]))


@dataclass(frozen=True, eq=False)
class Dataset:
    """views: in the order of their names. images: the folder of the photos. folder: where all of it lies.

    model: the folder of COLMAP's model, None where there is none. transforms: what transforms.json says, else empty.
    points, colours: all sparse points, float64 (N, 3), and uint8 (N, 3).
    """

    folder: Path
    images: Path
    views: tuple[View, ...]
    points: Doubles
    colours: NDArray[np.uint8]
    model: Path | None = None
    transforms: Mapping[str, Any] = field(default_factory=dict)


def read(folder: Path) -> Dataset:
    """Read a dataset: COLMAP's model in `sparse/0` or `sparse`, text or binary, or transforms.json.

    Raises `DatasetError` for one that is missing or damaged, has no photos or points, or whose cameras distort.
    """
    from . import colmap, transforms

    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder. Name the folder that holds sparse/ or transforms.json")
    model = next((place for place in (folder / "sparse" / "0", folder / "sparse") if colmap.is_model(place)), None)
    if model is not None:
        return colmap.read(folder, model)
    if (folder / "transforms.json").is_file():
        return transforms.read(folder)
    raise DatasetError(
        f"{folder} holds neither a COLMAP model (sparse/0/cameras.bin or .txt) nor a transforms.json. Name the folder "
        "that does"
    )
