"""Making an engine: a virtual environment with torch and what the worker needs, fetched by pip. Knows no bpy.

It runs in a thread of its own; the main thread looks at `state`, `stage` and `fraction`, and may `cancel`. It is made
beside the engine in use, which it takes the place of once it is whole. What was left half made is deleted, and pip's
cache spares fetching again what had arrived.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ..errors import EngineError, first_line
from . import place, sources, uninstall
from .backends import LOCKS, PYTHONS, REQUIREMENTS, Backend, torch_version
from .process import NO_WINDOW

State = Literal["running", "done", "failed", "cancelled"]

LONGEST = 171  # characters of the longest path below site-packages, among the pinned packages
_WINDOWS_LIMIT = 259
_STEP = 0.05  # seconds between two looks whether a step has ended
_PROGRESS = re.compile(r"^Progress (\d+) of (\d+)$")
_PIP = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check")

_CHECK = "import torch, numpy, PIL, safetensors, huggingface_hub"

# What pip says, and what that means to whoever reads it.
_REASONS = (
    ("do not match the hashes", "The package index sent another file than the one that is pinned, which was not used"),
    ("No matching distribution", "The package index has no such package for this system and Python"),
    ("No space left", "The disk is full. Free some space"),
    ("not enough space", "The disk is full. Free some space"),
    ("Permission denied", "Something forbids to write there"),
)


class Installation:
    """One engine in the making."""

    def __init__(self, within: Path, backend: Backend) -> None:
        """Nothing is done yet. within: the folder of all engines, in which this one gets a folder of its own."""
        self.within, self.backend = within, backend
        self.folder = within / secrets.token_hex(4)
        self.state: State = "running"
        self.stage = "Waiting"
        self.fraction: float | None = None
        self.bytes: tuple[int, int] | None = None  # of the file that is being fetched: so far, and in all
        self.error = ""
        self._log: deque[str] = deque(maxlen=2000)
        self._process: subprocess.Popen[str] | None = None  # the step that runs; it is reaped under the lock alone
        self._lock = threading.Lock()
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
        with self._lock:
            self._stop.set()
            if self._process is not None and self._process.poll() is None:
                _kill(self._process)

    def join(self, timeout: float | None = None) -> None:
        """Wait until it is done, failed or cancelled."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._make()
        except (EngineError, OSError) as error:
            told = isinstance(error, EngineError)
            self.error = str(error) if told else f"The engine can't be made in {self.folder} ({first_line(error)})"
            self._log.append(self.error)
            self._clear([self.folder])
            self.state = "cancelled" if self._stop.is_set() else "failed"
        else:
            self._clear(place.superseded(self.within, self.folder))
            self.state = "done"
        finally:
            if self.state == "running":  # of what nobody foresaw, whose traceback Python prints
                self.error = "The set-up ended unexpectedly. Try again; Copy Log has what it said"
                self.state = "failed"

    def _make(self) -> None:
        self._stage("Creating the environment")
        self._clear(place.abandoned(self.within))
        self.within.mkdir(parents=True, exist_ok=True)
        base = _base_python()
        inherited = place.environment()
        self._call([str(base), "-m", "venv", str(self.folder)], "The environment could not be created", inherited)
        python = place.python_in(self.folder)
        fetching = sources.environment(python, inherited)
        self._stage("Updating pip")
        lock = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(LOCKS / "pip.txt"))
        self._call([str(python), *_PIP, *lock], "pip could not be downloaded", fetching)
        pip = [str(python), *_PIP, "--progress-bar", "raw", "--resume-retries", "5"]
        self._stage("Downloading the small packages")
        self._call([*pip, *self.backend.packages()], "The packages could not be downloaded", fetching)
        self._stage(f"Downloading torch {torch_version()} for {self.backend.title}")
        fetching = fetching if self.backend.is_hashed else sources.without_others(fetching)
        self._call([*pip, *self.backend.torch()], "torch could not be downloaded", fetching)
        self._stage("Checking")
        self._call([str(python), "-c", _CHECK], "The packages were downloaded but do not run", inherited)
        self._write_stamp(place.examine(self.folder), base)

    def _write_stamp(self, engine: place.Engine, base: Path) -> None:
        stamp = {
            "requirements": REQUIREMENTS.read_text(encoding="utf-8"),
            "backend": self.backend.name,
            "versions": dict(engine.versions),
            "base": str(base),
            "bytes": sum(path.lstat().st_size for path in self.folder.rglob("*")),
            "since": time.time(),
        }
        part = self.folder / f"{place.STAMP}.part"
        part.write_text(json.dumps(stamp, indent=2), encoding="utf-8")
        part.replace(self.folder / place.STAMP)

    def _clear(self, folders: list[Path]) -> None:
        try:
            uninstall.remove(folder for folder in folders if folder.exists())
        except EngineError as error:
            self._log.append(str(error))

    def _stage(self, name: str) -> None:
        self.stage, self.fraction, self.bytes = name, None, None
        self._log.append(f"# {name}")

    def _call(self, command: Sequence[str], problem: str, environment: dict[str, str]) -> None:
        """Run a step with its output in the log. Raises EngineError when it fails or all is cancelled."""
        with self._lock:
            if self._stop.is_set():
                raise EngineError("cancelled")
            self._process = process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                encoding="utf-8",
                errors="replace",
                start_new_session=sys.platform != "win32",
                creationflags=NO_WINDOW,
            )
        before = len(self._log)
        for line in process.stdout or ():
            self._hear(line.rstrip())
        while (code := self._ended(process)) is None:
            time.sleep(_STEP)
        if self._stop.is_set():
            raise EngineError("cancelled")
        if code != 0:
            raise EngineError(f"{problem}. {_reason(list(self._log)[before:])}. Copy Log has the details")

    def _ended(self, process: "subprocess.Popen[str]") -> int | None:
        with self._lock:
            return process.poll()

    def _hear(self, line: str) -> None:
        match = _PROGRESS.match(line)
        if match is None:
            self._log.append(line)
            return
        self.bytes = int(match[1]), int(match[2])
        self.fraction = self.bytes[0] / max(self.bytes[1], 1)


def _reason(said: Sequence[str]) -> str:
    """Return in one sentence why a step failed, by what it said."""
    for words, meaning in _REASONS:
        found = next((line for line in said if words.lower() in line.lower()), None)
        if found is not None:
            return f"{meaning} ({found.removeprefix('ERROR: ')[:200]})"
    error = next((line for line in reversed(said) if line.startswith(("ERROR", "Error")) or "Error: " in line), "")
    return f"Check the network{f' ({error[:200]})' if error else ''}"


def _check_place(folder: Path, backend: Backend) -> None:
    longest = len(str(folder)) + len(r"\Lib\site-packages") + 1 + LONGEST
    if sys.platform == "win32" and longest > _WINDOWS_LIMIT and not _has_long_paths():
        raise EngineError(f"{folder} is too long a path for Windows. Allow long paths, or choose Use Existing Python")
    disk = next(path for path in folder.parents if path.exists())
    free = shutil.disk_usage(disk).free
    if free < backend.disk:
        raise EngineError(
            f"The engine for {backend.title} needs about {backend.disk / 1e9:.1f} GB, and {disk} has "
            f"{free / 1e9:.1f} GB left. Free some space, remove the engine that you have, or choose another backend"
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
    (_, oldest), (_, newest) = PYTHONS
    names = [f"python3.{minor}" for minor in range(newest, oldest - 1, -1)]
    candidates = [sys.executable, *filter(None, map(shutil.which, names))]
    question = f"import sys, venv, ensurepip; sys.exit(not {PYTHONS[0]} <= sys.version_info[:2] <= {PYTHONS[1]})"
    for candidate in candidates:
        command = [candidate, "-c", question]
        answer = subprocess.run(
            command, capture_output=True, env=place.environment(), check=False, creationflags=NO_WINDOW
        )
        if answer.returncode == 0:
            return Path(candidate)
    raise EngineError(
        f"No Python 3.{oldest} to 3.{newest} on this machine can create an environment. Install one with its venv "
        f"(python3.{newest}-venv), or choose Use Existing Python"
    )


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill a step that runs, and the processes that it started."""
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False, creationflags=NO_WINDOW)
    else:
        with suppress(ProcessLookupError, PermissionError):  # what macOS says of one that has just ended
            os.killpg(process.pid, signal.SIGKILL)
