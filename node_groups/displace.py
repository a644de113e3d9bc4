"""Displace: push a surface out along Z or its normals, with a rim that stays flat."""

from . import choices
from .builder import Tree
from .sockets import Float, Geometry, Group, Image, Menu, Vector
from .value import Operand, Value

HEIGHT = (
    Float("Height", "How far each vertex stands out: 0 to 1, from Normalize Depth"),
    Menu(choices.DIRECTION),
    Float("Scale", "How far a height of 1 stands out", 0.5, -1e4, 1e4, "DISTANCE", single=True),
    Float("Midlevel", "The height that stays where it is", 0.0, -10.0, 10.0, single=True),
    Float(
        "Border Falloff",
        "Width of the rim that runs out flat, as a share of the shorter side, so that the relief sits in a wall",
        0.0, 0.0, 0.5, "FACTOR", single=True,
    ),
)  # fmt: skip

GROUP = Group(
    "Displace",
    "Push a surface out by a height, along Z or its normals",
    inputs=(
        Geometry("Geometry", "The flat surface"),
        Image("Image", "The depth image, for the aspect of the rim"),
        Vector("UV", "Where each vertex lies in the picture", "UVMap"),
        *HEIGHT,
    ),
    outputs=(Geometry("Geometry", "The relief"),),
    catalog="Depth/Utilities",
    tags=("depth", "displace"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("Flat at the rim: it stays at the midlevel"):
        border = tree.input("Border Falloff")
        scale = tree.input("Scale")
        offset = tree.math("MULTIPLY_ADD", tree.input("Height"), scale, tree.input("Midlevel") * scale * -1.0)
        offset = tree.switch(border > 0.0, offset, offset * _rim(tree, tree.input("UV"), border))
    with tree.frame("Along Z or the normals; only the chosen way is computed"):
        normal = tree.node("GeometryNodeInputNormal", out="Normal")
        ways = {choices.Z: tree.xyz(0.0, 0.0, offset), choices.NORMAL: normal * offset}
        moved = {}
        for item, way in ways.items():
            moved[item] = tree.node("GeometryNodeSetPosition", {"Geometry": tree.input("Geometry"), "Offset": way})
        tree.output("Geometry", tree.choose(choices.DIRECTION, moved))


def _rim(tree: Tree, uv: Value, border: Value) -> Value:
    """0 on the outermost pixel centres, 1 further inside than the border; distances in shares of the shorter side."""
    sides = tree.image_size(tree.input("Image"))
    shorter = tree.real("MINIMUM", *sides)
    inside = []
    for coordinate, side in zip(tree.split(uv)[:2], sides, strict=True):
        pixels = tree.math("MINIMUM", coordinate, 1.0 - coordinate) * side - 0.5
        inside.append(pixels / shorter)
    nearest = tree.math("MINIMUM", *inside)
    inputs: dict[str, Operand] = {"Value": nearest, "From Min": 0.0, "From Max": border, "To Min": 0.0, "To Max": 1.0}
    return tree.node("ShaderNodeMapRange", inputs, interpolation_type="SMOOTHSTEP")
