"""How a program is started beside Blender: without a console window on Windows, and behind the window in priority."""

import os
import queue
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

NO_WINDOW = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
BEHIND_BLENDER = subprocess.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 0
_NICE = 10  # the window comes before the model; a machine with nothing else to do gives the model all the same

_RAISED = re.compile(r"[\w.]+(Error|Exception)\b(: |$)")
_NO_MEMORY = re.compile(r"bad_alloc|MemoryError|[Oo]ut of memory|Cannot allocate memory|paging file is too small")
_SIGKILL = -9


class WorkerProcess:
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
            with suppress(OSError):  # a sandbox may forbid it, or the process has ended
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
        """Why it ended: the exception, whose advice can follow on lines of its own, or else its last line."""
        if self.code == _SIGKILL:
            return "the system ended it, as it does when memory runs out"
        return self._raised or self._said or f"code {self.code}"

    @property
    def lacked_memory(self) -> bool:
        """Whether memory ran out, by how it ended and by what it said last."""
        return self.code == _SIGKILL or any(map(_NO_MEMORY.search, (self._raised, self._said)))

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
