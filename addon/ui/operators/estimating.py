"""What the operators that estimate share: they wait for their jobs while Blender goes on, or block in a script."""

from collections.abc import Callable

import bpy

from ...engine import jobs, postponed, setup
from ...errors import DepthNodesError, EngineError
from ..progress import status
from .waiting import Waiting


class Estimating(Waiting):
    """Mixed into an operator with the option UNDO: everything its jobs make is one undo step, when the last is over."""

    after_engine = False  # whether it waits for an engine that is being made

    _jobs: list[jobs.Job]
    _submits: list[Callable[[], jobs.Job]]
    _waits = False

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        """Return what submits each job, now or later; to be written by each operator.

        Raises DepthNodesError, as each of them may.
        """
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin, and hand the window back at once."""
        if not self._begin(context):
            return {"CANCELLED"}
        self._waits = self.after_engine and setup.is_making()
        if not self._waits and not self._submit():
            return {"CANCELLED"}
        return self._wait(context)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take in what has come; Esc cancels."""
        if event.type == "ESC" and event.value == "PRESS" and not self._waits:
            self._give_up()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER" or (self._waits and setup.is_making()):
            return {"PASS_THROUGH"}
        if self._waits and not self._engine_came():
            self._leave(context)
            return {"CANCELLED"}
        if jobs.poll():
            self._show(context)
        if any(job.state == "waiting" for job in self._jobs):
            return {"PASS_THROUGH"}
        self._leave(context)
        return self._verdict(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: its window is closed, or another file is loaded."""
        self._give_up()
        jobs.poll_until_idle()
        self._leave(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin and wait: for scripts and background mode."""
        if not self._begin(context) or not self._submit():
            return {"CANCELLED"}
        for job in self._jobs:
            jobs.wait(job)
        return self._verdict(context)

    def _begin(self, context: bpy.types.Context) -> bool:
        """Find out what is asked for, and report what can't be."""
        self._jobs = []
        try:
            self._submits = self.begin(context)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            setup.redraw()
            return False
        postponed.forget()
        return True

    def _engine_came(self) -> bool:
        """Submit the jobs now that the engine is made, or report why it isn't; return whether any is under way."""
        self._waits = False
        made = setup.installation()
        if made is not None and made.state == "failed":
            for submit in self._submits:
                postponed.keep(submit)  # until the next attempt
            self.report({"ERROR"}, made.error)
        if made is None or made.state != "done":
            return False
        setup.finish()
        return self._submit()

    def _submit(self) -> bool:
        """Submit the jobs that can be, report the others, and return whether there is anything to wait for."""
        for submit in self._submits:
            try:
                self._jobs.append(submit())
            except DepthNodesError as error:
                if isinstance(error, EngineError):
                    postponed.keep(submit)  # what was chosen goes on once there is an engine
                self.report({"ERROR"}, str(error))
        setup.redraw()
        return bool(self._jobs)

    def _give_up(self) -> None:
        for job in self._jobs:
            jobs.cancel(job)

    def _verdict(self, context: bpy.types.Context) -> set[str]:
        for job in self._jobs:
            if job.state == "failed":
                self.report({"ERROR"}, job.error)
        if not any(job.state == "done" for job in self._jobs):
            return {"CANCELLED"}
        self.present(context)
        return {"FINISHED"}

    def present(self, context: bpy.types.Context) -> None:
        """Show what was made, once all of it is there; to be written by each operator."""
        raise NotImplementedError

    def _status(self) -> str:
        return status([(job.name, job.text, job.fraction) for job in jobs.waiting()])
