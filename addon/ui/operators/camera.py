"""The relief's camera: Add Matching Camera, Return to Photo View, and Parallax, which moves it."""

from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty

from ...errors import DepthNodesError, PhotoError
from ...scene import camera, parallax, photo, relief
from .. import first_sight


class _OfRelief:
    """Mixed into an operator on the camera of the active relief, or on the active camera of one."""

    needs_camera = True

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether there is a relief, and a camera where one is needed."""
        found = _found(context)
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode first")
        elif context.scene.library is not None:
            cls.poll_message_set("The scene is linked from another file")
        elif found is None:
            cls.poll_message_set("Make an object with a Depth Relief modifier active")
        elif cls.needs_camera and camera.find(found[0], context.scene) is None:
            cls.poll_message_set("The relief has no camera yet. Add Matching Camera first")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do it, and look through the camera."""
        try:
            self.act(context, *_found(context))
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        first_sight.through_camera(context)
        return {"FINISHED"}

    def act(self, context: bpy.types.Context, ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> None:
        """Do it; to be written by each operator. Raises DepthNodesError."""
        raise NotImplementedError


def _found(context: bpy.types.Context) -> tuple[bpy.types.Object, bpy.types.NodesModifier] | None:
    """Return the relief that is active, or that the active camera was added for."""
    for ob in (context.object, camera.relief_of(context.object)):
        modifier = relief.find_modifier(ob)
        if ob is not None and modifier is not None:
            return ob, modifier
    return None


class DEPTH_NODES_OT_add_camera(_OfRelief, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Add a camera from which the relief looks like the photo. It becomes the scene's camera, and is free to move"""

    bl_idname = "depth_nodes.add_camera"
    bl_label = "Add Matching Camera"
    bl_options = {"REGISTER", "UNDO"}
    needs_camera = False

    def act(self, context: bpy.types.Context, ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> None:
        texture = photo.shown_by(ob)
        picture = texture.image if texture is not None else relief.depth_of(modifier)
        if picture is None or 0 in picture.size:
            raise PhotoError(f"{ob.name!r} has no picture yet. Choose a depth image in its modifier")
        camera.add(ob, modifier, picture, collection=context.collection, scene=context.scene)


class DEPTH_NODES_OT_photo_view(_OfRelief, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Put the relief's camera back to where the relief looks like the photo; a move made by Parallax is removed"""

    bl_idname = "depth_nodes.photo_view"
    bl_label = "Return to Photo View"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: bpy.types.Context, ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> None:
        found: Any = camera.find(ob, context.scene)
        parallax.clear(found)
        camera.go_back(found, ob, modifier)
        context.scene.camera = found
        if found.animation_data is not None and found.animation_data.action is not None:
            self.report({"INFO"}, "The camera has keyframes, which move it at the next frame. Delete them to keep it")


class DEPTH_NODES_OT_parallax(_OfRelief, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Move the relief's camera around the photo's view, as far as the background covers"""

    bl_idname = "depth_nodes.parallax"
    bl_label = "Parallax"
    bl_options = {"REGISTER", "UNDO"}
    needs_camera = False

    move: EnumProperty(
        name="Move",
        description="How the camera moves",
        items=(
            ("LOOP", "Loop", "In a circle: it ends where it begins, and repeats without a jump"),
            ("DOLLY", "Dolly", "From left to right"),
            ("PUSH", "Push In", "Ahead, from the photo's view"),
            ("ORBIT", "Orbit", "Around the middle of the scene, from left to right"),
        ),
    )
    frames: IntProperty(name="Frames", description="Length of the move", default=96, min=2, soft_max=480, max=100000)
    strength: FloatProperty(
        name="Strength",
        description="How far the camera moves. 1 is as far as the background covers; beyond that, holes come to light",
        default=1.0,
        min=0.01,
        soft_max=2.0,
        max=10.0,
    )

    def act(self, context: bpy.types.Context, ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> None:
        found = camera.find(ob, context.scene)
        if found is None:
            bpy.ops.depth_nodes.add_camera()
            found = camera.find(ob, context.scene)
        parallax.animate(found, ob, modifier, context.scene, move=self.move, frames=self.frames, strength=self.strength)
