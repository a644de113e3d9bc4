"""Preferences > Check Engine: what the engine says about itself."""

import threading

import bpy

from ...engine import place, probe, settings, setup
from ...errors import DepthNodesError

_INTERVAL = 0.2  # seconds


class DEPTH_NODES_OT_check_engine(bpy.types.Operator):
    """Check the engine: its versions, the devices and memory it finds, and which weights are on disk"""

    bl_idname = "depth_nodes.check_engine"
    bl_label = "Check Engine"
    bl_options = {"INTERNAL"}

    _thread: threading.Thread
    _timer: bpy.types.Timer
    _said: list[tuple[str, str]]  # the table and the problem, one of them empty; the thread appends

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if not self._begin():
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type != "TIMER" or self._thread.is_alive():
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self._end()

    def cancel(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        setup.set_report("")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        if not self._begin():
            return {"CANCELLED"}
        self._thread.join()
        return self._end()

    def _begin(self) -> bool:
        setup.set_report("Checking…")
        try:
            used = settings.engine()
        except DepthNodesError as error:
            setup.set_report(str(error))
            self.report({"ERROR"}, str(error))
            return False
        self._said = []
        self._thread = threading.Thread(target=_ask, args=(used, self._said), daemon=True)
        self._thread.start()
        return True

    def _end(self) -> set[str]:
        table, problem = self._said[0]
        setup.set_report(table or problem)
        setup.redraw()
        if problem:
            self.report({"ERROR"}, problem)
            return {"CANCELLED"}
        return {"FINISHED"}


def _ask(used: place.Engine, said: list[tuple[str, str]]) -> None:
    """Ask the doctor, in a thread that may outlive the operator. Whatever happens, something is said."""
    try:
        if not used.versions:
            used = place.examine(used.python)
        said.append((probe.doctor(used), ""))
    except DepthNodesError as error:
        said.append(("", str(error)))
    finally:
        if not said:
            said.append(("", "The check of the engine ended unexpectedly. Set up the engine again"))
