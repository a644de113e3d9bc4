"""Small Islands: the faces of loose pieces that are too small to keep.

What comes out, in numpy, for faces as an (up, across) array of booleans:

    piece = np.where(selection, np.arange(selection.size).reshape(selection.shape), -1)
    while it changes:
        piece = np.where(selection, largest of the 3 x 3 faces around in piece, -1)
    small = selection & (np.bincount(piece[selection])[piece] < minimum)

Counting pieces is dear, so on a grid most faces are spared it. Cut the grid into blocks of `side` x `side` faces, `side`
the root of the minimum rounded up, and each block into `side` upright strips (# selected, . not; side = 3):

    . # # | . # # | # # .       A block without a gap holds at least as many faces as the minimum: the one in the middle
    # # # | # # # | # . #       below is whole, so it is large, and so is what hangs together with it: full strips beside
    # # # | # # # | # . #       it (first column of the block to its right), and in the strips above and below every face
    ------+-------+------       from which an upright run of selected faces leads to it. Only the other selected faces,
    . . # | # # # | # . .       here two at the right, are cut out and counted piece by piece; one that touches a large
    . . # | # # # | # . #       face is large as well.
    # . # | # # # | # . #
"""

from dataclasses import dataclass

from . import nodes
from .builder import Tree
from .sockets import Bool, Geometry, Group, Int
from .value import Value

GROUP = Group(
    "Small Islands",
    "Find the loose pieces of a surface with fewer faces than a minimum. Faces that share a vertex belong together",
    inputs=(
        Geometry("Geometry", "A grid, which is fastest, or any mesh"),
        Bool("Selection", "The faces that are there; the others count as deleted", True, single=False),
        Int("Minimum Island", "Pieces with fewer faces are small", 64, 0, 10**6),
        Bool("Covered", "Only faces where this holds count as small", True, single=False),
    ),
    outputs=(
        Geometry("Geometry", "The mesh as it was"),
        Bool("Small", "Selected faces of a small piece", single=False),
    ),
    catalog="",
    tags=("depth", "island", "cut"),
)


@dataclass(frozen=True)
class _Grid:
    """The grid that the mesh is, if it is one: its faces run up each column in turn."""

    is_grid: Value
    across: Value  # faces in a row
    up: Value  # faces in a column
    side: Value  # faces along the side of a block
    high: Value  # whole blocks one above the other


@dataclass(frozen=True)
class _Strips:
    """One point a strip: a block's height of one column, row after row, and above the last block what is left."""

    points: Value
    column: Value
    place: Value  # which block of its column, counted from below
    full: Value  # no gap in it
    below: Value  # gaps counted below it, and at its top
    top: Value


def build(tree: Tree) -> None:
    """Draw the tree: what hangs together with a whole block of a grid can't be small; only the rest is cut out and counted."""
    with tree.frame("A grid in square blocks of at least so many faces"):
        minimum = tree.input("Minimum Island")
        shape = tree.call("Grid Shape", {"Geometry": tree.input("Geometry")})
        across, up = shape("Columns") - 1, shape("Rows") - 1
        side = tree.add.float_to_int(tree.real("CEIL", tree.real("SQRT", minimum)), rounding_mode="ROUND")
        grid = _Grid(shape("Is Grid"), across, up, side, tree.math("DIVIDE_FLOOR", up, side))
    with tree.frame("Where no gap is counted from one face to the next, all faces between them are selected"):
        mesh, selected = tree.capture(tree.input("Geometry"), tree.input("Selection"), domain="FACE")
        mesh, gaps = _count_gaps(tree, mesh, selected, "FACE")
    strips, to_above, to_beneath = _joined_from(tree, _strips(tree, grid, mesh, gaps), grid)
    with tree.frame("The other selected faces, cut out"):
        face = tree.add.index()
        column = tree.math("DIVIDE_FLOOR", face, up)
        strip = tree.math("DIVIDE_FLOOR", face - column * up, side) * across + column
        up_there, down_there = (
            tree.compare("EQUAL", gaps, tree.sample_index(strips, end, strip)) for end in (to_above, to_beneath)
        )
        joined = tree.switch(grid.is_grid, true=selected & (up_there | down_there), false=False)
        mesh, doubtful, joined = tree.capture(mesh, selected & ~joined, joined, domain="FACE")
        numbered, number = tree.capture(mesh, face, domain="FACE")
        crumbs = tree.add.delete_geometry(numbered, ~doubtful, domain="FACE")
    crumbs, few = _few(tree, crumbs, _touches(tree, grid, mesh, joined, number), minimum)
    with tree.frame("If any is small, back to the mesh: a face's number among those cut out is how many came before"):
        flags = tree.switch(few, true=1, false=0)
        any_small = tree.add.field_min_and_max(flags, data_type="INT", domain="FACE").max
        any_small = tree.compare("EQUAL", tree.sample_index(crumbs, any_small, 0, "FACE"), 1)
        before = tree.switch(doubtful, true=1, false=0)
        rank = tree.add.accumulate_field(before, data_type="INT", domain="FACE").trailing
        small = doubtful & tree.sample_index(crumbs, few, rank, "FACE")
        tree.output("Geometry", mesh)
        tree.output("Small", tree.switch(any_small, true=small, false=False))


def _strips(tree: Tree, grid: _Grid, mesh: Value, gaps: Value) -> _Strips:
    with tree.frame("Strips: a block's height of one column, row after row, and above the last block what is left"):
        strip = tree.add.index()
        place = tree.math("DIVIDE_FLOOR", strip, grid.across)
        column = strip - place * grid.across
        count = tree.switch(grid.is_grid, true=grid.across * (grid.high + 1), false=0)
        start = column * grid.up + place * grid.side
        below = _gaps_before(tree, mesh, gaps, start, "FACE")
        top = tree.sample_index(mesh, gaps, start + grid.side - 1, "FACE")
        full = tree.compare("EQUAL", below, top) & (place < grid.high)
        points, full, below, top = tree.capture(tree.add.points(count), full, below, top)
    return _Strips(points, column, place, full, below, top)


def _large(tree: Tree, strips: _Strips, grid: _Grid) -> tuple[Value, Value]:
    """The strips, and which of them are large: in a whole block, or joined to one at the side by full strips."""
    with tree.frame("Blocks of which all strips are full"):
        strip, side, column = tree.add.index(), grid.side, strips.column
        points, breaks = _count_gaps(tree, strips.points, strips.full, "POINT")
        first = strip - (column - tree.math("DIVIDE_FLOOR", column, side) * side)
        left = _gaps_before(tree, points, breaks, first, "POINT")
        right = tree.sample_index(points, breaks, first + side - 1)
        inside = column - (strip - first) <= grid.across - side
        whole = tree.compare("EQUAL", left, right) & inside & (strips.place < grid.high)
        points, whole, left, right = tree.capture(points, whole, left, right)
    with tree.frame("Strips that are large: in a whole block, or joined to one at the side by full strips"):
        whole_left = (column >= side) & tree.sample_index(points, whole, strip - side)
        whole_right = (column < grid.across - side) & tree.sample_index(points, whole, strip + side)
        from_left = tree.compare("EQUAL", breaks, left) & whole_left
        to_right = tree.compare("EQUAL", breaks, right) & whole_right
        points, large = tree.capture(points, whole | (strips.full & (from_left | to_right)))
    return points, large


def _joined_from(tree: Tree, strips: _Strips, grid: _Grid) -> tuple[Value, Value, Value]:
    """The strips, and the count of gaps that a face has that hangs together with a large strip above or below it."""
    points, large = _large(tree, strips, grid)
    with tree.frame(
        "The gaps counted at the end of a strip from which on a face hangs together with a large one; -1 for none"
    ):
        strip = tree.add.index()
        above = large | tree.sample_index(points, large, strip + grid.across)
        beneath = (strips.place > 0) & tree.sample_index(points, large, strip - grid.across)
        to_above = tree.switch(above, true=strips.top, false=-1)
        to_beneath = tree.switch(beneath, true=strips.below, false=-1)
        points, to_above, to_beneath = tree.capture(points, to_above, to_beneath)
    return points, to_above, to_beneath


def _touches(tree: Tree, grid: _Grid, mesh: Value, joined: Value, number: Value) -> Value:
    """Whether a face of a grid touches one that hangs together with a whole block."""
    with tree.frame("Touching a face that hangs together with a block makes a piece large"):
        look = {"Touches": tree.add.input_bool(boolean=False), "Place": tree.add.input_int(integer=0)}
        look = tree.repeat(9, look, lambda state: _look_around(tree, state, mesh, joined, number, grid))
        return tree.switch(grid.is_grid, true=look["Touches"], false=False)


def _few(tree: Tree, crumbs: Value, touches: Value, minimum: Value) -> tuple[Value, Value]:
    """The crumbs, and which of their faces belong to a piece of fewer than `minimum`."""
    with tree.frame("Their pieces, counted in faces"):
        crumbs, island = tree.capture(crumbs, tree.add.mesh_island().island_index)
        corner = tree.add.corners_of_face(sort_index=0).corner_index
        island = tree.sample_index(crumbs, island, tree.add.vertex_of_corner(corner))
        worth = tree.switch(touches, true=tree.real("ADD", minimum, 1.0), false=1.0)
        faces = tree.add.accumulate_field(worth, island, data_type="FLOAT", domain="FACE").total
        crumbs, few = tree.capture(crumbs, (faces < minimum) & tree.input("Covered"), domain="FACE")
    return crumbs, few


def _count_gaps(tree: Tree, geometry: Value, there: Value, domain: nodes.AccumulateFieldDomain) -> tuple[Value, ...]:
    """The geometry, and how many elements up to each one, itself included, are not there."""
    gap = tree.switch(there, true=0, false=1)
    running = tree.add.accumulate_field(gap, data_type="INT", domain=domain).leading
    return tree.capture(geometry, running, domain=domain)


def _gaps_before(tree: Tree, geometry: Value, gaps: Value, start: Value, domain: nodes.AccumulateFieldDomain) -> Value:
    """The gaps counted up to the element before `start`."""
    return tree.switch(start > 0, true=tree.sample_index(geometry, gaps, start - 1, domain), false=0)


def _look_around(
    tree: Tree, state: dict[str, Value], mesh: Value, there: Value, face: Value, grid: _Grid
) -> dict[str, Value]:
    """Look at one of the nine faces around a grid's face, itself included."""
    touches, place = state["Touches"], state["Place"]
    column = tree.math("DIVIDE_FLOOR", face, grid.up)
    row = face - column * grid.up
    right = tree.math("DIVIDE_FLOOR", place, 3)
    column = _clamp(tree, column + (right - 1), grid.across)
    row = _clamp(tree, row + (place - right * 3 - 1), grid.up)
    here = tree.sample_index(mesh, there, column * grid.up + row, "FACE")
    return {"Touches": touches | here, "Place": place + 1}


def _clamp(tree: Tree, index: Value, count: Value) -> Value:
    return tree.math("MAXIMUM", tree.math("MINIMUM", index, count - 1), 0)
