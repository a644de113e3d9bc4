"""Edge Snap: blurred depth edges become steps."""

from . import choices
from .builder import Tree, Value
from .sockets import Bool, Float, Geometry, Group, Int, Menu

GROUP = Group(
    "Edge Snap",
    "Depth maps blur from near to far over several pixels; as geometry that is a rubber sheet. This pulls every such pixel to "
    "the near or to the far side, whichever is closer, so that the edge becomes a step that can be cut",
    inputs=(
        Geometry("Geometry", "A grid made by Image Grid or by the Grid node"),
        Float("Depth", "The depth of each vertex"),
        Float("Validity", "Vertices below 0.5 are unknown: they don't take part", 1.0, 0.0, 1.0, "FACTOR"),
        Menu(choices.KIND),
        Bool("Invert", "For depth maps in which dark is near"),
        Float("Low", "The lowest value in the range, from Depth Range", 0.0, single=True),
        Float("High", "The highest value in the range, from Depth Range", 1.0, single=True),
        Float("Near Distance", "How far away the nearest point is", 1.0, 0.001, 1e5, "DISTANCE", single=True),
        Float("Far Distance", "How far away the farthest point is", 4.0, 0.001, 1e6, "DISTANCE", single=True),
        Int("Radius", "How far a blurred edge reaches to either side, in steps of the grid", 3, 0, 64),
        Float("Threshold", "Jump that makes an edge: the gap over the nearer distance", 0.2, 0.0, 100.0, single=True),
    ),
    outputs=(
        Geometry("Geometry", "The grid, unmoved"),
        Float("Depth", "The depth with hard edges"),
    ),
    tags=("depth", "edge", "sharpen", "snap"),
)

UNKNOWN = 1e30  # larger than any depth: an unknown vertex never wins a minimum, nor its negative a maximum


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("The grid's rows: its first face joins vertex 0 with the first of the second column"):
        mesh = tree.input("Geometry")
        corner_vertex = tree.node("GeometryNodeVertexOfCorner", [tree.node("GeometryNodeInputIndex")])
        rows = tree.sample_index(mesh, corner_vertex, 1, "CORNER")
        points = tree.count(mesh, "Point Count")
        columns = tree.math("DIVIDE", points, rows)
        is_grid = tree.compare("EQUAL", rows * columns, points)
        is_grid = is_grid & tree.compare("EQUAL", (rows - 1) * (columns - 1), tree.count(mesh, "Face Count"))
        tree.warn(~is_grid, "Edge Snap needs a grid: set Surface to Grid, or switch Edge Snap off")
        steps = tree.switch(is_grid, 0, tree.input("Radius"))
    with tree.frame("The highest and lowest depth around each vertex: the window grows by one step a turn"):
        known = tree.input("Validity") >= 0.5
        depth = tree.input("Depth")
        mesh, depth, known = tree.capture(mesh, depth, known)
        window = {
            "Geometry": mesh,
            "High": tree.switch(known, -UNKNOWN, depth),
            "Low": tree.switch(known, UNKNOWN, depth),
        }
        window = tree.repeat(steps, window, lambda state: _grow(tree, state, rows, columns))
    with tree.frame("An edge: the far end of the window over its near end jumps by more than the threshold"):
        high, low = window["High"], window["Low"]
        near, far = (_distance(tree, value) for value in (high, low))
        larger, smaller = tree.math("MAXIMUM", near, far), tree.math("MINIMUM", near, far)
        edge = known & (larger > smaller * (tree.input("Threshold") + 1.0))
    with tree.frame("Snap to the closer side"):
        snapped = tree.switch((depth - low) >= (high - depth), low, high)
        tree.output("Geometry", window["Geometry"])
        tree.output("Depth", tree.switch(edge, depth, snapped))


def _grow(tree: Tree, state: dict[str, Value], rows: Value, columns: Value) -> dict[str, Value]:
    """Widen the window by one vertex in each direction: first along the columns, then along the rows."""
    index = tree.node("GeometryNodeInputIndex")
    column = tree.math("DIVIDE_FLOOR", index, rows)
    row = index - column * rows
    one_down = index - tree.math("MINIMUM", row, 1)
    one_up = index + tree.math("MINIMUM", (rows - 1) - row, 1)
    one_left = index - tree.math("MINIMUM", column, 1) * rows
    one_right = index + tree.math("MINIMUM", (columns - 1) - column, 1) * rows
    geometry, high, low = state["Geometry"], state["High"], state["Low"]
    for before, after in ((one_down, one_up), (one_left, one_right)):
        geometry, high, low = tree.capture(geometry, high, low)
        sides = [tree.sample_index(geometry, high, place) for place in (before, after)]
        higher = tree.math("MAXIMUM", high, tree.math("MAXIMUM", *sides))
        sides = [tree.sample_index(geometry, low, place) for place in (before, after)]
        lower = tree.math("MINIMUM", low, tree.math("MINIMUM", *sides))
        high, low = higher, lower
    geometry, high, low = tree.capture(geometry, high, low)
    return {"Geometry": geometry, "High": high, "Low": low}


def _distance(tree: Tree, depth: Value) -> Value:
    names = ("Low", "High", "Invert", "Kind")
    inputs = {name: tree.input(name) for name in names}
    normalized = tree.call("Normalize Depth", {"Depth": depth, **inputs})("Normalized")
    metric = tree.chosen(choices.KIND, choices.DISTANCE)
    ends = {name: tree.input(name) for name in ("Kind", "Near Distance", "Far Distance")}
    return tree.call("Disparity to Distance", {"Depth": tree.switch(metric, normalized, depth), **ends})("Distance")
