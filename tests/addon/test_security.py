"""What SECURITY.md promises of files that come from others, and of the engine.

Hashes and indexes: engine/test_platforms.py and tests/setup. Weights: tests/inference/test_weights.py and
test_hub.py. Private folders and answers: engine/test_client.py.
"""

import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.addon.enabled import errors, files, groups, handover, place, protocol
from tests.addon.pictures import write_photo
from tools import extension

import bpy  # isort: skip

serve = extension.module("inference.worker.serve")


class Hostile:
    """Makes a file where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return Path.touch, (self.trace,)


@pytest.fixture
def hostile(tmp_path) -> tuple[bytes, Path]:
    """Return a NumPy file whose numbers are code, and the trace that the code would leave."""
    trace = tmp_path / "trace"
    path = tmp_path / "hostile.npy"
    np.save(path, np.array([[Hostile(trace)]], dtype=object), allow_pickle=True)
    np.load(path, allow_pickle=True)
    assert trace.exists()  # it is what it claims to be
    trace.unlink()
    return path.read_bytes(), trace


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".pkl.npy"])
def test_a_depth_map_never_runs_code(tmp_path, hostile, suffix):
    code, trace = hostile
    path = tmp_path / f"depth{suffix}"
    if suffix == ".npz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("depth.npy", code)
    else:
        path.write_bytes(code if suffix == ".npy" else pickle.dumps(Hostile(trace)))
    with pytest.raises(errors.DepthFileError):
        files.load(path)
    assert not trace.exists()


def test_an_answer_of_the_engine_never_runs_code(tmp_path, hostile):
    code, trace = hostile
    path = tmp_path / "1.values.npy"
    path.write_bytes(code)
    image = bpy.data.images.load(str(write_photo(tmp_path / "photo.png")))
    done = protocol.Done(1, str(path), "", "disparity", 0.0, 1.0, "small", "local", 1, 1, 0.1)
    with pytest.raises(ValueError, match="allow_pickle"):
        handover.store(image, done)
    assert not trace.exists()


def test_a_picture_for_the_engine_never_runs_code(tmp_path, hostile):
    code, trace = hostile
    path = tmp_path / "picture.npy"
    path.write_bytes(code)
    with pytest.raises(Exception, match="can't be read") as refused:
        serve._picture(protocol.Estimate(1, str(path), str(tmp_path)))
    assert type(refused.value).__name__ == "PhotoError"
    assert not trace.exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what a process holds open is read from /proc")
def test_the_engine_opens_no_port():
    engine = place.built_in()
    with subprocess.Popen(
        engine.command(60.0), env=engine.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert "Ready" in worker.stdout.readline()
        folder = Path(f"/proc/{worker.pid}/fd")
        held = [os.readlink(path) for path in folder.iterdir()]
        worker.stdin.close()
    assert any(name.startswith("pipe:") for name in held)
    assert [name for name in held if name.startswith("socket:")] == []


def test_the_engine_imports_nothing_from_the_folder_that_blender_was_started_in(tmp_path):
    for name in ("numpy", "json"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'w')")
    command = [sys.executable, "-m", "inference.worker", "--idle", "0"]
    subprocess.run(command, cwd=tmp_path, env=place.environment(), stdin=subprocess.DEVNULL, check=False, timeout=300)
    assert not (tmp_path / "trace").exists()


def test_the_node_groups_hold_no_scripts_and_no_drivers():
    with bpy.data.libraries.load(str(groups.BLEND)) as (there, here):
        here.node_groups, here.texts = there.node_groups, there.texts
        assert there.node_groups
    assert len(bpy.data.texts) == 0
    driven = [tree.name for tree in bpy.data.node_groups if tree.animation_data and tree.animation_data.drivers]
    assert driven == []
