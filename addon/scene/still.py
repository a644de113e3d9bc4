"""Stills of a scene: its picture as it is set up, and the distances of what it shows, by copies of the scene."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..depth import files
from ..errors import DepthFileError, ViewError, first_line, in_one_line

_NOTHING = 1e9  # metres: what Cycles writes where there is nothing is more


@contextmanager
def copied(scene: bpy.types.Scene) -> Iterator[str]:
    """Give the name of a copy of a scene, of the same objects, that is gone afterwards."""
    if not hasattr(scene, "cycles"):
        raise ViewError("Cycles renders the depth, and it is switched off. Enable it in the preferences (Add-ons)")
    name = scene.copy().name
    try:
        yield name
    finally:
        copy = bpy.data.scenes.get(name)  # undone meanwhile, it is gone
        if copy is not None:
            bpy.data.scenes.remove(copy)


def show_distances(copy: Any) -> None:
    """Have a copy of a scene render the distances along the view axis, each at its pixel's centre, to an EXR file.

    Cycles renders them, with one sample.
    """
    render: Any = copy.render
    _plain(render)
    render.engine = "CYCLES"
    render.film_transparent = True
    cycles: Any = copy.cycles
    cycles.device, cycles.samples, cycles.use_denoising, cycles.use_adaptive_sampling = "CPU", 1, False, False
    cycles.pixel_filter_type, cycles.filter_width = "BOX", 0.01  # the pixel's centre
    cycles.use_light_tree = False  # a relief shines with each of its faces, and sorting them takes most of the time
    for layer in copy.view_layers:
        layer.use_pass_z = True
    settings = render.image_settings
    if hasattr(settings, "media_type"):  # from 5.0 on
        settings.media_type = "MULTI_LAYER_IMAGE"
        settings.use_exr_interleave = True  # in parts, 5.0 fails on pixels that are not square
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "ZIP"


def show_picture(copy: Any) -> None:
    """Have a copy of a scene render its picture, as the scene is set up, to a PNG file of 8 bits."""
    render: Any = copy.render
    _plain(render)
    settings = render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_depth = "PNG", "8"
    settings.color_mode = "RGBA" if render.film_transparent else "RGB"
    settings.color_management = "FOLLOW_SCENE"


def _plain(render: Any) -> None:
    """Leave out what would move or blur what the camera sees, or show something else."""
    render.use_border = render.use_compositing = render.use_sequencer = render.use_motion_blur = False
    render.use_multiview = render.use_stamp = False


def render(name: str, *, wait: bool = True) -> None:
    """Render a scene of that name to the file that it names: now, or as a job of the window's.

    Raises ViewError where Blender can't.
    """
    try:
        bpy.ops.render.render("EXEC_DEFAULT" if wait else "INVOKE_DEFAULT", write_still=True, scene=name)
    except RuntimeError as error:
        raise ViewError(f"Blender can't render this scene ({in_one_line(error)})") from error


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is gone when the block ends. Raises ViewError where the system has no place for one."""
    try:
        made = tempfile.TemporaryDirectory(prefix="depth_nodes_", ignore_cleanup_errors=True)
    except OSError as error:
        raise ViewError(f"Temporary files can't be written ({first_line(error)}). Check the disk for them") from error
    with made as folder:
        yield Path(folder)


def read_distances(path: Path) -> files.Array:
    """Return the distances of such a file, float32 (H, W), top row first; NaN where nothing is seen.

    Raises ViewError where Blender could not write it whole.
    """
    try:
        found = files.load(path).values
    except DepthFileError as error:
        raise ViewError(f"Blender could not save the depth in {path.parents[1]}. Free some space there") from error
    with np.errstate(invalid="ignore"):
        return np.where((found > 0.0) & (found < _NOTHING), found, np.float32(np.nan))
