"""A file dialog that opens again as it was where what was chosen can't be used, and says why."""

from functools import partial
from typing import Any

import bpy
from bpy.props import StringProperty
from bpy_extras.io_utils import ImportHelper

from ..words import draw_message

_OF_THE_DIALOG = {"rna_type", "filter_glob", "display_type", "problem"}  # what is not the artist's choice
_STEP, _STEPS = 0.1, 100  # seconds between looks at a folder that Blender reads, and how many


class Reopening:
    """Mixed into an operator before ImportHelper, whose dialog it opens."""

    problem: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    _has_dialog = False

    def open(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the dialog. Return what `invoke` returns."""
        operator: Any = self
        self._has_dialog = True
        return set(ImportHelper.invoke(operator, context, event))

    def draw_problem(self, context: bpy.types.Context) -> None:
        """Draw why the dialog is open again."""
        operator: Any = self
        if self.problem:
            draw_message(operator.layout.box().column(align=True), self.problem, context.region)

    def refuse(self, context: bpy.types.Context, problem: str) -> set[str]:
        """Say what is wrong: in the dialog, which opens again, or in a report. Return what `execute` returns."""
        operator: Any = self
        if not self._has_dialog:
            operator.report({"ERROR"}, problem)
            return {"CANCELLED"}
        operator.report({"INFO"}, problem)  # a warning would pop up in front of the dialog
        self.reopen(context, problem)
        return {"CANCELLED"}

    def reopen(self, context: bpy.types.Context, problem: str) -> None:
        """Open the dialog as it was, as soon as Blender is done with this one."""
        operator: Any = self
        chosen = {
            prop.identifier: getattr(self, prop.identifier)
            for prop in operator.properties.bl_rna.properties
            if prop.type != "COLLECTION" and prop.identifier not in _OF_THE_DIALOG
        }
        names = [file.name for file in getattr(self, "files", ()) if file.name]
        again = partial(_open, context.window, operator.bl_idname, {**chosen, "problem": problem}, names)
        bpy.app.timers.register(again, first_interval=0.0)


def _open(window: bpy.types.Window, idname: str, chosen: dict[str, Any], names: list[str]) -> None:
    windows = bpy.context.window_manager.windows[:]
    if window not in windows:
        window = windows[0]  # it was the dialog's own
    area = max(window.screen.areas, key=lambda one: (one.type == "VIEW_3D", one.width * one.height))
    module, _, name = idname.partition("_OT_")
    with bpy.context.temp_override(window=window, area=area):
        getattr(getattr(bpy.ops, module.lower()), name)("INVOKE_DEFAULT", **chosen)
    if len(names) > 1:  # the dialog itself knows one
        bpy.app.timers.register(_Selecting(idname, names).turn, first_interval=_STEP)


class _Selecting:
    """Selects files in the dialog of an operator, once Blender has read the folder."""

    def __init__(self, idname: str, names: list[str]) -> None:
        self.idname, self.names, self.left = idname, names, _STEPS

    def turn(self) -> float | None:
        self.left -= 1
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                space: Any = area.spaces.active
                if area.type == "FILE_BROWSER" and getattr(space.active_operator, "bl_idname", "") == self.idname:
                    return None if self._select(window, area, space) else (_STEP if self.left else None)
        return None  # closed meanwhile

    def _select(self, window: bpy.types.Window, area: bpy.types.Area, space: Any) -> bool:
        region = next(one for one in area.regions if one.type == "WINDOW")
        with bpy.context.temp_override(window=window, area=area, region=region):
            for name in self.names:
                space.activate_file_by_relative_path(relative_path=name)
            selected: Any = bpy.context.selected_files or ()  # none until the folder is read
        return {file.name for file in selected} >= set(self.names)
