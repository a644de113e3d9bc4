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
    """Draw the tree: blocks of a grid that are whole need no counting, so only what lies between them is cut out and counted."""
    with tree.frame("A grid in square blocks of at least so many faces"):
        minimum = tree.input("Minimum Island")
        shape = tree.call("Grid Shape", {"Geometry": tree.input("Geometry")})
        is_grid = shape("Is Grid")
        across, up = shape("Columns") - 1, shape("Rows") - 1
        side = tree.real("CEIL", tree.real("SQRT", minimum))
        side = tree.node("FunctionNodeFloatToInt", [side], rounding_mode="ROUND")
        wide, high = tree.math("DIVIDE_FLOOR", across, side), tree.math("DIVIDE_FLOOR", up, side)
    with tree.frame(
        "How many of a strip are selected: a block's height of one column. A row of strips more than of blocks"
    ):
        mesh, selected = tree.capture(tree.input("Geometry"), tree.input("Selection"), domain="FACE")
        strip = tree.node("GeometryNodeInputIndex")
        place = tree.math("DIVIDE_FLOOR", strip, across)
        column = strip - place * across
        strips = tree.node("GeometryNodePoints", {"Count": tree.switch(is_grid, 0, across * (high + 1))})
        in_strip = _sum(tree, mesh, "FACE", tree.switch(selected, 0, 1), column * up + place * side, side)
        strips, in_strip = tree.capture(strips, in_strip)
    with tree.frame("Blocks of which all faces are selected can't be small, nor can what touches one"):
        block = tree.node("GeometryNodeInputIndex")
        j = tree.math("DIVIDE_FLOOR", block, wide)
        blocks = tree.node("GeometryNodePoints", {"Count": tree.switch(is_grid, 0, wide * high)})
        in_block = _sum(tree, strips, "POINT", in_strip, j * across + (block - j * wide) * side, side)
        blocks, whole = tree.capture(blocks, tree.compare("EQUAL", in_block, side * side))
        i = tree.math("DIVIDE_FLOOR", column, side)
        whole = (i < wide) & (place < high) & tree.sample_index(blocks, whole, place * wide + i)
        strips, whole = tree.capture(strips, whole)
    with tree.frame("The other selected faces, cut out"):
        face = tree.node("GeometryNodeInputIndex")
        column = tree.math("DIVIDE_FLOOR", face, up)
        row = face - column * up
        in_whole = tree.sample_index(strips, whole, tree.math("DIVIDE_FLOOR", row, side) * across + column)
        mesh, doubtful = tree.capture(mesh, selected & ~tree.switch(is_grid, False, in_whole), domain="FACE")
        numbered, number = tree.capture(mesh, face, domain="FACE")
        doubt = {"Geometry": numbered, "Selection": ~doubtful}
        crumbs = tree.node("GeometryNodeDeleteGeometry", doubt, domain="FACE")
    with tree.frame("Their pieces, counted in faces; touching a whole block makes a piece large"):
        column = tree.math("DIVIDE_FLOOR", number, up)
        row = number - column * up
        sides = [tree.math("MAXIMUM", column - 1, 0), tree.math("MINIMUM", column + 1, across - 1)]
        ends = [tree.math("MAXIMUM", row - 1, 0), row + 1]
        ends = [tree.math("DIVIDE_FLOOR", end, side) * across for end in ends]
        near = [tree.sample_index(strips, whole, end + at) for at in sides for end in ends]
        touches = tree.switch(is_grid, False, (near[0] | near[1]) | (near[2] | near[3]))
        crumbs, island = tree.capture(crumbs, tree.node("GeometryNodeInputMeshIsland", out="Island Index"))
        corner = tree.node("GeometryNodeCornersOfFace", {"Sort Index": 0})
        island = tree.sample_index(crumbs, island, tree.node("GeometryNodeVertexOfCorner", [corner]))
        worth = tree.switch(touches, 1.0, tree.real("ADD", minimum, 1.0))
        count = {"Value": worth, "Group ID": island}
        faces = tree.node("GeometryNodeAccumulateField", count, out="Total", data_type="FLOAT", domain="FACE")
        crumbs, few = tree.capture(crumbs, faces < minimum, domain="FACE")
    with tree.frame("Back to the mesh: a face's number among those cut out is how many came before"):
        before = {"Value": tree.switch(doubtful, 0, 1)}
        rank = tree.node("GeometryNodeAccumulateField", before, out="Trailing", data_type="INT", domain="FACE")
        small = doubtful & tree.sample_index(crumbs, few, rank, "FACE")
        tree.output("Geometry", mesh)
        tree.output("Small", small)


def _sum(tree: Tree, geometry: Value, domain: str, value: Value, start: Value, length: Value) -> Value:
    """The sum of a whole number over so many elements from `start` on: the difference of two running totals."""
    running = tree.node("GeometryNodeAccumulateField", [value], out="Leading", data_type="INT", domain=domain)
    geometry, running = tree.capture(geometry, running, domain=domain)
    until = tree.sample_index(geometry, running, start + length - 1, domain)
    before = tree.sample_index(geometry, running, start - 1, domain)
    return until - tree.switch(start > 0, 0, before)
