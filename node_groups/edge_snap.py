"""Edge Snap: blurred depth edges become steps.

high, low = the largest and smallest known depth among the (2 radius + 1) squared vertices around
outline   = the nearest known depth among the 3 x 3 vertices around
edge      = distance(far end) > distance(near end) (1 + threshold), of high and low
depth'    = edge ? (outline - low >= high - outline ? high : low) : depth

The pixel along an outline shows colours of both sides; the near one keeps it, so that nothing of an object is lost.
"""

from . import choices
from .builder import Tree
from .disparity_to_distance import ENDS
from .edge_aware_cutoff import THRESHOLD
from .grid_shape import Numbers, neighbours, numbered
from .normalize_depth import INVERT, RANGE
from .sockets import Bool, Float, Geometry, Group, Int, Menu
from .value import Value

GROUP = Group(
    "Edge Snap",
    "Turn blurred depth edges into steps that can be cut. Depth maps blur from near to far over several pixels; each of these "
    "moves to the near or to the far side, whichever is closer, and the outline to the near side",
    inputs=(
        Geometry("Geometry", "A grid made by Image Grid or by the Grid node"),
        Float("Depth", "The depth of each vertex"),
        Float("Validity", "Vertices below 0.5 are unknown: they don't take part", 1.0, 0.0, 1.0, "FACTOR"),
        Menu(choices.KIND),
        INVERT,
        *RANGE,
        *ENDS,
        Int("Radius", "How far a blurred edge reaches to either side, in steps of the grid", 3, 0, 64),
        THRESHOLD,
    ),
    outputs=(
        Geometry("Geometry", "The grid, unmoved"),
        Float("Depth", "The depth with hard edges"),
        Bool("Near Side", "Vertices at an edge that lie on its near side now"),
    ),
    tags=("depth", "edge", "sharpen", "snap"),
)

UNKNOWN = 1e30  # larger than any depth: an unknown vertex never wins a minimum, nor its negative a maximum


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("The window walks over the rows and columns of a grid"):
        shape = tree.call("Grid Shape", {"Geometry": tree.input("Geometry")})
        mesh, numbers = numbered(tree, tree.input("Geometry"), shape)
        steps = tree.switch(shape("Is Grid"), true=tree.input("Radius"), false=0)
        tree.warn(~shape("Is Grid"), "Edge Snap needs a grid. Set Surface to Grid")
    with tree.frame("The highest and lowest depth around each vertex: a window that widens turn by turn"):
        known = tree.input("Validity") >= 0.5
        depth = tree.input("Depth")
        high, low = tree.switch(known, true=depth, false=-UNKNOWN), tree.switch(known, true=depth, false=UNKNOWN)
        mesh, high, low = tree.capture(mesh, high, low)
        first = tree.math("MINIMUM", steps, 1)
        window = _grow(tree, {"Geometry": mesh, "High": high, "Low": low}, first, numbers)
        turned = tree.chosen(choices.KIND, choices.DISTANCE) | tree.input("Invert")  # larger is farther
        outline = tree.switch(turned, true=window["Low"], false=window["High"])
        # Each turn may step by the window's whole width, so that its width triples: 1, 3, 9, 27, ...
        turns = tree.turns_to(tree.real("MULTIPLY_ADD", steps, 2.0, 1.0), 3.0) - 1.0
        window |= {"Reach": first}
        window = tree.repeat(turns, window, lambda state: _widen(tree, state, steps, numbers))
    with tree.frame("An edge: the far end of the window over its near end jumps by more than the threshold"):
        high, low = window["High"], window["Low"]
        near, far = (to_distance(tree, value) for value in (high, low))
        larger, smaller = tree.math("MAXIMUM", near, far), tree.math("MINIMUM", near, far)
        edge = known & (larger > smaller * (tree.input("Threshold") + 1.0))
    with tree.frame("Snap to the closer side"):
        is_high = (outline - low) >= (high - outline)
        snapped = tree.switch(is_high, true=high, false=low)
        tree.output("Geometry", window["Geometry"])
        tree.output("Depth", tree.switch(edge, true=snapped, false=depth))
        tree.output("Near Side", edge & tree.logic("XOR", is_high, turned))


def _widen(tree: Tree, state: dict[str, Value], radius: Value, numbers: Numbers) -> dict[str, Value]:
    """Widen the window by as much as one turn can, at most to the radius."""
    reach = state["Reach"]
    step = tree.math("MINIMUM", reach * 2 + 1, radius - reach)
    return {**_grow(tree, state, step, numbers), "Reach": reach + step}


def _grow(tree: Tree, state: dict[str, Value], step: Value, numbers: Numbers) -> dict[str, Value]:
    """Widen the window by `step`, first along the columns, then along the rows."""
    down, up, left, right = neighbours(tree, numbers, step)
    geometry, high, low = state["Geometry"], state["High"], state["Low"]
    for before, after in ((down, up), (left, right)):
        highs, lows = ([tree.sample_index(geometry, side, place) for place in (before, after)] for side in (high, low))
        high = tree.math("MAXIMUM", high, tree.math("MAXIMUM", *highs))
        low = tree.math("MINIMUM", low, tree.math("MINIMUM", *lows))
        geometry, high, low = tree.capture(geometry, high, low)
    return {"Geometry": geometry, "High": high, "Low": low}


def to_distance(tree: Tree, depth: Value) -> Value:
    """The distance that a depth stands for, by the inputs that this group shares with others."""
    inputs = tree.inputs("Low", "High", "Invert", "Kind")
    normalized = tree.call("Normalize Depth", {**inputs, "Depth": depth})("Normalized")
    metric = tree.chosen(choices.KIND, choices.DISTANCE)
    inputs = tree.inputs("Kind", "Near Distance", "Far Distance")
    return tree.call("Disparity to Distance", {**inputs, "Depth": tree.switch(metric, true=depth, false=normalized)})(
        "Distance"
    )
