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
from mathutils import Euler, Matrix, Vector

from . import sample_materials as materials
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


def build_jug(at: Vector, rng: np.random.Generator) -> None:
    """A glazed jug with an olive branch in it."""
    glaze, bark, leaf = materials.GLAZE.build(), materials.BARK.build(), materials.LEAF.build()
    outside = [(0.0, 0.0), (0.045, 0.0), (0.05, 0.004), (0.066, 0.04), (0.078, 0.085), (0.072, 0.13), (0.05, 0.165)]
    neck = [(0.038, 0.19), (0.038, 0.21), (0.046, 0.236), (0.048, 0.239), (0.044, 0.237), (0.034, 0.205), (0.04, 0.16)]
    jug = shapes.lathe("Jug", [*outside, *neck, (0.05, 0.12), (0.0, 0.05)], glaze, spout=0.022)
    jug.location, jug.rotation_euler.z = at, 2.7
    handle = shapes.tube(
        "Jug handle",
        [(-0.042, 0, 0.222), (-0.075, 0, 0.228), (-0.103, 0, 0.195), (-0.1, 0, 0.15), (-0.071, 0, 0.105)],
        [0.009, 0.0085, 0.0075, 0.007, 0.010],
        glaze,
    )
    handle.matrix_world = Matrix.Translation(at) @ Matrix.Rotation(2.7, 4, "Z")
    for x, y, z in (
        (-0.23, 0.02, 0.15),
        (-0.10, 0.05, 0.27),
        (0.05, -0.03, 0.28),
        (0.20, 0.03, 0.19),
        (0.10, -0.1, 0.14),
    ):
        tip = Vector((x, y, z))
        path: list[tuple[float, ...]] = [(0.02 * x, 0.02 * y, 0.10), (0.05 * x, 0.05 * y, 0.22)]
        path += [
            (Vector((0, 0, 0.235)) + tip * t + Vector((0, 0, 0.06 * t * (1 - t)))).to_tuple() for t in (0.35, 0.7, 1.0)
        ]
        shapes.branch("Olive", [(at + Vector(point)).to_tuple() for point in path], bark, leaf, rng)


def build_bottle(at: Vector) -> None:
    """A corked bottle of dark glass."""
    profile = [(0.0, 0.004), (0.032, 0.0), (0.0365, 0.006), (0.037, 0.05), (0.037, 0.15), (0.035, 0.175), (0.021, 0.21)]
    profile += [(0.0145, 0.24), (0.0135, 0.275), (0.0165, 0.279), (0.0165, 0.29), (0.0135, 0.292), (0.0, 0.291)]
    shapes.lathe("Bottle", profile, materials.GLASS.build()).location = at
    cork = shapes.lathe("Cork", [(0.0, 0.0), (0.0105, 0.0), (0.0115, 0.024), (0.0, 0.025)], materials.CORK.build())
    cork.location = at + Vector((0, 0, 0.289))


def build_armillary(at: Vector) -> None:
    """An armillary sphere: brass rings thin enough to look through."""
    brass = materials.BRASS.build()
    foot = [(0.0, 0.0), (0.058, 0.0), (0.06, 0.006), (0.045, 0.014), (0.018, 0.022), (0.009, 0.035), (0.008, 0.06)]
    stem = [(0.015, 0.068), (0.008, 0.076), (0.007, 0.10), (0.012, 0.108), (0.005, 0.115), (0.0, 0.117)]
    shapes.lathe("Foot", [*foot, *stem], brass).location = at
    centre = at + Vector((0, 0, 0.215))
    tilt = 0.41  # radians: the 23.4 degrees between equator and ecliptic
    rings = [
        (0.100, 0.0030, (1.5708, 0.0, 0.45)),  # meridian
        (0.094, 0.0022, (1.5708, 0.0, 2.02)),  # colure
        (0.094, 0.0022, (0.25, 0.30, 0.0)),  # equator
        (0.089, 0.0030, (0.25 + tilt, 0.45, 0.3)),  # ecliptic
        (0.109, 0.0026, (0.0, 0.0, 0.0)),  # horizon
    ]
    for radius, thickness, rotation in rings:
        shapes.ring("Ring", radius, thickness, brass, rotation).location = centre
    axis = Vector((-0.30, -0.10, 0.95)).normalized()
    shapes.tube("Axis", [(centre + axis * t).to_tuple() for t in (-0.112, -0.04, 0.04, 0.125)], [0.0014], brass)
    globe = [(0.021 * np.sin(t), -0.021 * np.cos(t)) for t in np.linspace(0, np.pi, 13)]
    shapes.lathe("Globe", globe, materials.WOOD.build()).location = centre


def rest(ob: bpy.types.Object, x: float, y: float, rotation: tuple[float, float, float], height: float = 0.0) -> None:
    """Turn an object and put it down: its lowest point comes to lie at (x, y, height)."""
    turn = Euler(rotation).to_matrix()
    lowest = min((turn @ vertex.co).z for vertex in ob.data.vertices)
    ob.rotation_euler = rotation
    ob.location = (x, y, height - lowest)


def build_fruit(rng: np.random.Generator) -> None:
    """Apples and pears with stems, a lemon, and grapes that hang over the edge of the table."""
    bark = materials.BARK.build()
    apple_skin, pear_skin = materials.APPLE.build(), materials.PEAR.build()
    apple = [(0.0, 0.008), (0.010, 0.004), (0.020, 0.0), (0.033, 0.016), (0.039, 0.038), (0.034, 0.060), (0.02, 0.069)]
    apple += [(0.010, 0.065), (0.004, 0.056), (0.0, 0.053)]
    pear = [(0.0, 0.004), (0.012, 0.0), (0.030, 0.012), (0.036, 0.034), (0.030, 0.058), (0.019, 0.078), (0.0145, 0.093)]
    pear += [(0.008, 0.101), (0.003, 0.099), (0.0, 0.096)]
    lemon = [
        (0.0, 0.0),
        (0.006, 0.002),
        (0.015, 0.010),
        (0.027, 0.032),
        (0.027, 0.050),
        (0.015, 0.072),
        (0.006, 0.081),
        (0.0, 0.084),
    ]
    placed = [
        ("Apple", apple, apple_skin, 0.035, 0.155, (0.12, 0.0, 0.3), 0.056),
        ("Apple", apple, apple_skin, -0.045, 0.235, (-0.5, 0.3, 1.3), 0.056),
        ("Pear", pear, pear_skin, 0.105, 0.235, (0.06, -0.1, 2.0), 0.098),
        ("Pear", pear, pear_skin, 0.135, 0.10, (1.45, 0.0, 1.1), 0.098),
    ]
    for seed, (name, profile, skin, x, y, rotation, top) in enumerate(placed):
        ob = shapes.fruit(name, profile, skin, seed=seed)
        rest(ob, x, y, rotation)
        stem = shapes.tube(
            "Stem", [(0, 0, top - 0.006), (0.001, 0, top + 0.008), (0.006, 0.002, top + 0.024)], [0.0011, 0.0018], bark
        )
        stem.location, stem.rotation_euler = ob.location, rotation
    rest(shapes.fruit("Lemon", lemon, materials.LEMON.build(), seed=9), 0.285, 0.235, (1.42, 0.0, -1.0))
    build_grapes(rng, bark)


def build_grapes(rng: np.random.Generator, bark: bpy.types.Material) -> None:
    """A bunch of grapes along a stalk that runs over the cloth and down across the edge of the table."""
    skin = materials.GRAPE.build()
    stalk = [
        (-0.20, 0.12, 0.035),
        (-0.21, 0.05, 0.030),
        (-0.222, -0.012, 0.010),
        (-0.23, -0.026, -0.06),
        (-0.234, -0.028, -0.115),
    ]
    shapes.tube("Stalk", [(-0.185, 0.17, 0.012), *stalk], [0.002, 0.0015, 0.001], bark)
    curve = shapes.smooth_path(stalk, 40)
    centres: list[np.ndarray] = []
    for _ in range(4000):
        share = rng.uniform()
        spread = 0.030 * np.sin(np.pi * (0.12 + 0.83 * share)) ** 0.7
        centre = curve[int(share * (len(curve) - 1))] + rng.normal(0, spread / 1.6, 3)
        on_table = centre[1] > 0.0 and centre[2] < 0.014
        in_front = centre[1] <= 0.014 and centre[1] > -0.016 and centre[2] < 0.014
        if on_table or in_front or any(np.linalg.norm(centre - other) < 0.0165 for other in centres):
            continue
        centres.append(centre)
    profile = [(0.0095 * np.sin(t), -0.0105 * np.cos(t)) for t in np.linspace(0, np.pi, 9)]
    for centre in centres:
        grape = shapes.lathe("Grape", profile, skin, segments=32)
        grape.location, grape.rotation_euler = Vector(centre.tolist()), Euler(rng.uniform(0, 3, 3).tolist())


def build_knife() -> None:
    """A knife whose handle stands out over the edge of the table, towards the viewer."""
    outline = [(0.0, -0.009), (0.10, -0.009), (0.118, -0.004), (0.125, 0.008), (0.0, 0.008)]
    points = np.array([(x, y, z) for z in (-0.0006, 0.0006) for x, y in outline])
    count = len(outline)
    sides = [(i, (i + 1) % count, (i + 1) % count + count, i + count) for i in range(count)]
    faces = [tuple(range(count))[::-1], tuple(range(count, 2 * count)), *sides]
    blade = shapes.mesh_object("Blade", points, faces, materials.STEEL.build())
    blade.data.shade_flat()
    handle = shapes.box(
        "Handle", (-0.095, -0.0095, -0.007), (0.002, 0.0095, 0.007), materials.WOOD.build(), bevel=0.005
    )
    for part in (blade, handle):
        part.location, part.rotation_euler = (0.335, 0.035, 0.008), (0.0, 0.06, 2.0)


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
    build_jug(Vector((-0.16, 0.40, 0.0)), rng)
    build_bottle(Vector((0.05, 0.50, 0.0)))
    build_armillary(Vector((0.265, 0.38, 0.0)))
    build_fruit(rng)
    build_knife()
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
