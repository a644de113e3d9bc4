"""Fill Background: a depth image without a background gets one while Blender goes on."""

import bpy

from ...errors import DepthImageError, DepthNodesError
from ...scene import background, photo, relief
from .waiting import Waiting


class DEPTH_NODES_OT_fill_background(Waiting, bpy.types.Operator):
    """Fill in depth and colour behind every edge, so that a moving camera does not see holes there"""

    bl_idname = "depth_nodes.fill_background"
    bl_label = "Fill Background"
    bl_options = {"UNDO"}

    given: background.Filling | None = None  # begun already, for the next one to wait for

    _uid: int  # of the object
    _name: str
    _work: background.Filling | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        modifier = relief.find_modifier(context.object)
        if modifier is None:
            cls.poll_message_set("Make an object with a Depth Relief modifier active")
        elif not background.is_missing(relief.depth_of(modifier)):
            cls.poll_message_set("The depth image has a background already, or was not made by Depth Nodes")
        elif photo.shown_by(context.object) is None:
            cls.poll_message_set("Give the object a material that shows the photo")
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        cls = type(self)
        self._work, cls.given = cls.given, None
        self._uid, self._name = context.object.session_uid, context.object.name
        return self._wait(context)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC" and event.value == "PRESS":
            self._leave(context)
            return {"CANCELLED"}
        if event.type != "TIMER" or (self._work is not None and not self._work.is_over):
            return {"PASS_THROUGH"}
        if self._work is None and self._begin():
            return {"PASS_THROUGH"}
        self._leave(context)
        return self._end() if self._work is not None else {"CANCELLED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: its window is closed, or another file is loaded."""
        self._leave(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fill it in and wait: for scripts and background mode."""
        self._uid = context.object.session_uid
        return self._end() if self._begin() else {"CANCELLED"}

    def _begin(self) -> bool:
        """Begin, or report why that can't be."""
        ob = next((ob for ob in bpy.data.objects if ob.session_uid == self._uid), None)
        modifier = relief.find_modifier(ob)
        texture = photo.shown_by(ob) if ob is not None else None
        if modifier is None or texture is None:
            return False  # deleted or undone meanwhile
        try:
            self._work = background.Filling.of(relief.depth_of(modifier), texture.image)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return False
        return True

    def _end(self) -> set[str]:
        try:
            relief.show_background(self._work.finish())
        except DepthNodesError as error:
            by_artist = isinstance(error, DepthImageError)  # who changed or removed the image
            self.report({"INFO" if by_artist else "ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _status(self) -> str:
        return f"Filling in the background of {self._name}…   (Esc cancels)"


def wait_for(context: bpy.types.Context, ob: bpy.types.Object, work: background.Filling) -> None:
    """Wait in the window for the background of a relief that stands already."""
    DEPTH_NODES_OT_fill_background.given = work
    with context.temp_override(object=ob):
        bpy.ops.depth_nodes.fill_background("INVOKE_DEFAULT")
