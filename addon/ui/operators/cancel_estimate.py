"""Cancel: gives up every estimate that is under way."""

import bpy

from ...engine import jobs


class DEPTH_NODES_OT_cancel_estimate(bpy.types.Operator):
    """Give up what is being estimated; what is done already stays"""

    bl_idname = "depth_nodes.cancel_estimate"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return bool(jobs.waiting())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        for job in jobs.waiting():
            jobs.cancel(job)
        return {"FINISHED"}
