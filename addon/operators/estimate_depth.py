"""Estimate Depth: of the image in the Image Editor, or of the photos on the selected objects."""

from collections.abc import Callable
from functools import partial

import bpy
from bpy.props import EnumProperty, StringProperty

from .. import estimate, jobs, photo, relief
from ..errors import EstimateError, PhotoError
from .estimating import Estimating
from .placing import Placing


class DEPTH_NODES_OT_estimate_depth(Estimating, Placing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of the image that is shown here, or of the photos on the selected objects"""

    bl_idname = "depth_nodes.estimate_depth"
    bl_label = "Estimate Depth"
    bl_options = {"UNDO"}  # no REGISTER: adjusting it afterwards would estimate again, and block

    image: StringProperty(
        name="Image", description="Name of the image; empty takes the one that is shown", options={"SKIP_SAVE"}
    )
    make: EnumProperty(
        name="Make",
        description="What to do with the depth",
        items=(
            ("DEPTH", "Depth Image", "Keep it as an image; what follows it already follows the new one"),
            ("RELIEF", "Relief", "Add a relief that shows the image"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode not in {"OBJECT", "PAINT_TEXTURE"} and context.area and context.area.type == "VIEW_3D":
            cls.poll_message_set("Switch to Object Mode to estimate the depth of an object's photo")
            return False
        return True

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        settings = estimate.settings()
        space = context.space_data if context.area is not None and context.area.type == "IMAGE_EDITOR" else None
        frame = context.scene.frame_current
        if self.image or space is not None:
            image = bpy.data.images.get(self.image) if self.image else space.image
            if image is None:
                raise PhotoError("No image is shown here: open a photo first")
            user = space.image_user if space is not None and space.image == image else None
            finish = None
            if self.make == "RELIEF":
                if not super().poll(context):
                    raise EstimateError("A relief needs Object Mode, and a scene and collection of this file")
                finish = partial(self.placement(context).add_relief, image.session_uid)
            return [partial(jobs.submit, image, settings, on_depth=finish, user=user, frame=frame)]
        shown = {ob: photo.shown_by(ob) for ob in context.selected_objects if ob.is_editable}
        photos = {ob: image for ob, image in shown.items() if image is not None}
        if not photos:
            raise PhotoError(
                "Select a mesh of this file whose material shows a photo, or open a photo in the Image Editor"
            )
        return [
            partial(jobs.submit, image, settings, on_depth=partial(relief.shape_object, ob.session_uid), frame=frame)
            for ob, image in photos.items()
        ]
