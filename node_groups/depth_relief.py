"""Depth Relief: the modifier. One photo's depth map becomes a relief or a scene, cut out along its edges."""

from math import radians

from . import choices
from .builder import Tree
from .depth_samples import UV_MAP
from .image_grid import RESOLUTION
from .sockets import Bool, Float, Geometry, Group, Image, Int, Material, Menu, Object, Panel, Vector
from .value import Operand, Value

GROUP = Group(
    "Depth Relief",
    "Turn a depth map into a relief or a scene that you can shape: drop it on a plane and pick the depth image",
    inputs=(
        Geometry("Geometry", "A plane, which becomes a fine grid, or any mesh with a UV map"),
        Panel(
            "Image",
            "The depth map",
            (
                Image("Image", "The depth image: 32-bit float, Non-Color, made by Depth Nodes or imported"),
                Menu(choices.KIND),
                Menu(choices.INTERPOLATION),
                Vector("UV", "The UV map that lays the picture over the mesh", "UVMap"),
            ),
        ),
        Panel(
            "Grid",
            "What carries the relief",
            (
                Menu(choices.SURFACE),
                RESOLUTION,
            ),
        ),
        Panel(
            "Depth",
            "Which part of the depth counts, and how it is spread",
            (
                Float("Clip Near", "Share of the nearest pixels to leave out of the range", 0.0, 0.0, 50.0, "PERCENTAGE", single=True),
                Float("Clip Far", "Share of the farthest pixels to leave out of the range", 0.0, 0.0, 50.0, "PERCENTAGE", single=True),
                Float("Near", "The part of the range that becomes the front; lower it to flatten what is in front", 1.0, 0.0, 1.0, "FACTOR", single=True),
                Float("Far", "The part of the range that becomes the back; raise it to flatten the background", 0.0, 0.0, 1.0, "FACTOR", single=True),
                Bool("Invert", "For depth maps in which dark is near"),
                Float("Falloff", "Gamma: above 1 the near parts stand out, below 1 the background gains depth", 1.0, 0.05, 20.0, single=True),
            ),
        ),
        Panel(
            "Projection",
            "A relief on the surface, or the scene as a camera sees it",
            (
                Menu(choices.PROJECTION),
                Float("Scale", "How far the nearest part of the relief stands out", 0.5, -1e4, 1e4, "DISTANCE", single=True),
                Float("Midlevel", "The height that stays on the surface: 0 = the far end, 1 = the near end", 0.0, -10.0, 10.0, single=True),
                Menu(choices.DIRECTION),
                Float("Border Falloff", "Width of the rim that runs out flat, as a share of the shorter side", 0.0, 0.0, 0.5, "FACTOR", single=True),
                Float("Near Distance", "How far from the camera the nearest point is (relative depth only)", 1.0, 0.001, 1e5, "DISTANCE", single=True),
                Float("Far Distance", "How far from the camera the farthest point is (relative depth only)", 4.0, 0.001, 1e6, "DISTANCE", single=True),
                Menu(choices.LENS),
                Float("Focal Length", "Focal length of the photo's camera in millimetres", 50.0, 0.1, 10000.0, single=True),
                Float("Sensor Width", "Sensor size along the longer side of the picture, in millimetres", 36.0, 0.1, 1000.0, single=True),
                Float("Field of View", "Angle of view over the longer side of the picture", 0.69, 0.001, 3.1, "ANGLE", single=True),
                Object("Camera", "A camera of the scene: the relief is built in front of it"),
                Float("Shift X", "Shift of the lens to the right, in shares of the longer side", 0.0, -10.0, 10.0, single=True),
                Float("Shift Y", "Shift of the lens upwards, in shares of the longer side", 0.0, -10.0, 10.0, single=True),
            ),
        ),
        Panel(
            "Cutoff",
            "Cut the surface where the depth jumps, instead of stretching it",
            (
                Bool("Cutoff", "Cut along depth edges", True, toggle=True),
                Float("Threshold", "The largest jump that stays connected: the gap over the nearer distance", 0.2, 0.0, 1e6, single=True),
                Float("Angle", "The steepest face that stays, as its normal's angle to the view ray", radians(85), 0.0, radians(90), "ANGLE", single=True),
                Float("Least Gap", "Relative depth in a camera's scene: steep faces stay where they bridge a smaller gap, for far away one level of an 8-bit map is steep", 0.03, 0.0, 1e6, single=True),
                Int("Minimum Island", "Loose pieces with fewer faces are deleted", 64, 0, 10**6),
                Int("Edge Falloff", "Flatten towards the edge over so many steps of the grid, instead of cutting; 0 cuts", 0, 0, 256),
                Bool("Edge Snap", "Turn blurred depth edges into steps first", True),
                Int("Snap Radius", "How far a blurred edge reaches to either side, in pixels of the image", 3, 0, 32),
            ),
        ),
        Panel(
            "Output",
            "What the mesh carries",
            (
                Material("Material", "Material of the relief; empty keeps the object's own"),
                Bool("Shade Smooth", "Smooth normals", True),
            ),
        ),
    ),
    outputs=(Geometry("Geometry", "The relief"),),
    tags=("depth", "relief", "photo", "displace", "modifier"),
    is_modifier=True,
)  # fmt: skip

SNAP_FROM = 0.5  # the share of Threshold from which on Edge Snap sharpens an edge


def build(tree: Tree) -> None:
    """Draw the tree: sample, normalize, project, cut, finish."""
    with tree.frame("1  The range of the image"):
        ends = tree.call("Depth Range", tree.inputs("Image", "Kind", "Clip Near", "Clip Far"))
        low_high = {"Low": ends("Low"), "High": ends("High")}
    with tree.frame("2  The sampled grid"):
        names = ("Geometry", "Image", "Kind", "Interpolation", "UV", "Surface", "Resolution", "Invert")
        inputs = tree.inputs(*names, "Near Distance", "Far Distance", "Snap Radius")
        snapping = tree.input("Edge Snap") & tree.input("Cutoff")
        # Snapped from half the jump that tears: what is too steep tears below it, and its blurred rim would stay as a fringe.
        inputs |= {"Edge Snap": snapping, "Threshold": tree.input("Threshold") * SNAP_FROM}
        samples = tree.call("Depth Samples", {**inputs, **low_high})
        flat, uv = samples("Geometry"), samples("UV")
    with tree.frame("3  Depth as a height, 0 to 1"):
        inputs = tree.inputs("Kind", "Near", "Far", "Invert", "Falloff")
        height = tree.call("Normalize Depth", {**inputs, **low_high, "Depth": samples("Depth")})("Normalized")
    with tree.frame("4  Depth as a distance"):
        metric = tree.chosen(choices.KIND, choices.DISTANCE)
        inputs = tree.inputs("Kind", "Near Distance", "Far Distance")
        depth = tree.switch(metric, height, samples("Depth"))
        distance = tree.call("Disparity to Distance", {**inputs, "Depth": depth})("Distance")
    with tree.frame("5a  Relief"):
        inputs = tree.inputs("Image", "Direction", "Scale", "Midlevel", "Border Falloff")
        relief = tree.call("Displace", {**inputs, "Geometry": flat, "UV": uv, "Height": height})
    with tree.frame("5b  Camera"):
        names = ("Image", "Lens", "Focal Length", "Sensor Width", "Field of View", "Camera", "Shift X", "Shift Y")
        scene = tree.call("Unproject", {**tree.inputs(*names), "Geometry": flat, "Distance": distance, "UV": uv})
        viewpoint = scene("Viewpoint")
    with tree.frame("5  One of the two, and the way to the viewer"):
        mesh = tree.choose(choices.PROJECTION, {choices.RELIEF: relief("Geometry"), choices.CAMERA: scene("Geometry")})
        position = tree.node("GeometryNodeInputPosition")
        views = {choices.RELIEF: samples("Normal"), choices.CAMERA: viewpoint - position}
        view = tree.choose(choices.PROJECTION, views)
    with tree.frame("6  Cut where the depth jumps"):
        rest = tree.sample_index(flat, position, tree.node("GeometryNodeInputIndex"))
        inputs = tree.inputs("Threshold", "Angle", "Minimum Island", "Edge Falloff")
        inputs |= {"Geometry": mesh, "Distance": distance, "Validity": samples("Validity")}
        # The gaps of relative depth are as coarse as the map; measured distances, and reliefs, are judged by Angle alone.
        coarse = tree.chosen(choices.PROJECTION, choices.CAMERA) & ~metric
        inputs |= {"Least Gap": tree.switch(coarse, 0.0, tree.input("Least Gap"))}
        cut = tree.call("Edge-Aware Cutoff", {**inputs, "View": view, "Rest Position": rest})
        mesh = tree.switch(tree.input("Cutoff"), mesh, cut("Geometry"))
    with tree.frame("7  UV map, normals, material"):
        mesh = tree.switch(samples("Is Grid"), mesh, tree.store(mesh, UV_MAP, uv, "CORNER", "FLOAT2"))
        smooth = tree.node("GeometryNodeSetShadeSmooth", {"Geometry": mesh})
        mesh = tree.switch(tree.input("Shade Smooth"), mesh, smooth)
        mesh = _material(tree, mesh, samples("Is Grid"))
    with tree.frame("Without an image the mesh stays as it is"):
        longer = tree.math("MAXIMUM", *tree.image_size(tree.input("Image")))
        missing = longer < 1.0
        tree.output("Geometry", tree.switch(missing, mesh, tree.input("Geometry")))
    with tree.frame("What to tell the artist"):
        tree.warn(missing, "No depth image yet: pick one under Image")
        finer = (tree.input("Resolution") > longer) & samples("Is Grid")
        tree.warn(finer, "Grid finer than the image: finer cuts only", "INFO")
    with tree.frame("Arrows in the viewport: the relief's scale; the camera's near and far distance"):
        _gizmo(tree, "Scale", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), "PRIMARY")
        _gizmo(tree, "Near Distance", viewpoint, (0.0, 0.0, -1.0), "SECONDARY")
        _gizmo(tree, "Far Distance", viewpoint, (0.0, 0.0, -1.0), "SECONDARY")


def _material(tree: Tree, mesh: Value, is_grid: Value) -> Value:
    """Set the material where one is given; otherwise the object's own stays, on a grid too.

    A grid starts without materials, and no node hands them on but Join Geometry: so the incoming mesh joins the grid,
    its materials stay, and it goes again. That costs a copy of the grid, so only a mesh with a material pays for it.
    """
    incoming, material = tree.input("Geometry"), tree.input("Material")
    own_slot = tree.sample_index(incoming, tree.node("GeometryNodeInputMaterialIndex"), 0, "FACE")
    joined = tree.make("GeometryNodeJoinGeometry")
    for part in (mesh, incoming):  # the last one linked comes first
        tree.data.links.new(part.socket, joined.inputs[0])
    theirs = tree.node("GeometryNodeInputIndex") < tree.count(incoming, "Point Count")
    alone = tree.node(
        "GeometryNodeDeleteGeometry", {"Geometry": tree.out(joined, 0), "Selection": theirs}, domain="POINT"
    )
    kept = tree.node("GeometryNodeSetMaterialIndex", {"Geometry": alone, "Material Index": own_slot})
    given = tree.node("GeometryNodeSetMaterial", {"Geometry": mesh, "Material": material})
    bare_face = tree.node("GeometryNodeMeshGrid", {"Vertices X": 2, "Vertices Y": 2})
    has_own = _slot_of(tree, incoming, None) > 0
    own = tree.switch(is_grid, mesh, tree.switch(has_own, mesh, kept))  # the incoming mesh is looked at for a grid only
    return tree.switch(_slot_of(tree, bare_face, material) > 0, own, given)


def _slot_of(tree: Tree, mesh: Value, material: Value | None) -> Value:
    """The slot that a material gets on a mesh.

    A material socket can't be asked whether it is empty, but this tells. No material takes the first slot of a mesh
    without any, and the next free one otherwise; a material takes the second slot, behind an empty first one.
    """
    inputs: dict[str, Operand] = {"Geometry": mesh, "Material": material}
    shown = tree.node("GeometryNodeSetMaterial", inputs)
    return tree.sample_index(shown, tree.node("GeometryNodeInputMaterialIndex"), 0, "FACE")


def _gizmo(tree: Tree, name: str, place: Operand, direction: tuple[float, float, float], color: str) -> None:
    """An arrow whose length is the input of that name."""
    inputs = {"Value": tree.input(name), "Position": place, "Direction": direction}
    tree.make("GeometryNodeGizmoLinear", inputs, color_id=color, label=name)
