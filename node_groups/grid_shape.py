"""Grid Shape: whether a mesh is a regular grid, and how many rows it has.

    rows = the second corner of the first face,  columns = points / rows
    is grid = rows columns = points  and  (rows - 1) (columns - 1) = faces  and  rows > 1

A mesh that meets all three by chance is taken for a grid.
"""

from dataclasses import dataclass

from .builder import Outputs, Tree
from .sockets import Bool, Geometry, Group, Int
from .value import Operand, Value

GROUP = Group(
    "Grid Shape",
    "Rows and columns of a mesh made by Image Grid or the Grid node, whose vertices run up each column in turn",
    inputs=(Geometry("Geometry", "Any mesh"),),
    outputs=(
        Int("Rows", "Vertices in a column", 0, 0, 2**31 - 1),
        Int("Columns", "Vertices in a row", 0, 0, 2**31 - 1),
        Bool("Is Grid", "Whether the mesh is such a grid"),
    ),
    catalog="",
    tags=("depth", "grid"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame(
        "The first face joins vertex 0 with the first vertex of the second column: its number is the rows'"
    ):
        mesh = tree.input("Geometry")
        corner_vertex = tree.add.vertex_of_corner(tree.add.index())
        rows = tree.sample_index(mesh, corner_vertex, 1, "CORNER")
        counts = tree.count(mesh)
        points = counts.point_count
        columns = tree.math("DIVIDE", points, rows)
    with tree.frame("The counts of a grid"):
        is_grid = tree.compare("EQUAL", rows * columns, points)
        is_grid = is_grid & tree.compare("EQUAL", (rows - 1) * (columns - 1), counts.face_count)
        tree.output("Rows", rows)
        tree.output("Columns", columns)
        tree.output("Is Grid", is_grid & (rows > 1))


@dataclass(frozen=True)
class Numbers:
    """The number of each vertex of a grid and its place in its column, captured: read again and again, both cost less so."""

    rows: Value
    columns: Value
    index: Value
    row: Value


def numbered(tree: Tree, geometry: Value, shape: Outputs) -> tuple[Value, Numbers]:
    """The geometry, and the numbers of its vertices; `shape` is its Grid Shape."""
    rows, index = shape("Rows"), tree.add.index()
    geometry, index, row = tree.capture(geometry, index, tree.math("MODULO", index, rows))
    return geometry, Numbers(rows, shape("Columns"), index, row)


def neighbours(tree: Tree, numbers: Numbers, step: Operand) -> list[Value]:
    """The vertices so many steps down, up, left and right of each, or at the border where it is nearer."""
    rows, index, row = numbers.rows, numbers.index, numbers.row
    down, up = tree.math("MINIMUM", row, step), tree.math("MINIMUM", rows - 1 - row, step)
    across = rows * step
    last = tree.math("MAXIMUM", (numbers.columns - 1) * rows + row, index)
    left, right = tree.math("MAXIMUM", index - across, row), tree.math("MINIMUM", index + across, last)
    return [index - down, index + up, left, right]
