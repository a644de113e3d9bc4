"""Depth Range: the near and far ends of a depth image, by percentile.

With the n known samples of the lattice in order, d[0] <= ... <= d[n - 1]:

    low = d[round((n - 1) below / 100)],  high = d[round((n - 1) (1 - above / 100))]

(below, above) is (Clip Far, Clip Near) for disparity and (Clip Near, Clip Far) for distance.
"""

from . import choices
from .builder import Tree
from .sample_depth import FRAME, IMAGE, LARGEST
from .sockets import Bool, Float, Group, Menu
from .value import Operand, Value

SIDE = 128  # samples along each side: as good as all pixels for a percentile, and nearly free beside a large mesh

COLOURFUL = 0.02  # the largest difference between the channels of a map that passed through an 8-bit file
BEYOND_RELATIVE = 1.5
A_LEVEL = 0.02  # how far from whole levels of 8 bits rounding leaves a map

CLIPS = (
    Float("Clip Near", "Share of the nearest pixels to leave out of the range", 0.0, 0.0, 50.0, "PERCENTAGE", single=True),
    Float("Clip Far", "Share of the farthest pixels to leave out of the range", 0.0, 0.0, 50.0, "PERCENTAGE", single=True),
)  # fmt: skip

FIXED = (
    Bool("Fixed Range", "Take the range from Range Low and Range High instead of the picture, so that a sequence keeps one range"),
    Float("Range Low", "The lowest depth of a fixed range", 0.0, single=True),
    Float("Range High", "The highest depth of a fixed range", 1.0, single=True),
)  # fmt: skip

GROUP = Group(
    "Depth Range",
    "The lowest and highest depth of an image, without the outliers. Read from a fixed lattice of 128 x 128 pixels, "
    "so that it does not change with the resolution of the mesh",
    inputs=(
        IMAGE,
        FRAME,
        Menu(choices.KIND),
        *CLIPS,
    ),
    outputs=(
        Float("Low", "The lowest value in the range"),
        Float("High", "The highest value in the range"),
    ),
    tags=("depth", "range", "percentile", "normalize"),
)


def build(tree: Tree) -> None:
    """Draw the tree: a lattice of pixels and its extremes, or, sorted by depth, what stands at two ranks."""
    with tree.frame("A lattice of 128 x 128 pixels, at the cells' centres"):
        lattice, uv = _lattice(tree, SIDE)
        inputs: dict[str, Operand] = {**tree.inputs("Image", "Frame"), "UV": uv, "Interpolation": choices.CLOSEST.name}
        sample = tree.call("Sample Depth", inputs)
        lattice, depth, known = tree.capture(lattice, sample("Depth"), sample("Validity") >= 0.5)
    _warn_of_colour(tree)
    _warn_of_srgb(tree)
    whole, lowest, highest = _extremes(tree, lattice, depth, known)
    with tree.frame("Otherwise sorted from low to high"):
        only = tree.add.delete_geometry(lattice, ~known, domain="POINT")
        ranked = tree.add.sort_elements(only, sort_weight=depth, domain="POINT")
        last = tree.add.attribute_domain_size(ranked, component="POINTCLOUD").point_count - 1
    with tree.frame("Read at two ranks: near is the high end of disparity, the low end of distance"):
        near, far = tree.input("Clip Near"), tree.input("Clip Far")
        is_distance = tree.chosen(choices.KIND, choices.DISTANCE)
        below, above = tree.switch(is_distance, true=near, false=far), tree.switch(is_distance, true=far, false=near)
        low = tree.sample_index(ranked, depth, tree.real("ROUND", last * (below / 100.0)))
        high = tree.sample_index(ranked, depth, tree.real("ROUND", last * (1.0 - above / 100.0)))
        low, high = tree.switch(whole, true=lowest, false=low), tree.switch(whole, true=highest, false=high)
        tree.output("Low", low)
        tree.output("High", high)
    with tree.frame("Values that the chosen kind does not have"):
        tree.warn(is_distance & (low < 0.0), "Distances below 0. Set Kind to Disparity")
        metric = (high > BEYOND_RELATIVE) & ~is_distance
        tree.warn(metric, "Values beyond 0 to 1. Set Kind to Distance?", "INFO")


def _lattice(tree: Tree, side: int) -> tuple[Value, Value]:
    """So many points squared, and the UV of each: the centre of its cell of the picture."""
    index = tree.add.index()
    column = tree.math("DIVIDE_FLOOR", index, side)
    row = index - column * side
    at = [tree.real("MULTIPLY_ADD", place, 1.0 / side, 0.5 / side) for place in (column, row)]
    return tree.add.points(side * side), tree.xyz(*at)


def _warn_of_colour(tree: Tree) -> None:
    with tree.frame("A depth map is grey: a picture in colour is the wrong one, which some pixels tell"):
        few, uv = _lattice(tree, SIDE // 8)
        image = tree.input("Image")
        picture = tree.add.image_texture(image, uv, tree.input("Frame"), interpolation="Closest", extension="EXTEND")
        rgb = tree.add.separate_color(picture.color)
        most = tree.math("MAXIMUM", rgb.red, tree.math("MAXIMUM", rgb.green, rgb.blue))
        least = tree.math("MINIMUM", rgb.red, tree.math("MINIMUM", rgb.green, rgb.blue))
        # A depth image with a background has whole numbers or more in blue, apart from which no picture in colour lives.
        shown = (picture.alpha >= 0.5) & (rgb.blue > 0.0) & (rgb.blue < 1.0)
        tint = tree.switch(shown, true=most - least, false=0.0)
        strongest = tree.sample_index(few, tree.add.field_min_and_max(tint).max, 0)  # a statistic would sort them all
        tree.warn(strongest > COLOURFUL, "A picture in colour. Pick the depth image")


def _warn_of_srgb(tree: Tree) -> None:
    with tree.frame("Read as sRGB, the levels of an 8-bit map are no levels any more until they are encoded again"):
        few, uv = _lattice(tree, SIDE // 8)
        image = tree.input("Image")
        picture = tree.add.image_texture(image, uv, tree.input("Frame"), interpolation="Closest", extension="EXTEND")
        value = tree.add.separate_color(picture.color).red
        root = tree.real("POWER", tree.math("MAXIMUM", value, 0.0), 1.0 / 2.4)
        curve = tree.real("MULTIPLY_ADD", root, 1.055, -0.055)
        encoded = tree.switch(value <= 0.0031308, true=value * 12.92, false=curve)
        off = []
        for levels in (encoded * 255.0, value * 255.0):
            away = tree.real("ABSOLUTE", levels - tree.real("ROUND", levels))
            off.append(tree.sample_index(few, tree.add.field_min_and_max(away).max, 0))
        srgb = (off[0] < A_LEVEL) & (off[1] > 10.0 * A_LEVEL)
        tree.warn(srgb, "Read as sRGB. Set Color Space to Non-Color")


def _extremes(tree: Tree, lattice: Value, depth: Value, known: Value) -> tuple[Value, Value, Value]:
    """Whether nothing is left out, and the extremes of what is known; 0 where nothing is."""
    with tree.frame("Nothing left out: the extremes of what is known, which need no sorting; 0 where nothing is"):
        whole = tree.math("MAXIMUM", tree.input("Clip Near"), tree.input("Clip Far")) <= 0.0
        low = tree.add.field_min_and_max(tree.switch(known, true=depth, false=LARGEST)).min
        high = tree.add.field_min_and_max(tree.switch(known, true=depth, false=-LARGEST)).max
        lowest, highest = (tree.sample_index(lattice, end, 0) for end in (low, high))
        nothing = lowest > highest
        lowest, highest = (tree.switch(nothing, true=0.0, false=end) for end in (lowest, highest))
    return whole, lowest, highest
