"""The inference half as a package of its own: built, installed, and run from outside the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from inference.io import read_depth
from tests.seeded_weights import write

ROOT = Path(__file__).parents[2]
BIN, SUFFIX = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")


def run(*command: object, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        cwd=Path(str(command[0])).anchor,  # a folder that holds no package of ours
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # building leaves folders behind in the sources
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "blender_manifest.toml"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    for name in ("inference", "weights"):
        for path in (path for path in (ROOT / name).rglob("*") if path.is_file() and path.suffix != ".pyc"):
            copy = source / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", folder, source)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Return an environment with the wheel in it, which finds the packages that it needs in that of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=sys.platform != "win32")
    target = next(folder.glob("Lib/site-packages" if sys.platform == "win32" else "lib/*/site-packages"))
    python = folder / BIN / f"python{SUFFIX}"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "-q", wheel)
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (target / "packages_of_the_tests.pth").write_text("\n".join(ours))
    return folder / BIN


def test_the_wheel_holds_every_module_and_the_weights_that_come_with_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("depth_nodes_inference/")}
    modules = {path.relative_to(ROOT / "inference").as_posix() for path in (ROOT / "inference").rglob("*.py")}
    files = modules | {"requirements.txt"}
    files |= {f"weights/{path.name}" for path in (ROOT / "weights").glob("*")}
    assert held == {f"depth_nodes_inference/{name}" for name in files}


def test_depth_nodes_is_python_m_inference(installed, tmp_path):
    told = run(installed / f"depth-nodes{SUFFIX}", "--help")
    assert told.startswith("usage: depth-nodes ")
    assert "--skip-existing" in told
    assert "small" in run(installed / f"depth-nodes{SUFFIX}", "models")
    write(tmp_path / "seeded.safetensors")
    Image.new("RGB", (60, 40), "teal").save(tmp_path / "photo.png")
    told = run(
        installed / f"depth-nodes{SUFFIX}",
        *(tmp_path / "photo.png", "--weights", tmp_path / "seeded.safetensors", "--model", "small"),
        *("--device", "cpu", "--size", "518"),
    )
    assert told.startswith(str(tmp_path / "photo.depth.exr"))
    assert read_depth(tmp_path / "photo.depth.exr").values.shape == (40, 60)
