"""Preferences > Cancel: stop setting up the engine."""

import bpy

from ...engine import setup


class DEPTH_NODES_OT_cancel_set_up(bpy.types.Operator):
    """Cancel setting up the engine. Files that were downloaded completely are not downloaded again"""

    bl_idname = "depth_nodes.cancel_set_up"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return setup.is_making()

    def execute(self, _context: bpy.types.Context) -> set[str]:
        setup.installation().cancel()
        return {"FINISHED"}
