"""The engine: the Python, outside Blender, that runs the worker. Where it is, and whether one will do.

Those that we make lie in one folder that every Blender of this user shares, outside of the extension. Each is a folder
of its own with a short random name, and counts from the moment when its stamp is written, which is the last step of
making it: so one that is being made never disturbs the one in use.

Nothing here knows bpy, goes online, or changes anything, but for who uses an engine.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EngineError
from .backends import REQUIREMENTS, ROOT
from .process import NO_WINDOW

STAMP = "engine.json"  # in an engine that is whole: what it was made from, and what is in it
_USER = "used-by-blender-"  # in an engine, with a version: an empty file of each Blender that has estimated with it
_ABANDONED = 24 * 3600.0  # seconds after which a folder without a stamp is nobody's any more

# What the worker's code needs at least; requirements.txt pins what it is tested with.
MINIMUM = {"torch": "2.6", "numpy": "1.26", "pillow": "10.1", "safetensors": "0.4", "huggingface_hub": "2.0"}
MINIMUM_PYTHON = (3, 11)

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
class Made:
    """An engine that we made.

    requirements: of the release that made it. size: bytes on disk. since: when it was made, by the clock.
    users: the versions of Blender that have estimated with it, such as 4.5.
    """

    folder: Path
    engine: Engine
    requirements: str
    size: int
    since: float
    users: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people call it."""
        return f"torch {self.engine.versions.get('torch')}, {self.size / 1e9:.1f} GB"


def root() -> Path:
    """Return the folder that holds the engines. Short, since Windows limits paths to 259 characters by default."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        usual = home / "Library" / "Application Support" if sys.platform == "darwin" else home / ".local" / "share"
        base = Path(os.environ.get("XDG_DATA_HOME") or usual)
    return base / "DepthNodes" / "e"


def python_in(folder: Path) -> Path:
    """Return where a virtual environment keeps its Python."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def python_at(path: Path) -> Path:
    """Return the Python that an artist means by its executable, or by the folder of its environment."""
    if not path.is_dir():
        return path
    beside = path / "python.exe"  # conda on Windows
    return beside if beside.is_file() else python_in(path)


def made(within: Path) -> list[Made]:
    """Return the whole engines in a folder whose Python is there and has what the worker needs, the best first.

    The best is the newest of those that this release made, then the newest of another release.
    """
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    there = [found for folder in folders(within) if (found := _read(folder)) is not None]
    return sorted(there, key=lambda found: (found.requirements == wanted, found.since), reverse=True)


def note_user(engine: Engine, within: Path, version: str) -> None:
    """Note that a version of Blender uses an engine, if it is one of ours: who removes it is told."""
    if engine.python.is_relative_to(within):
        folder = within / engine.python.relative_to(within).parts[0]
        with suppress(OSError):  # a disk that is full or can't be written to: the estimate goes on
            (folder / f"{_USER}{version}").touch()


def folders(within: Path) -> list[Path]:
    """Return the folders of all engines, whole or not."""
    return [path for path in within.iterdir() if path.is_dir()] if within.is_dir() else []


def superseded(within: Path, by: Path) -> list[Path]:
    """Return the other engines of this release: what the one in the folder `by` takes the place of."""
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    return [found.folder for found in made(within) if found.requirements == wanted and found.folder != by]


def abandoned(within: Path) -> list[Path]:
    """Return what is left of engines that were never finished, or that could not be deleted whole."""
    now = time.time()
    unfinished = [folder for folder in folders(within) if not (folder / STAMP).exists()]
    return [folder for folder in unfinished if (since := _changed(folder)) is not None and now - since > _ABANDONED]


def _changed(folder: Path) -> float | None:
    try:
        return folder.stat().st_mtime
    except OSError:  # another Blender has just deleted it
        return None


def _read(folder: Path) -> Made | None:
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        engine = Engine(python_in(folder), dict(stamp["versions"]), stamp["backend"])
        users = tuple(sorted(path.name.removeprefix(_USER) for path in folder.glob(f"{_USER}*")))
        found = Made(folder, engine, stamp["requirements"], int(stamp["bytes"]), float(stamp["since"]), users)
        base = Path(stamp["base"])  # the Python that it borrows: perhaps of a Blender that was removed since
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if engine.python.exists() and base.exists() and not _missing(engine.versions) else None


def built_in() -> Engine:
    """Return Blender's own Python: numpy comes with it, and the built-in model needs nothing else."""
    # That model has two threads of its own. A linear algebra library that starts more lets them wait for each other.
    limits = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return Engine(Path(sys.executable), {}, variables=dict.fromkeys((*limits, "PYTHONNOUSERSITE"), "1"))


def chosen(existing: str, own: Path) -> Engine:
    """Return the engine to estimate with: the artist's own Python where one is chosen, else the one that we made.

    existing: that Python or its environment's folder, or empty. own: the folder of ours. Raises EngineError if there
    is none.
    """
    if existing:
        path = Path(existing)
        python = python_at(path)
        if not python.is_file():
            raise EngineError(
                f"There is no Python at {path} any more. Choose another one, or clear Use Existing Python"
            )
        return Engine(python, {})
    ours = made(own)
    if not ours:
        raise EngineError("The engine is not set up. Choose Set Up Engine in the preferences of Depth Nodes")
    return ours[0].engine


def examine(path: Path) -> Engine:
    """Return the engine that a Python is; `path` is the executable or the folder of a virtual environment.

    Raises EngineError that says what is missing or too old. Nothing is installed.
    """
    python = python_at(path)
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
            f"{python} can't run the models: {'; '.join(problems)}. Install that there, or use Set Up Engine"
        )
    return Engine(python, found["versions"])


def _problems(python: tuple[int, ...], versions: Mapping[str, str | None]) -> list[str]:
    problems = []
    if python[:2] < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        problems.append(f"Python {'.'.join(map(str, python))} is older than {wanted}")
    return problems + _missing(versions)


def _missing(versions: Mapping[str, str | None]) -> list[str]:
    """Return what of the packages is missing or too old for the worker."""
    problems = []
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
    """Return the environment for a Python of the engine: nothing of Blender's own, and our packages importable.

    Raises EngineError where the extension's folder can't be on Python's path.
    """
    if os.pathsep in str(ROOT):
        raise EngineError(
            f"The engine can't be started: Python splits its path at each {os.pathsep!r}, and there is one in {ROOT}. "
            "Rename that folder, or let BLENDER_USER_RESOURCES name another one"
        )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    # PYTHONSAFEPATH: nothing is imported from the folder that Blender was started in. A Python of the artist's own may
    # have its packages in the user's folder; the environments that we make have none from there.
    own = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    return inherited | own
