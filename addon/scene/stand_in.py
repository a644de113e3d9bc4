"""What Depth Relief makes on its way: a copy of a relief whose group ends earlier, evaluated in a scene of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import bpy

from ..errors import FreezeError
from . import inputs
from .groups import STAMP

# The groups inside Depth Relief that end where the samples are taken and nothing has moved yet, and that cut.
SAMPLES, CUTOFF = "Depth Samples", "Edge-Aware Cutoff"

_LESS = "Viewport Resolution"

End = Callable[[bpy.types.NodeTree], bpy.types.NodeSocket]


def evaluated(ob: bpy.types.Object, modifier: bpy.types.NodesModifier, end: End) -> bpy.types.Mesh:
    """Return a new mesh: what the modifier would make of the object's mesh if its group ended at the geometry of `end`.

    end: is given a copy of the group, which it may add to, and returns a socket of it. The copy of the object has the
    modifier's inputs as they are, animation included, because it has the same interface; other modifiers don't count.
    """
    with _stand_in(ob, modifier, end) as (scene, double):
        view_layer = scene.view_layers[0]
        view_layer.update()
        depsgraph = view_layer.depsgraph
        shown = double.evaluated_get(depsgraph)  # type: ignore[arg-type]  # the update has made it
        return bpy.data.meshes.new_from_object(shown, preserve_all_data_layers=True, depsgraph=depsgraph)


@contextmanager
def _stand_in(
    ob: bpy.types.Object, modifier: bpy.types.NodesModifier, end: End
) -> Iterator[tuple[bpy.types.Scene, bpy.types.Object]]:
    tree = modifier.node_group.copy()
    double = ob.copy()
    scene = bpy.data.scenes.new("Freeze Grid")
    try:
        scene.frame_current = bpy.context.scene.frame_current
        scene.collection.objects.link(double)
        for other in [other for other in double.modifiers if other.name != modifier.name]:
            double.modifiers.remove(other)
        geometry = end(tree)
        for node in tree.nodes:
            if node.bl_idname == "NodeGroupOutput":
                tree.links.new(geometry, node.inputs[0])
        copied = cast("bpy.types.NodesModifier", double.modifiers[0])
        copied.show_viewport = True
        copied.node_group = tree
        if _LESS in inputs.input_names(copied):  # not so in a group of an older release
            inputs.set_input(copied, _LESS, 0)  # what is kept is for renders too
        yield scene, double
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.objects.remove(double)
        bpy.data.node_groups.remove(tree)


def group_in(tree: bpy.types.NodeTree, name: str, modifier: bpy.types.NodesModifier) -> bpy.types.Node:
    """Return the node of a group that ships, whatever it is called in the file. Raises FreezeError without one."""
    nodes = [node for node in tree.nodes if node.bl_idname == "GeometryNodeGroup" and node.node_tree]
    found = next((node for node in nodes if node.node_tree.get(STAMP, "").startswith(f"{name} ")), None)
    if found is None:
        raise FreezeError(f"{modifier.name!r} is not a Depth Relief. Choose that modifier")
    return found


def store(
    tree: bpy.types.NodeTree,
    geometry: bpy.types.NodeSocket,
    name: str,
    value: bpy.types.NodeSocket,
    data_type: Any,
    domain: Any = "POINT",
) -> bpy.types.NodeSocket:
    """Return the geometry with a named attribute."""
    node = tree.nodes.new("GeometryNodeStoreNamedAttribute")
    node.data_type, node.domain = data_type, domain
    node.inputs["Name"].default_value = name
    tree.links.new(geometry, node.inputs["Geometry"])
    tree.links.new(value, next(socket for socket in node.inputs if socket.enabled and socket.name == "Value"))
    return node.outputs["Geometry"]
