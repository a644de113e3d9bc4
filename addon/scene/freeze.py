"""Freeze Grid: the sampled grid becomes the object's own mesh, which is quicker to shape; and back again."""

import bpy
import numpy as np

from ..errors import FreezeError
from . import inputs, stand_in
from .plane import UV_MAP

# On the frozen mesh. A datablock in a custom property has a user, so the former mesh is saved with the file.
_FORMER_MESH, _FORMER_SURFACE = "depth_nodes_former_mesh", "depth_nodes_former_surface"
_WAS_CUT = "depth_nodes_was_cut"  # there where the cut is part of the mesh
_CUT = "depth_nodes_cut"  # on its faces: which the front has no more; Depth Relief leaves them to the background

_UV = "depth_nodes_uv"  # where each vertex lies in the picture, while it is on its way to the UV maps


def is_frozen(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> bool:
    """Return whether the object's mesh is the frozen grid of this modifier."""
    return _frozen_mesh(ob) is not None and inputs.get_input(modifier, "Surface") == "Frozen"


def freeze(ob: bpy.types.Object, modifier: bpy.types.NodesModifier, *, cut: bool = False) -> bpy.types.Mesh:
    """Make the grid that the modifier samples the object's mesh, with a `depth` attribute, and keep the former mesh.

    Everything that does not move the samples (range, projection, cutoff) stays live. cut: leave out of the mesh what
    the modifier cuts away now, and switch its Cutoff off, which takes most of a relief's time; unfreezing switches it
    on again. Returns the new mesh. Raises FreezeError, before anything changes, if the relief is frozen already, has no
    image, is in edit mode, or is linked or overridden, and for a cut that flattens (Edge Falloff) or leaves nothing.
    """
    _check_editable(ob)
    if _frozen_mesh(ob) is not None:
        raise FreezeError(f"{ob.name!r} is frozen already. Unfreeze it to sample again")
    image = inputs.get_input(modifier, "Image")
    if image is None or 0 in image.size:
        raise FreezeError(f"{modifier.name!r} has no depth image to freeze. Choose one under Image")
    former, surface = ob.data, inputs.get_input(modifier, "Surface")
    cut = cut and inputs.get_input(modifier, "Cutoff")
    if cut and inputs.get_input(modifier, "Edge Falloff") > 0:
        raise FreezeError(f"{modifier.name!r} flattens edges instead of cutting them. Set Edge Falloff to 0")
    mesh = _samples(ob, modifier, cut)
    if "depth" not in mesh.attributes or not mesh.vertices:
        bpy.data.meshes.remove(mesh)
        way_out = "Raise Threshold or Angle" if cut else "Check its Surface, or use a new Depth Relief"
        raise FreezeError(f"{modifier.name!r} leaves nothing to freeze. {way_out}")
    _drop_empty_mark(mesh)
    _give_uv_maps(mesh, {inputs.get_attribute(modifier, "UV") or UV_MAP, UV_MAP})
    mesh.name = f"{former.name} Frozen"
    mesh[_FORMER_MESH], mesh[_FORMER_SURFACE] = former, surface
    _exchange(ob, mesh)
    inputs.set_input(modifier, "Surface", "Frozen")
    if cut:
        mesh[_WAS_CUT] = True
        inputs.set_input(modifier, "Cutoff", False)
    return mesh


def unfreeze(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> bpy.types.Mesh:
    """Give the object its former mesh and the modifier its former surface back; the frozen mesh is removed.

    Returns the former mesh. Raises FreezeError, before anything changes, if the relief is not frozen.
    """
    _check_editable(ob)
    frozen = _frozen_mesh(ob)
    if frozen is None or not is_frozen(ob, modifier):
        raise FreezeError(f"{ob.name!r} is not frozen. There is nothing to unfreeze")
    former = frozen[_FORMER_MESH]
    if former is None:
        raise FreezeError(f"The mesh that {ob.name!r} had before was deleted. Set Surface to Mesh to keep this one")
    inputs.set_input(modifier, "Surface", frozen[_FORMER_SURFACE])
    if frozen.get(_WAS_CUT):
        inputs.set_input(modifier, "Cutoff", True)
    _exchange(ob, former)
    if frozen.users == 0:
        bpy.data.meshes.remove(frozen)
    return former


def _frozen_mesh(ob: bpy.types.Object) -> bpy.types.Mesh | None:
    """Return the object's mesh if freezing made it; its former mesh may be deleted since."""
    if isinstance(ob.data, bpy.types.Mesh) and ob.data.get(_FORMER_SURFACE) is not None:
        return ob.data
    return None


def _check_editable(ob: bpy.types.Object) -> None:
    if ob.type != "MESH":
        raise FreezeError(f"{ob.name!r} is not a mesh. Select an object with a Depth Relief modifier")
    if ob.mode != "OBJECT":
        raise FreezeError(f"{ob.name!r} is in {ob.mode.lower()} mode. Switch to Object Mode first")
    for block in (ob, ob.data):
        if block.override_library or not block.is_editable:
            raise FreezeError(f"{block.name!r} is linked from another file. Make it local first")


def _exchange(ob: bpy.types.Object, mesh: bpy.types.Mesh) -> None:
    """Give the object another mesh, which takes over the materials of the present one."""
    for index, material in enumerate(ob.data.materials):
        if index < len(mesh.materials):
            mesh.materials[index] = material
        else:
            mesh.materials.append(material)
    ob.data = mesh


def _give_uv_maps(mesh: bpy.types.Mesh, names: set[str]) -> None:
    """Turn the place of each vertex in the picture into those UV maps that the mesh has not brought along."""
    uv = np.empty((len(mesh.loops), 2), np.float32)
    mesh.attributes[_UV].data.foreach_get("vector", uv.reshape(-1))
    mesh.attributes.remove(mesh.attributes[_UV])
    for name in sorted(names - set(mesh.attributes.keys())):
        mesh.uv_layers.new(name=name, do_init=False).uv.foreach_set("vector", uv.reshape(-1))


def _drop_empty_mark(mesh: bpy.types.Mesh) -> None:
    """Remove the mark of faces that only the background needs where no face has it: looking for them costs time."""
    mark = mesh.attributes.get(_CUT)
    if mark is None:
        return
    marked = np.empty(len(mark.data), bool)
    mark.data.foreach_get("value", marked)
    if not marked.any():
        mesh.attributes.remove(mark)


def _samples(ob: bpy.types.Object, modifier: bpy.types.NodesModifier, cut: bool) -> bpy.types.Mesh:
    """Return a new mesh: what the modifier samples from the object's mesh, before it moves anything.

    With `cut`, the faces that it will cut away are gone.
    """
    return stand_in.evaluated(ob, modifier, lambda tree: _end_at_samples(tree, modifier, cut))


def _end_at_samples(tree: bpy.types.NodeTree, modifier: bpy.types.NodesModifier, cut: bool) -> bpy.types.NodeSocket:
    """Return the geometry that is kept."""
    samples = stand_in.group_in(tree, stand_in.SAMPLES, modifier)
    geometry = stand_in.store(tree, samples.outputs["Geometry"], _UV, samples.outputs["UV"], "FLOAT2", "CORNER")
    if cut:
        geometry = _without_what_is_cut(tree, samples, geometry, stand_in.group_in(tree, stand_in.CUTOFF, modifier))
    return geometry


def _without_what_is_cut(
    tree: bpy.types.NodeTree, samples: bpy.types.Node, flat: bpy.types.NodeSocket, cutoff: bpy.types.Node
) -> bpy.types.NodeSocket:
    """Return the samples without the faces that the cutoff, which sees them where they have moved to, does not keep.

    Those on which the background stands remain for its sake, and are marked as cut.
    """
    cutoff.inputs["Delete"].default_value = False
    keep, gone = tree.nodes.new("GeometryNodeSampleIndex"), tree.nodes.new("FunctionNodeBooleanMath")
    keep.data_type, keep.domain, gone.operation = "BOOLEAN", "FACE", "NOT"
    tree.links.new(cutoff.outputs["Geometry"], keep.inputs["Geometry"])
    tree.links.new(cutoff.outputs["Keep"], keep.inputs["Value"])
    tree.links.new(tree.nodes.new("GeometryNodeInputIndex").outputs[0], keep.inputs["Index"])
    tree.links.new(keep.outputs[0], gone.inputs[0])
    marked = stand_in.store(tree, flat, _CUT, gone.outputs[0], "BOOLEAN", "FACE")
    bare, useless = tree.nodes.new("FunctionNodeCompare"), tree.nodes.new("FunctionNodeBooleanMath")
    bare.operation, useless.operation = "LESS_EQUAL", "AND"
    if "Presence" in samples.outputs:  # not so in a group of an older release
        tree.links.new(samples.outputs["Presence"], bare.inputs["A"])  # of a face the mean of its corners
    tree.links.new(gone.outputs[0], useless.inputs[0])
    tree.links.new(bare.outputs[0], useless.inputs[1])
    delete = tree.nodes.new("GeometryNodeDeleteGeometry")
    delete.domain = "FACE"
    tree.links.new(marked, delete.inputs["Geometry"])
    tree.links.new(useless.outputs[0], delete.inputs["Selection"])
    return delete.outputs[0]
