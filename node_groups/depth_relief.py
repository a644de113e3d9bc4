"""Depth Relief: the modifier. One photo's depth map becomes a relief or a scene, cut out along its edges.

image            -> Depth Range           -> low, high
image, low, high -> Depth Samples         -> depth    -> Normalize Depth -> height
height           -> Displace              -> the relief
height, or depth in metres -> Disparity to Distance -> distance -> Unproject -> the scene
either of them   -> Edge-Aware Cutoff     -> UV map, normals, material
Depth Samples    -> Background Layer      -> the same way, and joined

With Bas-Relief the height is the compressed one of Depth Samples. It has no gaps, so no background shows in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from . import arrows, choices, materials
from .background_layer import BORDER, PHOTO_UV, PICTURE_UV
from .bas_relief import STRENGTH
from .builder import Outputs, Tree
from .depth_range import CLIPS, FIXED
from .depth_samples import KEEP, PRESENCE, SNAP
from .disparity_to_distance import ENDS
from .displace import SCALE, STAND
from .edge_aware_cutoff import LIMITS, THRESHOLD
from .image_grid import IN_VIEWPORT, MESH_UV, RESOLUTION
from .normalize_depth import FALLOFF, FAR, INVERT, NEAR
from .sample_depth import FRAME, IMAGE
from .smooth_depth import SMOOTH, SOFTEN
from .sockets import UV_MAP, Bool, Geometry, Group, Material, Menu, Panel
from .unproject import LENS
from .value import Operand, Value

GROUP = Group(
    "Depth Relief",
    "Turn a depth map into a relief or a scene that you can shape: drop it on a plane and pick the depth image",
    inputs=(
        Geometry("Geometry", "A plane, which becomes a fine grid, or any mesh with a UV map"),
        IMAGE,
        Menu(choices.PROJECTION),
        SCALE,
        *ENDS,
        NEAR,
        FAR,
        SMOOTH,
        STRENGTH,
        Panel(
            "Cutoff",
            "Cut the surface where the depth jumps, instead of stretching it",
            (Bool("Cutoff", "Cut along depth edges", True, toggle=True), THRESHOLD),
            closed=False,
        ),
        Panel(
            "Background",
            "The second layer of the depth image, behind the front",
            (
                Bool("Background", "Show the second layer of the depth image behind the cut", toggle=True),
                Material("Background Material", "Material of the background: it shows the background's own picture"),
                BORDER,
            ),
        ),
        Panel(
            "Image", "How the image is read", (FRAME, Menu(choices.KIND), INVERT, Menu(choices.INTERPOLATION), MESH_UV)
        ),
        Panel("Depth", "Which part of the depth counts, and how it is spread", (FALLOFF, *CLIPS, *FIXED, *KEEP)),
        Panel("Projection", "How the relief stands out, or what the photo's camera saw", (*STAND, *LENS)),
        Panel("Edges", "Where exactly the surface is cut", (*LIMITS, *SNAP, SOFTEN)),
        Panel("Grid", "What carries the depth", (Menu(choices.SURFACE), RESOLUTION, IN_VIEWPORT)),
        Panel(
            "Output",
            "What the mesh carries",
            (
                Material("Material", "Material of the relief; empty keeps the object's own"),
                Bool("Shade Smooth", "Smooth normals", True),
                Bool(
                    "Shader Attributes",
                    "Store `nearness` and `fog` for the shader node Attribute. Both are 0 to 1: nearness is 1 at the near end, "
                    "fog is 1 at the far end and grows evenly with the distance",
                ),
            ),
        ),
    ),
    outputs=(Geometry("Geometry", "The relief"),),
    catalog="Depth",
    tags=("depth", "relief", "photo", "displace", "modifier"),
    is_modifier=True,
)

NEARNESS, FOG = "nearness", "fog"  # attributes for shaders
CUT = "depth_nodes_cut"  # on a frozen mesh: faces that only the background still has
SNAP_FROM = 0.5  # the share of Threshold from which on Edge Snap sharpens an edge


@dataclass(frozen=True)
class _Shaped:
    """A surface in space, the distance of each vertex, where the camera stands, and the ray of each vertex from there."""

    mesh: Value
    distance: Value
    viewpoint: Value
    ray: Value


def build(tree: Tree) -> None:
    """Draw the tree: sample, normalize, project, cut, finish."""
    samples, low_high = _sampled(tree)
    shaped = _shaped(tree, samples, low_high, samples("Geometry"), samples("Depth"), samples("UV"))
    mesh = _cut(tree, samples, shaped)
    with tree.frame("7  UV map, normals, material"):
        stored = tree.store(mesh, UV_MAP, samples("UV"), "CORNER", "FLOAT2")
        mesh = tree.switch(samples("Is Grid"), true=stored, false=mesh)
        mesh = materials.given_or_own(tree, mesh, samples("Is Grid"))
    behind = _background(tree, samples, low_high)
    with tree.frame("9  Both together"):
        front = tree.add.remove_attribute(mesh, name=f"{PRESENCE}*", pattern_mode="WILDCARD")
        both = tree.switch(samples("Is Compressed"), true=mesh, false=tree.join(front, behind))
        mesh = tree.switch(tree.input("Background"), true=both, false=mesh)
        mesh = tree.switch(tree.input("Shade Smooth"), true=tree.add.set_shade_smooth(mesh), false=mesh)
    with tree.frame("What to tell the artist"):
        longer = tree.math("MAXIMUM", *tree.image_size())
        missing = longer < 1.0
        tree.warn(missing, "No depth image yet. Pick one")
        finer = tree.switch(samples("Is Grid"), true=_resolution(tree) > longer, false=False)
        tree.warn(finer, "Resolution exceeds the image", "INFO")
        hidden = tree.input("Background") & samples("Is Compressed")
        tree.warn(hidden, "Bas-Relief hides the background", "INFO")
    with tree.frame("Arrows in the viewport, where they act: the relief's front; the camera's near and far plane"):
        shown = tree.choose(
            choices.PROJECTION,
            {choices.RELIEF: arrows.front(tree), choices.CAMERA: arrows.planes(tree, shaped.viewpoint)},
        )
        mesh = tree.join(mesh, shown)
    with tree.frame("Without an image the mesh stays as it is"):
        tree.output("Geometry", tree.switch(missing, true=tree.input("Geometry"), false=mesh))


def _sampled(tree: Tree) -> tuple[Outputs, dict[str, Value]]:
    """The sampled grid, and the ends of the image's range."""
    with tree.frame("1  The range of the image"):
        ends = tree.call("Depth Range", tree.inputs("Image", "Frame", "Kind", "Clip Near", "Clip Far"))
        fixed = tree.input("Fixed Range")
        low_high = {
            name: tree.switch(fixed, true=tree.input(f"Range {name}"), false=ends(name)) for name in ("Low", "High")
        }
    with tree.frame("2  The sampled grid"):
        names = ("Geometry", "Image", "Frame", "Kind", "Interpolation", "UV", "Surface", "Invert", "Background")
        inputs = tree.inputs(*names, "Snap Radius", "Smooth", *(socket.name for socket in KEEP))
        inputs |= {"Resolution": _resolution(tree)}
        strength = tree.input(STRENGTH.name)
        strength = tree.choose(choices.PROJECTION, {choices.RELIEF: strength, choices.CAMERA: 0.0})
        inputs |= {STRENGTH.name: strength}
        # A gap shrinks most as one step.
        snapping = tree.input("Edge Snap") & (tree.input("Cutoff") | (strength > 0.0))
        # Snapped from half the jump that tears: what is too steep tears below it, and its blurred rim would stay as a fringe.
        inputs |= {"Edge Snap": snapping, "Threshold": tree.input("Threshold") * SNAP_FROM}
        softened = tree.chosen(choices.PROJECTION, choices.CAMERA) & tree.input("Cutoff")
        inputs |= {"Soften Steps": tree.switch(softened, true=tree.input("Soften Steps"), false=0)}
        return tree.call("Depth Samples", {**inputs, **_ends(tree), **low_high}), low_high


def _resolution(tree: Tree) -> Value:
    """Vertices along the longer side, in the viewport or in a render."""
    less = tree.switch(tree.add.is_viewport(), true=tree.input(IN_VIEWPORT.name), false=0)
    return tree.switch(less > 1, true=less, false=tree.input("Resolution"))


def _shaped(
    tree: Tree, samples: Outputs, low_high: Mapping[str, Value], flat: Value, depth: Value, uv: Value
) -> _Shaped:
    """The surface as a relief or as the camera saw it."""
    surface = {"Geometry": flat, "UV": uv}
    with tree.frame("3  Depth as a height, 0 to 1"):
        inputs = tree.inputs("Kind", "Near", "Far", "Invert", "Falloff")
        height = tree.call("Normalize Depth", {**inputs, **low_high, "Depth": depth})("Normalized")
    with tree.frame("4  Depth as a distance"):
        metric = tree.chosen(choices.KIND, choices.DISTANCE)
        inputs = {**tree.inputs("Kind"), **_ends(tree)}
        depth = tree.switch(metric, true=depth, false=height)
        distance = tree.call("Disparity to Distance", {**inputs, "Depth": depth})("Distance")
    with tree.frame("5a  Relief"):
        inputs = tree.inputs("Image", "Frame", SCALE.name, *(socket.name for socket in STAND))
        straight: dict[str, Operand] = {"Kind": choices.DISPARITY.name, "Depth": samples("Compressed Height")}
        compressed = tree.call("Normalize Depth", {**tree.inputs("Near", "Far", "Falloff"), **straight})("Normalized")
        stands = tree.switch(samples("Is Compressed"), true=compressed, false=height)
        axis = tree.switch(samples("Is Grid"), true=samples("Normal"), false=tree.xyz(0.0, 0.0, 1.0))
        relief = tree.call("Displace", {**inputs, **surface, "Height": stands, "Axis": axis})
    with tree.frame("5b  Camera"):
        inputs = tree.inputs("Image", "Frame", *(socket.name for socket in LENS))
        scene = tree.call("Unproject", {**inputs, **surface, "Distance": distance})
    with tree.frame("5  One of the two"):
        mesh = tree.choose(choices.PROJECTION, {choices.RELIEF: relief("Geometry"), choices.CAMERA: scene("Geometry")})
    mesh = _for_shaders(tree, mesh, low_high, height, distance)
    return _Shaped(mesh, distance, scene("Viewpoint"), scene("Ray"))


def _for_shaders(tree: Tree, mesh: Value, low_high: Mapping[str, Value], height: Value, distance: Value) -> Value:
    """The mesh with what shaders may ask for, where it is wanted."""
    with tree.frame("For shaders, where they ask"):
        metric = tree.chosen(choices.KIND, choices.DISTANCE)
        ends = zip(_ends(tree).values(), low_high.values(), strict=True)
        near, far = (tree.switch(metric, true=measured, false=chosen) for chosen, measured in ends)
        fog = tree.add.map_range(distance, near, far, 0.0, 1.0, clamp=True)
        stored = tree.store(tree.store(mesh, NEARNESS, height), FOG, fog)
        return tree.switch(tree.input("Shader Attributes"), true=stored, false=mesh)


def _background(tree: Tree, samples: Outputs, low_high: Mapping[str, Value]) -> Value:
    """What lies behind, shaped as the front is, with its own picture."""
    with tree.frame("8  Behind the front: shaped as the front is, with a picture of its own"):
        names = ("Geometry", "UV", "Depth", "Background Depth", "Presence")
        inputs = {**tree.inputs("Image", "Frame", "Border"), **{name: samples(name) for name in names}}
        inputs |= {"Beyond": tree.chosen(choices.PROJECTION, choices.CAMERA)}
        layer = tree.call("Background Layer", inputs)
    mesh = _shaped(tree, samples, low_high, layer("Geometry"), layer("Depth"), layer("UV")).mesh
    with tree.frame("8  Its picture"):
        mesh = tree.store(mesh, UV_MAP, layer("Picture UV"), "CORNER", "FLOAT2")
        for name in (PHOTO_UV, PICTURE_UV):
            mesh = tree.add.remove_attribute(mesh, name=name)
        return materials.show(tree, mesh, tree.input("Background Material"), samples("Is Grid"))


def _cut(tree: Tree, samples: Outputs, shaped: _Shaped) -> Value:
    mesh = shaped.mesh
    with tree.frame("6  Cut where the depth jumps"):
        position = tree.add.position()
        views = {choices.RELIEF: samples("Normal"), choices.CAMERA: shaped.viewpoint - position}
        view = tree.choose(choices.PROJECTION, views)
        # A soft rim lies down on the flat surface in a relief, and on what is behind it in a scene.
        flat = tree.sample_index(samples("Geometry"), position, tree.add.index())
        rest = tree.choose(choices.PROJECTION, {choices.RELIEF: flat, choices.CAMERA: position})
        ray = tree.choose(choices.PROJECTION, {choices.RELIEF: tree.xyz(), choices.CAMERA: shaped.ray})
        # Where no background shows through, a small piece stays: it belongs to the far side, seen between leaves. A face
        # counts by all of its corners.
        bare = tree.on_domain(samples("Presence") < 0.5, "POINT")
        scene = tree.chosen(choices.PROJECTION, choices.CAMERA)
        covered = tree.switch(tree.input("Background"), true=~bare, false=True)
        inputs = tree.inputs("Threshold", "Angle", "Minimum Island", "Edge Falloff")
        inputs |= {"Steps": scene, "Covered": covered}
        pixel = samples("UV") * tree.xyz(*tree.image_size())
        # At the rim of an edge the front shows colours of both sides: it gives way to the background there.
        gives_way = samples("Presence") > tree.input("Threshold") * SNAP_FROM + 1.0
        gives_way = gives_way & (tree.input("Edge Falloff") < 1)
        gives_way = tree.switch(samples("Is Compressed"), true=False, false=gives_way)
        validity = tree.switch(gives_way, true=0.0, false=samples("Validity"))
        inputs |= {"Geometry": mesh, "Distance": shaped.distance, "Validity": validity}
        # Seen from a camera flat ground is steep far away, where one level of the map is a step; a relief has no such end.
        inputs |= {"Least Gap": tree.switch(scene, true=tree.input("Least Gap"), false=0.0)}
        cut = tree.call(
            "Edge-Aware Cutoff", {**inputs, "View": view, "Rest Position": rest, "Ray": ray, "Pixel": pixel}
        )
        gone = (tree.count(cut("Geometry")).face_count < 1) & (tree.count(mesh).face_count > 0)
        asked = tree.input("Cutoff") & (tree.add.image_info(*tree.inputs("Image", "Frame").values()).width > 0)
        advice = "The cut leaves nothing. See Threshold and Minimum Island"
        tree.warn(tree.switch(asked, true=gone, false=False), advice)
        frozen = tree.chosen(choices.SURFACE, choices.FROZEN)
        was_cut = tree.add.named_attribute(CUT, data_type="BOOLEAN").attribute
        left = tree.add.delete_geometry(mesh, was_cut, domain="FACE")
        uncut = tree.switch(frozen, true=left, false=mesh)
        return tree.switch(tree.input("Cutoff"), true=cut("Geometry"), false=uncut)


def _ends(tree: Tree) -> dict[str, Operand]:
    """The distances that relative depth spans. A relief has none to choose: there they only scale what tears."""
    usual = {socket.name: float(socket.properties["default_value"]) for socket in ENDS}
    return {
        name: tree.choose(choices.PROJECTION, {choices.RELIEF: value, choices.CAMERA: tree.input(name)})
        for name, value in usual.items()
    }
