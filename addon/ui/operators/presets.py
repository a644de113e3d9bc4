"""Presets of a relief: applied to the selected ones, and saved as Blender's own presets are."""

import json

import bpy
from bl_operators.presets import AddPresetBase
from bpy.props import StringProperty

from ...errors import DepthNodesError
from ...scene import presets, relief


class DEPTH_NODES_MT_presets(bpy.types.Menu):
    bl_label = "Presets"
    preset_subdir = presets.FOLDER
    preset_operator = "script.execute_preset"
    draw = bpy.types.Menu.draw_preset  # type: ignore[assignment]  # Blender's own, which names its context otherwise


class DEPTH_NODES_OT_shape(bpy.types.Operator):
    """Apply a preset to the selected reliefs"""

    bl_idname = "depth_nodes.shape"
    bl_label = "Shape by Preset"
    bl_options = {"UNDO", "INTERNAL"}

    settings: StringProperty(description="Inputs by name, as JSON", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if _reliefs(context):
            return True
        cls.poll_message_set("Select an object with a Depth Relief modifier")
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        missing: set[str] = set()
        try:
            for modifier in _reliefs(context):
                missing.update(presets.apply(modifier, json.loads(self.settings)))
        except (DepthNodesError, ValueError) as error:
            self.report({"ERROR"}, f"The preset can't be applied: {error}")
            return {"CANCELLED"}
        if missing:
            self.report({"WARNING"}, f"This release has no input {', '.join(sorted(missing))}")
        return {"FINISHED"}


class DEPTH_NODES_OT_preset_add(AddPresetBase, bpy.types.Operator):
    """Save the settings of the active relief as a preset, or remove the chosen preset"""

    bl_idname = "depth_nodes.preset_add"
    bl_label = "Add Relief Preset"
    preset_menu = "DEPTH_NODES_MT_presets"
    preset_subdir = presets.FOLDER

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return relief.find_modifier(context.object) is not None

    def add(self, context: bpy.types.Context, filepath: str) -> None:
        """Write the file, as Blender asks for; what goes wrong is reported."""
        modifier = relief.find_modifier(context.object)
        try:
            presets.write(filepath, presets.of(modifier))
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))


def _reliefs(context: bpy.types.Context) -> list[bpy.types.NodesModifier]:
    """Return the modifier of each selected relief, and of the active one."""
    found = (relief.find_modifier(ob) for ob in dict.fromkeys([*context.selected_objects, context.object]))
    return [modifier for modifier in found if modifier is not None]
