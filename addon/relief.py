"""Builds the scene around a depth map: a plane that shows the photo, the modifier that shapes it, the camera that fits.

Every function here can be called from a script, in background mode too; the operators only ask and report.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import Any, Literal, cast

import bpy
from mathutils import Matrix

from . import assets, depth_file, depth_image, modifiers, photo
from .errors import PhotoError
from .fill_gaps import USUAL_WIDTH

GROUP = "Depth Relief"
UV_MAP = "UVMap"
STANDING = Matrix.Rotation(pi / 2, 4, "X")  # faces -Y, where Blender's front view looks from
LYING = Matrix.Identity(4)  # faces +Z

Projection = Literal["Relief", "Camera"]


@dataclass(frozen=True)
class Relief:
    """What was made from one photo and one depth map."""

    ob: bpy.types.Object
    modifier: bpy.types.NodesModifier
    depth: bpy.types.Image
    camera: bpy.types.Object | None
    kind_guessed: bool


def from_files(
    photo_path: str | Path,
    depth_path: str | Path,
    *,
    collection: bpy.types.Collection,
    near_is: depth_file.NearIs | None = None,
    kind: depth_image.Kind | None = None,
    smooth_steps: bool = True,
    fill_gaps: int = USUAL_WIDTH,
    matrix: Matrix = STANDING,
    projection: Projection = "Relief",
    scene: bpy.types.Scene | None = None,
) -> Relief:
    """Make the relief of a photo from a depth map that another tool wrote.

    collection: where the new objects are linked. near_is, kind: what the depth means; None reads or infers it.
    smooth_steps: whether the 256 steps of an 8-bit map become slopes, no pixel moving by more than half a step.
    fill_gaps: the widest gap in the depth map that is filled, in pixels; 0 leaves all of them open.
    matrix: where the relief stands, object to world. scene: if given, it gets a camera that sees the photo.

    Raises DepthNodesError for files that can't be used; the open file is then as it was.
    """
    depth = depth_file.read(depth_path, near_is=near_is, kind=kind, smooth_steps=smooth_steps, fill_gaps=fill_gaps)
    with _all_or_nothing():
        picture = photo.load(photo_path)
        _check_orientation(picture, depth.values.shape)
        opacity = photo.opacity(picture, depth.values.shape)
        if depth.validity is not None and opacity is not None:
            opacity = opacity * depth.validity
        image = depth_image.write(
            f"{Path(photo_path).stem} Depth",
            depth.values,
            kind=depth.kind,
            validity=depth.validity if opacity is None else opacity,
            info=depth_image.DepthInfo(
                kind=depth.kind,
                source=depth.source,
                model=depth.model,
                revision=depth.revision,
                focal_length=depth.focal_length,
            ),
        )
        ob, modifier = add(picture, image, collection=collection, matrix=matrix, projection=projection)
        camera = add_camera(ob, modifier, picture, collection=collection, scene=scene) if scene else None
    return Relief(ob, modifier, image, camera, depth.guessed)


def add(
    picture: bpy.types.Image,
    depth: bpy.types.Image,
    *,
    collection: bpy.types.Collection,
    matrix: Matrix = STANDING,
    projection: Projection = "Relief",
) -> tuple[bpy.types.Object, bpy.types.NodesModifier]:
    """Add a plane of the photo's aspect that shows the photo and is shaped by the depth image."""
    name = Path(picture.name).stem
    mesh = plane(name, picture.size[0], picture.size[1])
    mesh.materials.append(material(picture))
    ob = bpy.data.objects.new(name, mesh)
    ob.matrix_world = matrix
    collection.objects.link(ob)
    modifier = add_modifier(ob)
    shape(modifier, depth)
    modifiers.set_input(modifier, "Projection", projection)
    modifiers.set_input(modifier, "Material", mesh.materials[0])
    return ob, modifier


def add_modifier(ob: bpy.types.Object) -> bpy.types.NodesModifier:
    """Add the Depth Relief modifier to a mesh object, as Add Modifier > Depth > Depth Relief does."""
    group = assets.fetch(GROUP)
    modifier = cast("bpy.types.NodesModifier", ob.modifiers.new(GROUP, "NODES"))
    modifier.node_group = group
    return modifier


def shape(modifier: bpy.types.NodesModifier, depth: bpy.types.Image) -> None:
    """Have a relief follow a depth image: the image, its kind, and its lens if known."""
    known = depth_image.info(depth)
    modifiers.set_input(modifier, "Image", depth)
    if known is None:
        return
    modifiers.set_input(modifier, "Kind", "Distance" if known.kind == "distance" else "Disparity")
    if known.focal_length:
        modifiers.set_input(modifier, "Lens", "Focal Length")
        modifiers.set_input(modifier, "Focal Length", known.focal_length)
        modifiers.set_input(modifier, "Sensor Width", 36.0)


def shape_object(uid: int, depth: bpy.types.Image) -> None:
    """Have the object with this `session_uid` follow a depth image, by the modifier that it has or a new one.

    Raises PhotoError if the object is gone.
    """
    ob = next((ob for ob in bpy.data.objects if ob.session_uid == uid), None)
    if ob is None:
        raise PhotoError("The object was removed while its depth was estimated: the depth image is there for another")
    modifier = find_modifier(ob)
    if modifier is None:
        modifier = add_modifier(ob)
        modifiers.set_input(modifier, "Material", ob.active_material)
    shape(modifier, depth)


def find_modifier(ob: bpy.types.Object | None) -> bpy.types.NodesModifier | None:
    """Return the relief modifier of an object, the active one first, or None; known by its inputs."""
    if ob is None or ob.type != "MESH":
        return None
    candidates = [modifier for modifier in (ob.modifiers.active, *ob.modifiers) if modifier is not None]
    for modifier in candidates:
        if not isinstance(modifier, bpy.types.NodesModifier) or modifier.node_group is None:
            continue
        if {"Image", "Surface", "Projection", "Cutoff"} <= set(modifiers.input_names(modifier)):
            return modifier
    return None


def plane(name: str, width: int, height: int) -> bpy.types.Mesh:
    """Return a single quad in the XY plane, centred, its longer side 2 m, with a UV map that shows all of the photo."""
    x, y = width / max(width, height), height / max(width, height)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    mesh.uv_layers.new(name=UV_MAP).data.foreach_set("uv", (0, 0, 1, 0, 1, 1, 0, 1))
    return mesh


def material(picture: bpy.types.Image) -> bpy.types.Material:
    """Return a material that shows the photo as it was taken, in Workbench, EEVEE and Cycles.

    A photo holds its light already; a lit surface would shade it a second time. So it is emitted as it is, and the mix
    "Relight" goes from 0, the photo's own light, to 1, the scene's. Workbench shows the active image texture.
    """
    made = bpy.data.materials.new(Path(picture.name).stem)
    if bpy.app.version < (5, 0):
        made.use_nodes = True  # always so from 5.0 on
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()

    def node(kind: str, x: float, y: float) -> bpy.types.Node:
        new = nodes.new(kind)
        new.location = (x, y)
        return new

    uv, texture = node("ShaderNodeUVMap", -700, 0), node("ShaderNodeTexImage", -500, 0)
    emission, lit = node("ShaderNodeEmission", -160, 120), node("ShaderNodeBsdfPrincipled", -160, 0)
    mix, output = node("ShaderNodeMixShader", 160, 120), node("ShaderNodeOutputMaterial", 340, 120)
    uv.uv_map = UV_MAP
    texture.image = picture
    texture.extension = "EXTEND"  # no seam of the opposite edge at the rim
    lit.inputs["Roughness"].default_value = 1.0
    lit.inputs["Specular IOR Level"].default_value = 0.0
    mix.label = "Relight"
    mix.inputs[0].default_value = 0.0
    links.new(uv.outputs["UV"], texture.inputs["Vector"])
    links.new(texture.outputs["Color"], emission.inputs["Color"])
    links.new(texture.outputs["Color"], lit.inputs["Base Color"])
    links.new(emission.outputs["Emission"], mix.inputs[1])
    links.new(lit.outputs["BSDF"], mix.inputs[2])
    links.new(mix.outputs["Shader"], output.inputs["Surface"])
    nodes.active = texture
    return made


def add_camera(
    ob: bpy.types.Object,
    modifier: bpy.types.NodesModifier,
    picture: bpy.types.Image,
    *,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
) -> bpy.types.Object:
    """Add the camera from which the relief looks like the photo, make it the scene's, and render at the photo's size.

    It hangs on the relief and follows it. Projection "Camera": at the object's origin, and the relief reads its lens
    from it, so that they can't disagree. Projection "Relief": orthographic, in front, since depth only moves points
    along its view.
    """
    data = bpy.data.cameras.new(f"{ob.name} Camera")
    camera = bpy.data.objects.new(data.name, data)
    camera.parent = ob
    if modifiers.get_input(modifier, "Projection") == "Camera":
        width: Any = modifiers.get_input(modifier, "Sensor Width")
        focal_length: Any = modifiers.get_input(modifier, "Focal Length")
        data.sensor_width, data.lens = width, focal_length
        modifiers.set_input(modifier, "Camera", camera)
        modifiers.set_input(modifier, "Lens", "Camera Object")
    else:
        data.type = "ORTHO"
        data.ortho_scale = 2.0  # the plane's longer side
        camera.location.z = 10.0
    collection.objects.link(camera)
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = picture.size
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    return camera


def _check_orientation(picture: bpy.types.Image, shape: tuple[int, ...]) -> None:
    """Raise PhotoError if the depth map was made from the photo as it lies in its file, and not upright."""
    photo_aspect, depth_aspect = picture.size[0] / picture.size[1], shape[1] / shape[0]
    turned = abs(photo_aspect * depth_aspect - 1) < 0.02
    if turned and abs(photo_aspect / depth_aspect - 1) > 0.1:
        raise PhotoError(
            f"The depth map lies on its side against {picture.name}, which is shown upright: turn the depth map as the "
            "photo is turned"
        )


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Remove every datablock that was made inside if it ends in an error."""
    before = set(bpy.data.user_map())
    try:
        yield
    except Exception:
        bpy.data.batch_remove([made for made in bpy.data.user_map() if made not in before])
        raise
