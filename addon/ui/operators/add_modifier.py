"""Add Modifier > Depth > Depth Relief, for when the asset library, and Blender's own entry with it, is switched off."""

import bpy

from ...errors import DepthNodesError
from ...scene import relief


class DEPTH_NODES_OT_add_modifier(bpy.types.Operator):
    """Add the Depth Relief modifier: a depth image shapes the mesh through its UV map"""

    bl_idname = "depth_nodes.add_modifier"
    bl_label = "Depth Relief"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        ob = context.object
        if ob is None or ob.type != "MESH":
            cls.poll_message_set("Make a mesh object active to give it a relief")
        elif ob.library is not None:
            cls.poll_message_set("The object is linked from another file. Make it local or override it")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            modifier = relief.add_modifier(context.object)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.object.modifiers.active = modifier
        if not context.object.data.uv_layers:
            self.report({"WARNING"}, "The mesh has no UV map to place the depth image with. Unwrap it")
        return {"FINISHED"}
