"""Preview pictures of the groups, rendered from what they make of the sample still life."""

import tempfile
from collections.abc import Mapping
from math import radians
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
from mathutils import Vector

from inference.background import behind

from .sockets import UV_MAP

ASSETS = Path(__file__).parents[1] / "assets"
SIZE = 256

# What each picture shows: inputs of Depth Relief, and how the surface is coloured ("photo", "depth", "wire" or "clay").
_SHOWS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "Depth Relief": ({}, "photo"),
    "Sample Depth": ({"Scale": 0.0, "Cutoff": False}, "depth"),
    "Depth Range": ({"Cutoff": False, "Clip Near": 20.0, "Clip Far": 30.0}, "depth"),
    "Normalize Depth": ({"Cutoff": False, "Falloff": 3.0}, "clay"),
    "Disparity to Distance": ({"Projection": "Camera"}, "depth"),
    "Image Grid": ({"Scale": 0.0, "Cutoff": False, "Resolution": 24}, "wire"),
    "Grid Shape": ({"Scale": 0.0, "Cutoff": False, "Resolution": 12}, "wire"),
    "Edge Snap": ({"Minimum Island": 0}, "clay"),
    "Smooth Depth": ({"Smooth": 60, "Cutoff": False}, "clay"),
    "Bas-Relief": ({"Bas-Relief": 1.0, "Cutoff": False}, "clay"),
    "Displace": ({"Cutoff": False, "Border Falloff": 0.3}, "clay"),
    "Displace Grid": ({"Cutoff": False}, "clay"),
    "Unproject": ({"Projection": "Camera"}, "photo"),
    "Edge-Aware Cutoff": ({"Scale": 0.8}, "photo"),
    "Small Islands": ({"Scale": 0.8, "Minimum Island": 20000}, "clay"),
    "Background Layer": ({"Projection": "Camera", "Background": True}, "clay"),  # it has its own picture behind
    "Depth Samples": ({"Scale": 0.0, "Cutoff": False, "Resolution": 64}, "depth"),
}


def kept(blend: Path) -> dict[str, np.ndarray]:
    """Return the previews that the groups of a .blend have, as SIZE * SIZE * 4 floats in [0, 1], bottom row first."""
    if not blend.is_file():
        return {}
    with bpy.data.libraries.load(str(blend), link=True) as (there, here):
        here.node_groups = [name for name in there.node_groups if name in _SHOWS]
    pictures = {
        tree.name: np.array(tree.preview.image_pixels_float, np.float32) for tree in here.node_groups if tree.preview
    }
    bpy.data.batch_remove({tree.library for tree in here.node_groups})
    return {name: pixels for name, pixels in pictures.items() if pixels.size == SIZE * SIZE * 4}


def add(trees: Mapping[str, bpy.types.NodeTree], pictures: Mapping[str, np.ndarray]) -> None:
    """Give each group that is an asset its preview: from `pictures`, else rendered. The scene is taken away again."""
    missing = [name for name in _SHOWS if name not in pictures]
    made = _Scene(trees["Depth Relief"]) if missing else None
    for name, (settings, look) in _SHOWS.items():
        pixels = made.picture(settings, look) if made and name in missing else pictures[name]
        preview = trees[name].preview_ensure()
        preview.image_size = (SIZE, SIZE)
        preview.image_pixels_float.foreach_set(pixels)
    if made:
        made.remove()


class _Scene:
    """A small studio: the sample as a relief, a camera aside, a warm key light."""

    def __init__(self, relief: bpy.types.NodeTree) -> None:
        self._before = set(bpy.data.user_map())
        self._relief = relief
        self._photo = bpy.data.images.load(str(ASSETS / "sample_photo.jpg"))
        self._depth, self._ends, self._behind = _images(ASSETS / "sample_depth.exr", self._photo)
        self._scene = bpy.data.scenes.new("Preview")
        width, height = self._photo.size
        x, y = width / max(width, height), height / max(width, height)
        mesh = bpy.data.meshes.new("Preview")
        mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
        mesh.uv_layers.new(name=UV_MAP).uv.foreach_set("vector", np.array([0, 0, 1, 0, 1, 1, 0, 1], np.float32))
        self._object = self._add(mesh)
        self._object.rotation_euler.x = radians(90)
        light = bpy.data.lights.new("Preview", "SUN")
        light.energy = 3.0
        self._add(light).rotation_euler = (radians(50), 0.0, radians(-40))
        world = bpy.data.worlds.new("Preview")
        world.use_nodes = True
        world.node_tree.nodes["Background"].inputs[0].default_value = (0.25, 0.25, 0.27, 1.0)
        self._scene.world = world
        self._camera = self._add(bpy.data.cameras.new("Preview"))
        self._camera.data.lens = 58.0
        self._scene.camera = self._camera
        settings = self._scene.render
        settings.engine = "CYCLES"  # type: ignore[assignment]  # the stub knows built-in engines only
        settings.film_transparent = True
        settings.resolution_x = settings.resolution_y = SIZE
        settings.image_settings.file_format = "PNG"
        settings.image_settings.color_mode = "RGBA"
        self._scene.cycles.samples = 32
        view: Any = self._scene.view_settings  # its choices come from the colour configuration
        view.view_transform = "Standard"

    def _add(self, data: bpy.types.ID) -> bpy.types.Object:
        ob = bpy.data.objects.new("Preview", data)
        self._scene.collection.objects.link(ob)
        return ob

    def picture(self, settings: Mapping[str, Any], look: str) -> np.ndarray:
        """Return the render as SIZE * SIZE * 4 floats in [0, 1], bottom row first."""
        material = self._material(look, self._photo)
        modifier = self._object.modifiers.new("Preview", "NODES")
        modifier.node_group = self._relief
        values = {
            "Image": self._depth,
            "Kind": "Distance",
            "Material": material,
            "Background Material": self._material("photo", self._behind),
            "Resolution": 512,
            "Focal Length": 55.0,
            **settings,
        }
        for item in self._relief.interface.items_tree:
            if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name in values:
                value = values[item.name]
                if item.socket_type == "NodeSocketMenu":
                    items = modifier.id_properties_ui(item.identifier).as_dict()["items"]
                    value = next(entry[4] for entry in items if entry[0] == value)
                modifier[item.identifier] = value
        camera_space = settings.get("Projection") == "Camera"
        target = Vector((0.0, 1.6 if camera_space else -0.2, 0.0))
        away = Vector((0.85, -2.2, 0.75)) if camera_space else Vector((1.2, -2.6, 0.8))
        self._camera.location = target + away * (1.2 if camera_space else 1.15)
        self._camera.rotation_euler = (target - self._camera.location).to_track_quat("-Z", "Y").to_euler()
        with tempfile.TemporaryDirectory() as folder:
            self._scene.render.filepath = str(Path(folder) / "preview.png")
            bpy.ops.render.render(write_still=True, scene=self._scene.name)
            image = bpy.data.images.load(self._scene.render.filepath)
            pixels = np.empty(SIZE * SIZE * 4, np.float32)
            image.pixels.foreach_get(pixels)
            bpy.data.images.remove(image)
        self._object.modifiers.remove(modifier)
        return pixels

    def _material(self, look: str, picture: bpy.types.Image) -> bpy.types.Material:
        material = bpy.data.materials.new(look)
        material.use_nodes = True
        tree = material.node_tree
        shader = tree.nodes["Principled BSDF"]
        shader.inputs["Roughness"].default_value = 0.9
        shader.inputs["Base Color"].default_value = (0.6, 0.45, 0.33, 1.0)
        if look == "photo":
            texture = tree.nodes.new("ShaderNodeTexImage")
            texture.image = picture
            tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
            tree.links.new(texture.outputs["Color"], shader.inputs["Emission Color"])
            shader.inputs["Emission Strength"].default_value = 0.7
        elif look == "depth":
            value = tree.nodes.new("ShaderNodeAttribute")
            value.attribute_name = "depth"
            ramp = tree.nodes.new("ShaderNodeMapRange")
            ramp.inputs["From Max"].default_value, ramp.inputs["From Min"].default_value = self._ends
            tree.links.new(value.outputs["Fac"], ramp.inputs["Value"])
            tree.links.new(ramp.outputs["Result"], shader.inputs["Emission Color"])
            shader.inputs["Emission Strength"].default_value = 1.0
            shader.inputs["Base Color"].default_value = (0.0, 0.0, 0.0, 1.0)
        elif look == "wire":
            wire = tree.nodes.new("ShaderNodeWireframe")
            wire.inputs["Size"].default_value = 0.012
            tree.links.new(wire.outputs["Fac"], shader.inputs["Emission Color"])
            shader.inputs["Emission Strength"].default_value = 0.8
        return material

    def remove(self) -> None:
        """Take away everything that was made."""
        bpy.data.batch_remove([made for made in bpy.data.user_map() if made not in self._before])


def _images(path: Path, photo: bpy.types.Image) -> tuple[bpy.types.Image, tuple[float, float], bpy.types.Image]:
    """The sample's two layers in metres as a float image, the near and far end, and the picture of the background.

    Blender 4.5 reads no lone Z channel.
    """
    with OpenEXR.File(str(path)) as file:
        values = file.channels()["Z"].pixels
    width, height = photo.size
    colours = np.empty((height, width, 4), np.float32)
    photo.pixels.foreach_get(colours.ravel())
    rgb = (colours[::-1, :, :3] * 255.0 + 0.5).astype(np.uint8)
    back = behind(values, np.ones(values.shape, bool), "distance", rgb)
    pixels = np.ones((*values.shape, 4), np.float32)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = values, back.depth, back.presence
    picture = np.ones((*back.colour.shape[:2], 4), np.float32)
    picture[..., :3] = back.colour / np.float32(255.0)
    ends = float(values.min()), float(np.percentile(values, 98))
    return _image(pixels, is_data=True), ends, _image(picture, is_data=False)


def _image(pixels: np.ndarray, *, is_data: bool) -> bpy.types.Image:
    """An image of these pixels, (H, W, 4), top row first."""
    height, width, _ = pixels.shape
    image = bpy.data.images.new("Preview", width, height, alpha=True, float_buffer=is_data, is_data=is_data)
    image.pixels.foreach_set(pixels[::-1].ravel())
    image.update()
    return image
