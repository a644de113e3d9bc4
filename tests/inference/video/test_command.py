"""`video` on the command line, with the built-in model: the project's own clip through it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference import catalog
from inference.cli.main import main
from inference.draft.resize import resize
from inference.io import read_depth
from inference.model import Output
from inference.predict import Predictor
from inference.video import record
from tests import simulated_clip as clips

ROOT = Path(__file__).parents[3]


class Plain:
    """A `Model` that stands in for a network: what is bright is near, and each picture jitters by its own pixels."""

    kind, device = "disparity", "cpu"

    def sizes(self, height: int, width: int, size: int) -> tuple[int, int]:
        return height // 2, width // 2

    def output_size(self, height: int, width: int, size: int) -> tuple[int, int]:
        return height // 2, width // 2

    def bytes_needed(self, rows: int, columns: int, photo_pixels: int) -> int:
        return 0

    def prepare(self, rgb: np.ndarray, rows: int, columns: int) -> np.ndarray:
        return rgb

    def run(self, prepared: np.ndarray, size: tuple[int, int], progress: object, lens: object = None) -> Output:
        light = prepared.mean(2, dtype=np.float32)
        jitter = np.float32(1.0 + 0.1 * np.sin(float(prepared.sum())))
        return Output(resize(light * jitter, *size))


@pytest.fixture(autouse=True, scope="module")
def model() -> Iterator[None]:
    """Play the stand-in wherever a model is loaded in this process."""
    with pytest.MonkeyPatch.context() as patch:
        spec = catalog.get("draft")
        patch.setattr(Predictor, "from_catalog", lambda *_, **__: Predictor(Plain(), spec, revision="", size=32))
        yield


@pytest.fixture(scope="module")
def shot(tmp_path_factory) -> str:
    return clips.save(clips.own_clip(12), tmp_path_factory.mktemp("clip"))


def run(clip: str, folder: Path, *options: str) -> int:
    return main(["video", clip, "-o", str(folder), "--model", "draft", "--size", "32", *options])


@pytest.fixture(scope="module")
def whole(shot, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "depth"
    assert run(shot, folder) == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_one_file_a_frame_and_one_range_a_shot(whole):
    names = [f"depth_{number:04d}.exr" for number in range(1, 13)]
    assert sorted(contents(whole)) == ["depth.json", *names]
    found = record.load(whole / "depth.json")
    assert [shot.frames[0].frame for shot in found.shots] == [1, 7]
    assert (found.kind, found.making.model, found.width, found.height) == ("disparity", "draft", 64, 48)
    depths = [read_depth(whole / name) for name in names]
    assert all(depth.values.shape == (48, 64) for depth in depths)
    ranges = {(depth.raw_min, depth.raw_max) for depth in depths[:6]}
    assert len(ranges) == 1
    low, high = ranges.pop()
    assert low <= min(depth.values.min() for depth in depths[:6]) + 1e-6
    assert high >= max(depth.values.max() for depth in depths[:6]) - 1e-6
    assert (depths[6].raw_min, depths[6].raw_max) != (low, high)


def test_it_is_what_the_model_says_but_steadier(whole, shot):
    """Each frame by itself, aligned to the whole, differs less from it than the frames do among themselves."""
    predictor = Predictor.from_catalog()
    for number in (3, 9):
        alone = predictor.predict(np.asarray(Image.open(shot % number))).values
        steady = read_depth(whole / f"depth_{number:04d}.exr").values
        assert np.corrcoef(alone.ravel(), steady.ravel())[0, 1] > 0.95


def test_in_steps_and_chunks_in_any_order_it_is_the_same(whole, shot, tmp_path):
    for frames in ("9-12", "1-3,5", "4,6-8"):
        assert run(shot, tmp_path, "--step", "estimate", "--frames", frames) == 0
    assert run(shot, tmp_path, "--step", "measure") == 0
    for frames in ("6-12", "1-5"):
        assert run(shot, tmp_path, "--step", "finish", "--frames", frames) == 0
    assert contents(tmp_path) == contents(whole)


def test_what_is_whole_is_left_and_what_is_broken_is_made_again(whole, shot, tmp_path, capfd, monkeypatch):
    assert run(shot, tmp_path) == 0
    expected = contents(tmp_path)
    capfd.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(Predictor, "from_catalog", lambda *_, **__: pytest.fail("loaded a model for nothing"))
        assert run(shot, tmp_path, "--json") == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [one.get("skipped") for one in told] == [True] * 12
    cut, gone = tmp_path / "depth_0003.exr", tmp_path / "depth_0009.exr"
    cut.write_bytes(cut.read_bytes()[:-50])
    gone.unlink()
    assert run(shot, tmp_path, "--json") == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert sorted(one["frame"] for one in told if not one.get("skipped")) == [3, 9]
    assert contents(tmp_path) == expected
    assert run(shot, tmp_path, "--fixed-camera") == 0
    assert contents(tmp_path) != expected


def test_a_frame_that_fails_costs_itself_alone(shot, tmp_path, capfd):
    folder = tmp_path / "clip"
    pattern = clips.save(clips.own_clip(12), folder)
    (folder / "shot_0004.png").write_bytes(b"damaged")
    assert run(pattern, tmp_path / "depth", "--frames", "1-7,99") == 1
    said = capfd.readouterr().err
    assert "error: frame 4: " in said
    assert "rame 99" in said
    made = sorted(path.name for path in (tmp_path / "depth").glob("*.exr"))
    assert made == [f"depth_{number:04d}.exr" for number in (1, 2, 3, 5, 6, 7)]
    (folder / "shot_0004.png").write_bytes(Path(shot % 4).read_bytes())
    assert run(pattern, tmp_path / "depth", "--frames", "1-7") == 0
    assert (tmp_path / "depth" / "depth_0004.exr").is_file()
    assert not (tmp_path / "depth" / "raw").exists()


def test_frames_of_another_size_are_refused(shot, tmp_path, capfd):
    pattern = clips.save(clips.own_clip(4), tmp_path)
    Image.new("RGB", (32, 24)).save(tmp_path / "shot_0003.png")
    assert run(pattern, tmp_path / "depth") == 1
    assert "rame 3 has 32 x 24 pixels" in capfd.readouterr().err


def test_cuts_from_a_file(shot, tmp_path, capfd):
    (tmp_path / "cuts.txt").write_text("# by hand\n4\n9  # here too\n")
    assert run(shot, tmp_path / "a", "--cuts", str(tmp_path / "cuts.txt"), "--format", "png16") == 0
    found = record.load(tmp_path / "a" / "depth.json")
    assert [one.frames[0].frame for one in found.shots] == [1, 4, 9]
    assert found.cuts == (4, 9)
    with Image.open(tmp_path / "a" / "depth_0001.png") as image:
        assert image.mode == "I;16"
    (tmp_path / "cuts.txt").write_text("at noon\n")
    assert run(shot, tmp_path / "a", "--cuts", str(tmp_path / "cuts.txt")) == 1
    assert "one frame number a line" in capfd.readouterr().err


def test_what_is_called_wrongly_is_said(shot, tmp_path, capfd):
    assert main(["video", str(tmp_path / "nothing.mp4"), "-o", str(tmp_path)]) == 1
    assert "no such movie" in capfd.readouterr().err
    assert run(str(tmp_path / "none_####.png"), tmp_path) == 1
    assert "no file of this sequence is there" in capfd.readouterr().err
    assert run(shot, tmp_path, "--step", "finish") == 1
    assert "easure the clip" in capfd.readouterr().err
    assert run(shot, tmp_path, "--step", "measure") == 1
    assert "rames 1-12" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM there")
def test_stopped_in_the_middle_and_run_again(shot, tmp_path):
    """With the built-in model itself, in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "inference",
        "video",
        shot,
        "-o",
        str(tmp_path),
        "--model",
        "draft",
        "--size",
        "32",
    ]
    command += ["--frames", "1-6"]
    command += ["--openjd"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ)
    for _ in range(4):  # frames estimated
        assert process.stdout.readline().startswith("openjd_progress: ")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=300) == 130
    process.stdout.close()
    made = len(list((tmp_path / "raw").glob("*.npz")))
    assert 4 <= made <= 6
    assert list((tmp_path / "raw").glob("*.part")) == []
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "raw").glob("*.npz")}
    again = subprocess.run([*command, "--keep-raw", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(contents(tmp_path)) == 7
