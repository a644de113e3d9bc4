"""Asks once whether weights may be used whose licence forbids commercial use, or that come without one."""

import bpy

from ....inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...engine import jobs, settings, setup
from ..words import draw_wrapped

_WIDTH, _LETTERS = 420, 60  # of the dialog, in pixels; of a line in it


class DEPTH_NODES_OT_accept_licence(bpy.types.Operator):
    """Accept the licence of the chosen model's weights"""

    bl_idname = "depth_nodes.accept_licence"
    bl_label = "Accept Licence"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=_WIDTH, confirm_text="Accept"))

    def draw(self, _context: bpy.types.Context) -> None:
        spec = catalog.get(settings.preferences().model)
        draw_wrapped(self.layout.column(align=True), f"{spec.reservation}.", _LETTERS)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        chosen = settings.preferences()
        accepted = {name for name in chosen.accepted.split(",") if name} | {chosen.model}
        chosen.accepted = ",".join(sorted(accepted))
        jobs.forget_failure()
        setup.redraw()  # the dialog closes over panels that still ask
        return {"FINISHED"}
