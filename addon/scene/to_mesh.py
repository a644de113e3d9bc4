"""Relief to Mesh: what a relief shows as plain meshes, which need nothing of this extension any more."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np

from ..errors import ConvertError
from . import inputs

# Of its attributes `depth` stays, and those for shaders.
_OURS = frozenset({"validity", "compressed_height", "background", "background_depth", "depth_nodes_cut"})
_PREFIX = "depth_nodes_"  # of the custom properties that a frozen mesh carries


def convert(
    ob: bpy.types.Object, modifier: bpy.types.NodesModifier, *, apart: bool = False, faces: int | None = None
) -> list[bpy.types.Object]:
    """Return new objects in the place of a relief that hold as plain meshes what it shows; the relief stays as it is.

    ob: the relief, whose other modifiers count too. apart: one object for the front and one for the background, where
    both are there and differ in their material. faces: reduce all of it to about so many triangles. The new objects
    are linked to the collections of the relief.

    Raises ConvertError, before anything changes, for a relief in edit mode and one that shows no faces.
    """
    if ob.mode != "OBJECT":
        raise ConvertError(f"{ob.name!r} is in {ob.mode.lower()} mode. Switch to Object Mode first")
    whole = _evaluated(ob, bpy.context.evaluated_depsgraph_get())
    if not whole.polygons:
        bpy.data.meshes.remove(whole)
        raise ConvertError(f"{ob.name!r} shows no faces to convert. Check the depth image and the cut of its modifier")
    _strip(whole)
    behind = _background_material(modifier) if apart else None
    share = 1.0 if faces is None else faces / (len(whole.loops) - 2 * len(whole.polygons))
    if behind is None or not 0 < _faces_of(whole, behind) < len(whole.polygons):
        return [_object(f"{ob.name} Mesh", _shaped(whole, share), ob)]
    front, back = whole.copy(), whole
    return [
        _object(f"{ob.name} Front", _shaped(front, share, behind, keep=False), ob),
        _object(f"{ob.name} Background", _shaped(back, share, behind, keep=True), ob),
    ]


def _evaluated(ob: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> bpy.types.Mesh:
    return bpy.data.meshes.new_from_object(
        ob.evaluated_get(depsgraph), preserve_all_data_layers=True, depsgraph=depsgraph
    )


def _strip(mesh: bpy.types.Mesh) -> None:
    for name in _OURS & set(mesh.attributes.keys()):
        mesh.attributes.remove(mesh.attributes[name])
    for key in [*mesh.keys()]:
        if key.startswith(_PREFIX):
            del mesh[key]
    if mesh.uv_layers and mesh.uv_layers.active is None:  # 5.2 leaves it open, and then exports no UV to OBJ
        mesh.uv_layers.active_index = 0


def _background_material(modifier: bpy.types.NodesModifier) -> bpy.types.Material | None:
    """Return the material that tells the background's faces from the front's, if the relief has a background."""
    if "Background" not in inputs.input_names(modifier) or not inputs.get_input(modifier, "Background"):
        return None
    material: Any = inputs.get_input(modifier, "Background Material")
    return material


def _faces_of(mesh: bpy.types.Mesh, material: bpy.types.Material) -> int:
    return int(np.isin(_slots(mesh), [slot for slot, shown in enumerate(mesh.materials) if shown == material]).sum())


def _slots(mesh: bpy.types.Mesh) -> np.ndarray:
    slots = np.zeros(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    return slots


def _shaped(
    mesh: bpy.types.Mesh, share: float, material: bpy.types.Material | None = None, *, keep: bool = True
) -> bpy.types.Mesh:
    """Return a mesh with the faces of a material alone, or without them, reduced to a share; the given one is gone."""
    if share >= 1.0 and material is None:
        return mesh
    with _stand_in(mesh) as (scene, double):
        if material is not None:
            double.modifiers.new("part", "NODES").node_group = _part(material, keep)
        if share < 1.0:
            reduced: Any = double.modifiers.new("reduce", "DECIMATE")
            reduced.ratio = share
        scene.view_layers[0].update()
        depsgraph: Any = scene.view_layers[0].depsgraph  # the update has made it
        result = _evaluated(double, depsgraph)
    bpy.data.meshes.remove(mesh)
    _drop_unused_slots(result)
    return result


@contextmanager
def _stand_in(mesh: bpy.types.Mesh) -> Iterator[tuple[bpy.types.Scene, bpy.types.Object]]:
    """Give a scene with an object of that mesh; what is made for it goes with it."""
    scene = bpy.data.scenes.new("Relief to Mesh")
    double = bpy.data.objects.new("Relief to Mesh", mesh)
    trees = set(bpy.data.node_groups)
    try:
        scene.collection.objects.link(double)
        yield scene, double
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.objects.remove(double)
        for tree in set(bpy.data.node_groups) - trees:
            bpy.data.node_groups.remove(tree)


def _part(material: bpy.types.Material, keep: bool) -> bpy.types.NodeTree:
    """Return a tree that leaves the faces of a material alone, or all others."""
    tree = bpy.data.node_groups.new("Relief to Mesh", "GeometryNodeTree")
    for in_out in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
    start, end = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    chosen, split = tree.nodes.new("GeometryNodeMaterialSelection"), tree.nodes.new("GeometryNodeSeparateGeometry")
    chosen.inputs["Material"].default_value = material
    split.domain = "FACE"
    tree.links.new(start.outputs[0], split.inputs["Geometry"])
    tree.links.new(chosen.outputs[0], split.inputs["Selection"])
    tree.links.new(split.outputs["Selection" if keep else "Inverted"], end.inputs[0])
    return tree


def _drop_unused_slots(mesh: bpy.types.Mesh) -> None:
    slots = _slots(mesh)
    used = np.unique(slots)
    for slot in reversed(range(len(mesh.materials))):
        if slot not in used:
            mesh.materials.pop(index=slot)
    mesh.polygons.foreach_set("material_index", np.searchsorted(used, slots).astype(np.int32))


def _object(name: str, mesh: bpy.types.Mesh, like: bpy.types.Object) -> bpy.types.Object:
    """Return a new object where another one stands, beside it in its collections."""
    mesh.name = name
    made = bpy.data.objects.new(name, mesh)
    made.parent, made.matrix_parent_inverse = like.parent, like.matrix_parent_inverse
    made.matrix_world = like.matrix_world
    for collection in like.users_collection:
        collection.objects.link(made)
    return made
