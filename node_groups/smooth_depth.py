"""Smooth Depth: noise and contour steps are evened out, depth edges stay.

    depth' = depth + sum(c (depth of neighbour - depth)) / (n + 1), over n neighbours on the grid
    c      = 1 where both are known and the farther is at most (1 + threshold) times as far as the nearer, else 0

First, to soften, two neighbours along the columns, then two along the rows, at distances that make a step an even slope over
many vertices in few turns: r = ceil(Soften Steps / 2), then those that add up to a mean of the 2 r + 1 vertices around, from
floor((2 r + 1) / 3) on with what is left of r. At most r turns; where the border is nearer, its vertex counts. Then the four
next ones, `Smooth` times.

This is the anisotropic diffusion of P. Perona and J. Malik, "Scale-space and edge detection using anisotropic diffusion"
(1990), with edges that are told once, from the depth as it comes in.
"""

from collections.abc import Sequence

from . import choices
from .builder import Tree
from .disparity_to_distance import ENDS
from .edge_aware_cutoff import THRESHOLD
from .edge_snap import to_distance
from .grid_shape import Numbers, neighbours, numbered
from .normalize_depth import INVERT, RANGE
from .sockets import Float, Geometry, Group, Int, Menu
from .value import Value

SMOOTH = Int("Smooth", "Even out noise and contour steps: how often each vertex of a grid takes the mean of its neighbours. Depth edges stay", 0, 0, 200)  # fmt: skip
SOFTEN = Int("Soften Steps", "Camera projection: spread steps that are too small to be cut over about so many vertices, so that they don't stretch", 8, 0, 200)  # fmt: skip
TINY = 1e-6  # an unknown vertex, whose distance is negative, is not even like another one

GROUP = Group(
    "Smooth Depth",
    "Even out the noise and the contour steps of a depth map, without blurring its edges",
    inputs=(
        Geometry("Geometry", "A grid made by Image Grid or by the Grid node"),
        Float("Depth", "The depth of each vertex"),
        Float("Validity", "Vertices below 0.5 are unknown: they don't take part", 1.0, 0.0, 1.0, "FACTOR"),
        Menu(choices.KIND),
        INVERT,
        *RANGE,
        *ENDS,
        SMOOTH,
        SOFTEN,
        THRESHOLD,
    ),
    outputs=(
        Geometry("Geometry", "The grid, unmoved"),
        Float("Depth", "The smooth depth"),
    ),
    catalog="",
    tags=("depth", "smooth", "denoise", "blur"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("The rows and columns of a grid"):
        shape = tree.call("Grid Shape", {"Geometry": tree.input("Geometry")})
        mesh, numbers = numbered(tree, tree.input("Geometry"), shape)
        turns, soft = (
            tree.switch(shape("Is Grid"), true=tree.input(name), false=0) for name in ("Smooth", SOFTEN.name)
        )
    with tree.frame("The distances, which tell what lies on the same surface"):
        known = tree.input("Validity") >= 0.5
        distance = tree.switch(known, true=to_distance(tree, tree.input("Depth")), false=-1.0)
        mesh, distance, depth = tree.capture(mesh, distance, tree.input("Depth"))
    with tree.frame("Soften: along the columns and along the rows, from neighbours far away to the next ones"):
        reach = tree.math("DIVIDE_FLOOR", soft + 1, 2)
        softer = tree.turns_to(tree.real("MULTIPLY_ADD", reach, 2.0, 1.0), 3.0) + 1.0
        state = {"Geometry": mesh, "Depth": depth, "Stride": reach, "Reach": reach}
        softer = tree.math("MINIMUM", softer, reach)
        state = tree.repeat(softer, state, lambda state: _softer(tree, state, numbers, distance))
    with tree.frame("Each turn a vertex takes the mean of itself and of the next ones on its surface"):
        soft_mesh, depth = state["Geometry"], state["Depth"]
        places = neighbours(tree, numbers, 1)
        same = _same(tree, soft_mesh, distance, places)
        around = [
            tree.switch(alike, true=place, false=numbers.index) for alike, place in zip(same, places, strict=True)
        ]
        mesh, *around = tree.capture(soft_mesh, *around)
        state = tree.repeat(turns, {"Geometry": mesh, "Depth": depth}, lambda state: _turn(tree, state, around))
        some = turns > 0  # without any, the neighbours are not looked up
        tree.output("Geometry", tree.switch(some, true=state["Geometry"], false=soft_mesh))
        tree.output("Depth", tree.switch(some, true=state["Depth"], false=depth))


def _softer(tree: Tree, state: dict[str, Value], numbers: Numbers, distance: Value) -> dict[str, Value]:
    """Along the columns, then along the rows, each vertex takes the mean of itself and of two on its surface."""
    mesh, depth, stride = state["Geometry"], state["Depth"], state["Stride"]
    down, up, left, right = neighbours(tree, numbers, stride)
    for places in ((down, up), (left, right)):
        mesh, depth = tree.capture(mesh, depth)
        one, other = (
            tree.switch(same, true=tree.sample_index(mesh, depth, place), false=depth)
            for same, place in zip(_same(tree, mesh, distance, places), places, strict=True)
        )
        apart = tree.math("MULTIPLY_ADD", depth, -2.0, one + other)  # exactly 0 where all are alike
        depth = tree.math("MULTIPLY_ADD", apart, 1.0 / 3.0, depth)
    reach = state["Reach"]
    following = tree.math("DIVIDE_FLOOR", reach * 2 + 1, 3)
    return {"Geometry": mesh, "Depth": depth, "Stride": following, "Reach": reach - following}


def _same(tree: Tree, mesh: Value, distance: Value, places: Sequence[Value]) -> list[Value]:
    """Whether the neighbours at `places` lie on the surface of each vertex: from 1 / wider to wider times as far."""
    wider = tree.input("Threshold") + 1.0
    middle, half = (wider + 1.0 / wider) * 0.5, tree.math("MAXIMUM", (wider - 1.0 / wider) * 0.5, TINY)
    centre, radius = distance * middle, distance * half
    there = (tree.sample_index(mesh, distance, place) for place in places)
    return [tree.add.compare(away, centre, radius, data_type="FLOAT", operation="EQUAL") for away in there]


def _turn(tree: Tree, state: dict[str, Value], around: list[Value]) -> dict[str, Value]:
    mesh, depth = tree.capture(state["Geometry"], state["Depth"])
    a, b, c, d = (tree.sample_index(mesh, depth, place) for place in around)
    apart = tree.math("MULTIPLY_ADD", depth, -4.0, (a + b) + (c + d))  # exactly 0 where all are alike
    return {"Geometry": mesh, "Depth": tree.math("MULTIPLY_ADD", apart, 0.2, depth)}
