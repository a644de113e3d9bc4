"""Depth Range: the near and far ends of a depth image, by percentile."""

from . import choices
from .builder import Tree
from .sample_depth import LARGEST
from .sockets import Float, Group, Image, Menu
from .value import Operand, Value

SIDE = 128  # samples along each side: as good as all pixels for a percentile, and nearly free beside a large mesh

COLOURFUL = 0.02  # the largest difference between the channels of a map that passed through an 8-bit file
BEYOND_RELATIVE = 1.5

GROUP = Group(
    "Depth Range",
    "The lowest and highest depth of an image, without the outliers. Read from a fixed lattice of 128 x 128 pixels, "
    "so that it does not change with the resolution of the mesh",
    inputs=(
        Image("Image", "The depth image"),
        Menu(choices.KIND),
        Float("Clip Near", "Share of the nearest pixels to leave out", 0.0, 0.0, 50.0, "PERCENTAGE", single=True),
        Float("Clip Far", "Share of the farthest pixels to leave out", 0.0, 0.0, 50.0, "PERCENTAGE", single=True),
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
        inputs: dict[str, Operand] = {"Image": tree.input("Image"), "UV": uv, "Interpolation": choices.CLOSEST.name}
        sample = tree.call("Sample Depth", inputs)
        lattice, depth, known = tree.capture(lattice, sample("Depth"), sample("Validity") >= 0.5)
    with tree.frame("A depth map is grey: a picture in colour is the wrong one, which some pixels tell"):
        few, uv = _lattice(tree, SIDE // 8)
        inputs = {"Image": tree.input("Image"), "Vector": uv}
        picture = tree.make("GeometryNodeImageTexture", inputs, interpolation="Closest", extension="EXTEND")
        rgb = tree.make("FunctionNodeSeparateColor", [tree.out(picture, "Color")])
        red, green, blue = (tree.out(rgb, channel) for channel in ("Red", "Green", "Blue"))
        most = tree.math("MAXIMUM", red, tree.math("MAXIMUM", green, blue))
        least = tree.math("MINIMUM", red, tree.math("MINIMUM", green, blue))
        tint = tree.switch(tree.out(picture, "Alpha") >= 0.5, 0.0, most - least)
        tree.warn(
            _extreme(tree, few, tint, "Max") > COLOURFUL,
            "This is a picture in colour, not a depth map: pick the depth image",
        )
    with tree.frame("Nothing left out: the extremes of what is known, which need no sorting; 0 where nothing is"):
        near, far = tree.input("Clip Near"), tree.input("Clip Far")
        whole = tree.math("MAXIMUM", near, far) <= 0.0
        lowest = _extreme(tree, lattice, tree.switch(known, LARGEST, depth), "Min")
        highest = _extreme(tree, lattice, tree.switch(known, -LARGEST, depth), "Max")
        nothing = lowest > highest
        lowest, highest = (tree.switch(nothing, end, 0.0) for end in (lowest, highest))
    with tree.frame("Otherwise sorted from low to high"):
        only = tree.node("GeometryNodeDeleteGeometry", {"Geometry": lattice, "Selection": ~known}, domain="POINT")
        ranked = tree.node("GeometryNodeSortElements", {"Geometry": only, "Sort Weight": depth}, domain="POINT")
        count = tree.count(ranked, "Point Count", "POINTCLOUD")
        last = count - 1
    with tree.frame("Read at two ranks: near is the high end of disparity, the low end of distance"):
        is_distance = tree.chosen(choices.KIND, choices.DISTANCE)
        below, above = tree.switch(is_distance, far, near), tree.switch(is_distance, near, far)
        low = _at_rank(tree, ranked, depth, tree.real("ROUND", last * (below / 100.0)))
        high = _at_rank(tree, ranked, depth, tree.real("ROUND", last * (1.0 - above / 100.0)))
        low, high = tree.switch(whole, low, lowest), tree.switch(whole, high, highest)
        tree.output("Low", low)
        tree.output("High", high)
    with tree.frame("Values that the chosen kind does not have"):
        tree.warn(is_distance & (low < 0.0), "Distances are never negative: set Kind to Disparity")
        metric = (high > BEYOND_RELATIVE) & ~is_distance
        tree.warn(metric, "Values beyond 0 to 1: is the kind Distance?", "INFO")


def _lattice(tree: Tree, side: int) -> tuple[Value, Value]:
    """So many points squared, and the UV of each: the centre of its cell of the picture."""
    index = tree.node("GeometryNodeInputIndex")
    column = tree.math("DIVIDE_FLOOR", index, side)
    row = index - column * side
    at = [tree.real("MULTIPLY_ADD", place, 1.0 / side, 0.5 / side) for place in (column, row)]
    return tree.node("GeometryNodePoints", {"Count": side * side}), tree.xyz(*at)


def _extreme(tree: Tree, points: Value, value: Value, end: str) -> Value:
    """The smallest or largest value; Attribute Statistic would sort them all."""
    return tree.sample_index(points, tree.node("GeometryNodeFieldMinAndMax", [value], out=end), 0)


def _at_rank(tree: Tree, ranked: Value, depth: Value, rank: Value) -> Value:
    return tree.sample_index(ranked, depth, rank)
