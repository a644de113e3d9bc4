"""Bas-Relief: the gaps of a height shrink, its detail stays.

    step'  = (1 - strength) step + strength sign(step) k log(1 + |step| / k), between neighbours that are both known, else 0
             (an unknown vertex up to 16 steps from a known one first takes the lowest height among its neighbours, in turns)
    height = the surface whose steps are closest to those, brought back to 0..1

The logarithm is that of T. Weyrich, J. Deng, C. Barnes, S. Rusinkiewicz and A. Finkelstein, "Digital Bas-Relief from 3D
Scenes" (2007): a step far below k stays, a gap becomes a few k. The steps no longer come from one surface, so it is found by
walking: P sums them along each column and along each row. From the mean of the two on, for s = ..., 8, 4, 2, 1, twice each,
every vertex takes

    (h + sum(h[q] + P - P[q])) / 5,  over the four vertices q that lie s away on the grid, or at its border
"""

from math import e

from .builder import Tree
from .edge_snap import UNKNOWN
from .grid_shape import Numbers, neighbours, numbered
from .sockets import Float, Geometry, Group
from .value import Value

KNEE = 0.005  # k, as a share of the height: what is on one surface differs by less from vertex to vertex
REACH = 16  # so far the far side goes on where nothing is known, so that an outline beside a gap in the depth stays
TURNS = 2  # at each distance

STRENGTH = Float("Bas-Relief", "Shrink the gaps between what is near and what is far, and keep the detail, as a relief on a wall does. 0 changes nothing", 0.0, 0.0, 1.0, "FACTOR", single=True)  # fmt: skip

GROUP = Group(
    "Bas-Relief",
    "Shrink the gaps of a height and keep its detail, so that what stands apart is round in a flat relief",
    inputs=(
        Geometry("Geometry", "A grid made by Image Grid or by the Grid node"),
        Float("Height", "The height of each vertex: 0 to 1, from Normalize Depth"),
        Float("Validity", "Vertices below 0.5 are unknown: there is no gap to them", 1.0, 0.0, 1.0, "FACTOR"),
        STRENGTH,
    ),
    outputs=(
        Geometry("Geometry", "The grid, unmoved"),
        Float("Height", "The compressed height, 0 to 1 over the known vertices"),
    ),
    catalog="",
    tags=("depth", "relief", "compress", "bas-relief"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("Rows and columns of the grid"):
        shape = tree.call("Grid Shape", {"Geometry": tree.input("Geometry")})
        mesh, numbers = numbered(tree, tree.input("Geometry"), shape)
        index, row, rows = numbers.index, numbers.row, numbers.rows
        column = tree.math("DIVIDE_FLOOR", index, rows)
    with tree.frame("Beside what is known, the far side goes on"):
        known = tree.input("Validity") >= 0.5
        mesh, height, known = tree.capture(mesh, tree.input("Height"), known)
        worst = tree.add.field_min_and_max(tree.switch(known, true=1.0, false=0.0)).min
        holes = tree.sample_index(mesh, worst, 0) < 0.5
        turns = tree.switch(holes & shape("Is Grid"), true=REACH, false=0)
        state = {"Geometry": mesh, "Height": tree.switch(known, true=height, false=UNKNOWN)}
        state = tree.repeat(turns, state, lambda state: _reach(tree, state, numbers))
    with tree.frame("Each step from the vertex below and from the one on the left, compressed"):
        mesh, reached = tree.capture(state["Geometry"], state["Height"])
        down, left = (tree.math("MINIMUM", line, 1) for line in (row, column))
        before = (index - down, index - left * rows)
        steps = [_step(tree, mesh, reached, place) for place in before]
    with tree.frame("Their sums along each column and each row"):
        lines = zip(steps, (column, row), strict=True)
        up, along = (
            tree.add.accumulate_field(step, line, data_type="FLOAT", domain="POINT").leading for step, line in lines
        )
        mesh, up, along = tree.capture(mesh, up, along)
    with tree.frame("The surface that fits them: from far vertices to near ones"):
        levels = tree.turns_to(tree.math("MAXIMUM", rows, numbers.columns), 2.0)
        some = shape("Is Grid") & (tree.input(STRENGTH.name) > 0.0)
        levels = tree.switch(some, true=levels, false=0.0)
        first = tree.real("ROUND", tree.real("POWER", 2.0, levels - 1.0))
        state = {"Geometry": mesh, "Height": (up + along) * 0.5, "Stride": first}
        state = tree.repeat(levels, state, lambda state: _level(tree, state, numbers, up, along))
    with tree.frame("Back to 0..1 over what is known"):
        mesh, result = tree.capture(state["Geometry"], state["Height"])
        low = tree.add.field_min_and_max(tree.switch(known, true=result, false=UNKNOWN)).min
        high = tree.add.field_min_and_max(tree.switch(known, true=result, false=-UNKNOWN)).max
        low, high = (tree.sample_index(mesh, end, 0) for end in (low, high))
        result = tree.add.map_range(result, low, high, 0.0, 1.0, clamp=True)
        tree.output("Geometry", mesh)
        tree.output("Height", tree.switch(some, true=result, false=height))


def _reach(tree: Tree, state: dict[str, Value], numbers: Numbers) -> dict[str, Value]:
    """Unknown vertices take the lowest height of their neighbours, if any has one."""
    mesh, height = tree.capture(state["Geometry"], state["Height"])
    lowest = height
    for place in neighbours(tree, numbers, 1):
        lowest = tree.math("MINIMUM", lowest, tree.sample_index(mesh, height, place))
    return {"Geometry": mesh, "Height": tree.switch(height < UNKNOWN, true=height, false=lowest)}


def _step(tree: Tree, mesh: Value, height: Value, place: Value) -> Value:
    """The compressed step from the vertex at `place` to this one, 0 where either is unknown."""
    other = tree.sample_index(mesh, height, place)
    both = tree.math("MAXIMUM", height, other) < UNKNOWN
    step = height - other
    shrunk = tree.real("LOGARITHM", tree.math("ABSOLUTE", step) * (1.0 / KNEE) + 1.0, e) * KNEE
    shrunk = shrunk * tree.math("SIGN", step)
    strength = tree.input(STRENGTH.name)
    return tree.switch(both, true=step + (shrunk - step) * strength, false=0.0)


def _level(tree: Tree, state: dict[str, Value], numbers: Numbers, up: Value, along: Value) -> dict[str, Value]:
    """Each vertex takes what the four at a distance say of it, and the distance halves."""
    places = neighbours(tree, numbers, tree.add.float_to_int(state["Stride"]))
    mesh, height = state["Geometry"], state["Height"]
    for _ in range(TURNS):
        mesh, height = tree.capture(mesh, height)
        total = height
        for place, walked in zip(places, (up, up, along, along), strict=True):
            total = total + (tree.sample_index(mesh, height - walked, place) + walked)
        height = total * 0.2
    return {"Geometry": mesh, "Height": height, "Stride": state["Stride"] * 0.5}
