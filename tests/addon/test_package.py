"""The package: what the zip holds, and that the extension comes and goes without a trace, with Blender's own tools."""

import importlib.util
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.addon.process import play
from tools import environments

ROOT = Path(__file__).parents[2]
BPY = Path(importlib.util.find_spec("bpy").origin).parent
TRACES = (
    "handler",
    "menu",
    "class",
    "operator",
    "property",
    "timer",
    "library",
    "addon",
    "key",
    "thread",
    "process",
    "temporary",
)


def packager(*arguments: str) -> str:
    """Run Blender's own packager and return what it says."""
    (tool,) = BPY.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    run = subprocess.run([sys.executable, tool, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("package") / "depth_nodes.zip"
    packager("build", "--source-dir", str(ROOT), "--output-filepath", str(path))
    return path


VERSION = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]
NEXT = f"{int(VERSION.split('.')[0]) + 1}.0.0"


@pytest.fixture(scope="module")
def next_package(package) -> Path:
    """The same package as a later release."""
    path = package.with_name("depth_nodes_next.zip")
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "blender_manifest.toml":
                data = data.replace(f'\nversion = "{VERSION}"'.encode(), f'\nversion = "{NEXT}"'.encode())
            new.writestr(name, data)
    return path


def live(what: str, *packages: Path, home: Path) -> dict:
    """Take the extension through its life in a process of its own; see lifecycle.py."""
    temporary = home / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(home), "TMPDIR": str(temporary)}
    engine = environments.ENVIRONMENTS["inference"].executable
    return play("lifecycle.py", what, *packages, engine, environment=environment, home=home, seconds=1800)


def traces(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(TRACES)]


def test_package_is_valid(package):
    assert "ERROR" not in packager("validate", str(package)).upper()


def test_package_holds_what_blender_needs_and_no_more(package):
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
    needed = {
        "__init__.py",
        "blender_manifest.toml",
        "LICENSE",
        "README.md",
        "assets/LICENSE",
        "assets/depth_nodes.blend",
        "weights/draft.safetensors",
    }
    needed |= {
        path.relative_to(ROOT).as_posix() for part in ("addon", "inference") for path in ROOT.glob(f"{part}/**/*.py")
    }
    needed |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("assets/presets/**/*.py")}
    assert needed <= names
    tops = {name.split("/")[0] for name in names}
    assert tops <= {
        "__init__.py",
        "blender_manifest.toml",
        "LICENSE",
        "README.md",
        "addon",
        "inference",
        "assets",
        "weights",
    }
    locks = {name for name in names if name.startswith("addon/engine/lock/") and name.endswith(".txt")}
    assert len(locks) >= 8
    assert {Path(name).suffix for name in names - locks if name.startswith("addon/")} == {".py"}
    assert "inference/requirements.txt" in names


def test_manifest_states_its_terms():
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later", "SPDX:Apache-2.0"]  # the latter for the weights
    assert "Version 3, 29 June 2007" in (ROOT / "LICENSE").read_text()
    assert "CC0-1.0" in (ROOT / "assets" / "LICENSE").read_text()
    assert manifest["blender_version_min"] == "4.5.0"
    assert set(manifest["permissions"]) == {"files", "network"}


def test_install_disable_enable_update_uninstall(package, next_package, tmp_path):
    steps = live("install", package, next_package, home=tmp_path)
    for step in ("installed", "enabled", "updated"):
        there = "\n".join(steps[step])
        assert "operator depth_nodes.import_relief" in there, step
        assert "menu TOPBAR_MT_file_import" in there, step
        assert sum(line.startswith("library") for line in steps[step]) == 1, step
    assert steps["version"] == VERSION
    assert steps["updated version"] == NEXT
    assert traces(steps["disabled"]) == []
    assert steps["uninstalled"] == []
    assert steps["lost"] == []


def test_60_cycles_with_an_estimate_under_way_leave_nothing_behind(package, tmp_path):
    steps = live("cycles", package, package, home=tmp_path)
    assert traces(steps["enabled"]) == traces(steps["installed"]) != []
    assert traces(steps["disabled"]) == []
    assert steps["lost"] == []
