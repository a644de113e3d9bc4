"""Sample Depth: the value of a depth image at a UV."""

from . import choices
from .builder import Tree
from .sockets import Float, Group, Image, Menu, Vector

GROUP = Group(
    "Sample Depth",
    "Read a depth image at a UV coordinate. Exact at pixel centres; clamps at the border",
    inputs=(
        Image("Image", "The depth image: 32-bit float, Non-Color; depth in red, validity in alpha"),
        Vector("UV", "Where to read: (0, 0) is the lower left corner of the picture, (1, 1) the upper right", "UVMap"),
        Menu(choices.INTERPOLATION),
    ),
    outputs=(
        Float("Depth", "The stored value: 0 to 1 with 1 = near for disparity, metres for distance; 0 where not finite"),
        Float(
            "Validity",
            "Known is 1; transparent is 0, not finite too, and what Linear blends from such a pixel",
        ),
    ),
    tags=("depth", "sample", "image"),
)

LARGEST = 1e30  # beyond any depth, yet far from the end of 32-bit floats


def build(tree: Tree) -> None:
    """Draw the tree: three Image Textures, of which only the chosen one is computed."""
    with tree.frame("Read the picture; only the chosen way is computed"):
        textures = {}
        for item, mode in ((choices.LINEAR, "Linear"), (choices.CLOSEST, "Closest"), (choices.CUBIC, "Cubic")):
            inputs = {"Image": tree.input("Image"), "Vector": tree.input("UV")}
            textures[item] = tree.make("GeometryNodeImageTexture", inputs, interpolation=mode, extension="EXTEND")
        color = tree.choose(choices.INTERPOLATION, {item: tree.out(node, "Color") for item, node in textures.items()})
        alpha = tree.choose(choices.INTERPOLATION, {item: tree.out(node, "Alpha") for item, node in textures.items()})
    with tree.frame("Depth is red; not a number and infinity count as unknown"):
        red = tree.node("FunctionNodeSeparateColor", [color])
        finite = tree.math("ABSOLUTE", red) < LARGEST
        tree.output("Depth", tree.switch(finite, 0.0, red))
        tree.output("Validity", tree.switch(finite, 0.0, alpha))
