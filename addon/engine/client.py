"""The worker process as Blender sees it: started when it is needed, asked, listened to without waiting, and replaced.

Nothing here knows bpy. The main thread calls `request`, `cancel`, `poll` and `close`; threads only read the pipes.
"""

import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...inference.worker.protocol import (  # type: ignore[import-not-found]  # the checkout's root is the extension's
    Answer,
    Cancel,
    Cancelled,
    Estimate,
    Failed,
    Fault,
    Progress,
    ProtocolError,
    Ready,
    Request,
    decode,
    encode,
)
from .process import BEHIND_BLENDER, NO_WINDOW

PATIENCE = 0.3  # seconds that a worker has to give up an estimate by itself
SILENCE = 300.0  # seconds without a word, while it has work, after which a worker is taken for hung
_LOG_LINES = 500
_RAISED = re.compile(r"[\w.]+(Error|Exception): ")
_NICE = 10  # the window comes before the model; a machine with nothing else to do gives the model all the same


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
        self._folder = tempfile.TemporaryDirectory(prefix="depth_nodes_", ignore_cleanup_errors=True)
        self._process: _Process | None = None
        self._unanswered: dict[int, Estimate] = {}
        self._begun: int | None = None  # the last estimate that the worker spoke of
        self._deadlines: dict[int, float] = {}  # of cancelled estimates, on the monotonic clock
        self._heard = 0.0
        self._answers: list[Answer] = []
        self._log: deque[str] = deque(maxlen=_LOG_LINES)

    @property
    def folder(self) -> Path:
        """A private folder for the arrays of requests and answers; it goes with `close`.

        Systems that empty their temporary folder take it away under a session of days: then it is made once more.
        """
        path = Path(self._folder.name)
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
        return path

    @property
    def is_busy(self) -> bool:
        """Whether anything that was asked has not been answered by `poll` yet."""
        return bool(self._unanswered or self._answers)

    @property
    def log(self) -> str:
        """The last lines that the worker wrote to stderr, and how it ended."""
        return "\n".join(self._log)

    def request(self, estimate: Estimate) -> None:
        """Ask for an estimate; a worker is started where none runs."""
        if not self._unanswered:
            self._heard = time.monotonic()
        self._unanswered[estimate.id] = estimate
        self._send(estimate)

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
        self._folder.cleanup()

    def _send(self, message: Request) -> None:
        if self._process is None:
            try:
                self._process = _Process(self._command, self._environment, self.folder, self._log)
            except OSError as error:
                self._log.append(f"cannot start {self._command[0]}: {error}")
                self._fail_all(
                    "engine", f"{self._command[0]} could not be started ({error.strerror}). Set up the engine again"
                )
                return
        self._process.send(encode(message))

    def _hear(self, line: str) -> None:
        try:
            answer = decode(line)
        except ProtocolError:
            self._log.append(line.rstrip())
            self._replace(
                Failed(
                    self._current(),
                    "internal",
                    "The engine sent an unreadable reply. Try again; if it happens again, use Set Up Again in "
                    "the preferences",
                )
            )
            return
        self._heard = time.monotonic()
        self._process.is_ready = True
        if isinstance(answer, (Ready, Estimate, Cancel)) or answer.id not in self._unanswered:
            return
        self._answers.append(answer)
        self._process.has_worked = True
        self._begun = answer.id
        if not isinstance(answer, Progress):
            self._forget(answer.id)

    def _check_clock(self) -> None:
        now = time.monotonic()
        late = [identifier for identifier, deadline in self._deadlines.items() if deadline < now]
        if late:
            for identifier in late[1:]:
                self._finish(Cancelled(identifier))
            self._replace(Cancelled(late[0]))
        elif self._unanswered and now - self._heard > self._silence:
            text = f"The engine did not respond for {self._silence:.0f} s and was stopped. Try again, or a smaller size"
            self._replace(Failed(self._current(), "internal", text))

    def _ended(self, process: "_Process") -> None:
        """A process has closed its stdout: start another one for what is left to do."""
        code = process.code
        self._process = None
        self._log.append(f"the worker ended with code {code}")
        if not process.is_ready:
            said = process.last_words or f"code {code}"
            self._fail_all("engine", f"The engine does not start ({said}). Set it up again, or choose another Python")
            return
        current = self._current()
        # One that had worked and ended between two estimates, of idleness or killed, has not tried the next one at all.
        if self._unanswered and (self._begun == current or not process.has_worked):
            said = process.last_words or f"code {code}"
            text = f"The engine crashed ({said}). Try again, or use a smaller size; Copy Log has the details"
            self._finish(Cancelled(current) if current in self._deadlines else Failed(current, "internal", text))
        self._resend()

    def _replace(self, answer: Failed | Cancelled) -> None:
        """Kill the process, answer the one estimate, and hand the others to a new process."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._finish(answer)
        self._resend()

    def _resend(self) -> None:
        self._heard = time.monotonic()
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


class _Process:
    """A running worker: its lines in a queue, None after the last one; its stderr in the log.

    is_ready, has_worked: whether it has said anything at all, and of an estimate; kept by the client.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: deque[str]) -> None:
        self.lines: queue.Queue[str | None] = queue.Queue()
        self._said = self._raised = ""
        self.is_ready = self.has_worked = False
        self._log = log
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=folder,
            encoding="utf-8",
            errors="replace",
            creationflags=NO_WINDOW | BEHIND_BLENDER,
            start_new_session=sys.platform != "win32",  # Ctrl-C in Blender's terminal is not for the worker
        )
        if sys.platform != "win32":
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)
        self._errors = threading.Thread(target=self._read_errors, daemon=True)
        self._reader = threading.Thread(target=self._read_answers, daemon=True)
        self._errors.start()
        self._reader.start()

    @property
    def code(self) -> int:
        """The exit code, once the lines have ended."""
        return self._process.wait()

    @property
    def last_words(self) -> str:
        """The exception that it ended with, whose advice can follow on lines of its own, or else its last line."""
        return self._raised or self._said

    def send(self, line: str) -> None:
        """Write a line. A process that has just ended takes no more: the end of its lines says so too."""
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (BrokenPipeError, OSError, ValueError) as error:
            self._log.append(f"the worker takes no requests: {error}")

    def kill(self) -> None:
        self._process.kill()

    def join(self) -> None:
        """Wait until the killed process and the threads that read from it are gone."""
        self._reader.join(timeout=10.0)
        self._errors.join(timeout=1.0)

    def _read_answers(self) -> None:
        for line in self._process.stdout:
            self.lines.put(line)
        self._process.stdout.close()
        self._errors.join(timeout=1.0)  # its last words come before the news of its end
        self._process.wait()
        try:
            self._process.stdin.close()
        except OSError as error:  # what it was sent last and never read
            self._log.append(f"unread: {error}")
        self.lines.put(None)

    def _read_errors(self) -> None:
        for line in self._process.stderr:
            self._said = line.strip() or self._said
            self._raised = line.strip() if _RAISED.match(line) else self._raised
            self._log.append(line.rstrip())
        self._process.stderr.close()
