"""Renders training pictures with light as it is, by Cycles: `python -m training.path_traced OUT --assets FOLDER`.

It needs a Python with Blender in it (the module bpy) and a folder of free assets, see `traced/assets.py`. Depth is
exact: the distance along the view axis at one place of each pixel. Another scene is worth more than another view, so
each scene has few.
"""

import argparse
import logging
import math
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import bpy
import numpy as np
import OpenEXR
from mathutils import Matrix, Vector

from .photograph import photograph
from .pictures import write
from .traced import indoors, outdoors
from .traced.assets import Library
from .traced.furnish import Scene
from .traced.views import View, Views

SIZES = ((256, 192), (256, 192), (288, 192), (224, 224), (192, 256), (320, 192))  # width, height
SAMPLES = 8
VIEWS = 2  # of a scene
TRIES = 40
LOOKS = [(x / 4, y / 3) for x in range(-4, 5) for y in range(-3, 4)]  # where a view is tried, -1 to 1 of the picture

# Layout -> how often it is drawn.
Layout = Callable[[Scene], Views]
LAYOUTS: dict[Layout, int] = {
    indoors.living_room: 4,
    indoors.shelf: 4,
    indoors.desk_from_above: 4,
    indoors.partitions: 3,
    indoors.on_a_table: 3,
    indoors.ready_made: 2,
    outdoors.street: 2,
    outdoors.garden: 2,
    outdoors.portrait: 3,
}
NAMES = [layout.__name__ for layout in LAYOUTS]

logger = logging.getLogger(__name__)


def set_up() -> None:
    """Make Blender's file empty and choose how it renders."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.use_persistent_data = True
    scene.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    scene.render.image_settings.color_depth = "32"
    scene.view_layers[0].use_pass_z = True
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.use_adaptive_sampling = "CPU", SAMPLES, False
    cycles.use_denoising, cycles.denoising_prefilter, cycles.denoising_quality = True, "FAST", "FAST"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transparent_max_bounces = 4, 3, 2, 12
    cycles.sample_clamp_indirect, cycles.caustics_reflective, cycles.caustics_refractive = 8, False, False
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.clip_start, camera.data.clip_end = 0.01, 1000
    scene.camera = camera


def clear() -> None:
    """Take everything out of the scene but the camera, which isn't linked to it."""
    for thing in list(bpy.context.scene.objects):
        bpy.data.objects.remove(thing)
    for things in (bpy.data.meshes, bpy.data.materials, bpy.data.lights, bpy.data.worlds):
        for thing in [thing for thing in things if thing.users == 0]:
            things.remove(thing)


def aim(view: View, rng: Random, size: tuple[int, int]) -> bool:
    """Point the camera, and return whether there is something to see: rays hit at several distances, none too near."""
    scene = bpy.context.scene
    camera, (width, height) = scene.camera, size
    scene.render.resolution_x, scene.render.resolution_y = size
    matrix = (view.target - view.place).to_track_quat("-Z", "Y").to_matrix().to_4x4()
    matrix = matrix @ Matrix.Rotation(math.radians(rng.gauss(0, 2)), 4, "Z")
    matrix.translation = view.place
    camera.matrix_world = matrix
    camera.data.sensor_fit, camera.data.angle = "HORIZONTAL", view.angle * min(1.0, width / height)
    half = math.tan(camera.data.angle / 2)
    graph, distances = bpy.context.evaluated_depsgraph_get(), []
    for x, y in LOOKS:
        ray = matrix.to_3x3() @ Vector((x * half, y * half * height / width, -1))
        hit, place, *_ = scene.ray_cast(graph, view.place, ray.normalized())
        if hit:
            distances.append((place - view.place).length)
    if len(distances) < 0.45 * len(LOOKS) or min(distances) < view.near:
        return False
    return float(np.std(np.log(distances))) > 0.12


def shoot(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Render what the camera sees: linear colours (H, W, 3) and distances (H, W), infinite in the sky."""
    scene = bpy.context.scene
    scene.render.filepath = str(folder / "shot.exr")
    bpy.ops.render.render(write_still=True)
    with OpenEXR.File(str(folder / "shot.exr"), separate_channels=True) as file:
        channels = {name.split(".", 1)[-1]: channel.pixels for name, channel in file.parts[0].channels.items()}
    colour = np.stack([channels[f"Combined.{letter}"] for letter in "RGB"], -1).astype(np.float32)
    distance = channels["Depth.Z"].astype(np.float32)
    return colour, np.where(distance > 1e6, np.inf, distance)


def make(out: Path, library: Library, seed: int, shots: Path, layouts: Mapping[Layout, int] = LAYOUTS) -> int:
    """Set up one scene, write its pictures, and return how many came out."""
    rng = Random(seed)  # noqa: S311 (no secret)
    clear()
    layout = rng.choices(list(layouts), list(layouts.values()))[0]
    views, size, count = layout(Scene(rng, library)), rng.choice(SIZES), 0
    bpy.context.view_layer.update()
    for _ in range(TRIES):
        if not aim(views(rng), rng, size):
            continue
        bpy.context.scene.cycles.seed = seed * VIEWS + count
        colour, distance = shoot(shots)
        name = f"{layout.__name__}_{seed:06d}"
        photo = photograph(colour, np.minimum(distance, 1e4), np.random.default_rng((seed, count)))
        write(out, f"{name}_{count}", name, photo, (1 / distance).astype(np.float32))
        count += 1
        if count == VIEWS:
            break
    return count


def main() -> None:
    """Render scenes until there are as many as asked for, or it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0, help="of the first scene")
    parser.add_argument("--only", nargs="*", default=[], choices=NAMES, help="layouts; none given: all")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    set_up()
    layouts = {layout: share for layout, share in LAYOUTS.items() if layout.__name__ in (options.only or NAMES)}
    library, total, started = Library(options.assets), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as shots:
        for seed in range(options.seed, options.seed + options.scenes):
            total += make(options.out, library, seed, Path(shots), layouts)
            pace = (time.monotonic() - started) / max(total, 1)
            logger.info("scene %d, %d pictures, %.1f s each", seed, total, pace)
    os._exit(0)  # bpy has been seen to crash while Python ends


if __name__ == "__main__":
    main()
