"""The worker process as Blender sees it: started when it is needed, asked, listened to without waiting, and replaced.

Nothing here knows bpy. The main thread calls `request`, `cancel`, `poll` and `close`; threads only read the pipes.
"""

import queue
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...inference.worker.protocol import (  # type: ignore[import-not-found]  # the checkout's root is the extension's
    Answer,
    Cancel,
    Cancelled,
    Done,
    Failed,
    Fault,
    Progress,
    ProtocolError,
    Ready,
    Request,
    Work,
    decode,
    encode,
)
from ..errors import first_line
from .folder import PrivateFolder
from .process import WorkerProcess

PATIENCE = 0.3  # seconds that a worker has to give up an estimate by itself
SILENCE = 300.0  # seconds without a word, while it has work, after which a worker is taken for hung
_LOG_LINES = 500
_UNREADABLE = "The engine sent an unreadable reply. Try again; if it happens again, use Set Up Again in the preferences"
_LOOK = 1.0  # seconds between two looks that count at most: while the machine sleeps, nobody is silent


class WorkerClient:
    """One worker process and what it was asked.

    Every estimate that was requested is answered by exactly one `Done`, `Failed` or `Cancelled`, whatever becomes of
    the process: one that ends unasked costs the estimate that it was at, and the others go to a new one.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        patience: float = PATIENCE,
        silence: float = SILENCE,
    ) -> None:
        """Nothing is started yet. command, environment: of the worker, which must be `inference.worker`."""
        self._command = list(command)
        self._environment = dict(environment)
        self._patience, self._silence = patience, silence
        self._folder = PrivateFolder()
        self._process: WorkerProcess | None = None
        self._unanswered: dict[int, Work] = {}
        self._begun: int | None = None  # the last estimate that the worker spoke of
        self._deadlines: dict[int, float] = {}  # of cancelled estimates, on the monotonic clock
        self._silent = 0.0  # seconds without a word since it has had work
        self._looked = time.monotonic()
        self._answers: list[Answer] = []
        self._log: deque[str] = deque(maxlen=_LOG_LINES)

    @property
    def folder(self) -> Path:
        """A private folder for the arrays of requests and answers; it goes with `close`."""
        return self._folder.path()

    @property
    def is_busy(self) -> bool:
        """Whether anything that was asked has not been answered by `poll` yet."""
        return bool(self._unanswered or self._answers)

    @property
    def log(self) -> str:
        """The last lines that the worker wrote to stderr, and how it ended."""
        return "\n".join(self._log)

    def request(self, work: Work) -> None:
        """Ask for an estimate, or for a clip; a worker is started where none runs."""
        if not self._unanswered:
            self._silent = 0.0
        self._unanswered[work.id] = work
        self._send(work)

    def cancel(self, identifier: int) -> None:
        """Cancel an estimate. It is answered `Cancelled` within the patience, or with what it had come to already."""
        if identifier in self._unanswered and identifier != self._current():
            self._send(Cancel(identifier))  # it waits: the one at work goes on
            self._finish(Cancelled(identifier))
        elif identifier in self._unanswered:
            self._deadlines.setdefault(identifier, time.monotonic() + self._patience)
            self._send(Cancel(identifier))

    def poll(self) -> list[Answer]:
        """Return what has been answered since the last call. Never waits."""
        while self._process is not None:
            try:
                line = self._process.lines.get_nowait()
            except queue.Empty:
                break
            if line is None:
                self._ended(self._process)
            else:
                self._hear(line)
        self._check_clock()
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        """End the worker and remove the folder. What was not answered never will be."""
        self._unanswered.clear()
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        self._folder.remove()

    def _send(self, message: Request) -> None:
        if self._process is None:
            try:
                self._process = WorkerProcess(self._command, self._environment, self.folder, self._log)
            except OSError as error:
                self._log.append(f"cannot start {self._command[0]}: {error}")
                self._fail_all(
                    "engine", f"{self._command[0]} could not be started ({first_line(error)}). Set up the engine again"
                )
                return
        self._process.send(encode(message))

    def _hear(self, line: str) -> None:
        try:
            answer = decode(line)
            self._check_paths(answer)
        except ProtocolError:
            self._log.append(line.rstrip())
            self._replace(Failed(self._current(), "internal", _UNREADABLE))
            return
        self._silent = 0.0
        self._process.is_ready = True
        if isinstance(answer, (Ready, Work, Cancel)) or answer.id not in self._unanswered:
            return
        self._answers.append(answer)
        self._process.has_worked = True
        self._begun = answer.id
        if not isinstance(answer, Progress):
            self._forget(answer.id)

    def _check_paths(self, answer: object) -> None:
        """Raise ProtocolError for an answer that would have us read elsewhere than where it was asked to write."""
        asked = self._unanswered.get(answer.id) if isinstance(answer, Done) else None
        if asked is not None and isinstance(answer, Done):
            named = filter(
                None, (answer.values, answer.validity, answer.background, answer.colour, answer.sharp, answer.picture)
            )
            if any(Path(path).parent != Path(asked.output) for path in named):
                raise ProtocolError(f"paths outside of {asked.output}")

    def _check_clock(self) -> None:
        now = time.monotonic()
        self._silent += min(now - self._looked, _LOOK)
        self._looked = now
        late = [identifier for identifier, deadline in self._deadlines.items() if deadline < now]
        if late:
            for identifier in late[1:]:
                self._finish(Cancelled(identifier))
            self._replace(Cancelled(late[0]))
        elif self._unanswered and self._silent > self._silence:
            silence = f"The engine did not respond for {self._silence:.0f} s and was stopped"
            text = f"{silence}. Try again, or use a smaller size"
            self._replace(Failed(self._current(), "internal", text))

    def _ended(self, process: "WorkerProcess") -> None:
        """A process has closed its stdout: start another one for what is left to do."""
        code = process.code
        self._process = None
        self._log.append(f"the worker ended with code {code}")
        if not process.is_ready:
            said = process.last_words
            self._fail_all("engine", f"The engine does not start ({said}). Set it up again, or choose another Python")
            return
        current = self._current()
        # One that had worked and ended between two estimates, of idleness or killed, has not tried the next one at all.
        if self._unanswered and (self._begun == current or not process.has_worked):
            text = (
                f"The engine crashed ({process.last_words}). Try again, or use a smaller size; Copy Log has the details"
            )
            fault: Fault = "memory" if process.lacked_memory else "internal"
            self._finish(Cancelled(current) if current in self._deadlines else Failed(current, fault, text))
        self._resend()

    def _replace(self, answer: Failed | Cancelled) -> None:
        """Kill the process, answer the one estimate, and hand the others to a new process."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._finish(answer)
        self._resend()

    def _resend(self) -> None:
        self._silent = 0.0
        for identifier in [identifier for identifier in self._unanswered if identifier in self._deadlines]:
            self._finish(Cancelled(identifier))
        for estimate in list(self._unanswered.values()):
            self._send(estimate)

    def _current(self) -> int:
        return next(iter(self._unanswered), 0)

    def _finish(self, answer: Failed | Cancelled) -> None:
        if answer.id in self._unanswered:
            self._answers.append(answer)
            self._forget(answer.id)

    def _fail_all(self, fault: Fault, text: str) -> None:
        for identifier in list(self._unanswered):
            self._finish(Failed(identifier, fault, text))

    def _forget(self, identifier: int) -> None:
        self._unanswered.pop(identifier, None)
        self._deadlines.pop(identifier, None)
