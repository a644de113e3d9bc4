"""transforms.json, as nerfstudio and instant-ngp read it: https://docs.nerf.studio/quickstart/data_conventions.html"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError, first_line
from .dataset import Dataset, Doubles, View

_DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")
_CELL = 16  # pixels: of the points that fall into one square, the nearest is seen
_TYPES = {"float": "f4", "float32": "f4", "double": "f8", "float64": "f8", "uchar": "u1", "uint8": "u1", "int": "i4"}


def read(folder: Path) -> Dataset:
    """Read transforms.json with the points of its `ply_file_path`; raises `DatasetError`."""
    path = folder / "transforms.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        frames = sorted(said["frames"], key=lambda frame: str(frame["file_path"]))
        points, colours = _points(folder, said)
        views = tuple(_view({**said, **frame}, points) for frame in frames)
    except DatasetError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DatasetError(f"{path} can't be read ({type(error).__name__}: {first_line(error)})") from error
    if not views:
        raise DatasetError(f"{path} names no photo")
    return Dataset(folder, folder, views, points, colours, None, said)


def _points(folder: Path, said: Mapping[str, Any]) -> tuple[Doubles, NDArray[np.uint8]]:
    name = said.get("ply_file_path")
    if not name:
        raise DatasetError(
            f"{folder / 'transforms.json'} names no sparse points (ply_file_path), to which depth could be aligned. "
            "Run ns-process-data again, or name the folder of the COLMAP model"
        )
    points, colours = read_ply(folder / name)
    if not len(points):
        raise DatasetError(f"{folder / name}: holds no points, to which depth could be aligned")
    return points, colours


def _view(said: Mapping[str, Any], points: Doubles) -> View:
    name = str(said["file_path"]).removeprefix("./")
    model = said.get("camera_model", "OPENCV")
    if model not in ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE") or any(
        abs(said.get(key, 0.0)) > 1e-9 for key in _DISTORTION
    ):
        raise DatasetError(f"{name}: its camera distorts ({model}); undistort the photos first")
    width, height = int(said["w"]), int(said["h"])
    fx = float(said["fl_x"])
    fy, cx, cy = (float(said.get(key, usual)) for key, usual in (("fl_y", fx), ("cx", width / 2), ("cy", height / 2)))
    matrix = np.array(said["transform_matrix"], float)
    matrix = np.vstack([matrix[:3], [0, 0, 0, 1]])
    pose = np.linalg.inv(matrix @ np.diag([1.0, -1.0, -1.0, 1.0]))[:3]
    seen = points @ pose[:, :3].T + pose[:, 3]
    ahead = np.flatnonzero(seen[:, 2] > 0.0)
    places = seen[ahead, :2] / seen[ahead, 2:] * [fx, fy] + [cx, cy]
    inside = ((places >= 0) & (places < [width, height])).all(axis=1)
    ahead, places = ahead[inside], places[inside]
    first = _nearest(places, seen[ahead, 2])
    return View(name, width, height, fx, fy, cx, cy, pose, points[ahead[first]], places[first])


def _nearest(places: Doubles, depths: Doubles) -> NDArray[np.intp]:
    """Return the nearest point of each cell: a list of points doesn't say which of them a photo sees."""
    order = np.argsort(depths, kind="stable")
    cells = (places[order] // _CELL).astype(np.int64)
    _, first = np.unique(cells[:, 0] + (cells[:, 1] << 32), return_index=True)
    return order[np.sort(first)]


def read_ply(path: Path) -> tuple[Doubles, NDArray[np.uint8]]:
    """Return the vertices of a PLY file, (N, 3), and their colours, grey where it has none."""
    data = path.read_bytes()
    head, mark, rest = data.partition(b"end_header\n")
    lines = [line.split() for line in head.decode("ascii", "replace").splitlines()]
    first = next(at for at, line in enumerate(lines) if line[:2] == ["element", "vertex"]) if mark else len(lines)
    if first == len(lines):
        raise DatasetError(f"{path} is not a PLY file with vertices, or is damaged. Export it again")
    count, fields = int(lines[first][2]), []
    for line in lines[first + 1 :]:
        if line[0] != "property":
            break
        fields.append((line[2], _TYPES[line[1]]))
    if ["format", "ascii", "1.0"] in lines:
        rows = [tuple(map(float, line.split())) for line in rest.decode("ascii").splitlines()[:count]]
        table = np.array(rows, dtype=[(name, "f8") for name, _ in fields])
    else:
        order = ">" if ["format", "binary_big_endian", "1.0"] in lines else "<"
        table = np.frombuffer(rest, np.dtype([(name, order + kind) for name, kind in fields]), count)
    names = {name for name, _ in fields}
    points = np.stack([table[name] for name in "xyz"], axis=1).astype(float)
    if {"red", "green", "blue"} <= names:
        return points, np.stack([table[name] for name in ("red", "green", "blue")], axis=1).astype(np.uint8)
    return points, np.full((count, 3), 128, np.uint8)
