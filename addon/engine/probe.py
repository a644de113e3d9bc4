"""What this machine and an engine say of themselves. Knows no bpy, and changes nothing."""

import os
import platform
import subprocess
import sys
from pathlib import Path

from ..errors import EngineError
from . import place


def guess_backend() -> place.Backend:
    """Return the build that this machine's graphics card suggests; the CPU's where nothing is recognised."""
    there = {backend.name: backend for backend in place.backends()}
    vendors = {path.read_text().strip() for path in Path("/sys/class/drm").glob("card*/device/vendor")}
    if "cuda" in there and (Path("/proc/driver/nvidia/version").exists() or _has_nvidia_driver()):
        return there["cuda"]
    if "rocm" in there and "0x1002" in vendors and Path("/dev/kfd").exists():
        return there["rocm"]
    return there.get("cpu") or there["apple"]


def _has_nvidia_driver() -> bool:
    return sys.platform == "win32" and Path(os.environ.get("SYSTEMROOT", "C:/Windows"), "System32/nvcuda.dll").exists()


def doctor(engine: place.Engine) -> str:
    """Return what the engine says about itself: the table of `python -m inference doctor`.

    Takes seconds, since torch is imported. Raises EngineError if it doesn't run.
    """
    command = [str(engine.python), "-m", "inference", "doctor"]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",  # a library's words in the system's own encoding
            timeout=120,
            env=place.environment(),
            check=False,
            creationflags=place.NO_WINDOW,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"The engine does not run ({error}). Set it up again") from error
    if not answer.stdout:
        raise EngineError(f"The engine does not run ({answer.stderr.strip()[-200:]}). Set it up again")
    return answer.stdout


def machine() -> str:
    """Return what an artist calls this machine, for a log."""
    return f"{platform.platform()}, Python {platform.python_version()}"
