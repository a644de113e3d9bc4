"""The pictures of the pages for pipelines: meshes, priors and control maps of the sample still life.

python -m tools.pipeline_pictures        with bpy, OpenEXR and Pillow, into docs/
"""

import os
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector
from PIL import Image, ImageDraw

from inference.constraint import control_map, frame
from inference.maps import read_map
from inference.mesh import solid_files, write
from inference.mesh.scene import build
from inference.mesh.shape import Shape
from inference.mesh.solid import Plate, solid
from inference.photo import read_photo
from inference.prior.fit import align

from . import rendering

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PHOTO, DEPTH = ROOT / "assets" / "sample_photo.jpg", ROOT / "assets" / "sample_depth.exr"
SIZE = (560, 420)
POINTS, WRONG = 400, 0.1
PLOT, FRAME = 420, 30  # pixels


def save_mesh(path: Path) -> None:
    """Show the scene's .glb and the closed relief's .stl, as Blender imports them."""
    photo, known = read_photo(PHOTO), read_map(DEPTH)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write.write(build(known.depth, photo, Shape(focal_length=known.focal_length or 50.0)), folder / "scene.glb")
        solid_files.write(solid(known.depth, photo, Plate(pitch=0.4)), folder / "relief.stl")
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.import_scene.gltf(filepath=str(folder / "scene.glb"))
        rendering.set_backdrop(0.16)
        beside = rendering.add_camera("Beside", Vector((0.75, -0.15, 0.34)), Vector((0.10, 1.9, -0.02)), 44.0)
        rendering.render(folder / "scene.png", beside, *SIZE, samples=16)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.stl_import(filepath=str(folder / "relief.stl"), global_scale=0.01)
        rendering.set_backdrop(0.16)
        light = bpy.data.objects.new("Light", bpy.data.lights.new("Light", "SUN"))
        light.data.energy, light.rotation_euler = 2.0, (0.9, -0.5, 0.0)
        bpy.context.scene.collection.objects.link(light)
        above = rendering.add_camera("Above", Vector((0.75, -0.75, 0.95)), Vector((0.5, 0.34, 0.04)), 38.0)
        rendering.render(folder / "relief.png", above, *SIZE, samples=16)
        pictures = [Image.open(folder / f"{part}.png").convert("RGB") for part in ("scene", "relief")]
    _beside(pictures).save(path, quality=88)


def save_control_map(path: Path) -> None:
    """Show the photo and its control map, padding and all."""
    photo, depth = read_photo(PHOTO), read_map(DEPTH).depth
    height, width = depth.values.shape
    inside = frame(width, height, 420, 64)
    pixels, _ = control_map(depth, inside)
    shown = Image.fromarray(photo.rgb).resize((inside.width, inside.height))
    around = Image.new("RGB", (inside.whole_width, inside.whole_height), (120, 120, 120))
    around.paste(shown, (inside.left, inside.top))
    _beside([around, Image.fromarray(pixels).convert("RGB")]).save(path, quality=88)


def save_prior(path: Path) -> None:
    """Show sparse points over an estimate, a tenth of them wrong, with the usual fit and ours."""
    depth = read_map(DEPTH).depth
    height, width = depth.values.shape
    rng = np.random.default_rng(3)
    places = rng.uniform(0.0, 1.0, (POINTS, 2)) * [width, height]
    inverse = 1.0 / depth.values.astype(np.float64)
    x = inverse[places[:, 1].astype(int), places[:, 0].astype(int)]
    y = x * (1.0 + rng.normal(0.0, 0.01, POINTS))
    off = rng.random(POINTS) < WRONG
    y[off] = rng.uniform(0.1, 1.6, off.sum())
    estimate = ((inverse + 0.3) * 4.0).astype(np.float32)
    ours = align(estimate, places, y, (height, width))
    at = estimate[places[:, 1].astype(int), places[:, 0].astype(int)].astype(float)
    slope = float(np.mean(np.abs(y - np.median(y))) / np.mean(np.abs(at - np.median(at))))
    usual = slope, float(np.median(y) - slope * np.median(at))
    low, high = float(at.min()), float(at.max())

    def spot(value: float, target: float) -> tuple[float, float]:
        inner = PLOT - 2 * FRAME
        return FRAME + (value - low) / (high - low) * inner, PLOT - FRAME - target / 1.7 * inner

    picture = Image.new("RGB", (PLOT, PLOT), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((FRAME, FRAME, PLOT - FRAME, PLOT - FRAME), outline=(120, 120, 120))
    for value, target in zip(at, y, strict=True):
        place = spot(float(value), float(target))
        draw.ellipse((place[0] - 2, place[1] - 2, place[0] + 2, place[1] + 2), fill=(90, 90, 90))
    for (scale, offset), colour in ((usual, (200, 60, 40)), ((ours.scale, ours.offset), (30, 110, 200))):
        draw.line([spot(value, scale * value + offset) for value in (low, high)], fill=colour, width=3)
    draw.text((FRAME, PLOT - FRAME + 6), "estimate", fill="black")
    draw.text((FRAME, 8), "1 / distance of the points", fill="black")
    picture.save(path)


def _beside(pictures: list[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (sum(picture.width for picture in pictures), max(picture.height for picture in pictures)))
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width
    return whole


def main() -> None:
    """Make the pictures."""
    save_mesh(DOCS / "mesh.jpg")
    save_control_map(DOCS / "control_map.jpg")
    save_prior(DOCS / "prior.png")
    for name in ("mesh.jpg", "control_map.jpg", "prior.png"):
        print(DOCS / name)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender can hang at exit
