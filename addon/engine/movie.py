"""Frames of a movie, which `Image.pixels` doesn't follow: read by a grid that has a vertex on each pixel."""

import bpy
import numpy as np
from numpy.typing import NDArray

from ..depth.colour import to_rec709
from ..errors import PhotoError

_COLOUR = "colour"


def colours(image: bpy.types.Image, frame: int, height: int, width: int) -> NDArray[np.float32]:
    """Return a frame's pixels, scene-linear Rec. 709 and alpha, float32 (height, width, 4), top row first.

    height, width: the movie's own, or fewer, which are read quicker, each between four pixels. The window waits
    meanwhile: decoding takes a twentieth of a second of 1920 x 1080, all pixels a quarter.
    Raises PhotoError for a movie without pixels.
    """
    if width * height == 0:
        raise PhotoError(f"{image.name!r} has no pixels. Find its file with File > External Data")
    tree = _reader(image, frame, height, width)
    mesh = bpy.data.meshes.new("Depth Nodes Movie")
    ob = bpy.data.objects.new(mesh.name, mesh)
    scene = bpy.data.scenes.new(mesh.name)
    try:
        scene.collection.objects.link(ob)
        ob.modifiers.new("Read", "NODES").node_group = tree
        view_layer = scene.view_layers[0]
        view_layer.update()
        read = ob.evaluated_get(view_layer.depsgraph).data  # type: ignore[arg-type]  # the update has made it
        rgba = np.empty((width, height, 4), np.float32)  # a grid's vertices run up each column in turn
        read.attributes[_COLOUR].data.foreach_get("color", rgba.reshape(-1))
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.objects.remove(ob)
        bpy.data.meshes.remove(mesh)
        bpy.data.node_groups.remove(tree)
    rgba[..., :3] = to_rec709(rgba[..., :3])
    return np.ascontiguousarray(rgba.swapaxes(0, 1)[::-1])


def _reader(image: bpy.types.Image, frame: int, height: int, width: int) -> bpy.types.NodeTree:
    """Return a node group that makes a grid of that size with the image's colours on the vertices."""
    tree = bpy.data.node_groups.new("Depth Nodes Movie", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")

    def node(kind: str) -> bpy.types.Node:
        return tree.nodes.new(kind)

    grid, place, texture = node("GeometryNodeMeshGrid"), node("ShaderNodeVectorMath"), node("GeometryNodeImageTexture")
    store, end = node("GeometryNodeStoreNamedAttribute"), node("NodeGroupOutput")
    for name, value in (
        ("Size X", width - 1.0),
        ("Size Y", height - 1.0),
        ("Vertices X", width),
        ("Vertices Y", height),
    ):
        grid.inputs[name].default_value = value
    place.operation = "MULTIPLY_ADD"  # from the middle, one unit a pixel, to 0..1
    place.inputs[1].default_value = (1.0 / width, 1.0 / height, 0.0)
    place.inputs[2].default_value = (0.5, 0.5, 0.0)
    texture.interpolation, texture.extension = "Linear", "EXTEND"  # exact in the middle of a pixel
    texture.inputs["Image"].default_value, texture.inputs["Frame"].default_value = image, frame
    store.data_type = "FLOAT_COLOR"
    store.inputs["Name"].default_value = _COLOUR
    colour = next(socket for socket in store.inputs if socket.name == "Value" and socket.enabled)
    tree.links.new(node("GeometryNodeInputPosition").outputs[0], place.inputs[0])
    tree.links.new(place.outputs[0], texture.inputs["Vector"])
    tree.links.new(grid.outputs["Mesh"], store.inputs["Geometry"])
    tree.links.new(texture.outputs["Color"], colour)
    tree.links.new(store.outputs["Geometry"], end.inputs[0])
    return tree
