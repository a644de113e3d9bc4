"""Object > Freeze Grid, which makes the sampled grid a real mesh, and Unfreeze Grid."""

import bpy
from bpy.props import BoolProperty

from ...errors import DepthNodesError
from ...scene import freeze, relief


class DEPTH_NODES_OT_freeze_grid(bpy.types.Operator):
    """Store the sampled grid as a mesh, which is much faster to shape. To edit or sculpt, use Relief to Mesh instead"""

    bl_idname = "depth_nodes.freeze_grid"
    bl_label = "Freeze Grid"
    bl_options = {"REGISTER", "UNDO"}

    cut: BoolProperty(
        name="Include Cut",
        description="Bake the current cut into the mesh. Much faster; Threshold, Angle and Minimum Island are locked "
        "until you unfreeze",
        default=False,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _poll(cls, context, frozen=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            mesh = freeze.freeze(context.object, relief.find_modifier(context.object), cut=self.cut)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Froze {len(mesh.vertices):,} vertices")
        return {"FINISHED"}


class DEPTH_NODES_OT_unfreeze_grid(bpy.types.Operator):
    """Restore the object's original mesh, so that the relief follows the image and Resolution again"""

    bl_idname = "depth_nodes.unfreeze_grid"
    bl_label = "Unfreeze Grid"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _poll(cls, context, frozen=True)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            freeze.unfreeze(context.object, relief.find_modifier(context.object))
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def _poll(cls: type[bpy.types.Operator], context: bpy.types.Context, *, frozen: bool) -> bool:
    """Return whether the active object has a relief whose grid is frozen, or is not; else say what to do."""
    modifier = relief.find_modifier(context.object)
    if modifier is None:
        cls.poll_message_set("Make an object with a Depth Relief modifier active")
    elif context.mode != "OBJECT":
        cls.poll_message_set("Switch to Object Mode to freeze or unfreeze the grid")
    elif freeze.is_frozen(context.object, modifier) != frozen:
        cls.poll_message_set("The grid is not frozen" if frozen else "The grid is frozen already")
    else:
        return True
    return False
