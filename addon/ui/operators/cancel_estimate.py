"""Cancel every estimate that is running."""

import bpy

from ...engine import jobs


class DEPTH_NODES_OT_cancel_estimate(bpy.types.Operator):
    """Cancel all running estimates. Finished results are kept"""

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
