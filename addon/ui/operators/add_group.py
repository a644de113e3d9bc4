"""Add > Depth in the Geometry Nodes editor, for when the asset library, and Blender's own entry with it, is off."""

from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ...errors import DepthNodesError
from ...scene import groups


class DEPTH_NODES_OT_add_group(bpy.types.Operator):
    """Add this node group to the tree"""

    bl_idname = "depth_nodes.add_group"
    bl_label = "Add Depth Group"
    bl_options = {"REGISTER", "UNDO"}

    group: StringProperty(name="Group", description="Name of a node group that ships with Depth Nodes")
    swap: BoolProperty(
        name="Swap", description="Replace the selected nodes and keep their links", default=False, options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        space = context.space_data
        if space is None or space.type != "NODE_EDITOR" or space.tree_type != "GeometryNodeTree":
            cls.poll_message_set("Depth groups are added in a Geometry Nodes editor")
        elif space.edit_tree is None:
            cls.poll_message_set("Create or choose a Geometry Nodes tree first")
        elif not space.edit_tree.is_editable:
            cls.poll_message_set("The node tree is linked from another file. Make it local to edit it")
        else:
            return True
        return False

    def invoke(self, _context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        return self._add("INVOKE_DEFAULT")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        return self._add("EXEC_DEFAULT")

    def _add(self, how: str) -> set[str]:
        """Hand the fetched group to Blender's own operator, so that the node follows the mouse and links are kept."""
        try:
            group = groups.fetch(self.group)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        settings: Any = [  # how Python fills a collection property
            {"name": "node_tree", "value": f"bpy.data.node_groups[{group.name!r}]"},
            {"name": "width", "value": repr(group.default_group_node_width)},
            {"name": "name", "value": repr(group.name)},
        ]
        if self.swap:
            return bpy.ops.node.swap_node(how, type="GeometryNodeGroup", settings=settings)
        return bpy.ops.node.add_node(how, type="GeometryNodeGroup", use_transform=True, settings=settings)
