"""Sample Depth: the value of a depth image at a UV.

    depth = red(uv),  validity = alpha(uv),  with uv clamped to the picture, interpolated as chosen

Where the blend holds an unknown pixel (alpha < 1) the closest pixel counts alone. What is not finite is 0 and unknown.
"""

from collections.abc import Mapping

from . import choices, nodes
from .builder import Tree
from .sockets import UV_MAP, Float, Group, Image, Int, Item, Menu, Vector

IMAGE = Image("Image", "The depth image: 32-bit float, Non-Color; depth in red, validity in alpha")
FRAME = Int("Frame", "The number of the file that is read, where the image is a sequence", 1, -1_000_000, 1_000_000)

BACKGROUND = (
    Float("Background Depth", "The depth of what lies behind, stored in green"),
    Float(
        "Presence",
        "Whether there is a background, stored in blue. 0: none. 1: behind the front. Above 1: at an edge, whose gap over the "
        "nearer distance is the rest, and where it may replace the front, which shows mixed colours",
    ),
)

GROUP = Group(
    "Sample Depth",
    "Read a depth image at a UV coordinate. Exact at pixel centres; clamps at the border",
    inputs=(
        IMAGE,
        FRAME,
        Vector("UV", "Where to read: (0, 0) is the lower left corner of the picture, (1, 1) the upper right", UV_MAP),
        Menu(choices.INTERPOLATION),
    ),
    outputs=(
        Float("Depth", "The stored value: 0 to 1 with 1 = near for disparity, metres for distance; 0 where not finite"),
        Float(
            "Validity",
            "1 where the depth is known, 0 where it is transparent or not finite. Beside such pixels the closest one is read, not a blend",
        ),
        *BACKGROUND,
    ),
    tags=("depth", "sample", "image"),
)

WHOLE = 0.99999  # the validity of a blend of known pixels, rounding aside
_MODES: Mapping[Item, nodes.ImageTextureInterpolation] = {
    choices.LINEAR: "Linear",
    choices.CLOSEST: "Closest",
    choices.CUBIC: "Cubic",
}
LARGEST = 1e30  # beyond any depth, yet far from the end of 32-bit floats


def build(tree: Tree) -> None:
    """Draw the tree: three Image Textures, of which only the chosen one is computed, and the closest where it must help."""
    with tree.frame("Read the picture; depth is red, validity alpha"):
        read = {}
        for item, mode in _MODES.items():
            image, uv, frame = tree.input("Image"), tree.input("UV"), tree.input("Frame")
            texture = tree.add.image_texture(image, uv, frame, interpolation=mode, extension="EXTEND")
            color = tree.add.separate_color(texture.color)
            read[item] = color.red, texture.alpha, color.green, color.blue
    with tree.frame("A blend with an unknown pixel is no depth: there the closest pixel counts alone"):
        for item in (choices.LINEAR, choices.CUBIC):
            red, alpha, green, blue = read[item]
            known = (alpha >= WHOLE) & (tree.math("ABSOLUTE", red) < LARGEST)
            closest_red, closest_alpha, *_ = read[choices.CLOSEST]
            read[item] = (
                tree.switch(known, true=red, false=closest_red),
                tree.switch(known, true=alpha, false=closest_alpha),
                green,  # it goes on around the background, so that a blend at its end is one
                blue,
            )
    with tree.frame("Only the chosen way is computed"):
        depth, validity, behind, presence = (
            tree.choose(choices.INTERPOLATION, {item: values[place] for item, values in read.items()})
            for place in range(4)
        )
    with tree.frame("Not a number and infinity count as unknown"):
        finite = tree.math("ABSOLUTE", depth) < LARGEST
        tree.output("Depth", tree.switch(finite, true=depth, false=0.0))
        tree.output("Validity", tree.switch(finite, true=validity, false=0.0))
        finite = (tree.math("ABSOLUTE", behind) < LARGEST) & (tree.math("ABSOLUTE", presence) < LARGEST)
        tree.output("Background Depth", tree.switch(finite, true=behind, false=0.0))
        tree.output("Presence", tree.switch(finite, true=presence, false=0.0))
