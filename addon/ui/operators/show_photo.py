"""Show Photo: Solid shading shows photos as they are, or shapes again."""

from typing import Any

import bpy

from .. import first_sight


class DEPTH_NODES_OT_show_photo(bpy.types.Operator):
    """Show photos in Solid shading as they are, or shapes in grey with light on them"""

    bl_idname = "depth_nodes.show_photo"
    bl_label = "Show Photo"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether this is a viewport with Solid shading."""
        space: Any = context.space_data
        if space is not None and space.type == "VIEW_3D" and space.shading.type == "SOLID":
            return True
        cls.poll_message_set("Switch the viewport to Solid shading")
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show the other one."""
        shading = context.space_data.shading
        if first_sight.shows_photo(shading):
            first_sight.shade_shape(shading)
        else:
            first_sight.shade_photo(shading)
        return {"FINISHED"}
