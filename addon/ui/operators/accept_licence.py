"""Asks once whether weights may be used whose licence forbids commercial use."""

import bpy

from ....inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...engine import jobs, settings
from ..words import draw_line


class DEPTH_NODES_OT_accept_licence(bpy.types.Operator):
    """Accept the licence of the chosen model's weights"""

    bl_idname = "depth_nodes.accept_licence"
    bl_label = "Accept Licence"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Accept"))

    def draw(self, _context: bpy.types.Context) -> None:
        spec = catalog.get(settings.preferences().model)
        column = self.layout.column(align=True)
        draw_line(column, f"The weights of {spec.title} have the licence {spec.licence}:", icon="INFO")
        column.label(text="they may not be used for commercial purposes.", icon="BLANK1")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        chosen = settings.preferences()
        accepted = {name for name in chosen.accepted.split(",") if name} | {chosen.model}
        chosen.accepted = ",".join(sorted(accepted))
        jobs.forget_failure()
        return {"FINISHED"}
