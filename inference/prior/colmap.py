"""COLMAP's sparse models, binary and text: https://colmap.github.io/format.html"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError, first_line
from .dataset import Dataset, Doubles, View

_FILES = ("cameras", "images", "points3D")
# Number of each model, its name, and how many parameters it has.
_MODELS = {
    0: ("SIMPLE_PINHOLE", 3),
    1: ("PINHOLE", 4),
    2: ("SIMPLE_RADIAL", 4),
    3: ("RADIAL", 5),
    4: ("OPENCV", 8),
    5: ("OPENCV_FISHEYE", 8),
    6: ("FULL_OPENCV", 12),
    7: ("FOV", 5),
    8: ("SIMPLE_RADIAL_FISHEYE", 4),
    9: ("RADIAL_FISHEYE", 5),
    10: ("THIN_PRISM_FISHEYE", 12),
}
PLACE = np.dtype([("place", "<f8", 2), ("point", "<i8")])  # where an image sees a point, in images.bin


@dataclass(frozen=True)
class _Camera:
    model: str
    width: int
    height: int
    numbers: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class _Image:
    name: str
    camera: int
    quaternion: Doubles
    move: Doubles
    places: Doubles
    points: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Points:
    """Sorted by their numbers."""

    numbers: NDArray[np.int64]
    places: Doubles
    colours: NDArray[np.uint8]


def is_model(folder: Path) -> bool:
    """Return whether a folder holds a model, binary or text."""
    return any(all((folder / f"{name}{suffix}").is_file() for name in _FILES) for suffix in (".bin", ".txt"))


def read(folder: Path, model: Path) -> Dataset:
    """Read a model and say where its photos lie; raises `DatasetError`."""
    binary = all((model / f"{name}.bin").is_file() for name in _FILES)
    try:
        if binary:
            cameras, images, points = _cameras_bin(model), list(_images_bin(model)), _points_bin(model)
        else:
            cameras, images, points = _cameras_txt(model), list(_images_txt(model)), _points_txt(model)
        views = tuple(_view(image, cameras[image.camera], points) for image in sorted(images, key=lambda one: one.name))
    except DatasetError:
        raise
    except (OSError, ValueError, KeyError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise DatasetError(f"{model}: the model is damaged ({first_line(error)}). Export it again") from error
    if not views:
        raise DatasetError(f"{model}: no photo is registered in this model")
    if not len(points.numbers):
        raise DatasetError(f"{model}: the model has no points, to which depth could be aligned; triangulate it first")
    return Dataset(folder, folder / "images", views, points.places, points.colours, model)


def _view(image: _Image, camera: _Camera, points: _Points) -> View:
    if camera.model not in ("PINHOLE", "SIMPLE_PINHOLE"):
        raise DatasetError(
            f"{image.name}: its camera distorts ({camera.model}). Run `colmap image_undistorter` and name its output"
        )
    fx, fy = camera.numbers[0], camera.numbers[-3]
    seen = image.points >= 0
    at = np.searchsorted(points.numbers, image.points[seen])
    there = np.zeros(len(at), bool)
    inside = at < len(points.numbers)
    there[inside] = points.numbers[at[inside]] == image.points[seen][inside]
    pose = np.column_stack([rotation(image.quaternion), image.move])
    return View(
        image.name.replace("\\", "/"),
        camera.width,
        camera.height,
        fx,
        fy,
        camera.numbers[-2],
        camera.numbers[-1],
        pose,
        points.places[at[there]],
        image.places[seen][there],
    )


def rotation(quaternion: Doubles) -> Doubles:
    """Return the rotation, float64 (3, 3), of a quaternion (w, x, y, z)."""
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


class _Bytes:
    """A binary file that is read from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._data, self._at = path.read_bytes(), 0

    def take(self, form: str) -> tuple[float, ...]:
        """Return the next numbers, little-endian without padding."""
        found = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return found

    def array(self, dtype: np.dtype[np.void], count: int) -> NDArray[np.void]:
        """Return the next `count` records."""
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += found.nbytes
        return found

    def text(self) -> str:
        """Return the text up to the next zero byte."""
        end = self._data.index(b"\0", self._at)
        found, self._at = self._data[self._at : end].decode(), end + 1
        return found

    def skip(self, count: int) -> None:
        """Leave bytes out."""
        self._at += count


def _cameras_bin(model: Path) -> dict[int, _Camera]:
    file = _Bytes(model / "cameras.bin")
    cameras = {}
    for _ in range(int(file.take("Q")[0])):
        number, kind, width, height = map(int, file.take("iiQQ"))
        name, count = _MODELS[kind]
        cameras[number] = _Camera(name, width, height, file.take(f"{count}d"))
    return cameras


def _images_bin(model: Path) -> Iterator[_Image]:
    file = _Bytes(model / "images.bin")
    for _ in range(int(file.take("Q")[0])):
        file.take("i")
        pose = np.array(file.take("7d"))
        camera = int(file.take("i")[0])
        name = file.text()
        seen = file.array(PLACE, int(file.take("Q")[0]))
        yield _Image(name, camera, pose[:4], pose[4:], seen["place"].copy(), seen["point"].copy())


def _points_bin(model: Path) -> _Points:
    file = _Bytes(model / "points3D.bin")
    numbers, places, colours = [], [], []
    for _ in range(int(file.take("Q")[0])):
        number, x, y, z, red, green, blue, _error = file.take("Q3d3Bd")
        file.skip(8 * int(file.take("Q")[0]))
        numbers.append(number)
        places.append((x, y, z))
        colours.append((red, green, blue))
    return _sorted(numbers, places, colours)


def _sorted(numbers: list[float], places: Sequence[tuple[float, ...]], colours: Sequence[tuple[float, ...]]) -> _Points:
    order = np.argsort(np.array(numbers, np.int64)) if numbers else np.zeros(0, np.intp)
    return _Points(
        np.array(numbers, np.int64)[order],
        np.array(places, float).reshape(-1, 3)[order],
        np.array(colours, np.uint8).reshape(-1, 3)[order],
    )


def _lines(path: Path) -> list[list[str]]:
    """Return the words of each line, comments left out; an empty line counts, for a photo without points has one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def _cameras_txt(model: Path) -> dict[int, _Camera]:
    lines = [line for line in _lines(model / "cameras.txt") if line]
    return {int(n): _Camera(kind, int(w), int(h), tuple(map(float, rest))) for n, kind, w, h, *rest in lines}


def _images_txt(model: Path) -> Iterator[_Image]:
    lines = _lines(model / "images.txt")
    for head, seen in zip(lines[::2], [*lines[1::2], []], strict=False):
        if not head:
            continue
        pose = np.array(head[1:8], float)
        marks = np.array(seen, float).reshape(-1, 3)
        yield _Image(" ".join(head[9:]), int(head[8]), pose[:4], pose[4:], marks[:, :2], marks[:, 2].astype(np.int64))


def _points_txt(model: Path) -> _Points:
    lines = [line for line in _lines(model / "points3D.txt") if line]
    numbers = [float(line[0]) for line in lines]
    places = [tuple(map(float, line[1:4])) for line in lines]
    return _sorted(numbers, places, [tuple(map(float, line[4:7])) for line in lines])
