"""Builds and renders the sample still life: a photo and the exact distance along the view axis at each of its pixels.

    python -m tools.sample_scene [--draft] [--behind]

writes assets/sample_photo.jpg (sRGB) and assets/sample_depth.exr. Everything in the picture is made here, in code.
With --behind it writes what the photo hides to build/sample/: the same room without what stands on the table.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
from mathutils import Vector

from . import sample_materials as materials
from . import sample_objects as objects
from . import sample_shapes as shapes

ASSETS = Path(__file__).parents[1] / "assets"
WIDTH, HEIGHT = 1200, 900
FOCAL_LENGTH = 55.0  # millimetres
SENSOR_WIDTH = 36.0  # millimetres
DEPTH_STEP = 2.0**-15  # metres: the depth file is rounded to it (0.03 mm), which halves its size
EXPOSURE = 0.9  # stops
SEED = 1656
BEHIND = {"Wall", "Floor", "Table", "Apron", "Leg", "Cloth"}  # what is left where nothing stands in front


def build_room() -> None:
    """A dark corner: wall, floor, and a table whose front edge faces the camera."""
    wood = materials.WOOD.build()
    wall = shapes.box("Wall", (-3.0, 1.45, -0.8), (3.0, 1.55, 2.4), materials.WALL.build())
    wall.modifiers.clear()
    shapes.box("Floor", (-3.0, -3.0, -0.85), (3.0, 1.45, -0.78), materials.FLOOR.build())
    shapes.box("Table", (-0.80, 0.0, -0.032), (0.80, 0.78, 0.0), wood, bevel=0.004)
    shapes.box("Apron", (-0.70, 0.05, -0.13), (0.70, 0.075, -0.032), wood)
    for x in (-0.70, 0.64):
        shapes.box("Leg", (x, 0.05, -0.78), (x + 0.06, 0.11, -0.032), wood)


def build_light() -> None:
    """A window to the left, warm and low; its cross throws the shadow on the wall."""
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("World")
    scene.world.color = (0.004, 0.005, 0.007)

    def area(
        name: str,
        at: tuple[float, float, float],
        towards: tuple[float, float, float],
        size: float,
        power: float,
        color: materials.Color,
    ) -> None:
        light = bpy.data.lights.new(name, "AREA")
        light.size, light.energy, light.color = size, power, color
        ob = bpy.data.objects.new(name, light)
        ob.location = at
        ob.rotation_euler = (Vector(towards) - Vector(at)).to_track_quat("-Z", "Y").to_euler()
        scene.collection.objects.link(ob)

    area("Window", (-1.5, -0.25, 1.05), (0.0, 0.3, 0.1), 0.7, 42.0, (1.0, 0.80, 0.58))
    area("Room", (1.8, -1.6, 1.0), (0.1, 0.3, 0.1), 1.6, 3.0, (0.55, 0.68, 1.0))
    sun = bpy.data.lights.new("Sun on the wall", "SPOT")
    sun.energy, sun.color, sun.spot_size, sun.spot_blend, sun.shadow_soft_size = (
        260.0,
        (1.0, 0.70, 0.42),
        0.62,
        0.6,
        0.04,
    )
    ob = bpy.data.objects.new("Sun on the wall", sun)
    ob.location = (-2.3, -0.6, 1.3)
    ob.rotation_euler = (Vector((0.35, 1.45, 0.42)) - ob.location).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(ob)


def build_camera() -> None:
    """A camera at a seated painter's eye."""
    camera = bpy.data.cameras.new("Camera")
    camera.sensor_width, camera.lens, camera.sensor_fit = SENSOR_WIDTH, FOCAL_LENGTH, "HORIZONTAL"
    ob = bpy.data.objects.new("Camera", camera)
    ob.location = (0.06, -1.30, 0.44)
    ob.rotation_euler = (Vector((0.045, 0.3, 0.155)) - ob.location).to_track_quat("-Z", "Y").to_euler()
    bpy.context.collection.objects.link(ob)
    bpy.context.scene.camera = ob


def build() -> None:
    """Build the whole scene in an empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rng = np.random.default_rng(SEED)
    build_room()
    shapes.draped_cloth("Cloth", (-0.21, 0.02), (0.36, 0.42), 0.62, materials.LINEN.build())
    objects.build_jug(Vector((-0.16, 0.40, 0.0)), rng)
    objects.build_bottle(Vector((0.05, 0.50, 0.0)))
    objects.build_armillary(Vector((0.265, 0.38, 0.0)))
    objects.build_fruit(rng)
    objects.build_knife()
    build_light()
    build_camera()


def hide_what_stands_in_front() -> None:
    """Leave the room, the table and the cloth to the camera; the light is still that of the whole scene."""
    for ob in bpy.context.scene.objects:
        ob.visible_camera = ob.name.split(".")[0] in BEHIND


def use_cycles(samples: int, filter_width: float) -> None:
    """Render on the CPU with Cycles at the sample's size; `filter_width` is in pixels."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.cycles.device, scene.cycles.samples, scene.cycles.seed = "CPU", samples, 0
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BLACKMAN_HARRIS", filter_width
    scene.cycles.max_bounces = 8


def render_photo(path: Path, samples: int) -> None:
    """Render the photo to a JPEG file."""
    scene = bpy.context.scene
    use_cycles(samples, 1.5)
    scene.cycles.use_denoising, scene.cycles.denoiser = True, "OPENIMAGEDENOISE"
    scene.cycles.use_adaptive_sampling, scene.cycles.adaptive_threshold = True, 0.03
    view: Any = scene.view_settings  # its choices come from the colour configuration, which the stub has not read
    view.view_transform, view.look, view.exposure = "AgX", "AgX - Medium High Contrast", EXPOSURE
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.quality = "JPEG", "RGB", 93
    scene.render.use_stamp = False
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def render_depth() -> np.ndarray:
    """Return the distance along the view axis at every pixel's centre: (H, W) float32, metres, top row first.

    One sample through a filter of almost no width meets the scene at the centre of the pixel, so that nothing is a
    mixture of two surfaces.
    """
    scene = bpy.context.scene
    use_cycles(1, 0.01)
    scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
    scene.view_layers[0].use_pass_z = True
    settings = scene.render.image_settings
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "ZIP"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "depth.exr")
        bpy.ops.render.render(write_still=True)
        with OpenEXR.File(scene.render.filepath, separate_channels=True) as file:
            return np.array(file.channels()["ViewLayer.Depth.Z"].pixels, dtype=np.float32)


def write_depth(path: Path, depth: np.ndarray) -> None:
    """Write the distances as a one-channel 32-bit EXR that also knows the lens (OpenEXR's standard attributes, mm)."""
    rounded = (np.round(depth / DEPTH_STEP) * DEPTH_STEP).astype(np.float32)
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "depthKind": "distance",
        "pinholeFocalLength": FOCAL_LENGTH,
        "sensorOverallDimensions": np.array([SENSOR_WIDTH, SENSOR_WIDTH * HEIGHT / WIDTH], dtype=np.float32),
        "comments": "Distance along the view axis in metres",
    }
    OpenEXR.File(header, {"Z": rounded}).write(str(path))


def main() -> None:
    """Write the photo and its depth to assets/, or a rough picture to build/ to judge the composition by."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draft", action="store_true", help="a quick, rough picture in build/sample/")
    parser.add_argument("--behind", action="store_true", help="what the photo hides, in build/sample/")
    options = parser.parse_args()
    draft, name = options.draft, "behind" if options.behind else "sample"
    folder = ASSETS.parent / "build" / "sample" if draft or options.behind else ASSETS
    folder.mkdir(parents=True, exist_ok=True)
    build()
    if options.behind:
        hide_what_stands_in_front()
    bpy.context.scene.render.resolution_percentage = 60 if draft else 100
    depth = render_depth()
    if not np.isfinite(depth).all() or depth.max() > 100.0:
        raise SystemExit("a pixel sees past the room: the depth would not be exact everywhere")
    photo, map_path = folder / f"{name}_photo.jpg", folder / f"{name}_depth.exr"
    write_depth(map_path, depth)
    render_photo(photo, 32 if draft else 96)
    print(f"{photo}\n{map_path} ({depth.min():.3f} to {depth.max():.3f} m)")


if __name__ == "__main__":
    main()
