"""What each reader wants of a prior: its files, units and conventions.

3dgs: https://github.com/graphdeco-inria/gaussian-splatting; nerfstudio: https://docs.nerf.studio;
ngp: https://github.com/NVlabs/instant-ngp; colmap: https://colmap.github.io/format.html
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np

from ..errors import DatasetError
from ..paths import replacing
from ..png import encode
from ..push_pull import Picture
from .dataset import Dataset, View

To = Literal["3dgs", "nerfstudio", "colmap", "ngp"]
TARGETS: tuple[To, ...] = get_args(To)

_FULL = 65535
_USUAL_UNIT = 1e-3  # nerfstudio's own: millimetres of a scene in metres
_BEYOND = 2.0  # times the distance of the farthest point of a photo, depth is a guess and counts as unknown
_FARTHEST = 99.0  # percent: the farthest point is not the one outlier


class Target(Protocol):
    """Takes one photo after the other, and writes at last what names them all."""

    def add(self, view: View, inverse: Picture | None) -> None:
        """Write the maps of a photo: its aligned inverse depth, (H, W), NaN where unknown, or None without any."""

    def close(self) -> list[Path]:
        """Write what belongs to all photos; return the files and folders that were written."""


def target(to: To, dataset: Dataset, folder: Path) -> Target:
    """Return what writes into a folder for a reader; raises `DatasetError` where the dataset doesn't suit it."""
    make: dict[To, Callable[[Dataset, Path], Target]] = {
        "3dgs": GaussianSplatting,
        "nerfstudio": Transforms,
        "ngp": Transforms,
        "colmap": Colmap,
    }
    return make[to](dataset, folder)


def farthest(view: View) -> float:
    """Return the distance from which on a photo's depth is unknown."""
    if view.reach is not None:
        return view.reach
    depths = view.depths()
    ahead = depths[depths > 0.0]
    return _BEYOND * float(np.percentile(ahead, _FARTHEST)) if len(ahead) else 0.0


def distances(view: View, inverse: Picture) -> Picture:
    """Return distances along the view axis, in the scene's unit; 0 where unknown or beyond what the points reach."""
    limit = farthest(view)
    with np.errstate(invalid="ignore"):
        known = inverse >= (1.0 / limit if limit else math.inf)
    return np.where(known, np.reciprocal(np.where(known, inverse, np.float32(1.0))), np.float32(0.0)).astype(np.float32)


@dataclass
class GaussianSplatting:
    """`depths/` with 16-bit PNGs, linear in inverse depth, and `depth_params.json` beside the model."""

    dataset: Dataset
    folder: Path
    params: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dataset.model is None:
            raise DatasetError("3dgs reads depth only beside a COLMAP model. Name the folder that holds sparse/0")

    def add(self, view: View, inverse: Picture | None) -> None:
        """Write a map, and keep what its numbers mean. A scale of 0 tells the trainer that there is none."""
        name = view.name.rpartition(".")[0] or view.name
        self.params[name] = {"scale": 0.0, "offset": 0.0}
        samples = np.zeros((view.height, view.width), np.uint16)
        if inverse is not None:
            low, high = max(float(np.nanmin(inverse)), 0.0), max(float(np.nanmax(inverse)), 1e-12)
            share = np.clip((np.nan_to_num(inverse, nan=low) - low) / max(high - low, 1e-12), 0.0, 1.0)
            samples = np.rint(share * _FULL).astype(np.uint16)
            # The trainer divides by 65536.
            self.params[name] = {"scale": max(high - low, 1e-12) * (_FULL + 1) / _FULL, "offset": low}
        write_bytes(encode(samples), self.folder / "depths" / f"{name}.png")

    def close(self) -> list[Path]:
        """Write `depth_params.json`."""
        model = self.dataset.model or self.folder
        inside = model.relative_to(self.dataset.folder)
        path = self.folder / inside / "depth_params.json"
        write_json(self.params, path)
        return [self.folder / "depths", path]


@dataclass
class Transforms:
    """`depths_z/` with 16-bit PNGs of distances, and a transforms.json that names them as both readers do.

    name: of the latter, which is not to replace the dataset's own.
    """

    dataset: Dataset
    folder: Path
    name: str = "transforms_depth.json"
    frames: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        limit = max(map(farthest, self.dataset.views))
        middle = float(np.median(np.concatenate([view.depths() for view in self.dataset.views])))
        usual = middle >= 1000 * _USUAL_UNIT and limit <= _FULL * _USUAL_UNIT
        self.unit = _USUAL_UNIT if usual or limit <= 0.0 else 10.0 ** math.ceil(math.log10(limit / _FULL))

    def add(self, view: View, inverse: Picture | None) -> None:
        """Write a map of the photo's size; 0 is unknown. Without depth all of it is: every frame needs a map."""
        name = f"depths_z/{view.name.rpartition('.')[0] or view.name}.png"
        samples = np.zeros((view.height, view.width), np.uint16)
        if inverse is not None:
            samples = np.clip(np.rint(distances(view, inverse) / self.unit), 0, _FULL).astype(np.uint16)
        write_bytes(encode(samples), self.folder / name)
        photo = self.dataset.images / view.name
        self.frames.append(
            {
                "file_path": relative(photo, self.folder),
                "depth_file_path": name,
                "depth_path": name,
                "w": view.width,
                "h": view.height,
                "fl_x": view.fx,
                "fl_y": view.fy,
                "cx": view.cx,
                "cy": view.cy,
                "transform_matrix": view.camera_to_world().tolist(),
            }
        )

    def close(self) -> list[Path]:
        """Write the file that names the maps, and the points that splatting starts from."""
        said = {key: value for key, value in self.dataset.transforms.items() if key not in ("frames", "ply_file_path")}
        lens = {key: self.frames[0][key] for key in ("w", "h", "fl_x", "fl_y", "cx", "cy")}
        one_lens = all({**frame, **lens} == frame for frame in self.frames)
        points = self.folder / "sparse_points.ply"
        write_points(self.dataset, points)
        path = self.folder / self.name
        depth = {"enable_depth_loading": True, "integer_depth_scale": self.unit, "depth_unit_scale_factor": self.unit}
        whole = {"camera_model": "PINHOLE", **said, **(lens if one_lens else {}), **depth}
        write_json({**whole, "ply_file_path": points.name, "frames": self.frames}, path)
        return [self.folder / "depths_z", points, path]


@dataclass
class Colmap:
    """`stereo/` as COLMAP's dense reconstruction leaves it, ready for `colmap stereo_fusion`."""

    dataset: Dataset
    folder: Path
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.dataset.model is None:
            raise DatasetError("colmap needs a COLMAP model. Name the folder that holds sparse/")

    def add(self, view: View, inverse: Picture | None) -> None:
        """Write the distances and the normals of a photo; one without depth is not fused."""
        if inverse is None:
            return
        depth = distances(view, inverse)
        name = f"{view.name}.geometric.bin"
        write_array(depth[..., None], self.folder / "stereo" / "depth_maps" / name)
        write_array(normals(view, depth), self.folder / "stereo" / "normal_maps" / name)
        self.names.append(view.name)

    def close(self) -> list[Path]:
        """Write the list of photos, and the model where the program looks for it."""
        model = self.dataset.model
        place = self.folder / "sparse"
        if model is not None and not (place / "cameras.bin").exists() and not (place / "cameras.txt").exists():
            for file in sorted(model.iterdir()):
                if file.stem in ("cameras", "images", "points3D"):
                    write_bytes(file.read_bytes(), place / file.name)
        write_bytes("".join(f"{name}\n" for name in self.names).encode(), self.folder / "stereo" / "fusion.cfg")
        return [self.folder / "stereo"]


def normals(view: View, depth: Picture) -> Picture:
    """Return the unit normals of distances (H, W), in the camera's space and towards it, (H, W, 3); 0 where unknown."""
    height, width = depth.shape
    x = (np.arange(width) + 0.5) * view.width / width - view.cx
    y = (np.arange(height) + 0.5) * view.height / height - view.cy
    place = np.stack([depth * (x / view.fx), depth * (y / view.fy)[:, None], depth], axis=-1)
    down, across = np.gradient(place, axis=0), np.gradient(place, axis=1)
    normal = np.cross(down, across)  # towards the camera: down x right of X right, Y down, Z forward
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    return np.where((length > 0.0) & (depth[..., None] > 0.0), normal / np.maximum(length, 1e-30), 0.0).astype(
        np.float32
    )


def relative(path: Path, folder: Path) -> str:
    """Return a path as seen from a folder, with slashes."""
    import os

    return Path(os.path.relpath(path, folder)).as_posix()


def write_json(said: object, path: Path) -> None:
    """Write JSON."""
    write_bytes((json.dumps(said, indent=1) + "\n").encode(), path)


def write_bytes(data: bytes, path: Path) -> None:
    """Write a file and the folder around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(data)


def write_array(array: Picture, path: Path) -> None:
    """Write (H, W, C) as COLMAP does: its size as text, then one channel after the other, row by row."""
    height, width, channels = array.shape
    data = np.ascontiguousarray(np.moveaxis(array, 2, 0), "<f4").tobytes()
    write_bytes(f"{width}&{height}&{channels}&".encode() + data, path)


def write_points(dataset: Dataset, path: Path) -> None:
    """Write the sparse points as a PLY file."""
    vertex = np.empty(len(dataset.points), [("place", "<f4", 3), ("colour", "u1", 3)])
    vertex["place"], vertex["colour"] = dataset.points, dataset.colours
    names = "".join(f"property float {name}\n" for name in "xyz")
    names += "".join(f"property uchar {name}\n" for name in ("red", "green", "blue"))
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertex)}\n{names}end_header\n"
    write_bytes(head.encode() + vertex.tobytes(), path)
