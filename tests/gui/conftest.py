"""The built zip, installed by Blender's own command line; every scene starts from a copy of that user folder."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gui import window

ROOT = window.ROOT
BUILD = window.BUILD
USER = BUILD / "user"  # always here: Blender's preferences keep the paths in it
INSTALLED = BUILD / "installed"  # the same as it was right after the installation
WEIGHTS = BUILD / "seeded_small.safetensors"

Play = Callable[..., dict]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root that holds Blender."""
    try:
        return window.ensure(window.SUITE)
    except window.WindowMissingError as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def blender(root: Path) -> Callable[..., str]:
    """Return a function that runs Blender and returns what it printed; it raises unless Blender ends well."""

    def run(*arguments: str | Path, folder: Path, screen: bool = True) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "log.txt"
        environment = {
            "HOME": str(folder),
            "BLENDER_USER_RESOURCES": str(USER),
            "GUI_FOLDER": str(folder),
            "GUI_WEIGHTS": str(WEIGHTS),
            "GUI_PYTHON": str(Path(sys.executable).parent.resolve() / "python"),  # .venvs may be a link to elsewhere
        }
        code = window.run(root, ["blender", *arguments], log=log, environment=environment, screen=screen)
        said = log.read_text(encoding="utf-8", errors="replace")
        assert code == 0, f"Blender ended with {code}:\n{_error(folder)}\n{said[-3000:]}"
        return said

    return run


@pytest.fixture(scope="session")
def installed(blender: Callable[..., str]) -> str:
    """Install and enable the zip in an empty user folder, and return what Blender said."""
    (package,) = (ROOT / "build").glob("depth_nodes-*[0-9].zip")  # the other is for the extension platform
    for folder in (USER, INSTALLED):
        shutil.rmtree(folder, ignore_errors=True)
    USER.mkdir(parents=True)
    said = blender(
        *("--command", "extension", "install-file", "--repo", "user_default", "--enable", package),
        folder=BUILD / "install",
        screen=False,
    )
    USER.rename(INSTALLED)
    return said


@pytest.fixture(scope="session")
def weights() -> Path:
    """Return Small with numbers from a seed: the engine runs as it does with the published weights."""
    if not WEIGHTS.exists():
        part = WEIGHTS.with_suffix(".part")
        subprocess.run([sys.executable, "-m", "tests.seeded_weights", str(part)], cwd=ROOT, check=True)
        part.replace(WEIGHTS)
    return WEIGHTS


@pytest.fixture
def play(blender: Callable[..., str], installed: str, weights: Path) -> Play:
    """Return a function that plays a scene, "module:function", in a fresh Blender, and returns what it measured.

    Its pictures and files lie in build/gui/module/. keep: go on with the user folder that the last scene left.
    """

    def run(scene: str, *arguments: str | Path, keep: bool = False) -> dict:
        folder = BUILD / scene.partition(":")[0]
        if not keep:
            shutil.rmtree(USER, ignore_errors=True)
            shutil.copytree(INSTALLED, USER)
        result = folder / "result.json"
        result.unlink(missing_ok=True)
        size = [str(side) for side in window.SCREEN]
        script = f"from tests.gui.driver import play; play({scene!r})"
        blender(
            *("--window-geometry", "0", "0", *size, *arguments, "--python-use-system-env", "--python-expr", script),
            folder=folder,
        )
        return json.loads(result.read_text(encoding="utf-8"))["measured"]

    return run


def _error(folder: Path) -> str:
    """Return the traceback of a scene that failed, or nothing."""
    result = folder / "result.json"
    return json.loads(result.read_text(encoding="utf-8"))["error"] if result.exists() else ""
