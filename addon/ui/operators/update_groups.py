"""Object > Update Depth Groups: older releases' groups in the file become this release's."""

import bpy

from ...errors import DepthNodesError
from ...scene import upgrade


class DEPTH_NODES_OT_update_groups(bpy.types.Operator):
    """Replace an older release's depth groups. Values and animation are kept, changes inside the groups are not"""

    bl_idname = "depth_nodes.update_groups"
    bl_label = "Update Depth Groups"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode to update the groups")
        elif not upgrade.needed():
            cls.poll_message_set("All depth groups in this file are up to date")
        else:
            return True
        return False

    def execute(self, _context: bpy.types.Context) -> set[str]:
        try:
            done = upgrade.update()
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for lost in done.lost:
            self.report({"WARNING"}, lost)
        self.report({"INFO"}, f"Updated {done.modifiers} modifiers and {done.nodes} nodes")
        return {"FINISHED"}
