"""Retry Smaller: what did not fit into memory, with half the pixels."""

from collections.abc import Callable
from functools import partial

import bpy

from .. import estimate, jobs
from ..errors import PhotoError
from .estimating import Estimating


class DEPTH_NODES_OT_retry_smaller(Estimating, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Free the memory of the engine, and try again with half the pixels"""

    bl_idname = "depth_nodes.retry_smaller"
    bl_label = "Retry Smaller"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return jobs.last_failed() is not None

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        failed = jobs.last_failed()
        image = next((image for image in bpy.data.images if image.session_uid == failed.image_uid), None)
        if image is None:
            raise PhotoError(f"{failed.name} is not there any more")
        jobs.free_memory()
        smaller = estimate.smaller(failed.settings)
        return [partial(jobs.submit, image, smaller, on_depth=failed.on_depth, frame=context.scene.frame_current)]
