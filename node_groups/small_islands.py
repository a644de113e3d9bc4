"""Small Islands: the faces of loose pieces that are too small to keep."""

from .builder import Tree
from .sockets import Bool, Geometry, Group, Int
from .value import Value

GROUP = Group(
    "Small Islands",
    "Find the loose pieces of a surface that have fewer than so many faces. Faces that share a vertex hang together",
    inputs=(
        Geometry("Geometry", "A grid, which is quickest, or any mesh"),
        Bool("Selection", "The faces that are there; the others count as deleted", True, single=False),
        Int("Minimum Island", "Pieces with fewer faces are small", 64, 0, 10**6),
    ),
    outputs=(
        Geometry("Geometry", "The mesh as it was"),
        Bool("Small", "Selected faces of a small piece", single=False),
    ),
    catalog="Depth/Utilities",
    tags=("depth", "island", "cut"),
)


def build(tree: Tree) -> None:
    """Draw the tree: what hangs together with a whole block of a grid can't be small; only the rest is cut out and counted."""
    with tree.frame("A grid in square blocks of at least so many faces"):
        minimum = tree.input("Minimum Island")
        shape = tree.call("Grid Shape", {"Geometry": tree.input("Geometry")})
        is_grid = shape("Is Grid")
        across, up = shape("Columns") - 1, shape("Rows") - 1
        side = tree.real("CEIL", tree.real("SQRT", minimum))
        side = tree.node("FunctionNodeFloatToInt", [side], rounding_mode="ROUND")
        high = tree.math("DIVIDE_FLOOR", up, side)
    with tree.frame(
        "Faces run up each column in turn. Where no gap is counted from one to the next, all between them are selected"
    ):
        mesh, selected = tree.capture(tree.input("Geometry"), tree.input("Selection"), domain="FACE")
        mesh, gaps = _count_gaps(tree, mesh, selected, "FACE")
    with tree.frame("Strips: a block's height of one column, row after row, and above the last block what is left"):
        strip = tree.node("GeometryNodeInputIndex")
        place = tree.math("DIVIDE_FLOOR", strip, across)
        column = strip - place * across
        strips = tree.node("GeometryNodePoints", {"Count": tree.switch(is_grid, 0, across * (high + 1))})
        start = column * up + place * side
        below = _gaps_before(tree, mesh, gaps, start, "FACE")
        top = tree.sample_index(mesh, gaps, start + side - 1, "FACE")
        full = tree.compare("EQUAL", below, top) & (place < high)
        strips, full, below, top = tree.capture(strips, full, below, top)
        strips, breaks = _count_gaps(tree, strips, full, "POINT")
    with tree.frame("Blocks of which all strips are full"):
        first = strip - (column - tree.math("DIVIDE_FLOOR", column, side) * side)
        left = _gaps_before(tree, strips, breaks, first, "POINT")
        right = tree.sample_index(strips, breaks, first + side - 1)
        inside = column - (strip - first) <= across - side
        whole = tree.compare("EQUAL", left, right) & inside & (place < high)
        strips, whole, left, right = tree.capture(strips, whole, left, right)
    with tree.frame("Strips that are large: in a whole block, or joined to one at the side by full strips"):
        whole_left = (column >= side) & tree.sample_index(strips, whole, strip - side)
        whole_right = (column < across - side) & tree.sample_index(strips, whole, strip + side)
        from_left = tree.compare("EQUAL", breaks, left) & whole_left
        to_right = tree.compare("EQUAL", breaks, right) & whole_right
        strips, large = tree.capture(strips, whole | (full & (from_left | to_right)))
    with tree.frame(
        "The gaps counted at the end of a strip from which on a face hangs together with a large one; -1 for none"
    ):
        above = large | tree.sample_index(strips, large, strip + across)
        beneath = (place > 0) & tree.sample_index(strips, large, strip - across)
        strips, to_above, to_beneath = tree.capture(
            strips, tree.switch(above, -1, top), tree.switch(beneath, -1, below)
        )
    with tree.frame("The other selected faces, cut out"):
        face = tree.node("GeometryNodeInputIndex")
        column = tree.math("DIVIDE_FLOOR", face, up)
        strip = tree.math("DIVIDE_FLOOR", face - column * up, side) * across + column
        up_there, down_there = (
            tree.compare("EQUAL", gaps, tree.sample_index(strips, end, strip)) for end in (to_above, to_beneath)
        )
        joined = tree.switch(is_grid, False, selected & (up_there | down_there))
        mesh, doubtful, joined = tree.capture(mesh, selected & ~joined, joined, domain="FACE")
        numbered, number = tree.capture(mesh, face, domain="FACE")
        doubt = {"Geometry": numbered, "Selection": ~doubtful}
        crumbs = tree.node("GeometryNodeDeleteGeometry", doubt, domain="FACE")
    with tree.frame(
        "Their pieces, counted in faces; touching a face that hangs together with a block makes a piece large"
    ):
        look = {
            "Touches": tree.node("FunctionNodeInputBool", boolean=False),
            "Place": tree.node("FunctionNodeInputInt", integer=0),
        }
        look = tree.repeat(9, look, lambda state: _look_around(tree, state, mesh, joined, number, across, up))
        touches = tree.switch(is_grid, False, look["Touches"])
        crumbs, island = tree.capture(crumbs, tree.node("GeometryNodeInputMeshIsland", out="Island Index"))
        corner = tree.node("GeometryNodeCornersOfFace", {"Sort Index": 0})
        island = tree.sample_index(crumbs, island, tree.node("GeometryNodeVertexOfCorner", [corner]))
        worth = tree.switch(touches, 1.0, tree.real("ADD", minimum, 1.0))
        count = {"Value": worth, "Group ID": island}
        faces = tree.node("GeometryNodeAccumulateField", count, out="Total", data_type="FLOAT", domain="FACE")
        crumbs, few = tree.capture(crumbs, faces < minimum, domain="FACE")
    with tree.frame("If any is small, back to the mesh: a face's number among those cut out is how many came before"):
        fewest = {"Value": tree.switch(few, 0, 1)}
        any_small = tree.node("GeometryNodeFieldMinAndMax", fewest, out="Max", data_type="INT", domain="FACE")
        any_small = tree.compare("EQUAL", tree.sample_index(crumbs, any_small, 0, "FACE"), 1)
        before = {"Value": tree.switch(doubtful, 0, 1)}
        rank = tree.node("GeometryNodeAccumulateField", before, out="Trailing", data_type="INT", domain="FACE")
        small = doubtful & tree.sample_index(crumbs, few, rank, "FACE")
        tree.output("Geometry", mesh)
        tree.output("Small", tree.switch(any_small, False, small))


def _count_gaps(tree: Tree, geometry: Value, there: Value, domain: str) -> tuple[Value, ...]:
    """The geometry, and how many elements up to each one, itself included, are not there."""
    gap = tree.switch(there, 1, 0)
    running = tree.node("GeometryNodeAccumulateField", [gap], out="Leading", data_type="INT", domain=domain)
    return tree.capture(geometry, running, domain=domain)


def _gaps_before(tree: Tree, geometry: Value, gaps: Value, start: Value, domain: str) -> Value:
    """The gaps counted up to the element before `start`."""
    return tree.switch(start > 0, 0, tree.sample_index(geometry, gaps, start - 1, domain))


def _look_around(
    tree: Tree, state: dict[str, Value], mesh: Value, there: Value, face: Value, across: Value, up: Value
) -> dict[str, Value]:
    """Look at one of the nine faces around a grid's face, itself included."""
    touches, place = state["Touches"], state["Place"]
    column = tree.math("DIVIDE_FLOOR", face, up)
    row = face - column * up
    right = tree.math("DIVIDE_FLOOR", place, 3)
    column = _clamp(tree, column + (right - 1), across)
    row = _clamp(tree, row + (place - right * 3 - 1), up)
    here = tree.sample_index(mesh, there, column * up + row, "FACE")
    return {"Touches": touches | here, "Place": place + 1}


def _clamp(tree: Tree, index: Value, count: Value) -> Value:
    return tree.math("MAXIMUM", tree.math("MINIMUM", index, count - 1), 0)
