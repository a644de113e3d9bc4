"""Pictures of a relief: a camera that looks from aside, and a render to a file."""

from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector


def add_camera(name: str, location: Vector, target: Vector, lens: float) -> bpy.types.Object:
    """Add a camera at `location` that looks at `target`; both in metres, `lens` in millimetres."""
    data = bpy.data.cameras.new(name)
    data.lens = lens
    data.clip_start = 0.01
    ob = bpy.data.objects.new(name, data)
    ob.location = location
    ob.rotation_euler = (target - location).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(ob)
    return ob


def set_backdrop(grey: float) -> None:
    """Surround the scene with an even grey."""
    world = bpy.data.worlds.new("Backdrop")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (grey, grey, grey, 1.0)
    bpy.context.scene.world = world


def render(path: Path, camera: bpy.types.Object, width: int, height: int, *, samples: int = 32) -> None:
    """Render with Cycles on the CPU, colours as they are in the photo, to a PNG or JPEG file."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", samples, False
    scene.cycles.use_light_tree = False  # the photo is the only light: sorting a million faces took most of the time
    view: Any = scene.view_settings  # its choices come from the colour configuration, which the stub has not read
    view.view_transform, view.look, view.exposure = "Standard", "None", 0.0
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = width, height, 100
    settings = scene.render.image_settings
    settings.file_format = "PNG" if path.suffix == ".png" else "JPEG"
    settings.color_mode, settings.quality = "RGBA" if scene.render.film_transparent else "RGB", 88
    scene.camera = camera
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
