"""Disparity to Distance: from relative depth to a distance along the view axis.

    distance = 1 / (a depth + b),  b = 1 / far distance,  a = 1 / near distance - b

so that a depth of 1 lies at the near distance and 0 at the far one. Disparity is the inverse of distance up to an unknown
scale and shift, which is what a and b are.
"""

from . import choices
from .builder import Tree
from .sockets import Float, Group, Menu

ENDS = (
    Float("Near Distance", "How far from the camera the nearest point is (relative depth only)", 1.0, 0.001, 1e5, "DISTANCE", single=True),
    Float("Far Distance", "How far from the camera the farthest point is (relative depth only)", 4.0, 0.001, 1e6, "DISTANCE", single=True),
)  # fmt: skip

GROUP = Group(
    "Disparity to Distance",
    "Turn relative depth into a distance, for a near and a far end that you choose: "
    "distance = 1 / (a depth + b). Metric depth passes unchanged",
    inputs=(
        Float("Depth", "Relative depth, 0 = far to 1 = near; or metres, if the kind is Distance"),
        Menu(choices.KIND),
        *ENDS,
    ),
    outputs=(Float("Distance", "Distance along the view axis"),),
    tags=("depth", "disparity", "distance", "metric"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("a and b: the inverse distances of the two ends"):
        b = 1.0 / tree.input("Far Distance")
        a = 1.0 / tree.input("Near Distance") - b
    with tree.frame("distance = 1 / (a depth + b); metric depth passes"):
        depth = tree.input("Depth")
        distance = 1.0 / (a * depth + b)
        tree.output("Distance", tree.switch(tree.chosen(choices.KIND, choices.DISTANCE), true=depth, false=distance))
