"""Making an engine: a virtual environment with torch and what the worker needs, fetched by pip. Knows no bpy.

It runs in a thread of its own; the main thread looks at `state`, `stage` and `fraction`, and may `cancel`. An engine
counts only once its stamp is written, which is the last step: what was left half made is made anew, and pip's cache
spares fetching again what had arrived.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ..errors import EngineError
from . import place

State = Literal["running", "done", "failed", "cancelled"]

PIP = "pip==26.3"
_LONGEST_IN_TORCH = 170  # characters of the longest path inside the environment
_WINDOWS_LIMIT = 259
_PROGRESS = re.compile(r"^Progress (\d+) of (\d+)$")

_CHECK = "import torch, numpy, PIL, safetensors, huggingface_hub"


class Installation:
    """One engine in the making."""

    def __init__(self, folder: Path, backend: place.Backend, *, options: Sequence[str] = ()) -> None:
        """Nothing is done yet. folder: of the engine; what is there goes. options: more of pip's, as for a mirror."""
        self.folder, self.backend = folder, backend
        self.state: State = "running"
        self.stage = "Waiting"
        self.fraction: float | None = None
        self.bytes: tuple[int, int] | None = None  # of the file that is being fetched: so far, and in all
        self.error = ""
        self._options = tuple(options)
        self._log: deque[str] = deque(maxlen=2000)
        self._process: subprocess.Popen[str] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def log(self) -> str:
        """Everything that was said so far, to copy."""
        return "\n".join(self._log)

    def start(self) -> None:
        """Begin, in a thread. Raises EngineError at once where it can't succeed."""
        _check_place(self.folder, self.backend)
        self._thread.start()

    def cancel(self) -> None:
        """Stop at once; the state becomes "cancelled"."""
        self._stop.set()
        process = self._process
        if process is not None:
            _kill(process)

    def join(self, timeout: float | None = None) -> None:
        """Wait until it is done, failed or cancelled."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._make()
        except (EngineError, OSError) as error:
            self.error = str(error)
            self._log.append(self.error)
            self.state = "cancelled" if self._stop.is_set() else "failed"
        else:
            self.state = "done"

    def _make(self) -> None:
        (self.folder / place.STAMP).unlink(missing_ok=True)
        self._stage("Creating the environment")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._call(
            [str(_base_python()), "-m", "venv", "--clear", str(self.folder)], "The environment could not be created"
        )
        pip = [str(place.python_in(self.folder)), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        self._stage("Updating pip")
        self._call([*pip, *self._options, PIP], "pip could not be downloaded. Check the network")
        pip += ["--progress-bar", "raw", "--resume-retries", "5", *self._options]
        index = ["--extra-index-url", self.backend.index] if self.backend.index else []
        packages = place.REQUIREMENTS.read_text(encoding="utf-8").split()
        torch = next(package for package in packages if package.startswith("torch=="))
        self._stage(f"Downloading {torch.replace('==', ' ')} for {self.backend.title}")
        # Apart from the others, so that its index is not asked for each of them; its build for the CPU needs no more.
        self._call([*pip, "--no-deps", *index, torch], "torch could not be downloaded. Check the network")
        self._stage("Downloading the other packages")
        others = [] if self.backend.name == "cpu" else index
        self._call([*pip, *others, *packages], "The packages could not be downloaded. Check the network")
        self._stage("Checking")
        self._call([str(place.python_in(self.folder)), "-c", _CHECK], "The packages were downloaded but do not run")
        self._write_stamp(place.examine(self.folder))

    def _write_stamp(self, engine: place.Engine) -> None:
        stamp = {
            "requirements": place.REQUIREMENTS.read_text(encoding="utf-8"),
            "backend": self.backend.name,
            "versions": dict(engine.versions),
        }
        part = self.folder / f"{place.STAMP}.part"
        part.write_text(json.dumps(stamp, indent=2), encoding="utf-8")
        part.replace(self.folder / place.STAMP)

    def _stage(self, name: str) -> None:
        self.stage, self.fraction, self.bytes = name, None, None
        self._log.append(f"# {name}")

    def _call(self, command: Sequence[str], problem: str) -> None:
        """Run a step with its output in the log. Raises EngineError when it fails or all is cancelled."""
        if self._stop.is_set():
            raise EngineError("cancelled")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=place.environment(),
            encoding="utf-8",
            errors="replace",
            start_new_session=sys.platform != "win32",
            creationflags=place.NO_WINDOW,
        )
        for line in self._process.stdout:
            self._hear(line.rstrip())
        code = self._process.wait()
        if self._stop.is_set():
            raise EngineError("cancelled")
        if code != 0:
            reason = next((line for line in reversed(self._log) if line.startswith(("ERROR", "Error", "OSError"))), "")
            raise EngineError(f"{problem}{f' ({reason[:200]})' if reason else ''}. Copy Log has the details")

    def _hear(self, line: str) -> None:
        match = _PROGRESS.match(line)
        if match is None:
            self._log.append(line)
            return
        self.bytes = int(match[1]), int(match[2])
        self.fraction = self.bytes[0] / max(self.bytes[1], 1)


def _check_place(folder: Path, backend: place.Backend) -> None:
    if sys.platform == "win32" and len(str(folder)) + _LONGEST_IN_TORCH > _WINDOWS_LIMIT and not _has_long_paths():
        raise EngineError(f"{folder} is too long a path for Windows. Allow long paths, or choose Use Existing Python")
    disk = next(path for path in folder.parents if path.exists())
    free = shutil.disk_usage(disk).free
    if free < backend.disk:
        raise EngineError(
            f"The engine for {backend.title} needs about {backend.disk / 1e9:.1f} GB, and {disk} has "
            f"{free / 1e9:.1f} GB left. Free some space, or choose another backend"
        )


def _has_long_paths() -> bool:
    if sys.platform != "win32":
        return True
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False


def _base_python() -> Path:
    """Return a Python that can make environments: Blender's own, or one on PATH where a distribution took venv out."""
    names = [f"python3.{minor}" for minor in (13, 12, 11)]
    candidates = [sys.executable, *filter(None, map(shutil.which, names))]
    question = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] < {place.MINIMUM_PYTHON})"
    for candidate in candidates:
        command = [candidate, "-c", question]
        answer = subprocess.run(
            command, capture_output=True, env=place.environment(), check=False, creationflags=place.NO_WINDOW
        )
        if answer.returncode == 0:
            return Path(candidate)
    raise EngineError(
        "No Python on this machine can create an environment. Install python3-venv, or choose Use Existing Python"
    )


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill a step and the processes that it started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.poll()  # it has just ended by itself
