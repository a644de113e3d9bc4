"""A closed relief for printing and milling: the picture's surface on a plate, with walls around, in millimetres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..depth import Depth
from ..edges import Mask
from ..errors import MeshError
from ..picture import Photo
from ..push_pull import push_pull
from .cut import corners, small_islands
from .samples import scale_of, valid
from .scene import check_aspect
from .shape import Floats, Quads, Shape

_MOST = 25_000_000  # vertices: a file of some gigabytes
_ISLAND = 64  # faces of the smallest piece of an outline that is made


@dataclass(frozen=True)
class Plate:
    """The size of a closed relief, in millimetres.

    width: from left to right. relief: from the farthest point to the nearest. base: of the plate below. pitch: from one
    vertex to the next. negative: a mould, whose cast shows the photo: what is near lies deep, and left is right.
    outline: leave out what is transparent in the photo.
    """

    width: float = 100.0
    relief: float = 8.0
    base: float = 2.0
    pitch: float = 0.2
    negative: bool = False
    outline: bool = False


@dataclass(frozen=True, eq=False)
class Solid:
    """A closed surface. vertices: float32 (N, 3), millimetres, +Z up from the plate's back at 0, +Y to the picture's
    top. triangles: uint32 (M, 3), counter-clockwise seen from outside.
    """

    vertices: Floats
    triangles: Quads


def solid(depth: Depth, photo: Photo, plate: Plate) -> Solid:
    """Return the closed relief of a photo and its depth map; raises `MeshError`.

    Nothing is cut but an outline: steps become steep walls, and what the map doesn't know goes on from around.
    """
    check_aspect(depth, photo)
    known = valid(depth)
    if not known.any():
        raise MeshError("The depth map has no valid pixel. Check it, and the photo's transparency")
    height, width = photo.rgb.shape[:2]
    columns = max(round(plate.width / plate.pitch) + 1, 2)
    rows = max(round(plate.width * height / width / plate.pitch) + 1, 2)
    if rows * columns > _MOST:
        raise MeshError(f"A pitch of {plate.pitch:g} mm makes {rows * columns / 1e6:.0f} million points. Raise --pitch")
    share = _resized(_heights(depth, known), rows, columns)
    faces = np.ones((rows - 1, columns - 1), bool)
    if plate.outline:
        faces = _outline(photo, rows, columns)
    if plate.negative:
        share, faces = 1 - share[:, ::-1], faces[:, ::-1]
    x = np.linspace(0.0, plate.width, columns)
    y = np.linspace(plate.width * height / width, 0.0, rows)
    top = np.empty((rows, columns, 3), np.float32)
    top[..., 0], top[..., 1], top[..., 2] = x, y[:, None], plate.base + plate.relief * share
    return _closed(top, faces)


def _heights(depth: Depth, known: Mask) -> Floats:
    """Return 0 at the farthest known point to 1 at the nearest, without gaps."""
    scale = scale_of(depth, Shape())
    if known.all():
        return scale.height(depth.values)
    values = np.where(known, depth.values, np.float32(0.0))
    return scale.height(push_pull(values[None], known.astype(np.float32))[0])


def _resized(picture: Floats, rows: int, columns: int) -> Floats:
    """Return a picture at another size, smaller ones as the means of what they stand for."""
    image = Image.fromarray(np.ascontiguousarray(picture, np.float32))
    return np.clip(np.asarray(image.resize((columns, rows), Image.Resampling.BILINEAR)), 0.0, 1.0)


def _outline(photo: Photo, rows: int, columns: int) -> Mask:
    """Return the faces of what is opaque, none of which touches the others at a corner alone."""
    if photo.validity is None:
        raise MeshError("The photo has no transparent part that would be an outline. Leave --outline out")
    a, b, c, d = corners(_resized(photo.validity, rows, columns) >= 0.5)
    faces = a & b & c & d
    while True:
        padded = np.pad(faces, 1)
        a, b, c, d = corners(padded)  # around each vertex
        crossed = (a & c & ~b & ~d) | (b & d & ~a & ~c)
        if not crossed.any():
            break
        a, b, c, d = corners(crossed)  # a face goes that has such a corner
        faces = faces & ~(a | b | c | d)
    faces = faces & ~small_islands(faces, _ISLAND)
    if not faces.any():
        raise MeshError("of the photo's outline nothing is left: it is transparent, or finer than --pitch")
    return faces


def _closed(top: Floats, faces: Mask) -> Solid:
    """Return those faces of a grid (rows, columns, 3) as a solid that stands on z = 0."""
    rows, columns = top.shape[:2]
    count = rows * columns
    number = np.arange(count, dtype=np.uint32).reshape(rows, columns)
    quads = np.stack([corner[faces] for corner in corners(number)], axis=1)
    begin, end = _boundary(number, faces)
    below = np.uint32(count)  # a vertex of the plate has the number of the one above it, and this
    wall = np.stack([end, begin, begin + below, end, begin + below, end + below], axis=1)
    bottom = top.reshape(-1, 3) * np.array([1, 1, 0], np.float32)
    if faces.all():
        middle = np.full(len(begin), 2 * count, np.uint32)
        plate = np.stack([end + below, begin + below, middle], axis=1)
        bottom = np.concatenate([bottom, (bottom[:1] + bottom[-1:]) / 2])
    else:
        plate = _split(quads[:, ::-1] + below)
    triangles = np.concatenate([_split(quads), wall.reshape(-1, 3), plate])
    vertices = np.concatenate([top.reshape(-1, 3), bottom])
    used = np.zeros(len(vertices), bool)
    used[triangles] = True
    place = np.cumsum(used, dtype=np.uint32) - np.uint32(1)
    return Solid(vertices[used], place[triangles])


def _split(quads: Quads) -> Quads:
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)


def _boundary(number: Quads, faces: Mask) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the edges with a face on their left alone: the numbers of the vertices where they begin and end."""
    padded = np.pad(faces, 1)
    a, b, c, d = corners(number)
    sides = ((a, b, padded[2:, 1:-1]), (b, c, padded[1:-1, 2:]), (c, d, padded[:-2, 1:-1]), (d, a, padded[1:-1, :-2]))
    open_ = [(begin[faces & ~beyond], end[faces & ~beyond]) for begin, end, beyond in sides]
    begins, ends = zip(*open_, strict=True)
    return np.concatenate(begins), np.concatenate(ends)
