"""What is measured in a process of its own: a line on stdin asks for a round, JSON on stdout answers."""

import ctypes
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Served:
    """A module that calls `serve`, as a process. It loads before it returns."""

    def __init__(
        self, module: str, *arguments: object, environment: dict[str, str] | None = None, python: Path | None = None
    ) -> None:
        self._process = subprocess.Popen(
            [str(python or sys.executable), "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._answer()

    def turn(self) -> Any:
        """Let it run once, and return what it tells: seconds, by its own clock."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def leave(self) -> Any:
        """End it, and return its last words."""
        self._process.stdin.close()
        words = self._answer()
        self._process.wait()
        return words

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} ended with {self._process.wait()}")
        return json.loads(line)


def serve(run: Callable[[], Any], last_words: Callable[[], Any]) -> None:
    """Answer each line on stdin with what `run` returns, and the end of it with the last words."""
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        print(json.dumps(run()), flush=True)
    print(json.dumps(last_words()), flush=True)


def peak_memory() -> int:
    """Return this process's largest resident size so far, in bytes."""
    if sys.platform == "win32":
        counters = (ctypes.c_size_t * 10)()  # PROCESS_MEMORY_COUNTERS: two DWORDs, then sizes, the peak first
        current = ctypes.c_void_p(-1)
        ctypes.windll.kernel32.K32GetProcessMemoryInfo(current, counters, ctypes.sizeof(counters))
        return counters[1]
    if sys.platform == "linux":  # whose ru_maxrss begins with that of the process before
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
