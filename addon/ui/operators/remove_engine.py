"""Preferences > Remove Engine: delete what Set Up Engine made, which an uninstall of the extension leaves."""

import bpy
from bpy.props import BoolProperty

from ...engine import jobs, place, setup
from ..words import draw_line


class DEPTH_NODES_OT_remove_engine(bpy.types.Operator):
    """Delete the engines that Set Up Engine made, for every Blender. Downloaded models stay"""

    bl_idname = "depth_nodes.remove_engine"
    bl_label = "Remove Engine"
    bl_options = {"INTERNAL"}

    unused: BoolProperty(
        name="Not in Use", description="Delete only the engines that are not in use", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if setup.is_making() or setup.is_working():
            cls.poll_message_set("An engine is being set up or removed")
            return False
        if jobs.waiting():
            cls.poll_message_set("Depth is being estimated. Wait for it, or cancel it")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Delete"))

    def draw(self, _context: bpy.types.Context) -> None:
        column = self.layout.column(align=True)
        for made in place.made(place.root())[int(self.unused) :]:
            draw_line(column, f"Deletes {made.title}", icon="TRASH")
            if made.users:
                draw_line(column, f"which Blender {' and '.join(made.users)} used", icon="BLANK1")
        draw_line(column, f"from {place.root()}", icon="BLANK1")
        column.label(text="Models stay in the Hugging Face cache, where other programs find them", icon="INFO")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        jobs.free_memory()  # a worker holds the engine's files
        used = place.made(place.root())[:1] if self.unused else []
        kept = {made.folder for made in used}
        setup.remove([folder for folder in place.folders(place.root()) if folder not in kept])
        return {"FINISHED"}
