"""Background Layer: the faces that go on behind the front, ready to be shaped as the front is."""

from . import choices
from .builder import Tree
from .depth_samples import DEPTH, PRESENCE
from .sample_depth import BACKGROUND, FRAME, IMAGE
from .sockets import UV_MAP, Bool, Float, Geometry, Group, Vector
from .value import Value

MARGIN = 0.125  # the background's picture goes on beyond the photo by this share of its size, on each side
OUTLINE = 128  # cells of the border along each side of the picture
PHOTO_UV, PICTURE_UV = "photo_uv", "picture_uv"  # where each vertex lies in the photo, and in the background's picture
BORDER = Float(
    "Border",
    "How far the background extends beyond the picture, as a share of its size, so that a moving camera does not see where it ends",
    0.35,
    0.0,
    0.4,
    "FACTOR",
    single=True,
)

GROUP = Group(
    "Background Layer",
    "What lies behind the front, as a flat surface of its own. Shape it by Depth as you shape the front, and give it the "
    "background's picture",
    inputs=(
        Geometry("Geometry", "The flat surface of the front"),
        IMAGE,
        FRAME,
        Vector("UV", "Where each vertex lies in the picture", UV_MAP),
        Float("Depth", "The depth of the front. Where the background ends, it merges into the front"),
        *BACKGROUND,
        Bool("Beyond", "Extend the background beyond the border of the picture"),
        BORDER,
    ),
    outputs=(
        Geometry("Geometry", "The faces of the background, not moved yet"),
        Float("Depth", "The depth of each vertex"),
        Vector("UV", "Where each vertex lies in the photo"),
        Vector("Picture UV", "Where each vertex lies in the background's picture, which has a margin"),
    ),
    tags=("depth", "background", "layer", "inpaint", "fill"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("Faces of which a corner has a background; at their other corners it goes over into the front"):
        there = tree.input("Presence") >= 0.5
        depth = tree.switch(there, true=tree.input("Background Depth"), false=tree.input("Depth"))
        some = tree.switch(there, true=1.0, false=0.0)
        mesh, some, depth, uv = tree.capture(tree.input("Geometry"), some, depth, tree.input("UV"))
        mesh = tree.add.remove_attribute(mesh, name=f"{PRESENCE}*", pattern_mode="WILDCARD")  # they were read above
        none = some <= 0.0  # of a face the mean of its corners
        mesh = tree.add.delete_geometry(mesh, none, domain="FACE")
        mesh = _named(tree, mesh, depth, uv, uv)
    with tree.frame("Beyond the border"):
        beyond = tree.input("Beyond") & (tree.input("Border") > 0.0)
        mesh = tree.switch(beyond, true=tree.join(mesh, _border(tree)), false=mesh)
    with tree.frame("Both together"):
        tree.output("Geometry", mesh)
        tree.output("Depth", tree.attribute(DEPTH))
        for output, name in (("UV", PHOTO_UV), ("Picture UV", PICTURE_UV)):
            tree.output(output, tree.add.named_attribute(name, data_type="FLOAT_VECTOR").attribute)


def _named(tree: Tree, mesh: Value, depth: Value, uv: Value, shown: Value) -> Value:
    """The mesh with named attributes, under which the parts can be joined. Each vertex shows what is `shown` there."""
    width, height = tree.image_size()
    size = tree.xyz(width, height, 1.0)
    margin = tree.xyz(tree.real("ROUND", width * MARGIN), tree.real("ROUND", height * MARGIN))  # whole pixels around
    picture_uv = (shown * size + margin) / (size + margin * 2.0)
    mesh = tree.store(tree.store(mesh, DEPTH, depth), PHOTO_UV, uv, data_type="FLOAT_VECTOR")
    return tree.store(mesh, PICTURE_UV, picture_uv, data_type="FLOAT_VECTOR")


def _border(tree: Tree) -> Value:
    """A frame of faces around the picture and a little inside it, at the depth of the picture's outermost pixels.

    Where it is wider than the margin of the background's picture, that is stretched, the more the farther out: at a
    distance d it shows what lies at d / (1 + d (1 / MARGIN - 1 / Border)).
    """
    reach = tree.input("Border")
    total = reach * 2.0 + 1.0
    grid = tree.add.mesh_grid(1.0, 1.0, OUTLINE, OUTLINE).mesh
    uv = tree.add.position() * total + (0.5, 0.5, 0.0)
    grid, uv = tree.capture(grid, uv)
    apart = tree.split(tree.add.vector_math(uv - (0.5, 0.5, 0.0), operation="ABSOLUTE"))
    inside = tree.math("MAXIMUM", apart.x, apart.y) < 0.5 - total * (2.0 / OUTLINE)
    grid = tree.add.delete_geometry(grid, inside, domain="POINT")
    inputs = {**tree.inputs("Image", "Frame"), "UV": uv, "Interpolation": choices.CLOSEST.name}
    sample = tree.call("Sample Depth", inputs)
    behind = sample("Presence") >= 0.5
    depth = tree.switch(behind, true=sample("Background Depth"), false=sample("Depth"))
    known = behind | (sample("Validity") >= 0.5)
    grid, depth, unknown = tree.capture(grid, depth, ~known)
    grid = tree.add.delete_geometry(grid, unknown, domain="POINT")
    rim = tree.math("MINIMUM", tree.math("MAXIMUM", uv, 0.0), 1.0)
    out = uv - rim
    stretch = tree.math("MAXIMUM", 1.0 / MARGIN - 1.0 / reach, 0.0)
    shown = rim + out / (tree.add.vector_math(out, operation="ABSOLUTE") * stretch + 1.0)
    return _named(tree, grid, depth, uv, shown)
