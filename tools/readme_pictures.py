"""Renders the pictures of the README and the documentation from the sample still life into docs/.

python -m tools.readme_pictures
"""

import os
import sys
import tempfile
from math import cos, pi, radians, sin
from pathlib import Path
from typing import Any

from . import extension

extension.enable_alone()

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Vector  # noqa: E402
from PIL import Image  # noqa: E402

from . import rendering  # noqa: E402

ASSETS = extension.ROOT / "assets"
DOCS = extension.ROOT / "docs"
SIZE = (800, 600)
STEP, STEP_SIZE = 0.15, (560, 420)  # metres by which a camera leaves the photo's place: 6 % of the sample's distance
TURN_SIZE, TURN_FRAMES, TURN_SECONDS, TURN_ANGLE = (560, 420), 17, 4.0, radians(38)  # frames of half a turn
LOOP_SIZE, LOOP_FRAMES, LOOP_SECONDS = (480, 360), 24, 2.4
VIEWS, VIEW_SIZE = 4, (240, 180)
LOOP_STRENGTH = 1.5  # of Parallax: a little beyond what is covered everywhere, so that a small picture shows it


def relief(projection: str) -> Any:
    """Build the relief of the sample in an empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = extension.module("addon.scene.relief").from_files(
        ASSETS / "sample_photo.jpg",
        ASSETS / "sample_depth.exr",
        collection=bpy.context.scene.collection,
        projection=projection,
    )
    rendering.set_backdrop(0.16)
    return made


def save_photo(path: Path) -> None:
    """Save the photo at the size of the other pictures."""
    image = bpy.data.images.load(str(ASSETS / "sample_photo.jpg"))
    image.scale(*SIZE)
    image.file_format = "JPEG"
    image.save(filepath=str(path), quality=88)


def save_depth(path: Path, depth: bpy.types.Image) -> None:
    """Save the depth as 8-bit grey, near is bright, so that it can be looked at."""
    pixels = np.empty((depth.size[1], depth.size[0], 4), dtype=np.float32)
    depth.pixels.foreach_get(pixels.ravel())
    nearness = 1.0 / pixels[:, :, 0]
    pixels[:, :, :3] = ((nearness - nearness.min()) / np.ptp(nearness))[:, :, None]
    pixels[:, :, 3] = 1.0
    image = bpy.data.images.new("Depth to look at", *depth.size)
    image.pixels.foreach_set(pixels.ravel())
    image.scale(*SIZE)
    image.file_format = "JPEG"
    image.save(filepath=str(path), quality=88)


def save_turn(path: Path) -> None:
    """Render the relief as it turns from one side to the other and back, as an animated WebP."""
    target, distance = Vector((0.0, -0.15, -0.07)), 4.2
    with tempfile.TemporaryDirectory() as folder:
        half = []
        for number in range(TURN_FRAMES):
            angle = -TURN_ANGLE * cos(pi * number / (TURN_FRAMES - 1))  # it slows down where it turns back
            place = target + Vector((sin(angle), -cos(angle), 0.12)) * distance
            frame = Path(folder) / f"{number}.png"
            rendering.render(frame, rendering.add_camera("Turn", place, target, 55.0), *TURN_SIZE, samples=12)
            with Image.open(frame) as picture:
                half.append(picture.convert("RGB"))
    frames = half + half[-2:0:-1]
    options = {"save_all": True, "append_images": frames[1:], "loop": 0, "quality": 75, "method": 6}
    frames[0].save(path, duration=round(1000 * TURN_SECONDS / len(frames)), **options)


def moving() -> Any:
    """Build the scene of the sample in an empty file, with a camera on the move Loop of Parallax."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    made = extension.module("addon.scene.relief").from_files(
        ASSETS / "sample_photo.jpg",
        ASSETS / "sample_depth.exr",
        collection=scene.collection,
        projection="Camera",
        scene=scene,
    )
    rendering.set_backdrop(0.16)
    extension.module("addon.scene.parallax").animate(
        made.camera, made.ob, made.modifier, scene, move="LOOP", frames=LOOP_FRAMES, strength=LOOP_STRENGTH
    )
    return made


def save_parallax(path: Path) -> None:
    """Render that move, as an animated WebP."""
    made, scene = moving(), bpy.context.scene
    scene.render.use_persistent_data = True  # only the camera moves
    frames = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(LOOP_FRAMES):
            scene.frame_set(scene.frame_start + number)
            frame = Path(folder) / f"{number}.png"
            rendering.render(frame, made.camera, *LOOP_SIZE, samples=4)
            with Image.open(frame) as picture:
                frames.append(picture.convert("RGB"))
    options = {"save_all": True, "append_images": frames[1:], "loop": 0, "quality": 70, "method": 6}
    frames[0].save(path, duration=round(1000 * LOOP_SECONDS / LOOP_FRAMES), **options)


def save_dataset(path: Path) -> None:
    """Export views of that move as a dataset, and show their pictures above their depth."""
    moving()
    extension.enable()  # the empty file is without it, and so without its operators
    scene = bpy.context.scene
    scene.frame_end = scene.frame_start + LOOP_FRAMES - 1
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 4, False
    scene.render.resolution_x, scene.render.resolution_y = VIEW_SIZE
    width, height = VIEW_SIZE
    strip = Image.new("RGB", (VIEWS * width, 2 * height))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "set"
        step = LOOP_FRAMES // VIEWS
        bpy.ops.depth_nodes.export_camera_and_depth(filepath=str(made), reader="3DGS", step=step, points=1000)
        for number, picture in enumerate(sorted((made / "images").iterdir())):
            with Image.open(picture) as shown, Image.open(made / "depths" / picture.name) as depth:
                strip.paste(shown, (number * width, 0))
                grey = (np.asarray(depth) >> 8).astype(np.uint8)
            strip.paste(Image.fromarray(grey), (number * width, height))
    strip.save(path, quality=88)


def save_walls() -> None:
    """Render the relief as plaster under a low sun, as it is and with its gaps compressed."""
    modifier = relief("Relief").modifier
    clay = bpy.data.materials.new("Plaster")
    clay.use_nodes = True
    clay.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.72, 0.66, 0.58, 1.0)
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy = 2.6
    sun.rotation_euler = (radians(42), radians(-34), 0.0)
    bpy.context.scene.collection.objects.link(sun)
    settings = {"Scale": 0.3, "Cutoff": False, "Background": False, "Material": clay}
    before = rendering.add_camera("Before", Vector((0.9, -3.2, 0.5)), Vector((0.0, 0.0, -0.02)), 52.0)
    for name, strength in (("wall_flat", 0.0), ("wall_bas_relief", 1.0)):
        for socket, value in {**settings, "Bas-Relief": strength}.items():
            extension.module("addon.scene.inputs").set_input(modifier, socket, value)
        rendering.render(DOCS / f"{name}.jpg", before, *STEP_SIZE, samples=24)


def main() -> None:
    """Render photo, depth, the relief uncut, cut and turning, the scene unprojected, and its two layers."""
    DOCS.mkdir(exist_ok=True)
    set_input = extension.module("addon.scene.inputs").set_input

    made = relief("Relief")
    save_photo(DOCS / "photo.jpg")
    save_depth(DOCS / "depth.jpg", made.depth)
    aside = rendering.add_camera("Aside", Vector((1.9, -3.5, 0.7)), Vector((0.06, -0.12, -0.04)), 57.0)
    for name, cutoff in (("relief_uncut", False), ("relief_cut", True)):
        set_input(made.modifier, "Cutoff", cutoff)
        rendering.render(DOCS / f"{name}.jpg", aside, *SIZE)

    save_turn(DOCS / "relief.webp")
    save_parallax(DOCS / "parallax.webp")
    save_dataset(DOCS / "dataset.jpg")
    save_walls()

    made = relief("Camera")
    beside = rendering.add_camera("Beside", Vector((0.75, -0.15, 0.34)), Vector((0.10, 1.9, -0.02)), 44.0)
    rendering.render(DOCS / "unprojected.jpg", beside, *SIZE)

    step = rendering.add_camera("Step", Vector((STEP, 0.0, 0.0)), Vector((STEP, 1.0, 0.0)), 50.0)
    for name, background in (("one_layer", False), ("two_layers", True)):
        set_input(made.modifier, "Background", background)
        rendering.render(DOCS / f"{name}.jpg", step, *STEP_SIZE)
    for path in sorted((*DOCS.glob("*.jpg"), *DOCS.glob("*.webp"))):
        print(path)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender can hang at exit
