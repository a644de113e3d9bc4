"""A scene as a dataset for splatting and radiance fields: pictures, cameras, the exact depth, and sparse points."""

import shutil
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...inference.prior import write_colmap  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.prior.dataset import Dataset, View  # type: ignore[import-not-found]
from ...inference.prior.targets import (  # type: ignore[import-not-found]
    Colmap,
    GaussianSplatting,
    Target,
    Transforms,
)
from ..depth import picture
from ..errors import ViewError, first_line
from . import still
from .pinhole import Pinhole, aim, numbers, spare

# What each reader gets beside the pictures and COLMAP's model, which all of them get.
READERS: dict[str, Callable[[Dataset, Path], Target]] = {
    "3DGS": GaussianSplatting,
    "TRANSFORMS": partial(Transforms, name="transforms.json"),
    "COLMAP": Colmap,
}
_SAME = 0.01  # of the distance: a point that lies so near to what a camera sees there is seen by it
_REACH = 1.0001  # of the farthest distance: what is measured is known

Array = NDArray[np.float32]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Shot:
    """One picture to be: the name of its file without a suffix, the camera's name, and the frame."""

    name: str
    camera: str
    frame: int


@dataclass(frozen=True)
class Step:
    """What is next, in words and as the share that is done.

    Where a scene is named, the caller renders it, which leaves a file at `path`, before the export goes on.
    """

    text: str
    fraction: float
    scene: str = ""
    path: Path | None = None


def over_time(scene: bpy.types.Scene, first: int, last: int, step: int) -> list[Shot]:
    """Return what the scene's camera sees from one frame to another; markers may bind other cameras.

    Raises ViewError without a camera.
    """
    bound = sorted((mark.frame, mark.camera.name) for mark in scene.timeline_markers if _is_camera(mark.camera))
    if not bound and not _is_camera(scene.camera):
        raise ViewError("The scene has no camera. Add one, and let it move around what the dataset is to show")

    def at(frame: int) -> str:
        before = [name for start, name in bound if start <= frame]
        return (before or [name for _, name in bound[:1]] or [scene.camera.name])[-1]

    return [Shot(f"{frame:04d}", at(frame), frame) for frame in range(first, last + 1, step)]


def of_cameras(scene: bpy.types.Scene) -> list[Shot]:
    """Return what each camera of the scene sees now, without those that are disabled in renders.

    Raises ViewError without any.
    """
    cameras = sorted(ob.name for ob in scene.objects if _is_camera(ob))
    if not cameras:
        raise ViewError("The scene has no camera that is enabled in renders. Add some around what it shows")
    shots: dict[str, Shot] = {}
    for camera in cameras:
        name = plain = bpy.path.clean_name(camera)
        while name.lower() in shots:
            name = f"{plain}_{len(shots)}"
        shots[name.lower()] = Shot(name, camera, scene.frame_current)
    return list(shots.values())


def _is_camera(ob: bpy.types.Object | None) -> bool:
    return ob is not None and ob.type == "CAMERA" and not ob.hide_render


def export(
    scene: bpy.types.Scene, shots: Sequence[Shot], reader: str, folder: Path, points: int
) -> Generator[Step, None, None]:
    """Write a dataset; yield each step before it is done, where the caller renders what it names.

    reader: of READERS. folder: which is not there yet, or empty; it comes to be when all is whole. points: how many
    sparse points, about. To leave off, close the iterator: nothing stays. Poses and depths are in the scene's units.

    Raises ViewError or CameraError where a view can't be rendered or sees nothing, or the folder can't be written.
    """
    try:
        with _whole(folder) as part, still.temporary_folder() as beside:
            seen = yield from _rendered(scene, shots, part / "images", beside)
            dataset, depths, visible = yield from _with_points(part, seen, beside, points)
            write_colmap.write(dataset, visible, dataset.model)
            target = READERS[reader](dataset, part)
            for number, (view, depth) in enumerate(zip(dataset.views, depths, strict=True)):
                yield Step(f"file {number + 1} of {len(depths)}", 0.95 + 0.05 * number / len(depths))
                distance = np.load(depth)
                known = np.isfinite(distance)
                inverse = np.where(known, 1.0 / np.where(known, distance, np.float32(1.0)), np.float32(0.0))
                target.add(view, inverse.astype(np.float32))  # nothing is infinitely far
            target.close()
    except OSError as error:
        raise ViewError(f"{folder} can't be written ({first_line(error)}). Choose another place") from error


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Give a folder beside one to write into, which takes its place when the block ends well, and else is gone."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ViewError(f"{folder} is there already and not empty. Choose a new folder")
    part = folder.with_name(f".{uuid.uuid4().hex[:12]}.part")
    part.mkdir()
    try:
        yield part
        if folder.is_dir():
            folder.rmdir()
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _rendered(
    scene: bpy.types.Scene, shots: Sequence[Shot], images: Path, beside: Path
) -> Generator[Step, None, dict[str, Pinhole]]:
    """Have each shot's picture and distances rendered; return the pinholes by the names of the pictures."""
    images.mkdir()
    seen: dict[str, Pinhole] = {}
    with still.copied(scene) as shown, still.copied(scene) as measured, spare(shown, measured) as camera:
        still.show_picture(bpy.data.scenes[shown])
        still.show_distances(bpy.data.scenes[measured])
        for number, shot in enumerate(shots):
            copies = [_there(bpy.data.scenes, name) for name in (shown, measured)]
            own = _there(bpy.data.objects, camera)
            aim(own, copies, _there(bpy.data.objects, shot.camera), shot.frame)
            seen[f"{shot.name}.png"] = numbers(own, copies[0].render, shot.camera)
            for name, path in ((shown, beside / f"{shot.name}.png"), (measured, beside / f"{shot.name}.exr")):
                _there(bpy.data.scenes, name).render.filepath = str(path)
                text = f"{'picture' if name == shown else 'depth'} {number + 1} of {len(shots)}"
                yield Step(text, 0.9 * (number + 0.5 * (name == measured)) / len(shots), name, path)
                if not path.is_file():
                    raise ViewError(f"Blender did not render {shot.camera} at frame {shot.frame}. Nothing was written")
            shutil.move(beside / f"{shot.name}.png", images)
            np.save(beside / f"{shot.name}.npy", still.read_distances(beside / f"{shot.name}.exr"))
            (beside / f"{shot.name}.exr").unlink()
    return seen


def _there(datablocks: Any, name: str) -> Any:
    """Return a datablock, which an artist may have deleted or undone meanwhile."""
    found = datablocks.get(name)
    if found is None:
        raise ViewError(f"{name} is gone. Change nothing in the scene until the export has ended")
    return found


def _with_points(
    folder: Path, seen: dict[str, Pinhole], beside: Path, count: int
) -> Generator[Step, None, tuple[Dataset, list[Path], list[NDArray[np.intp]]]]:
    """Choose the points; return the dataset, where the distances of its views lie, and which points each view sees."""
    depths = [beside / f"{name.removesuffix('.png')}.npy" for name in seen]
    made = []
    for seed, ((name, pinhole), depth) in enumerate(zip(seen.items(), depths, strict=True)):
        yield Step("points", 0.9)
        colours = _colours(folder / "images" / name)
        made.append(_points(pinhole, np.load(depth), colours, -(-count // len(seen)), seed))
    points, colours = (np.concatenate(parts) for parts in zip(*made, strict=True))
    if not len(points):
        raise ViewError("No camera sees anything. Point them at what the dataset is to show")
    views, visible = [], []
    for (name, pinhole), depth in zip(seen.items(), depths, strict=True):
        yield Step("points", 0.93)
        distance = np.load(depth)
        which, places = _seen(pinhole, distance, points)
        known = distance[np.isfinite(distance)]
        reach = _REACH * float(known.max()) if known.size else 0.0
        views.append(View(name, *_lens(pinhole), pinhole.world_to_camera, points[which], places, reach))
        visible.append(which)
    model = folder / "sparse" / "0"
    return Dataset(folder, folder / "images", tuple(views), points, colours, model), depths, visible


def _colours(path: Path) -> NDArray[np.uint8]:
    found = picture.colours(path)
    if found is None:
        raise ViewError(f"The picture {path.name} can't be read. {picture.MISSING}")
    return found


def _lens(pinhole: Pinhole) -> tuple[int, int, float, float, float, float]:
    return pinhole.width, pinhole.height, pinhole.fx, pinhole.fy, pinhole.cx, pinhole.cy


def _points(
    pinhole: Pinhole, distance: Array, colours: NDArray[np.uint8], count: int, seed: int
) -> tuple[Points, NDArray[np.uint8]]:
    """Return surface points of the world behind some of a view's pixels, (N, 3), and their colours, (N, 3)."""
    row, column = np.nonzero(np.isfinite(distance))
    chosen = np.random.default_rng(seed).permutation(len(row))[:count]
    row, column = row[chosen], column[chosen]
    z = distance[row, column].astype(float)
    here = np.stack([(column + 0.5 - pinhole.cx) / pinhole.fx * z, (row + 0.5 - pinhole.cy) / pinhole.fy * z, z], 1)
    turn, move = pinhole.world_to_camera[:, :3], pinhole.world_to_camera[:, 3]
    return (here - move) @ turn, colours[row, column, :3]


def _seen(pinhole: Pinhole, distance: Array, points: Points) -> tuple[NDArray[np.intp], Points]:
    """Return which points a view sees, and where in its picture, (N, 2)."""
    here = points @ pinhole.world_to_camera[:, :3].T + pinhole.world_to_camera[:, 3]
    ahead = np.flatnonzero(here[:, 2] > 0.0)
    here = here[ahead]
    places = here[:, :2] / here[:, 2:] * [pinhole.fx, pinhole.fy] + [pinhole.cx, pinhole.cy]
    inside = ((places >= 0.0) & (places < [pinhole.width, pinhole.height])).all(axis=1)
    ahead, here, places = ahead[inside], here[inside], places[inside]
    column, row = places.astype(int).T
    with np.errstate(invalid="ignore"):
        same = np.abs(distance[row, column] / here[:, 2] - 1.0) < _SAME  # not where nothing is, which is NaN
    return ahead[same], places[same]
