"""The Open Job Description bundles, checked and run by its own command line: real chunks of the built-in model."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from inference.io import read_depth
from tests import simulated_clip as clips

pytest.importorskip("openjd.cli")

ROOT = Path(__file__).parents[3]
BUNDLES = ROOT / "farm" / "openjd"
FRAMES = 4


def openjd(command: str, bundle: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "openjd", command, str(BUNDLES / bundle / "template.yaml"), *arguments]


def parameters(clip: Path, output: Path) -> list[str]:
    values = {
        "Folder": clip,
        "Clip": "shot_####.png",
        "Frames": f"1-{FRAMES}",
        "Output": output,
        "Weights": output.parent,
        "Model": "draft",
        "ChunkSize": 2,
        "Python": sys.executable,
        "Module": "inference",
    }
    return [part for name, value in values.items() for part in ("-p", f"{name}={value}")]


def run(*command: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def finished(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.*"))}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    clips.save(clips.own_clip(FRAMES), folder)
    return folder


@pytest.fixture(scope="module")
def whole(clip, tmp_path_factory) -> Path:
    """What one call of the command line makes."""
    output = tmp_path_factory.mktemp("whole")
    command = (sys.executable, "-m", "inference", "video", str(clip / "shot_####.png"), "-o", str(output))
    made = run(*command, "--model", "draft")
    assert made.returncode == 0, made.stderr
    return output


@pytest.mark.parametrize("bundle", ["photos", "video"])
def test_the_templates_are_valid(bundle):
    made = run(*openjd("check", bundle))
    assert made.returncode == 0, made.stdout + made.stderr


def test_chunks_have_no_seams(clip, whole, tmp_path):
    """Killed in the middle, run again, and a chunk out of order: the bytes of a single run."""
    output = tmp_path / "depth"
    output.mkdir()
    command = openjd("run", "video", *parameters(clip, output), "--step", "Estimate")
    process = subprocess.Popen(
        [*command, "-tp", "Frame=3-4"], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
    )
    end = time.monotonic() + 300
    while not list(output.glob("raw/*.npz")):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=300)
    made = run(*openjd("run", "video", *parameters(clip, output)))
    assert made.returncode == 0, made.stdout[-3000:]
    assert "openjd_progress: 100.0" in made.stdout
    assert finished(output) == finished(whole)


def test_a_frame_that_fails_fails_its_chunk_and_no_other_frame(clip, tmp_path):
    broken = tmp_path / "clip"
    clips.save(clips.own_clip(FRAMES), broken)
    (broken / "shot_0002.png").write_bytes(b"damaged")
    output = tmp_path / "depth"
    output.mkdir()
    made = run(*openjd("run", "video", *parameters(broken, output), "--step", "Estimate", "-tp", "Frame=1-2"))
    assert made.returncode == 1
    assert "error: frame 2: " in made.stdout
    assert sorted(path.name for path in output.glob("raw/*.npz")) == ["0001.npz"]


def test_photos_are_shared_out(tmp_path):
    photos, output = tmp_path / "photos", tmp_path / "depth"
    photos.mkdir()
    output.mkdir()
    for name in "abc":
        Image.new("RGB", (48, 32), "grey").save(photos / f"{name}.png")
    values = {"Photos": photos, "Output": output, "Weights": tmp_path, "Model": "draft", "Shards": 2}
    values |= {"Python": sys.executable, "Module": "inference"}
    given = [part for name, value in values.items() for part in ("-p", f"{name}={value}")]
    made = run(*openjd("run", "photos", *given))
    assert made.returncode == 0, made.stdout[-3000:]
    assert [read_depth(output / f"{name}.depth.exr").values.shape for name in "abc"] == [(32, 48)] * 3
