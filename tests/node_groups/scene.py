"""What the tests of the node groups share: the shipped asset file, images, objects and evaluated meshes as arrays."""

from collections.abc import Mapping, Sequence
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


def mesh_object(
    vertices: np.ndarray, faces: Sequence[Sequence[int]] = (), uv: np.ndarray | None = None, name: str = "mesh"
) -> bpy.types.Object:
    """An object of (N, 3) vertices and any faces, with an (N, 2) UV for each vertex if given, linked to the scene."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(vertices).tolist(), [], [list(map(int, face)) for face in faces])
    if uv is not None:
        corners = np.empty(len(mesh.loops), np.int32)
        mesh.loops.foreach_get("vertex_index", corners)
        mesh.uv_layers.new(name="UVMap").uv.foreach_set("vector", np.asarray(uv, np.float32)[corners].ravel())
    ob = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(ob)
    return ob


def probe(
    ob: bpy.types.Object,
    group: str,
    values: Mapping[str, Any],
    fields: Mapping[str, np.ndarray] | None = None,
    domains: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    keep: bool = False,
) -> "Mesh":
    """Evaluate any group on an object, and return what it makes, with the group's other outputs as attributes.

    `values` fills inputs with one value, `fields` with one value for each vertex, (N,) or (N, 3), `names` with a
    boolean attribute that the mesh has. UV reads the object's UV map. An output is stored for each vertex unless
    `domains` says otherwise.
    """
    tree = bpy.data.node_groups.new("probe", "GeometryNodeTree")
    for in_out in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
    source, target = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    node = tree.nodes.new("GeometryNodeGroup")
    node.node_tree = bpy.data.node_groups[group]
    read = {"UV": ("UVMap", "FLOAT_VECTOR")} if "UV" in node.inputs else {}  # attributes and their types by input
    read |= {name: (attribute, "BOOLEAN") for name, attribute in (names or {}).items()}
    for name, field in (fields or {}).items():
        read[name] = f"given {name}", "FLOAT" if field.ndim == 1 else "FLOAT_VECTOR"
        attribute = ob.data.attributes.new(*read[name], "POINT")
        attribute.data.foreach_set("value" if field.ndim == 1 else "vector", field.astype(np.float32).ravel())
    for name, (attribute, kind) in read.items():
        reader = tree.nodes.new("GeometryNodeInputNamedAttribute")
        reader.data_type = kind
        reader.inputs["Name"].default_value = attribute
        tree.links.new(next(socket for socket in reader.outputs if socket.enabled), node.inputs[name])
    for name, value in values.items():
        node.inputs[name].default_value = value
    geometry = source.outputs[0]
    if "Geometry" in node.inputs:
        tree.links.new(geometry, node.inputs["Geometry"])
    if "Geometry" in node.outputs:
        geometry = node.outputs["Geometry"]
    for output in node.outputs:
        if output.type in _STORE:
            store = tree.nodes.new("GeometryNodeStoreNamedAttribute")
            store.data_type, store.domain = _STORE[output.type], (domains or {}).get(output.name, "POINT")
            store.inputs["Name"].default_value = output.name
            tree.links.new(geometry, store.inputs["Geometry"])
            value = next(socket for socket in store.inputs if socket.enabled and socket.name == "Value")
            tree.links.new(output, value)
            geometry = store.outputs[0]
    tree.links.new(geometry, target.inputs[0])
    modifier = ob.modifiers.new("probe", "NODES")
    modifier.node_group = tree
    return evaluate(ob, keep)


_STORE = {"VALUE": "FLOAT", "INT": "INT", "BOOLEAN": "BOOLEAN", "VECTOR": "FLOAT_VECTOR"}


@dataclass(frozen=True)
class Mesh:
    """An evaluated mesh: vertices (N, 3) float32, faces (M, 4) of vertex numbers, and its attributes by name.

    `faces` is empty unless all faces are quads; `corners` holds the vertex numbers of all faces one after the other,
    `sizes` how many corners each face has.
    """

    vertices: np.ndarray
    faces: np.ndarray
    attributes: Mapping[str, np.ndarray]
    corners: np.ndarray
    sizes: np.ndarray

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
    sizes = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", sizes)
    result = Mesh(vertices.reshape(-1, 3), faces, attributes, loops, sizes)
    if not keep:
        bpy.data.objects.remove(ob)
    return result
