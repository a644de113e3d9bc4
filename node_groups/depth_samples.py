"""Depth Samples: the sampled grid, before anything moves. Freezing keeps exactly this."""

from . import choices
from .builder import Tree, Value
from .sockets import Bool, Float, Geometry, Group, Image, Int, Menu, Vector

DEPTH, VALIDITY, UV_MAP = "depth", "validity", "UVMap"  # the attributes that the mesh carries

GROUP = Group(
    "Depth Samples",
    "The flat grid with the depth of the image stored on it: what Freeze Grid keeps",
    inputs=(
        Geometry("Geometry", "A plane to take the place, the size and the UV map from, or any mesh"),
        Image("Image", "The depth image: 32-bit float, Non-Color"),
        Menu(choices.KIND),
        Menu(choices.INTERPOLATION),
        Vector("UV", "The UV map of the incoming mesh", "UVMap"),
        Menu(choices.SURFACE),
        Int("Resolution", "Vertices along the longer side", 1024, 2, 8192),
        Bool("Invert", "For depth maps in which dark is near"),
        Float("Low", "The lowest value in the range, from Depth Range", 0.0, single=True),
        Float("High", "The highest value in the range, from Depth Range", 1.0, single=True),
        Float("Near Distance", "How far away the nearest point is", 1.0, 0.001, 1e5, "DISTANCE", single=True),
        Float("Far Distance", "How far away the farthest point is", 4.0, 0.001, 1e6, "DISTANCE", single=True),
        Bool("Edge Snap", "Turn blurred depth edges into steps", True),
        Int("Snap Radius", "How far a blurred edge reaches to either side, in pixels of the image", 3, 0, 32),
        Float("Threshold", "Jump that makes an edge: the gap over the nearer distance", 0.2, 0.0, 1e6, single=True),
    ),
    outputs=(
        Geometry("Geometry", "The flat grid with the attributes `depth` and `validity`"),
        Float("Depth", "The depth of each vertex"),
        Float("Validity", "1 where the depth is known"),
        Vector("UV", "Where each vertex lies in the picture"),
        Vector("Normal", "The flat surface's normal"),
    ),
    catalog="Depth/Utilities",
    tags=("depth", "sample", "grid"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("The flat surface"):
        names = ("Geometry", "Image", "UV", "Surface", "Resolution")
        flat = tree.call("Image Grid", {name: tree.input(name) for name in names})
        mesh, uv = flat("Geometry"), flat("UV")
    with tree.frame("One vertex a pixel? Then the closest pixel is exact, and twice as quick"):
        info = tree.make("GeometryNodeImageInfo", [tree.input("Image")])
        longer = tree.math("MAXIMUM", tree.out(info, "Width"), tree.out(info, "Height"))
        on_grid = tree.chosen(choices.SURFACE, choices.GRID) | tree.chosen(choices.SURFACE, choices.AUTOMATIC)
        per_pixel = on_grid & tree.compare("EQUAL", longer, tree.input("Resolution"))
        per_pixel = per_pixel & tree.compare(
            "EQUAL", tree.count(mesh, "Point Count"), tree.out(info, "Width") * tree.out(info, "Height")
        )
        per_pixel = per_pixel & tree.chosen(choices.INTERPOLATION, choices.LINEAR)
    with tree.frame("Read the image at each vertex"):
        inputs = {"Image": tree.input("Image"), "UV": uv}
        chosen = tree.call("Sample Depth", {**inputs, "Interpolation": tree.input("Interpolation")})
        closest = tree.call("Sample Depth", {**inputs, "Interpolation": choices.CLOSEST.name})
        depth, validity = (tree.switch(per_pixel, chosen(name), closest(name)) for name in ("Depth", "Validity"))
        # Captured together, so that the image is read once for both.
        mesh, depth, validity = tree.capture(mesh, depth, validity)
    with tree.frame("Hard edges: the radius in pixels becomes steps of the grid"):
        pixels = tree.math("MAXIMUM", tree.out(info, "Width"), tree.out(info, "Height")) - 1
        steps = tree.real("DIVIDE", tree.input("Snap Radius") * (tree.input("Resolution") - 1), pixels)
        steps = tree.real("ROUND", steps)
        names = ("Kind", "Invert", "Low", "High", "Near Distance", "Far Distance", "Threshold")
        inputs = {name: tree.input(name) for name in names}
        snap = tree.call(
            "Edge Snap",
            {"Geometry": mesh, "Depth": depth, "Validity": validity, "Radius": steps, **inputs},
        )
        snapping = tree.input("Edge Snap") & on_grid
        depth = tree.switch(snapping, depth, snap("Depth"))
        mesh = tree.store(tree.switch(snapping, mesh, snap("Geometry")), DEPTH, depth)
        mesh = tree.store(mesh, VALIDITY, validity)
    with tree.frame("A frozen mesh has all of this already"):
        frozen = tree.chosen(choices.SURFACE, choices.FROZEN)
        mesh = tree.switch(frozen, mesh, tree.input("Geometry"))
        tree.output("Geometry", mesh)
        tree.output("Depth", tree.attribute(DEPTH))
        tree.output("Validity", tree.attribute(VALIDITY))
        tree.output("UV", uv)
        tree.output("Normal", flat("Normal"))
