"""Depth Samples: the sampled grid, before anything moves. Freezing keeps exactly this.

    depth, validity = Sample Depth(uv);  on a grid with Edge Snap, depth = Edge Snap(depth, radius)
    validity = 0 where the depth, as a share of the range, is below Keep From or above Keep To
    depth  = Smooth Depth(depth), where Smooth or Soften Steps is more than 0
    height = Bas-Relief(nearness of depth), where Bas-Relief is more than 0
    radius = round(Snap Radius (Resolution - 1) / (longer side - 1)), in steps of the grid

The radius is Snap Radius in pixels of the image; a grid coarser than the image takes fewer steps.
"""

from . import choices
from .bas_relief import STRENGTH
from .builder import Tree
from .disparity_to_distance import ENDS
from .edge_aware_cutoff import THRESHOLD
from .image_grid import MESH_UV, PLANE, RESOLUTION
from .normalize_depth import INVERT, RANGE
from .sample_depth import BACKGROUND, FRAME, IMAGE
from .smooth_depth import SMOOTH, SOFTEN
from .sockets import Bool, Float, Geometry, Group, Int, Menu, Vector
from .value import Value

DEPTH, VALIDITY = "depth", "validity"  # the attributes that the mesh carries
HEIGHT = "compressed_height"  # and this one where its gaps are compressed
BEHIND, PRESENCE = "background_depth", "background"  # and these where the image has a background

SNAP = (
    Bool("Edge Snap", "Turn blurred depth edges into steps before the cut (on grids)", True),
    Int("Snap Radius", "How far a blurred edge reaches to either side, in pixels of the image", 3, 0, 32),
)

KEEP = (
    Float("Keep From", "Cut away what is farther than this share of the range, 0 being its far end", 0.0, 0.0, 1.0, "FACTOR", single=True),
    Float("Keep To", "Cut away what is nearer than this share of the range, 1 being its near end", 1.0, 0.0, 1.0, "FACTOR", single=True),
)  # fmt: skip

GROUP = Group(
    "Depth Samples",
    "The flat grid with the depth of the image stored on it: what Freeze Grid keeps",
    inputs=(
        PLANE,
        IMAGE,
        FRAME,
        Menu(choices.KIND),
        Menu(choices.INTERPOLATION),
        MESH_UV,
        Menu(choices.SURFACE),
        RESOLUTION,
        INVERT,
        *RANGE,
        *ENDS,
        *SNAP,
        SMOOTH,
        SOFTEN,
        STRENGTH,
        *KEEP,
        THRESHOLD,
        Bool("Background", "Store the second layer of the image too"),
    ),
    outputs=(
        Geometry("Geometry", "The flat grid with the attributes `depth` and `validity`"),
        Float("Depth", "The depth of each vertex"),
        Float("Validity", "1 where the depth is known, 0 where it is not"),
        Vector("UV", "Where each vertex lies in the picture"),
        Vector("Normal", "The normal of each face before anything moves"),
        Bool("Is Grid", "Whether it is the grid"),
        *BACKGROUND,
        Float("Compressed Height", "The height of each vertex with compressed gaps, 0 to 1"),
        Bool("Is Compressed", "Whether there is a compressed height"),
    ),
    catalog="",
    tags=("depth", "sample", "grid"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("The flat surface"):
        flat = tree.call("Image Grid", tree.inputs("Geometry", "Image", "Frame", "UV", "Surface", "Resolution"))
        mesh, uv = flat("Geometry"), flat("UV")
    with tree.frame("Read the image; where each vertex has its own pixel, the closest is exact and twice as quick"):
        inputs = {**tree.inputs("Image", "Frame"), "UV": uv}
        chosen = tree.call("Sample Depth", {**inputs, "Interpolation": tree.input("Interpolation")})
        closest = tree.call("Sample Depth", {**inputs, "Interpolation": choices.CLOSEST.name})
        exact = flat("Per Pixel") & tree.chosen(choices.INTERPOLATION, choices.LINEAR)
        names = ("Depth", "Validity", "Background Depth", "Presence")
        depth, validity, behind, presence = (
            tree.switch(exact, true=closest(name), false=chosen(name)) for name in names
        )
        background = tree.input("Background")
        behind, presence = (tree.switch(background, true=value, false=0.0) for value in (behind, presence))
        # Captured together, so that the image is read once for all.
        mesh, depth, validity, behind, presence = tree.capture(mesh, depth, validity, behind, presence)
    with tree.frame("Only what lies between Keep From and Keep To; the rest counts as unknown"):
        some = (tree.input("Keep From") > 0.0) | (tree.input("Keep To") < 1.0)
        kept = tree.switch(some, true=_kept(tree, depth, validity), false=validity)
        validity, presence = kept, tree.switch(some, true=_kept(tree, behind, presence), false=presence)
        mesh, validity, presence = tree.capture(mesh, validity, presence)
    with tree.frame("Hard edges: the radius in pixels becomes steps of the grid"):
        pixels = tree.math("MAXIMUM", *tree.image_size()) - 1.0
        cells = tree.real("SUBTRACT", tree.input("Resolution"), 1.0)
        steps = tree.real("ROUND", tree.real("MULTIPLY", tree.input("Snap Radius"), cells) / pixels)
        same = tree.inputs("Kind", "Invert", "Low", "High", "Near Distance", "Far Distance", "Threshold")
        here = {"Geometry": mesh, "Depth": depth, "Validity": validity, "Radius": steps}
        snap = tree.call("Edge Snap", {**here, **same})
        snapping = tree.input("Edge Snap") & flat("Is Grid")
        depth = tree.switch(snapping, true=snap("Depth"), false=depth)
        # What Edge Snap gave to the near side doesn't give way to the background.
        near = tree.switch(snapping, true=snap("Near Side"), false=False)
        presence = tree.switch(near, true=tree.math("MINIMUM", presence, 1.0), false=presence)
        mesh = tree.switch(snapping, true=snap("Geometry"), false=mesh)
    with tree.frame("Smooth between its edges"):
        here = {"Geometry": mesh, "Depth": depth, "Validity": validity}
        smooth = tree.call("Smooth Depth", {**here, **same, **tree.inputs(SMOOTH.name, SOFTEN.name)})
        smoothing = (tree.math("MAXIMUM", *tree.inputs(SMOOTH.name, SOFTEN.name).values()) > 0) & flat("Is Grid")
        depth = tree.switch(smoothing, true=smooth("Depth"), false=depth)
        mesh = tree.switch(smoothing, true=smooth("Geometry"), false=mesh)
    with tree.frame("A height beside it, whose gaps shrink while its detail stays"):
        here = {"Geometry": mesh, "Height": _nearness(tree, depth), "Validity": validity}
        relief = tree.call("Bas-Relief", {**here, **tree.inputs(STRENGTH.name)})
        compressing = (tree.input(STRENGTH.name) > 0.0) & flat("Is Grid")
        compressed = tree.store(relief("Geometry"), HEIGHT, relief("Height"))
        mesh = tree.switch(compressing, true=compressed, false=mesh)
    with tree.frame("What the mesh carries"):
        mesh = tree.store(mesh, DEPTH, depth)
        mesh = tree.store(mesh, VALIDITY, validity)
        both = tree.store(tree.store(mesh, BEHIND, behind), PRESENCE, presence)
        mesh = tree.switch(tree.input("Background"), true=both, false=mesh)
    with tree.frame("A frozen mesh has all of this already"):
        frozen = tree.chosen(choices.SURFACE, choices.FROZEN)
        mesh = tree.switch(frozen, true=flat("Geometry"), false=mesh)
        tree.output("Geometry", mesh)
        tree.output("Depth", tree.attribute(DEPTH))
        tree.output("Validity", tree.attribute(VALIDITY))
        tree.output("UV", uv)
        tree.output("Normal", flat("Normal"))
        tree.output("Is Grid", flat("Is Grid"))
        background = tree.input("Background")
        tree.output("Background Depth", tree.switch(background, true=tree.attribute(BEHIND), false=0.0))
        tree.output("Presence", tree.switch(background, true=tree.attribute(PRESENCE), false=0.0))
        there = tree.sample_index(mesh, tree.add.named_attribute(HEIGHT, data_type="FLOAT").exists, 0)
        compressing = tree.switch(frozen, true=there, false=compressing)
        tree.output("Compressed Height", tree.switch(compressing, true=tree.attribute(HEIGHT), false=0.0))
        tree.output("Is Compressed", compressing)


def _kept(tree: Tree, depth: Value, valid: Value) -> Value:
    """How much a depth counts: as before inside the range that is kept, else not at all."""
    share = _nearness(tree, depth)
    inside = (share >= tree.input("Keep From")) & (share <= tree.input("Keep To"))
    return tree.switch(inside, true=valid, false=0.0)


def _nearness(tree: Tree, depth: Value) -> Value:
    """The depth as a share of the range: 0 at its far end, 1 at its near end."""
    inputs = tree.inputs("Kind", "Low", "High", "Invert")
    return tree.call("Normalize Depth", {**inputs, "Depth": depth})("Normalized")
