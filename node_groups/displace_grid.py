"""Displace Grid: push a surface out by a height."""

from . import choices
from .builder import Tree, Value
from .sockets import Float, Geometry, Group, Image, Int, Menu, Vector

GROUP = Group(
    "Displace Grid",
    "A relief: a grid of the image's aspect, or the incoming mesh by its UV map, pushed out along Z or its normals",
    inputs=(
        Geometry("Geometry", "A plane to take the place and the size from, or any mesh"),
        Image("Image", "The depth image, for the aspect of the grid"),
        Vector("UV", "The UV map of the incoming mesh", "UVMap"),
        Menu(choices.SURFACE),
        Int("Resolution", "Vertices along the longer side", 1024, 2, 8192),
        Float("Height", "How far each vertex stands out: 0 to 1, from Normalize Depth"),
        Menu(choices.DIRECTION),
        Float("Scale", "How far a height of 1 stands out", 0.5, -1e4, 1e4, "DISTANCE", single=True),
        Float("Midlevel", "The height that stays where it is", 0.0, -10.0, 10.0, single=True),
        Float(
            "Border Falloff",
            "Width of the rim that runs out flat, as a share of the shorter side, so that the relief sits in a wall",
            0.0, 0.0, 0.5, "FACTOR", single=True,
        ),
    ),
    outputs=(
        Geometry("Geometry", "The relief"),
        Vector("UV", "Where each vertex lies in the picture"),
    ),
    tags=("depth", "displace", "relief", "grid"),
)  # fmt: skip


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("The flat surface"):
        names = ("Geometry", "Image", "UV", "Surface", "Resolution")
        flat = tree.call("Image Grid", {name: tree.input(name) for name in names})
    with tree.frame("Flat at the rim"):
        border = tree.input("Border Falloff")
        rim = tree.switch(border > 0.0, 1.0, _rim(tree, flat("UV"), border))
    with tree.frame("Along Z or the normal"):
        offset = (tree.input("Height") - tree.input("Midlevel")) * tree.input("Scale") * rim
        inputs = {choices.Z: tree.xyz(0.0, 0.0, 1.0), choices.NORMAL: flat("Normal")}
        direction = tree.choose(choices.DIRECTION, inputs)
        moved = tree.node("GeometryNodeSetPosition", {"Geometry": flat("Geometry"), "Offset": direction * offset})
        tree.output("Geometry", moved)
        tree.output("UV", flat("UV"))


def _rim(tree: Tree, uv: Value, border: Value) -> Value:
    """0 on the outermost pixel centres, 1 further inside than the border; distances in shares of the shorter side."""
    info = tree.make("GeometryNodeImageInfo", [tree.input("Image")])
    sides = [tree.real("ADD", tree.out(info, name), 0.0) for name in ("Width", "Height")]
    shorter = tree.real("MINIMUM", *sides)
    inside = []
    for coordinate, side in zip(tree.split(uv)[:2], sides, strict=True):
        pixels = tree.math("MINIMUM", coordinate, 1.0 - coordinate) * side - 0.5
        inside.append(pixels / shorter)
    nearest = tree.math("MINIMUM", *inside)
    inputs = {"Value": nearest, "From Min": 0.0, "From Max": border, "To Min": 0.0, "To Max": 1.0}
    return tree.node("ShaderNodeMapRange", inputs, interpolation_type="SMOOTHSTEP")
