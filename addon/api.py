"""The door for scripts: what the interface does, as functions that return when it is done, in the window too.

    from bl_ext.user_default.depth_nodes import api

    made = api.from_files("photo.jpg", "photo_depth.exr", projection="Camera", scene=bpy.context.scene)
    made = api.from_photo("photo.jpg", settings=api.settings(model="small", size=770))
    depth = api.estimate(bpy.data.images["photo.jpg"])
    api.freeze(made.ob, cut=True)
    api.anchor(made.ob, ((0.2, 0.1), (0.7, 0.6)), (1.2, 8.0))
    front, background = api.to_mesh(made.ob, apart=True)
    depth, height, normal = api.bake(made.ob, "maps/vase", size=4096)

`user_default` is the extension repository that Depth Nodes was installed into. Every function raises `DepthNodesError`,
whose text says what to do next. What `__all__` doesn't list may change with any release.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from .depth.image import DepthInfo, find, info
from .engine import frames as clips
from .engine import jobs
from .engine import settings as preferred
from .engine.settings import Settings
from .errors import DepthNodesError, EstimateError, FreezeError
from .scene import anchor as anchoring
from .scene import bake as maps
from .scene import camera, photo, relief
from .scene import freeze as grid
from .scene import to_mesh as plain
from .scene.anchor import Anchored, Point
from .scene.plane import LYING, STANDING
from .scene.relief import Projection, Relief, from_files

__all__ = (
    "LYING",
    "STANDING",
    "Anchored",
    "DepthInfo",
    "DepthNodesError",
    "Relief",
    "Settings",
    "anchor",
    "bake",
    "estimate",
    "estimate_frames",
    "freeze",
    "from_files",
    "from_photo",
    "info",
    "settings",
    "to_mesh",
    "unfreeze",
)


def settings(**changes: Any) -> Settings:
    """Return how to estimate: as the preferences say, but for the fields of `Settings` that are given."""
    return replace(preferred.current(), **changes)


def estimate(image: bpy.types.Image, *, settings: Settings | None = None, frame: int | None = None) -> bpy.types.Image:
    """Estimate the depth of an image, and return the depth image: the one that the image has already, or a new one.

    settings: by default what the preferences say. frame: of a movie or sequence, by default the scene's.
    Blocks for as long as it takes, the first time also for a download if Blender may go online. Raises DepthNodesError,
    where there is no engine or no model and where the estimate fails.
    """
    frame = bpy.context.scene.frame_current if frame is None else frame
    job = jobs.submit(image, settings or preferred.current(), frame=frame)
    jobs.wait(job)
    depth = find(job.depth_uid)
    if job.state != "done" or depth is None:
        raise EstimateError(job.error or f"The estimate of {job.name} was cancelled. Estimate it again")
    return depth


def estimate_frames(
    image: bpy.types.Image,
    frames: Sequence[int],
    folder: str | Path,
    *,
    settings: Settings | None = None,
    fixed_camera: bool = False,
) -> bpy.types.Image:
    """Estimate the depth of a movie's or sequence's frames without flicker, and return it as one image sequence.

    frames: the numbers of the sequence's files, or of the movie's frames from 1 on, in order. folder: where the files
    go; what an earlier call left there is gone on with. fixed_camera: the camera of the clip doesn't move.
    Blocks and raises as `estimate` does. Where some frames can't be read, the others are made, and it raises all the
    same: call it again to make those that failed.
    """
    made: list[bpy.types.Image] = []
    wanted = settings or preferred.current()
    clip = clips.begin(image, frames, Path(folder), wanted, fixed_camera=fixed_camera, on_depth=made.append)
    clips.wait(clip)
    if clip.state != "done":
        raise EstimateError(clip.error or f"The estimate of {clip.name} was cancelled")
    if clip.failed:
        raise EstimateError(clip.warning)
    return made[0]


def from_photo(
    photo_path: str | Path,
    *,
    settings: Settings | None = None,
    collection: bpy.types.Collection | None = None,
    matrix: Matrix = STANDING,
    projection: Projection = "Relief",
    scene: bpy.types.Scene | None = None,
) -> Relief:
    """Make the relief of a photo whose depth is estimated. Blocks and raises as `estimate` does.

    collection: where the new objects are linked, by default the active one. matrix: where the relief stands, object to
    world. scene: if given, it gets a camera that sees the photo.
    """
    picture = photo.begin(photo_path)
    photo.complete(picture, photo_path)
    try:
        depth = estimate(picture, settings=settings)
    except DepthNodesError:
        if picture.users == 0:  # else it was in the file before
            bpy.data.images.remove(picture)
        raise
    collection = collection or bpy.context.view_layer.active_layer_collection.collection
    ob, modifier = relief.add(picture, depth, collection=collection, matrix=matrix, projection=projection)
    fitting = camera.add(ob, modifier, picture, collection=collection, scene=scene) if scene else None
    return Relief(ob, modifier, depth, fitting, kind_guessed=False)


def anchor(ob: bpy.types.Object, points: tuple[Point, Point], distances: tuple[float, float]) -> Anchored:
    """Have two points of an object's Depth Relief stand at these distances from its camera; all others follow.

    points: where they lie in the picture, (u, v) from (0, 0) in its lower left corner to (1, 1) in the upper right.
    distances: along the view axis, in Blender units. Relative depth gets its Near and Far Distance; metric depth has
    none, and the object is scaled, as well as one number fits both. Raises DepthNodesError, before anything changes,
    where Projection is not Camera and where the points or distances don't fit.
    """
    return anchoring.anchor(ob, _relief_of(ob), points, distances)


def freeze(ob: bpy.types.Object, *, cut: bool = False) -> bpy.types.Mesh:
    """Make the grid that the object's Depth Relief samples its mesh, which is much faster to shape; return that mesh.

    cut: bake what the modifier cuts away into the mesh, and switch its Cutoff off until the grid is unfrozen. Raises
    FreezeError, before anything changes, for an object that can't be frozen as it is.
    """
    return grid.freeze(ob, _relief_of(ob), cut=cut)


def unfreeze(ob: bpy.types.Object) -> bpy.types.Mesh:
    """Give the object the mesh back that it had before it was frozen, and return it. Raises FreezeError."""
    return grid.unfreeze(ob, _relief_of(ob))


def to_mesh(ob: bpy.types.Object, *, apart: bool = False, faces: int | None = None) -> list[bpy.types.Object]:
    """Return new objects that hold, as plain meshes, what the object's Depth Relief shows; the relief stays as it is.

    apart: the front and the background as an object each, where there are both. faces: reduce all of it to about so
    many triangles. Raises DepthNodesError, before anything changes, for a relief that shows no faces.
    """
    return plain.convert(ob, _relief_of(ob), apart=apart, faces=faces)


def bake(ob: bpy.types.Object, stem: str | Path, *, size: int = 0, overwrite: bool = False) -> list[Path]:
    """Save STEM_depth.exr, STEM_height.png and STEM_normal.png of the object's Depth Relief, and return their paths.

    size: pixels along the longer side; 0 takes the photo's. In Projection Camera there is depth alone: the rays of a
    scene spread, so it has no height. Raises DepthNodesError for a relief that is no whole grid, where a file exists
    already unless `overwrite`, and where it can't be written.
    """
    return maps.write(maps.compute(ob, _relief_of(ob), size), Path(stem), overwrite=overwrite)


def _relief_of(ob: bpy.types.Object) -> bpy.types.NodesModifier:
    modifier = relief.find_modifier(ob)
    if modifier is None:
        raise FreezeError(f"{ob.name!r} has no Depth Relief modifier. Add one, or choose another object")
    return modifier
