"""What this machine and an engine say of themselves. Knows no bpy, and changes nothing."""

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineError
from . import place
from .backends import Backend, backends, why_none
from .process import NO_WINDOW

# Of PyTorch's build for CUDA 13: https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/
_CUDA_DRIVER, _CUDA_CAPABILITY = 580, (7, 5)
# Of its build for ROCm 7, as the kernel's list in /sys/class/kfd calls them; processors with graphics are rarely there.
_ROCM_CHIPS = {"gfx908", "gfx90a", "gfx942", "gfx950", "gfx1030", "gfx1100", "gfx1101", "gfx1102"}
_ROCM_CHIPS |= {"gfx1150", "gfx1151", "gfx1200", "gfx1201"}
_PATIENCE = 5.0  # seconds for a driver to answer
_PROC, _SYS = Path("/proc"), Path("/sys")


@dataclass(frozen=True)
class Suggestion:
    """The build of torch to offer first, and what of the machine speaks for or against others."""

    backend: Backend
    notes: tuple[str, ...] = ()


def suggest() -> Suggestion:
    """Return the build that this machine's graphics card can run, by what its driver says; else the CPU's.

    Waits for the driver for some seconds at most. Raises EngineError where there is no build for this machine at all.
    """
    there = {backend.name: backend for backend in backends()}
    if not there:
        raise EngineError(why_none())
    notes = []
    for name, look in (("cuda", _nvidia), ("rocm", _amd)):
        if name in there:
            able, said = look()
            notes += said
            if able:
                return Suggestion(there[name], tuple(notes))
    return Suggestion(there.get("cpu") or there["apple"], tuple(notes))


def _nvidia() -> tuple[bool, list[str]]:
    """Return whether the build for CUDA runs here, and what to say of it."""
    if not _has_nvidia_driver():
        return False, []
    notes = []
    for line in _ask_nvidia():
        name, capability, driver = ([field.strip() for field in line.split(",")] + ["", ""])[:3]
        if _numbers(driver) < (_CUDA_DRIVER,):
            notes.append(
                f"{name}: driver {driver} is older than {_CUDA_DRIVER}, which this PyTorch needs. Update it first"
            )
        elif _numbers(capability) < _CUDA_CAPABILITY:
            wanted = ".".join(map(str, _CUDA_CAPABILITY))
            notes.append(f"{name}: too old for this PyTorch (compute capability {capability}, it needs {wanted})")
        else:
            return True, [name]
    return False, notes or ["The NVIDIA driver does not say which card it is for"]


def _has_nvidia_driver() -> bool:
    if sys.platform == "win32":
        return (_system32() / "nvcuda.dll").exists()
    return (_PROC / "driver/nvidia/version").exists()


def _ask_nvidia() -> list[str]:
    """Return a line for each card: its name, its compute capability, the driver's version."""
    program = str(_system32() / "nvidia-smi.exe") if sys.platform == "win32" else "nvidia-smi"
    command = [program, "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=True,
            creationflags=NO_WINDOW,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line for line in answer.stdout.splitlines() if line.count(",") == 2]


def _system32() -> Path:
    return Path(os.environ.get("SYSTEMROOT", "C:/Windows"), "System32")


def _amd() -> tuple[bool, list[str]]:
    """Return whether the build for ROCm runs here, and what to say of it: by the chips that the kernel lists."""
    chips = []
    for properties in sorted((_SYS / "class/kfd/kfd/topology/nodes").glob("*/properties")):
        try:
            said = properties.read_text()
        except OSError:  # a sandbox hides it
            continue
        match = re.search(r"^gfx_target_version (\d+)$", said, flags=re.MULTILINE)
        if match and int(match[1]):  # 0 is a processor
            major, rest = divmod(int(match[1]), 10000)
            chips.append(f"gfx{major}{rest // 100:x}{rest % 100:x}")
    able = next((chip for chip in chips if chip in _ROCM_CHIPS), None)
    if able is not None:
        return True, [f"AMD graphics, {able}"]
    return False, [f"AMD graphics, {chip}: not among the chips that PyTorch's build for ROCm runs on" for chip in chips]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


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
            creationflags=NO_WINDOW,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"The engine does not run ({error}). Set it up again") from error
    if not answer.stdout:
        raise EngineError(f"The engine does not run ({answer.stderr.strip()[-200:]}). Set it up again")
    return answer.stdout


def machine() -> str:
    """Return what an artist calls this machine, for a log."""
    return f"{platform.platform()}, Python {platform.python_version()}"
