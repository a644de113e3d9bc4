"""The relief of a photo and a depth map: its object, and the modifier that shapes it.

Every function here can be called from a script, in background mode too; the operators only ask and report.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ...inference.catalog import Kind  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..depth import image as depth_image
from ..depth import meaning
from ..depth.clean import USUAL_GAP
from ..depth.evidence import Unit
from ..depth.stored import Stored
from ..errors import PhotoError, printable
from . import camera as fitting
from . import groups, inputs, photo, presets
from .background import Background, Filling
from .material import background_material, material
from .plane import STANDING, in_metres, plane, title, uv_map_of

GROUP = "Depth Relief"

Projection = Literal["Relief", "Camera"]


@dataclass(frozen=True)
class Relief:
    """What was made from one photo and one depth map.

    kind_guessed: neither the caller nor the file said what the depth map's numbers are. notes: what was inferred of
    them and why, and what may be wrong with them, a sentence each.
    filling: the background under way, where it was asked for "later".
    """

    ob: bpy.types.Object
    modifier: bpy.types.NodesModifier
    depth: bpy.types.Image
    camera: bpy.types.Object | None
    kind_guessed: bool
    notes: tuple[str, ...] = ()
    filling: Filling | None = None


def from_files(
    photo_path: str | Path,
    depth_path: str | Path,
    *,
    collection: bpy.types.Collection | None = None,
    near_is: meaning.NearIs | None = None,
    kind: Kind | None = None,
    unit: Unit | None = None,
    along_ray: bool = False,
    focal_length: float | None = None,
    smooth_steps: bool = True,
    fill_gaps: int = USUAL_GAP,
    background: bool | Literal["later"] = True,
    matrix: Matrix = STANDING,
    projection: Projection = "Relief",
    shape: Mapping[str, Any] | None = None,
    scene: bpy.types.Scene | None = None,
) -> Relief:
    """Make the relief of a photo from a depth map that another tool wrote.

    collection: where the new objects are linked, by default the active one.
    near_is: whether near is "bright" or "dark"; kind: "disparity" or "distance"; unit, of a distance: "m", "cm", "mm",
        "1/256 m" or "1/5000 m". None reads or infers them.
    along_ray: the distances are from the camera's eye, not along its view axis. focal_length: the photo's, in
        millimetres on a sensor whose longer side is 36 mm; None takes the file's word.
    smooth_steps: whether the steps of a map of at most 256 levels become slopes, within half a step of each pixel.
    fill_gaps: the widest gap in the depth map that is filled, in pixels; 0 leaves all of them open.
    background: whether to make up what lies behind the edges, for a camera that moves. "later": in a thread; call
        `show_background` with the image that `Relief.filling.finish()` returns.
    matrix: where the relief stands, object to world. shape: inputs of the modifier by name, as a preset has them.
    scene: if given, it gets a camera that sees the photo.

    Raises DepthNodesError for files that can't be used; the open file is then as it was.
    """
    collection = collection or bpy.context.view_layer.active_layer_collection.collection
    depth = meaning.read(
        depth_path,
        near_is=near_is,
        kind=kind,
        unit=unit,
        along_ray=along_ray,
        focal_length=focal_length,
        smooth_steps=smooth_steps,
        fill_gaps=fill_gaps,
    )
    depth = meaning.with_backdrop(depth)
    with _all_or_nothing():
        picture = photo.load(photo_path)
        stored, opacity, notes = _on_photo(depth, picture, photo_path)
        info = depth_image.DepthInfo(
            kind=depth.kind,
            source=depth.source,
            model=depth.model,
            revision=depth.revision,
            focal_length=depth.focal_length,
            lens=depth.lens,
        )
        guessed = depth.guessed
        del depth  # or it would be there twice
        behind = Background(stored, picture, opacity) if background else None
        layer = behind.made() if behind is not None and background != "later" else None
        image = depth_image.put(f"{printable(Path(photo_path).stem)} Depth", stored, info, layer)
        ob, modifier = add(picture, image, collection=collection, matrix=matrix, projection=projection, shape=shape)
        camera = fitting.add(ob, modifier, picture, collection=collection, scene=scene) if scene else None
    under_way = Filling(image, behind) if behind is not None and background == "later" else None
    return Relief(ob, modifier, image, camera, guessed, notes, under_way)


def _on_photo(
    depth: meaning.DepthMap, picture: bpy.types.Image, path: str | Path
) -> tuple[Stored, NDArray[np.float32] | None, tuple[str, ...]]:
    """Return what is stored of a depth map, the photo's opacity at its pixels, and notes. Raises PhotoError."""
    shape = depth.values.shape
    photo.check_orientation(picture, shape)
    validity = opacity = photo.opacity(picture, shape)
    if depth.validity is not None:
        validity = depth.validity if opacity is None else opacity * depth.validity
    notes = depth.notes + photo.orientation_notes(path, picture, depth.values)
    return Stored.of(depth.values, depth.kind, validity), opacity, notes


def add(
    picture: bpy.types.Image,
    depth: bpy.types.Image,
    *,
    collection: bpy.types.Collection,
    matrix: Matrix = STANDING,
    projection: Projection = "Relief",
    shape: Mapping[str, Any] | None = None,
) -> tuple[bpy.types.Object, bpy.types.NodesModifier]:
    """Add a plane of the photo's aspect that shows the photo and is shaped by the depth image, and by a preset.

    Its own space is in metres: the object is scaled where the scene counts in other units.
    """
    name = title(picture)
    mesh = plane(name, picture.size[0], picture.size[1])
    mesh.materials.append(material(picture))
    ob = bpy.data.objects.new(name, mesh)
    ob.matrix_world = in_metres(matrix, bpy.context.scene)
    collection.objects.link(ob)
    modifier = add_modifier(ob)
    set_depth(modifier, depth)
    presets.apply(modifier, {"Projection": projection, **(shape or {})})
    inputs.set_input(modifier, "Aspect", picture.size[0] / picture.size[1])  # whatever shape the depth map has
    inputs.set_input(modifier, "Material", mesh.materials[0])
    return ob, modifier


def add_modifier(ob: bpy.types.Object) -> bpy.types.NodesModifier:
    """Add the Depth Relief modifier to a mesh object, as Add Modifier > Depth > Depth Relief does.

    It reads the UV map that the mesh is rendered with, whatever that is called.
    """
    group = groups.fetch(GROUP)
    modifier = cast("bpy.types.NodesModifier", ob.modifiers.new(GROUP, "NODES"))
    modifier.node_group = group
    uv_map = uv_map_of(cast("bpy.types.Mesh", ob.data))
    if uv_map is not None:
        inputs.set_attribute(modifier, "UV", uv_map)
    return modifier


def set_depth(modifier: bpy.types.NodesModifier, depth: bpy.types.Image) -> None:
    """Have a relief follow a depth image: the image, its kind, its background, and its lens (see `fit_lens`)."""
    known = depth_image.info(depth)
    inputs.set_input(modifier, "Image", depth)
    if depth.source != "SEQUENCE" and "Frame" in inputs.input_names(modifier) and inputs.release(modifier, "Frame"):
        inputs.set_input(modifier, "Fixed Range", False)  # it had followed a sequence
    set_background(modifier, depth)
    if known is None:
        return
    inputs.set_input(modifier, "Kind", "Distance" if known.kind == "distance" else "Disparity")
    if known.focal_length:
        fitting.fit_lens(modifier, known.focal_length)


def set_background(modifier: bpy.types.NodesModifier, depth: bpy.types.Image) -> None:
    """Have a relief show the background of its depth image, or none where there is none."""
    if "Background" not in inputs.input_names(modifier):  # in a group of an older release
        return
    picture = depth_image.colour(depth)
    inputs.set_input(modifier, "Background", picture is not None)
    if picture is not None:
        shown = background_material(picture)
        inputs.set_input(modifier, "Background Material", shown)
        mesh = modifier.id_data.data
        if mesh.is_editable and shown not in [*mesh.materials]:  # exporters go by the slots of the mesh itself
            mesh.materials.append(shown)


def show_background(depth: bpy.types.Image) -> None:
    """Have every relief that follows a depth image show its background, which it got just now."""
    for ob in bpy.data.objects:
        modifier = find_modifier(ob) if ob.is_editable else None
        if modifier is not None and depth_of(modifier) == depth:
            set_background(modifier, depth)


def depth_of(modifier: bpy.types.NodesModifier) -> bpy.types.Image | None:
    """Return the depth image that a relief follows, or None."""
    image: bpy.types.Image | None = inputs.get_input(modifier, "Image")
    return image


def set_depth_of(uids: Sequence[int], depth: bpy.types.Image) -> None:
    """Have the objects with these `session_uid` follow a depth image, by the modifier that each has or a new one.

    Raises PhotoError if all of them are gone.
    """
    obs = [ob for ob in bpy.data.objects if ob.session_uid in uids]
    if not obs:
        raise PhotoError(
            "The object was deleted while its depth was estimated. The depth image was kept; assign it manually"
        )
    for ob in obs:
        modifier = find_modifier(ob)
        if modifier is None:
            modifier = add_modifier(ob)
            inputs.set_input(modifier, "Material", ob.active_material)
        previous = depth_of(modifier)
        if previous is not None and previous != depth and not depth_image.is_estimated(previous):
            previous.use_fake_user = True  # nothing makes it again, so it stays in the file
        set_depth(modifier, depth)


def find_modifier(ob: bpy.types.Object | None) -> bpy.types.NodesModifier | None:
    """Return the relief modifier of an object, the active one first, or None; known by its inputs."""
    if ob is None or ob.type != "MESH":
        return None
    candidates = [modifier for modifier in (ob.modifiers.active, *ob.modifiers) if modifier is not None]
    for modifier in candidates:
        if not isinstance(modifier, bpy.types.NodesModifier) or modifier.node_group is None:
            continue
        if {"Image", "Surface", "Projection", "Cutoff"} <= set(inputs.input_names(modifier)):
            return modifier
    return None


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Remove every datablock that was made inside if it ends in an error."""
    before = set(bpy.data.user_map())
    try:
        yield
    except Exception:
        bpy.data.batch_remove([made for made in bpy.data.user_map() if made not in before])
        raise
