"""Object > Unfreeze Grid: back to the former mesh, and to a grid that follows the image."""

import bpy

from ...errors import DepthNodesError
from ...scene import freeze, relief


class DEPTH_NODES_OT_unfreeze_grid(bpy.types.Operator):
    """Give the object its former mesh back, so that the relief follows the image and Resolution again"""

    bl_idname = "depth_nodes.unfreeze_grid"
    bl_label = "Unfreeze Grid"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        modifier = relief.find_modifier(context.object)
        if modifier is None:
            cls.poll_message_set("Make an object with a Depth Relief modifier active")
        elif context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode to unfreeze the grid")
        elif not freeze.is_frozen(context.object, modifier):
            cls.poll_message_set("The grid is not frozen")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            freeze.unfreeze(context.object, relief.find_modifier(context.object))
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}
