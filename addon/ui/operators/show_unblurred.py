"""Show Unblurred Photo: many phones keep a portrait twice, and blur the background of the one that they show."""

from typing import Any

import bpy

from ...engine import handover, own_depth
from ...errors import DepthNodesError, PhotoError
from ...scene import photo, relief
from ...scene.plane import title


class DEPTH_NODES_OT_show_unblurred(bpy.types.Operator):
    """Show the photo as it was before the phone blurred its background. A camera's depth of field can blur it"""

    bl_idname = "depth_nodes.show_unblurred"
    bl_label = "Show Unblurred Photo"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        modifier = relief.find_modifier(context.object)
        depth = relief.depth_of(modifier) if modifier is not None else None
        if depth is None or not handover.has_unblurred(depth):
            cls.poll_message_set("The photo's file has no unblurred picture")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            _show(context.object)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def _show(ob: Any) -> None:
    """Put the unblurred picture into the texture that an object shows. Raises DepthNodesError."""
    texture: Any = photo.shown_by(ob)
    own = own_depth.of(texture.image) if texture is not None and texture.image is not None else None
    found = own_depth.unblurred(own) if own is not None else None
    if found is None:
        raise PhotoError(f"{ob.name!r} does not show the photo's own file any more. Choose that image in its material")
    depth = handover.depth_of(texture.image)
    texture.image = photo.from_picture(f"{title(texture.image)} Unblurred", *found)
    if depth is not None:
        handover.keep(texture.image, depth)
