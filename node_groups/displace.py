"""Displace: push a surface out along Z or its normals, with a rim that stays flat.

    offset = (height - midlevel) scale rim,  position' = position + offset direction

The rim rises from 0 at the outermost pixel centres to 1 as far inside as Border Falloff: smoothstep, 3 t^2 - 2 t^3.
"""

from . import choices
from .builder import Tree
from .sample_depth import FRAME
from .sockets import UV_MAP, Float, Geometry, Group, Image, Menu, Vector
from .value import Value

SCALE = Float("Scale", "How far the nearest part of the relief stands out", 0.5, -1e4, 1e4, "DISTANCE", single=True)
STAND = (
    Float("Midlevel", "The height that stays on the surface: 0 = the far end, 1 = the near end", 0.0, -10.0, 10.0, single=True),
    Menu(choices.DIRECTION),
    Float("Border Falloff", "Width of the rim that runs out flat, as a share of the shorter side", 0.0, 0.0, 0.5, "FACTOR", single=True),
)  # fmt: skip
HEIGHT = (Float("Height", "How far each vertex stands out: 0 to 1, from Normalize Depth"), SCALE, *STAND)
AXIS = Vector("Axis", "Where Direction Z points", default=(0.0, 0.0, 1.0))
VERTEX_UV = Vector("UV", "Where each vertex lies in the picture", UV_MAP)

GROUP = Group(
    "Displace",
    "Push a surface out by a height, along Z or its normals",
    inputs=(
        Geometry("Geometry", "The flat surface"),
        Image("Image", "The depth image, for the aspect of the rim"),
        FRAME,
        VERTEX_UV,
        *HEIGHT,
        AXIS,
    ),
    outputs=(Geometry("Geometry", "The relief"),),
    catalog="",
    tags=("depth", "displace"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("Flat at the rim: it stays at the midlevel"):
        border = tree.input("Border Falloff")
        scale = tree.input("Scale")
        offset = tree.math("MULTIPLY_ADD", tree.input("Height"), scale, tree.input("Midlevel") * scale * -1.0)
        offset = tree.switch(border > 0.0, true=offset * _rim(tree, tree.input("UV"), border), false=offset)
    with tree.frame("Along Z or the normals; only the chosen way is computed"):
        normal = tree.add.normal().normal
        ways = {choices.Z: tree.input("Axis") * offset, choices.NORMAL: normal * offset}
        moved = {}
        for item, way in ways.items():
            moved[item] = tree.add.set_position(geometry=tree.input("Geometry"), offset=way)
        tree.output("Geometry", tree.choose(choices.DIRECTION, moved))


def _rim(tree: Tree, uv: Value, border: Value) -> Value:
    """0 on the outermost pixel centres, 1 further inside than the border; distances in shares of the shorter side."""
    sides = tree.image_size()
    shorter = tree.real("MINIMUM", *sides)
    inside = []
    for coordinate, side in zip(tree.split(uv)[:2], sides, strict=True):
        pixels = tree.math("MINIMUM", coordinate, 1.0 - coordinate) * side - 0.5
        inside.append(pixels / shorter)
    nearest = tree.math("MINIMUM", *inside)
    return tree.add.map_range(nearest, 0.0, border, 0.0, 1.0, interpolation_type="SMOOTHSTEP")
