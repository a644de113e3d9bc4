"""Copies what the engine said, for a report of a problem."""

import bpy

from ...engine import jobs, setup


class DEPTH_NODES_OT_copy_log(bpy.types.Operator):
    """Copy the engine's log to the clipboard, for a bug report"""

    bl_idname = "depth_nodes.copy_log"
    bl_label = "Copy Log"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = "\n\n".join(filter(None, (setup.log(), jobs.log())))
        self.report({"INFO"}, "Log copied")
        return {"FINISHED"}
