"""Waiting in the window: an operator that looks at its work again and again while Blender goes on."""

from typing import cast

import bpy

from ...engine import setup

_INTERVAL = 0.02  # seconds between two looks: what is ready waits for half of it


class Waiting:
    """Mixed into a modal operator: a timer that wakes it, and words in the status bar."""

    _timer: bpy.types.Timer

    def _wait(self, context: bpy.types.Context) -> set[str]:
        """Have `modal` called from now on. Return what `invoke` returns."""
        self._timer = context.window_manager.event_timer_add(_INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(cast("bpy.types.Operator", self))
        self._show(context)
        return {"RUNNING_MODAL"}

    def _show(self, context: bpy.types.Context) -> None:
        context.workspace.status_text_set(self._status())
        setup.redraw()

    def _status(self) -> str:
        """Return how far the work is, in words for the status bar."""
        raise NotImplementedError

    def _leave(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        for workspace in bpy.data.workspaces:  # the artist may have gone from one to another
            workspace.status_text_set(None)
        setup.redraw()
