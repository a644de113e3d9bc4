"""What every operator that estimates shares: it waits for its jobs while Blender goes on, or blocks in a script."""

import textwrap
from collections.abc import Callable, Sequence
from typing import cast

import bpy

from .. import jobs
from ..errors import DepthNodesError

_INTERVAL = 0.05  # seconds between two looks
_SHOWING = {"VIEW_3D", "IMAGE_EDITOR"}


class Estimating:
    """Mixed into an operator with the option UNDO: everything its jobs make is one undo step, when the last is over."""

    _jobs: list[jobs.Job]
    _timer: bpy.types.Timer

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        """Return what submits each job; to be written by each operator. Raises DepthNodesError, as each job may."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin, and hand the window back at once."""
        if not self._submit(context):
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(cast("bpy.types.Operator", self))
        self._show(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look what has come; Esc gives up."""
        if event.type == "ESC" and event.value == "PRESS":
            self._give_up()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if jobs.poll():
            self._show(context)
        if any(job.state == "waiting" for job in self._jobs):
            return {"PASS_THROUGH"}
        self._leave(context)
        return self._verdict()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: its window is closed, or another file is loaded."""
        self._give_up()
        jobs.see_to_the_end()
        self._leave(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin and wait: for scripts and background mode."""
        if not self._submit(context):
            return {"CANCELLED"}
        for job in self._jobs:
            jobs.wait(job)
        return self._verdict()

    def _submit(self, context: bpy.types.Context) -> bool:
        """Submit the jobs that can be, report the others, and return whether there is anything to wait for."""
        self._jobs = []
        try:
            for submit in self.begin(context):
                self._try(submit)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
        redraw(context.window_manager)
        return bool(self._jobs)

    def _try(self, submit: Callable[[], jobs.Job]) -> None:
        try:
            self._jobs.append(submit())
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))

    def _give_up(self) -> None:
        for job in self._jobs:
            jobs.cancel(job)

    def _verdict(self) -> set[str]:
        for job in self._jobs:
            if job.state == "failed":
                self.report({"ERROR"}, job.error)
        return {"FINISHED"} if any(job.state == "done" for job in self._jobs) else {"CANCELLED"}

    def _show(self, context: bpy.types.Context) -> None:
        context.workspace.status_text_set(progress(jobs.waiting()) or None)
        redraw(context.window_manager)

    def _leave(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        for workspace in bpy.data.workspaces:  # the artist may have gone from one to another
            workspace.status_text_set(None)
        redraw(context.window_manager)


def progress(under_way: Sequence[jobs.Job]) -> str:
    """Say in one line how far the first job is, and how many wait behind it."""
    if not under_way:
        return ""
    first, others = under_way[0], len(under_way) - 1
    share = f" {first.fraction:.0%}" if first.fraction is not None else "…"
    queue = f"   {others} more waiting" if others else ""
    return f"Depth of {first.name}: {first.text}{share}{queue}   (Esc cancels)"


def lines(text: str, region: bpy.types.Region) -> list[str]:
    """Break a message into lines that fit a sidebar as wide as it is now."""
    scale = bpy.context.preferences.system.ui_scale or 1.0  # 0 in background mode
    room = region.width / scale - 96  # pixels: tabs, margins, icon
    return textwrap.wrap(text, max(int(room / 6), 16))  # about 6 a letter


def redraw(manager: bpy.types.WindowManager) -> None:
    """Draw the sidebars anew that show how far it is."""
    for window in manager.windows:
        for area in window.screen.areas:
            if area.type in _SHOWING:
                for region in area.regions:
                    if region.type in {"UI", "WINDOW"}:
                        region.tag_redraw()
