"""COLMAP's sparse model, binary, out: https://colmap.github.io/format.html"""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .colmap import PLACE
from .dataset import Dataset, Doubles, View

_PINHOLE = 1  # its number
Lens = tuple[int, int, float, float, float, float]


def write(dataset: Dataset, seen: Sequence[NDArray[np.intp]], folder: Path) -> None:
    """Write cameras.bin, images.bin and points3D.bin into a folder.

    seen: which of the dataset's points each view sees, in the order of its `places`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lenses: dict[Lens, int] = {}
    for view in dataset.views:
        lenses.setdefault(_lens(view), len(lenses) + 1)
    _write(folder / "cameras.bin", len(lenses), [_camera(number, lens) for lens, number in lenses.items()])
    images = [
        _image(number, view, lenses[_lens(view)], points)
        for number, (view, points) in enumerate(zip(dataset.views, seen, strict=True), 1)
    ]
    _write(folder / "images.bin", len(images), images)
    _write(folder / "points3D.bin", len(dataset.points), _points(dataset, seen))


def _write(path: Path, count: int, records: Sequence[bytes]) -> None:
    path.write_bytes(struct.pack("<Q", count) + b"".join(records))


def _lens(view: View) -> Lens:
    return view.width, view.height, view.fx, view.fy, view.cx, view.cy


def _camera(number: int, lens: Lens) -> bytes:
    return struct.pack("<iiQQ4d", number, _PINHOLE, *lens)


def _image(number: int, view: View, camera: int, points: NDArray[np.intp]) -> bytes:
    turn, move = quaternion(view.world_to_camera[:, :3]), view.world_to_camera[:, 3]
    places = np.empty(len(points), PLACE)
    places["place"], places["point"] = view.places, points + 1
    head = struct.pack("<i7di", number, *turn, *move, camera)
    return head + view.name.encode() + b"\0" + struct.pack("<Q", len(points)) + places.tobytes()


def _points(dataset: Dataset, seen: Sequence[NDArray[np.intp]]) -> list[bytes]:
    """Return each point with its track: the images that see it, and its number among their places."""
    point = np.concatenate([*seen, np.zeros(0, np.intp)])
    track = np.empty((len(point), 2), "<i4")
    track[:, 0] = np.repeat(np.arange(1, len(seen) + 1), [len(one) for one in seen])
    track[:, 1] = np.concatenate([*(np.arange(len(one)) for one in seen), np.zeros(0, np.intp)])
    order = np.argsort(point, kind="stable")
    ends = np.searchsorted(point[order], np.arange(len(dataset.points) + 1))
    track = track[order]
    return [
        struct.pack("<Q3d3BdQ", number + 1, *place, *colour.tolist(), 0.0, ends[number + 1] - ends[number])
        + track[ends[number] : ends[number + 1]].tobytes()
        for number, (place, colour) in enumerate(zip(dataset.points, dataset.colours, strict=True))
    ]


def quaternion(turn: Doubles) -> Doubles:
    """Return the unit quaternion (w, x, y, z), w not negative, of a rotation (3, 3).

    The largest eigenvector of a symmetric matrix: I. Y. Bar-Itzhack, New method for extracting the quaternion from a
    rotation matrix, Journal of Guidance, Control, and Dynamics 23, 2000.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = turn
    matrix = [
        [xx + yy + zz, zy - yz, xz - zx, yx - xy],
        [zy - yz, xx - yy - zz, xy + yx, xz + zx],
        [xz - zx, xy + yx, yy - xx - zz, yz + zy],
        [yx - xy, xz + zx, yz + zy, zz - xx - yy],
    ]
    found = np.linalg.eigh(np.array(matrix))[1][:, -1]
    return np.asarray(-found if found[0] < 0.0 else found)
