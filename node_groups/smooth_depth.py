"""Smooth Depth: noise and contour steps are evened out, depth edges stay.

    depth' = depth + sum(c (depth of neighbour - depth)) / 5, over four neighbours on the grid
    c      = 1 where both are known and the farther is at most (1 + threshold) times as far as the nearer, else 0

First the neighbours are ceil(Soften Steps / 2) vertices away, then one less, down to the next ones, or at the border where
it is nearer: a step becomes a slope over many vertices in few turns. Then the next ones, `Smooth` times.

This is the anisotropic diffusion of P. Perona and J. Malik, "Scale-space and edge detection using anisotropic diffusion"
(1990), with edges that are told once, from the depth as it comes in.
"""

from . import choices
from .builder import Tree
from .disparity_to_distance import ENDS
from .edge_aware_cutoff import THRESHOLD
from .edge_snap import to_distance
from .grid_shape import neighbours
from .normalize_depth import INVERT, RANGE
from .sockets import Float, Geometry, Group, Int, Menu
from .value import Value

SMOOTH = Int("Smooth", "Even out noise and contour steps: how often each vertex of a grid takes the mean of its neighbours. Depth edges stay", 0, 0, 200)  # fmt: skip
SOFTEN = Int("Soften Steps", "Camera projection: spread steps that are too small to be cut over about so many vertices, so that they don't stretch", 8, 0, 200)  # fmt: skip
SHARE = 0.2  # of each neighbour: the mean of five

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
    with tree.frame("The four neighbours of each vertex of a grid; at the border the vertex itself"):
        shape = tree.call("Grid Shape", {"Geometry": tree.input("Geometry")})
        size = shape("Rows"), shape("Columns")
        turns, soft = (
            tree.switch(shape("Is Grid"), true=tree.input(name), false=0) for name in ("Smooth", SOFTEN.name)
        )
    with tree.frame("The distances, which tell what lies on the same surface"):
        known = tree.input("Validity") >= 0.5
        distance = tree.switch(known, true=to_distance(tree, tree.input("Depth")), false=0.0)
        mesh, distance, depth = tree.capture(tree.input("Geometry"), distance, tree.input("Depth"))
    with tree.frame("Soften: from neighbours far away to the next ones"):
        farthest = tree.math("DIVIDE_FLOOR", soft + 1, 2)
        state = {"Geometry": mesh, "Depth": depth, "Stride": farthest}
        state = tree.repeat(farthest, state, lambda state: _softer(tree, state, size, distance))
    with tree.frame("Each turn a vertex takes the mean of itself and of the next ones on its surface"):
        mesh, *around = tree.capture(state["Geometry"], *_around(tree, state["Geometry"], size, 1, distance))
        state = tree.repeat(
            turns, {"Geometry": mesh, "Depth": state["Depth"]}, lambda state: _turn(tree, state, around)
        )
        tree.output("Geometry", state["Geometry"])
        tree.output("Depth", state["Depth"])


def _softer(tree: Tree, state: dict[str, Value], size: tuple[Value, Value], distance: Value) -> dict[str, Value]:
    stride = state["Stride"]
    around = _around(tree, state["Geometry"], size, stride, distance)
    return {**_turn(tree, state, around), "Stride": stride - 1}


def _around(tree: Tree, mesh: Value, size: tuple[Value, Value], stride: Value | int, distance: Value) -> list[Value]:
    """The numbers of the four neighbours of each vertex, or its own where another surface lies there."""
    places = neighbours(tree, *size, stride)
    return [_same(tree, distance, tree.sample_index(mesh, distance, place), place) for place in places]


def _same(tree: Tree, here: Value, there: Value, place: Value) -> Value:
    """The neighbour at `place`, or the vertex itself by both distances; one that is unknown has distance 0."""
    nearer, farther = tree.math("MINIMUM", here, there), tree.math("MAXIMUM", here, there)
    same = (nearer > 0.0) & (farther <= nearer * (tree.input("Threshold") + 1.0))
    return tree.switch(same, true=place, false=tree.add.index())


def _turn(tree: Tree, state: dict[str, Value], around: list[Value]) -> dict[str, Value]:
    mesh, depth = tree.capture(state["Geometry"], state["Depth"])
    a, b, c, d = (tree.sample_index(mesh, depth, place) for place in around)
    apart = tree.math("MULTIPLY_ADD", depth, -4.0, (a + b) + (c + d))  # exactly 0 where all are alike
    return {"Geometry": mesh, "Depth": tree.math("MULTIPLY_ADD", apart, SHARE, depth)}
