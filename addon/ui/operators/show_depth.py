"""Show Depth: the Image Editor shows the depth of the photo that it shows, or the photo again."""

import bpy

from ...engine import handover


class DEPTH_NODES_OT_show_depth(bpy.types.Operator):
    """Show the depth that was estimated from this image, or the image again"""

    bl_idname = "depth_nodes.show_depth"
    bl_label = "Show Depth"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "IMAGE_EDITOR" and other(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.space_data.image = other(context)
        return {"FINISHED"}


def other(context: bpy.types.Context) -> bpy.types.Image | None:
    """Return the depth of the image that is shown, or the photo of the depth that is shown, or None."""
    shown = context.space_data.image
    return (handover.depth_of(shown) or handover.photo_of(shown)) if shown is not None else None
