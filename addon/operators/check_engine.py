"""Preferences > Check Engine: what the engine says about itself."""

import threading

import bpy

from .. import engine, runtime
from ..errors import DepthNodesError

_INTERVAL = 0.2  # seconds


class DEPTH_NODES_OT_check_engine(bpy.types.Operator):
    """Look at the engine: its versions, the devices and memory it finds, and which weights are on disk"""

    bl_idname = "depth_nodes.check_engine"
    bl_label = "Check Engine"
    bl_options = {"INTERNAL"}

    _thread: threading.Thread
    _timer: bpy.types.Timer
    _table = ""
    _problem = ""

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

    def execute(self, _context: bpy.types.Context) -> set[str]:
        if not self._begin():
            return {"CANCELLED"}
        self._thread.join()
        return self._end()

    def _begin(self) -> bool:
        engine.set_report("Checking…")
        try:
            used = engine.current()
            if not used.versions:
                used = runtime.examine(used.python)
        except DepthNodesError as error:
            engine.set_report(str(error))
            self.report({"ERROR"}, str(error))
            return False
        self._thread = threading.Thread(target=self._run, args=(used,), daemon=True)
        self._thread.start()
        return True

    def _run(self, used: runtime.Engine) -> None:
        try:
            self._table = runtime.doctor(used)
        except DepthNodesError as error:
            self._problem = str(error)

    def _end(self) -> set[str]:
        engine.set_report(self._table or self._problem)
        engine.redraw()
        if self._problem:
            self.report({"ERROR"}, self._problem)
            return {"CANCELLED"}
        return {"FINISHED"}
