"""What the operators that add a relief share: where it stands, how it is projected, whether a camera comes with it."""

from dataclasses import dataclass
from typing import Literal

import bpy
from bpy.props import BoolProperty, EnumProperty
from mathutils import Matrix

from .. import relief

_ORIENTATIONS = {"STANDING": relief.STANDING, "LYING": relief.LYING}

# A file browser reads this property of the operator that it serves: 3 is its view of pictures.
THUMBNAILS = EnumProperty(items=(("THUMBNAIL", "Thumbnails", "", 3),), options={"HIDDEN"})


class Placing:
    """Mixed into an operator that adds a relief at the 3D cursor."""

    projection: EnumProperty(
        name="Projection",
        description="How depth becomes shape; can be changed in the modifier at any time",
        items=(
            ("Relief", "Relief", "The picture's plane, raised where the photo is near"),
            ("Camera", "Camera", "The space in front of the camera, along its true rays"),
        ),
    )
    orientation: EnumProperty(
        name="Orientation",
        description="How the relief stands at the 3D cursor",
        items=(
            ("STANDING", "Standing", "Upright, seen from the front view"),
            ("LYING", "Lying", "Flat, facing up"),
        ),
    )
    use_camera: BoolProperty(
        name="Camera That Fits",
        description="Add a camera from which the relief looks like the photo, make it the scene's, and set the render "
        "size to the photo's",
        default=False,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether a relief can be added here."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode to add a relief")
        elif context.scene.library is not None:
            cls.poll_message_set("The scene is linked from another file: add the relief to a scene of this file")
        elif context.collection.library is not None or context.collection.override_library is not None:
            cls.poll_message_set("The active collection is linked from another file: choose one of this file's own")
        else:
            return True
        return False

    def matrix(self, context: bpy.types.Context) -> Matrix:
        """Return where the relief stands."""
        return Matrix.Translation(context.scene.cursor.location) @ _ORIENTATIONS[self.orientation]

    def placement(self, context: bpy.types.Context) -> "Placement":
        """Return what was chosen, to add a relief by when its depth is there and the operator may be gone."""
        return Placement(self.matrix(context), self.projection, self.use_camera)


@dataclass(frozen=True)
class Placement:
    """Where a relief stands, how it is projected, and whether a camera comes with it."""

    matrix: Matrix
    projection: Literal["Relief", "Camera"]
    use_camera: bool

    def add_relief(self, photo_uid: int, depth: bpy.types.Image) -> None:
        """Add the relief of a photo, which is there, to the active collection, and select it."""
        context = bpy.context
        picture = next(image for image in bpy.data.images if image.session_uid == photo_uid)
        collection = context.collection
        ob, modifier = relief.add(picture, depth, collection=collection, matrix=self.matrix, projection=self.projection)
        if self.use_camera:
            relief.add_camera(ob, modifier, picture, collection=collection, scene=context.scene)
        if context.mode == "OBJECT":  # else somebody began to edit another object meanwhile
            select_only(context, ob)


def select_only(context: bpy.types.Context, ob: bpy.types.Object) -> None:
    """Select the new object and make it active, as Blender's own Add menu does."""
    context.view_layer.update()  # a scene that was not drawn yet doesn't know the new object
    for other in context.view_layer.objects.selected:
        other.select_set(False)
    if context.view_layer.objects.get(ob.name) is not None:  # not so in a collection that the view layer leaves out
        ob.select_set(True)
        context.view_layer.objects.active = ob
