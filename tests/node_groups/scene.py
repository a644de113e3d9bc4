"""What the tests of the node groups share: the shipped asset file, images, objects and evaluated meshes as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

BLEND = Path(__file__).parents[2] / "assets" / "depth_nodes.blend"


def append_groups() -> None:
    """Bring all groups of the shipped asset file into the open file."""
    with bpy.data.libraries.load(str(BLEND)) as (source, target):
        target.node_groups = source.node_groups


def depth_image(values: np.ndarray, valid: np.ndarray | None = None, name: str = "depth") -> bpy.types.Image:
    """Make a float image of an (H, W) array, top row first, straight from its pixels."""
    height, width = values.shape
    image = bpy.data.images.new(name, width, height, alpha=True, float_buffer=True, is_data=True)
    image.alpha_mode = "CHANNEL_PACKED"
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = values[::-1, :, None]
    if valid is not None:
        pixels[..., 3] = valid[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    return image


def plane(size: tuple[float, float] = (2.0, 2.0), uv: bool = True, name: str = "plane") -> bpy.types.Object:
    """A single quad around the origin, as Blender's own plane, linked to the scene."""
    x, y = size[0] / 2, size[1] / 2
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    if uv:
        layer = mesh.uv_layers.new(name="UVMap")
        layer.uv.foreach_set("vector", np.array([0, 0, 1, 0, 1, 1, 0, 1], np.float32))
    ob = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(ob)
    return ob


def set_inputs(modifier: bpy.types.NodesModifier, values: Mapping[str, Any]) -> None:
    """Set modifier inputs by name. Written apart from the extension, so that neither hides the other's mistakes."""
    for item in modifier.node_group.interface.items_tree:
        if item.item_type != "SOCKET" or item.in_out != "INPUT" or item.name not in values:
            continue
        value = values[item.name]
        if bpy.app.version >= (5, 2):
            getattr(modifier.properties.inputs, item.identifier).value = value
        elif item.socket_type == "NodeSocketMenu":
            items = modifier.id_properties_ui(item.identifier).as_dict()["items"]
            modifier[item.identifier] = next(entry[4] for entry in items if entry[0] == value)
        else:
            modifier[item.identifier] = value


def add_group(ob: bpy.types.Object, group: str, values: Mapping[str, Any]) -> bpy.types.Object:
    """Add a node group to an object as a modifier with these inputs."""
    modifier = ob.modifiers.new(group, "NODES")
    modifier.node_group = bpy.data.node_groups[group]
    set_inputs(modifier, values)
    return ob


def relief(values: Mapping[str, Any], size: tuple[float, float] = (2.0, 2.0)) -> bpy.types.Object:
    """A plane with Depth Relief on it."""
    return add_group(plane(size), "Depth Relief", values)


@dataclass(frozen=True)
class Mesh:
    """An evaluated mesh: vertices (N, 3) float32, faces (M, 4) of vertex numbers, and its attributes by name."""

    vertices: np.ndarray
    faces: np.ndarray
    attributes: Mapping[str, np.ndarray]

    def attribute(self, name: str) -> np.ndarray:
        """The attribute's values in the order of its domain."""
        return self.attributes[name]


_READ = {
    "FLOAT": ("value", 1, np.float32),
    "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_VECTOR": ("vector", 3, np.float32),
    "BOOLEAN": ("value", 1, bool),
    "INT": ("value", 1, np.int32),
}


def evaluate(ob: bpy.types.Object, keep: bool = False) -> Mesh:
    """Evaluate an object's modifiers into arrays; the object is removed afterwards unless it is to be kept."""
    ob.update_tag()
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    vertices = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", vertices)
    loops = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", loops)
    attributes = {}
    for attribute in mesh.attributes:
        if attribute.data_type in _READ and not attribute.name.startswith("."):
            field, size, dtype = _READ[attribute.data_type]
            data = np.empty(len(attribute.data) * size, dtype)
            attribute.data.foreach_get(field, data)
            attributes[attribute.name] = data if size == 1 else data.reshape(-1, size)
    faces = loops.reshape(-1, 4) if len(loops) == 4 * len(mesh.polygons) else np.empty((0, 4), np.int32)
    result = Mesh(vertices.reshape(-1, 3), faces, attributes)
    if not keep:
        bpy.data.objects.remove(ob)
    return result
