"""View > Texture From Picture: a picture made from a depth map goes back onto what the map showed."""

from pathlib import Path

import bpy
from bpy.props import StringProperty
from bpy_extras.io_utils import ImportHelper

from ...errors import DepthNodesError
from ...scene import photo, relief, texture
from .placing import THUMBNAILS
from .reopening import Reopening


class DEPTH_NODES_OT_texture_from_picture(Reopening, bpy.types.Operator, ImportHelper):  # type: ignore[misc]  # as Blender's own do
    """Lay a picture made from Depth Map of This View over the selected objects, where the camera sees them"""

    bl_idname = "depth_nodes.texture_from_picture"
    bl_label = "Texture From Picture"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(default=";".join(f"*{suffix}" for suffix in photo.SUFFIXES), options={"HIDDEN"})
    display_type: THUMBNAILS

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode first")
        elif not any(ob.type == "MESH" for ob in context.selected_objects):
            cls.poll_message_set("Select the meshes and reliefs that the picture shows")
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return self.open(context, event)

    def draw(self, context: bpy.types.Context) -> None:
        self.draw_problem(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        obs = [(ob, relief.find_modifier(ob)) for ob in context.selected_objects]
        try:
            count = texture.project(context.scene, obs, Path(bpy.path.abspath(self.filepath)))
        except DepthNodesError as error:
            return self.refuse(context, str(error))
        self.report({"INFO"}, f"The picture is on {count} object{'s' if count > 1 else ''}")
        return {"FINISHED"}
