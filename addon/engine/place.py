"""The engine: the Python, outside Blender, that runs the worker. Where it is, and whether one will do.

Nothing here knows bpy, changes anything, or goes online.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EngineError

ROOT = Path(__file__).parents[2]  # of the extension
REQUIREMENTS = ROOT / "inference" / "requirements.txt"
STAMP = "engine.json"  # in an engine that is whole: what it was made from, and what is in it

# What the worker's code needs at least; requirements.txt pins what it is tested with.
MINIMUM = {"torch": "2.5", "numpy": "1.26", "pillow": "10.1", "safetensors": "0.4", "huggingface_hub": "2.0"}
MINIMUM_PYTHON = (3, 11)

NO_WINDOW = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0  # no console window on Windows
BEHIND_BLENDER = subprocess.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 0

_PROBE = """
import importlib.metadata, json, sys
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
names = sys.argv[1:]
print(json.dumps({"python": list(sys.version_info[:3]), "versions": {name: version(name) for name in names}}))
"""


@dataclass(frozen=True)
class Engine:
    """A Python that has what the worker needs, for every model or for the one that is built in.

    versions: of the packages in `MINIMUM`, or empty where it was not looked at. backend: what its torch was fetched
    for, empty for a Python of the artist's own. variables: of the environment, for its worker alone.
    """

    python: Path
    versions: Mapping[str, str]
    backend: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    def command(self, idle: float) -> list[str]:
        """Return the command line of a worker that ends after `idle` seconds without work."""
        return [str(self.python), "-m", "inference.worker", "--idle", f"{idle:g}"]

    def environment(self) -> dict[str, str]:
        """Return the environment of its worker."""
        return environment() | dict(self.variables)


@dataclass(frozen=True)
class Backend:
    """A build of torch, and where it is fetched.

    index: an index of wheels besides the user's own, or empty. download, disk: bytes, about, all packages together.
    systems: the values of `sys.platform` that it exists for.
    """

    name: str
    title: str
    index: str
    download: int
    disk: int
    systems: tuple[str, ...]


_WHEELS = "https://download.pytorch.org/whl/"
BACKENDS = (
    Backend("cpu", "CPU", f"{_WHEELS}cpu", 250_000_000, 1_100_000_000, ("linux", "win32")),
    Backend("cuda", "NVIDIA (CUDA)", f"{_WHEELS}cu130", 2_800_000_000, 7_000_000_000, ("linux", "win32")),
    Backend("rocm", "AMD (ROCm)", f"{_WHEELS}rocm7.2", 4_500_000_000, 18_000_000_000, ("linux",)),
    Backend("xpu", "Intel (XPU)", f"{_WHEELS}xpu", 1_800_000_000, 5_500_000_000, ("linux", "win32")),
    Backend("apple", "Apple", "", 170_000_000, 700_000_000, ("darwin",)),
)


def backends(system: str = sys.platform) -> tuple[Backend, ...]:
    """Return the builds of torch that exist for a system."""
    return tuple(backend for backend in BACKENDS if system in backend.systems)


def python_in(folder: Path) -> Path:
    """Return where a virtual environment keeps its Python."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def own_engine(folder: Path) -> Engine | None:
    """Return the engine that was made in `folder`, or None if there is none, half of one, or one of another release."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        engine = Engine(python_in(folder), stamp["versions"], stamp["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = engine.python.exists() and stamp.get("requirements") == REQUIREMENTS.read_text(encoding="utf-8")
    return engine if whole else None


def built_in() -> Engine:
    """Return Blender's own Python: numpy comes with it, and the built-in model needs nothing else."""
    # That model has two threads of its own. A linear algebra library that starts more lets them wait for each other.
    limits = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return Engine(Path(sys.executable), {}, variables=dict.fromkeys(limits, "1"))


def chosen(existing: str, own: Path) -> Engine:
    """Return the engine to estimate with: the artist's own Python where one is chosen, else the one that we made.

    existing: that Python or its environment's folder, or empty. own: the folder of ours. Raises EngineError if there
    is none.
    """
    if existing:
        path = Path(existing)
        python = python_in(path) if path.is_dir() else path
        if not python.is_file():
            raise EngineError(
                f"There is no Python at {path} any more. Choose another one, or clear Use Existing Python"
            )
        return Engine(python, {})
    engine = own_engine(own)
    if engine is None:
        raise EngineError("The engine is not set up: choose Set Up Engine in the preferences of Depth Nodes")
    return engine


def examine(path: Path) -> Engine:
    """Return the engine that a Python is; `path` is the executable or the folder of a virtual environment.

    Raises EngineError that says what is missing or too old. Nothing is installed.
    """
    python = python_in(path) if path.is_dir() else path
    if not python.is_file():
        raise EngineError(f"There is no Python at {path}. Choose its executable, or the folder of an environment")
    command = [str(python), "-c", _PROBE, *MINIMUM]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # a library's words in the system's own encoding
            timeout=60,
            env=environment(),
            check=True,
            creationflags=NO_WINDOW,
        )
        found = json.loads(answer.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise EngineError(f"{python} does not run as a Python. Choose another one") from error
    problems = _problems(tuple(found["python"]), found["versions"])
    if problems:
        raise EngineError(
            f"{python}: {'; '.join(problems)}. Install that there, or let Depth Nodes make its own engine"
        )
    return Engine(python, found["versions"])


def _problems(python: tuple[int, ...], versions: Mapping[str, str | None]) -> list[str]:
    problems = []
    if python[:2] < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        problems.append(f"Python {'.'.join(map(str, python))} is older than {wanted}")
    for name, minimum in MINIMUM.items():
        version = versions.get(name)
        if version is None:
            problems.append(f"{name} is missing")
        elif _numbers(version) < _numbers(minimum):
            problems.append(f"{name} {version} is older than {minimum}")
    return problems


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


def environment() -> dict[str, str]:
    """Return the environment for a Python of the engine: nothing of Blender's own, and our packages importable."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    # PYTHONSAFEPATH: nothing is imported from the folder that Blender was started in.
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }
    return inherited | own
