"""Smooth Depth: noise and contour steps are evened out, depth edges stay.

    depth' = depth + sum(c (depth of neighbour - depth)) / 5, over the four neighbours on the grid, applied `Smooth` times
    c      = 1 where both are known and the farther is at most (1 + threshold) times as far as the nearer, else 0

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
SOFTEN = Int("Soften Steps", "Camera projection without a background: smooth at least so often, so that steps which are too small to be cut don't stretch", 8, 0, 200)  # fmt: skip
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
        turns = tree.switch(shape("Is Grid"), true=tree.input("Smooth"), false=0)
        around = neighbours(tree, shape("Rows"), shape("Columns"), 1)
    with tree.frame("Which of them lie on the same surface"):
        known = tree.input("Validity") >= 0.5
        distance = tree.switch(known, true=to_distance(tree, tree.input("Depth")), false=0.0)
        mesh, distance, depth = tree.capture(tree.input("Geometry"), distance, tree.input("Depth"))
        weights = [_weight(tree, distance, tree.sample_index(mesh, distance, place)) for place in around]
        mesh, *weights = tree.capture(mesh, *weights)
    with tree.frame("Each turn a vertex takes the mean of itself and of those"):
        state = tree.repeat(
            turns, {"Geometry": mesh, "Depth": depth}, lambda state: _turn(tree, state, around, weights)
        )
        tree.output("Geometry", state["Geometry"])
        tree.output("Depth", state["Depth"])


def _weight(tree: Tree, here: Value, there: Value) -> Value:
    """The share of a neighbour, by both distances; one that is unknown has distance 0."""
    nearer, farther = tree.math("MINIMUM", here, there), tree.math("MAXIMUM", here, there)
    same = (nearer > 0.0) & (farther <= nearer * (tree.input("Threshold") + 1.0))
    return tree.switch(same, true=SHARE, false=0.0)


def _turn(tree: Tree, state: dict[str, Value], around: list[Value], weights: list[Value]) -> dict[str, Value]:
    mesh, depth = tree.capture(state["Geometry"], state["Depth"])
    smoothed = depth
    for place, weight in zip(around, weights, strict=True):
        smoothed = smoothed + (tree.sample_index(mesh, depth, place) - depth) * weight
    return {"Geometry": mesh, "Depth": smoothed}
