"""What the operators that add a relief share: where it stands, how it is projected, whether a camera comes with it."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty
from mathutils import Matrix

from ...scene import presets
from ...scene.plane import LYING, STANDING

_ORIENTATIONS = {"STANDING": STANDING, "LYING": LYING}

# A file browser reads this property of the operator that it serves: 3 is its view of pictures.
THUMBNAILS = EnumProperty(items=(("THUMBNAIL", "Thumbnails", "", 3),), options={"HIDDEN"})


PLACING = ("preset", "projection", "orientation", "use_camera")  # in the order in which they are drawn


_items: list[tuple[str, str, str]] = []  # kept, since Blender doesn't keep the texts of items that are computed


def _presets(_self: object, _context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    _items[:] = [("NONE", "None", "As the modifier is by itself")]
    _items.extend((str(path), name, "Inputs of the modifier, Projection too") for name, path in presets.paths().items())
    return _items


class Placing:
    """Mixed into an operator that adds a relief at the 3D cursor."""

    preset: EnumProperty(
        name="Preset",
        description="What the relief is shaped to. You can change everything in the modifier at any time",
        items=_presets,
        options={"SKIP_SAVE"},
    )

    projection: EnumProperty(
        name="Projection",
        description="How depth becomes shape. You can change it in the modifier at any time",
        items=(
            ("Relief", "Relief", "The plane of the picture, raised where the photo is near"),
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
        name="Matching Camera",
        description="Add a camera from which the relief looks like the photo, and which is free to move. It becomes "
        "the scene's camera; the render size is set to the photo's, and the view transform to Standard",
        default=False,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether a relief can be added here."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode to add a relief")
        elif context.scene.library is not None:
            cls.poll_message_set("The scene is linked from another file. Add the relief to a scene of this file")
        elif context.collection.library is not None or context.collection.override_library is not None:
            cls.poll_message_set("The active collection is linked from another file. Choose a collection of this file")
        else:
            return True
        return False

    def matrix(self, context: bpy.types.Context) -> Matrix:
        """Return where the relief stands."""
        return Matrix.Translation(context.scene.cursor.location) @ _ORIENTATIONS[self.orientation]

    def shape(self) -> dict[str, Any]:
        """Return the inputs of the chosen preset. Raises PresetError where it can't be read."""
        return presets.read(self.preset) if self.preset not in {"", "NONE"} else {}
