"""Normalize Depth: any depth to 0..1, near = 1.

nearness   = (depth - low) / (high - low), or 1 minus that for distance or Invert, not both
stretched  = clip((nearness - far) / (near - far), 0, 1)
normalized = stretched ** falloff; 0 where the range is empty
"""

from . import choices
from .builder import Tree
from .sockets import Bool, Float, Group, Menu

RANGE = (
    Float("Low", "The lowest value in the range, from Depth Range", 0.0, single=True),
    Float("High", "The highest value in the range, from Depth Range", 1.0, single=True),
)

NEAR = Float("Near", "The part of the range that becomes the front; lower it to flatten what is in front", 1.0, 0.0, 1.0, "FACTOR", single=True)  # fmt: skip
FAR = Float("Far", "The part of the range that becomes the back; raise it to flatten the background", 0.0, 0.0, 1.0, "FACTOR", single=True)  # fmt: skip
INVERT = Bool("Invert", "For depth maps in which dark is near")
FALLOFF = Float(
    "Falloff",
    "Gamma: above 1 the near parts stand out, below 1 the background gains depth",
    1.0,
    0.05,
    20.0,
    single=True,
)

GROUP = Group(
    "Normalize Depth",
    "Bring depth of either kind to 0..1 with 1 = near, ready for a relief",
    inputs=(
        Float("Depth", "The depth as stored in the image"),
        Menu(choices.KIND),
        *RANGE,
        NEAR,
        FAR,
        INVERT,
        FALLOFF,
    ),
    outputs=(Float("Normalized", "Nearness: 0 at the far end, 1 at the near end; 0 where the range is empty"),),
    tags=("depth", "normalize", "gamma", "invert"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("Nearness: distance falls towards the viewer, disparity rises; Invert turns either around"):
        falls = tree.logic("XOR", tree.chosen(choices.KIND, choices.DISTANCE), tree.input("Invert"))
        low, high, near, far = (tree.input(name) for name in ("Low", "High", "Near", "Far"))
    with tree.frame(
        "The range becomes 0 to 1, and of that Far to Near: slope and start are one number for all vertices"
    ):
        # Low is subtracted first: folded into the start, it would cost a narrow range far from 0 its last digits.
        slope = 1.0 / ((high - low) * (near - far))  # a division by zero gives 0
        part = 1.0 / (near - far)
        slope = tree.switch(falls, true=slope * -1.0, false=slope)
        start = tree.switch(falls, true=1.0 - far, false=far * -1.0) * part
        above_low = tree.input("Depth") - low
        stretched = tree.math("MULTIPLY_ADD", above_low, slope, start, clamp=True)
    with tree.frame("Gamma, if any: a power is the dearest step of all"):
        falloff = tree.input("Falloff")
        straight = tree.compare("EQUAL", falloff, 1.0)
        curved = tree.switch(straight, true=stretched, false=tree.math("POWER", stretched, falloff))
        empty = tree.math("ABSOLUTE", tree.input("High") - tree.input("Low")) <= 0.0
        tree.output("Normalized", tree.switch(empty, true=0.0, false=curved))
