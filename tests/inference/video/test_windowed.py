"""`video` with a model that looks from frame to frame: its windows, in one run and in chunks."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inference import catalog
from inference.cli.main import main
from inference.draft.resize import resize
from inference.io import read_depth
from inference.model import windows
from inference.predict import Predictor
from inference.video import clip as clip_of_files
from inference.video import cuts, gauge, record
from tests import simulated_clip as clips

FRAMES = 64  # two shots of 32: two windows each


class Windowed:
    """A `ClipModel` that stands in for a network: what is bright is near, in a range of each window's own."""

    kind, device = "disparity", "cpu"

    def __init__(self) -> None:
        self.encoded = self.windows = self.held = 0

    def sizes(self, height: int, width: int, size: int) -> tuple[int, int]:
        return height // 2, width // 2

    def bytes_of_window(self, rows: int, columns: int) -> int:
        return 0

    def encode(self, frame: np.ndarray, size: int) -> np.ndarray:
        self.encoded += 1
        return resize(frame.mean(2, dtype=np.float32), frame.shape[0] // 2, frame.shape[1] // 2)

    def window(
        self, encoded: Sequence[np.ndarray], *, enlarge: bool = True, progress: Callable[[float], None] | None = None
    ) -> list[np.ndarray]:
        self.windows += 1
        assert len(encoded) == windows.LENGTH
        assert not enlarge
        gain = np.float32(1.0 + 0.2 * np.sin(sum(float(one.mean()) for one in encoded)))
        return [one * gain + np.float32(5.0) for one in encoded]

    def depths(self, *_: object) -> None:
        raise NotImplementedError

    output_size = bytes_needed = prepare = run = depths  # not for windows


@pytest.fixture(autouse=True)
def model(monkeypatch) -> Windowed:
    """Play the stand-in wherever a model is loaded."""
    made, spec = Windowed(), catalog.get("video-small")
    monkeypatch.setattr(Predictor, "from_catalog", lambda *_, **__: Predictor(made, spec, revision=spec.revision))
    return made


@pytest.fixture(scope="module")
def shot(tmp_path_factory) -> str:
    return clips.save(clips.own_clip(FRAMES), tmp_path_factory.mktemp("clip"))


def run(clip: str, folder: Path, *options: str) -> int:
    return main(["video", clip, "-o", str(folder), "--model", "video-small", *options])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.fixture
def whole(shot, tmp_path, model) -> Path:
    folder = tmp_path / "whole"
    assert run(shot, folder) == 0
    return folder


def test_shots_are_split_first_and_each_has_one_range(whole, model):
    assert (model.encoded, model.windows) == (FRAMES, 4)  # each frame once
    found = record.load(whole / "depth.json")
    assert [(one.frames[0].frame, one.frames[-1].frame, len(one.windows)) for one in found.shots] == [
        (1, 32, 2),
        (33, 64, 2),
    ]
    assert found.making == found.making.of(catalog.get("video-small"), None, None, "float32")
    assert not (whole / "raw").exists()
    for shot in found.shots:
        depths = [read_depth(whole / f"depth_{one.frame:04d}.exr") for one in shot.frames]
        assert {(depth.raw_min, depth.raw_max) for depth in depths} == {(shot.low, shot.high)}
        assert {depth.values.shape for depth in depths} == {(48, 64)}


def test_windows_are_laid_over_each_other(whole, shot):
    """The stand-in's windows differ by a scale alone, so the fit takes all of it away; the first window's stays."""
    found = record.load(whole / "depth.json")
    read = clip_of_files.open_clip(shot)
    for one in found.shots:
        first, last = (
            read_depth(whole / f"depth_{frame.frame:04d}.exr").values for frame in (one.frames[0], one.frames[-1])
        )
        light = [read.read(frame.frame).rgb.mean(2, dtype=np.float32) for frame in (one.frames[0], one.frames[-1])]
        small = [resize(resize(each, 24, 32), 48, 64) for each in light]
        gain, shift = np.polyfit(small[0].ravel(), first.ravel(), 1)
        np.testing.assert_allclose(last, gain * small[1] + shift, rtol=1e-4)
        assert one.windows[1][0] != pytest.approx(1.0, abs=1e-3)


def test_in_steps_and_chunks_in_any_order_it_is_the_same(whole, shot, tmp_path):
    folder = tmp_path / "chunks"
    assert run(shot, folder, "--step", "split") == 0
    for frames in ("41-64", "1-20", "21-40"):
        assert run(shot, folder, "--step", "estimate", "--frames", frames) == 0
    assert run(shot, folder, "--step", "measure") == 0
    for frames in ("30-64", "1-29"):
        assert run(shot, folder, "--step", "finish", "--frames", frames) == 0
    assert contents(folder) == contents(whole)


def test_a_broken_frame_costs_its_windows_alone(whole, shot, model, capfd):
    expected, cut = contents(whole), whole / "depth_0033.exr"
    cut.write_bytes(cut.read_bytes()[:-9])
    model.encoded = model.windows = 0
    capfd.readouterr()
    assert run(shot, whole, "--json") == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [one["frame"] for one in told if not one.get("skipped")] == [33]
    assert (model.encoded, model.windows) == (32, 1)
    assert contents(whole) == expected


def test_a_frame_that_can_not_be_read_is_left_out(shot, tmp_path, capfd):
    pattern = clips.save(clips.own_clip(8), tmp_path / "clip")
    (tmp_path / "clip" / "shot_0003.png").write_bytes(b"damaged")
    assert run(pattern, tmp_path / "depth") == 1
    assert "error: frame 3: " in capfd.readouterr().err
    made = sorted(path.name for path in (tmp_path / "depth").glob("*.exr"))
    assert made == [f"depth_{number:04d}.exr" for number in (1, 2, 4, 5, 6, 7, 8)]


def test_what_the_steps_lack_is_said(shot, tmp_path, capfd):
    assert run(shot, tmp_path, "--step", "estimate") == 1
    assert "Split the clip first" in capfd.readouterr().err
    assert run(shot, tmp_path, "--step", "split", "--frames", "1-8") == 0
    assert run(shot, tmp_path, "--step", "estimate", "--frames", "8-9") == 1
    assert "frame 9: the clip was split without it" in capfd.readouterr().err
    assert run(shot, tmp_path, "--step", "measure") == 0
    assert run(shot, tmp_path, "--step", "measure", "--size", "99") == 1
    assert "estimated in another way" in capfd.readouterr().err


def test_a_file_that_changed_since_the_split_is_refused(tmp_path, capfd):
    pattern = clips.save(clips.own_clip(6), tmp_path / "clip")
    assert run(pattern, tmp_path, "--step", "split") == 0
    clips.save(clips.own_clip(6, 60, 80), tmp_path / "clip")
    assert run(pattern, tmp_path, "--step", "estimate") == 1
    assert "changed since the clip was split" in capfd.readouterr().err


@pytest.mark.parametrize("count", [1, 2, 9, 10, 24, 25, 26, 32, 33, 47, 48, 54, 60, 70])
def test_windows_made_alone_are_those_of_one_run(count):
    """By number: what a window holds, and what each frame takes of it, as `windows.depths` does it frame by frame."""
    held, shown = [], []

    def window(frames: list[int]) -> list[np.ndarray]:
        held.append(frames)
        return [np.full((1, 1), 1000.0 * len(held) + frame, np.float32) for frame in frames]

    found = [float(one[0, 0]) for one in windows.depths(iter(range(count)), lambda one: one, window, is_metric=True)]
    assert held == [windows.slots(number, count) for number in range(windows.count(count))]
    for frame in range(count):
        taken = [
            (part.weight, 1000.0 * (part.window + 1) + held[part.window][part.slot])
            for part in windows.parts(frame, count)
        ]
        assert {held[part.window][part.slot] for part in windows.parts(frame, count)} == {frame}
        shown.append(sum(weight * value for weight, value in taken))
    assert shown == pytest.approx(found, abs=1e-3)


def test_a_cut_is_seen_in_the_pictures_and_a_moving_camera_is_none():
    for name, speed in (("static", 0.0), ("dolly", 0.2), ("truck", 0.2)):
        frames = [cuts.reduced(gauge.luma(rgb)) for rgb in clips.shoot(clips.path(name, 6, speed), 48, 64).rgb]
        assert not any(map(cuts.is_cut, frames, frames[1:])), name
    frames = [cuts.reduced(gauge.luma(rgb)) for rgb in clips.own_clip(8).rgb]
    assert [cuts.is_cut(*pair) for pair in pairwise(frames)] == [False] * 3 + [True] + [False] * 3
    flash = clips.own_clip(8).rgb[0] // 3
    assert not cuts.is_cut(frames[0], cuts.reduced(gauge.luma(flash)))
