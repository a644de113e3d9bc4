"""Video Depth Anything against what the published code computes with weights from a seed (the reference material)."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from inference.catalog import get
from inference.cli.main import main
from inference.errors import ModelNameError
from inference.io import read_depth
from inference.model import plain, video_depth_anything, windows
from inference.model.video_depth_anything import LAYOUT, VideoDepthAnything, network
from inference.model.weights import published_names
from inference.predict import Predictor
from tests.material import material


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    """What the published code computed: see the material's README."""
    with np.load(material("reference", "video_small.npz")) as file:
        return dict(file)


@pytest.fixture(scope="module")
def seeded() -> ModuleType:
    """The material's own module, which makes the weights and the frames behind the reference."""
    spec = importlib.util.spec_from_file_location("reference_seeded", material("reference", "seeded.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def weights(reference, seeded, tmp_path_factory) -> Path:
    keys = json.loads(str(reference["meta"]))["keys"]
    named = keys.items() if isinstance(keys, dict) else keys
    path = tmp_path_factory.mktemp("weights") / "video.pth"
    torch.save(
        {name: torch.from_numpy(seeded.seeded_array(name, tuple(shape), 0, "video")) for name, shape in named}, path
    )
    return path


@pytest.fixture(scope="module")
def model(weights) -> VideoDepthAnything:
    return VideoDepthAnything(video_depth_anything.build(get("video-small"), weights), kind="disparity")


def off(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference in parts of the range."""
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / np.ptp(theirs))


@pytest.mark.parametrize(("frames", "step"), [(1, 1), (5, 1), (32, 3)])
def test_the_network_is_the_published_one(model, reference, seeded, frames, step):
    with torch.inference_mode():
        found = model._network(torch.from_numpy(seeded.seeded_frames(frames, 56, 84))).numpy()
    assert off(found[:, ::step, ::step], reference[f"out_{frames}x56x84"]) < 2e-5


@pytest.mark.parametrize("number", range(4))
def test_each_block_over_time_is_the_published_one(model, reference, number, monkeypatch):
    given = torch.from_numpy(reference[f"module{number}_in_5x56x84"])
    expected = reference[f"module{number}_out_5x56x84"]
    block = model._network.head.over_time[number]
    with torch.inference_mode():
        assert off(block(given).numpy(), expected) < 2e-6
        monkeypatch.setattr(video_depth_anything, "_FLOATS", 1 << 14)  # in many parts
        assert off(block(given).numpy(), expected) < 2e-6


def test_epsilons_are_the_published_ones(model, reference):
    faint = torch.from_numpy(reference["module2_in_5x56x84"] * np.float32(1e-4))
    with torch.inference_mode():
        assert off(model._network.head.over_time[2](faint).numpy(), reference["module2_out_faint"]) < 2e-5


@pytest.mark.parametrize(("name", "kind"), [("clip_depth", "disparity"), ("clip_depth_metric", "distance")])
def test_a_clip_is_as_published(model, reference, seeded, monkeypatch, name, kind):
    monkeypatch.setattr(model, "kind", kind)
    encoded = []
    monkeypatch.setattr(model, "encode", lambda *given, of=model.encode: encoded.append(0) or of(*given))
    found = np.stack(list(model.depths(iter(seeded.seeded_clip(60, 84, 126)), 84)))
    assert len(encoded) == 60  # each frame once
    assert off(found[:, ::2, ::2], reference[name]) < 2e-5


def test_a_predictor_of_a_clip_gives_depth_after_depth(model, reference, seeded):
    predictor = Predictor(model, get("video-small"), revision="local", size=84)
    found = list(predictor.predict_clip(seeded.seeded_clip(25, 84, 126)))
    assert len(found) == 25
    assert {(depth.kind, depth.model, depth.values.shape) for depth in found} == {
        ("disparity", "video-small", (84, 126))
    }
    assert (found[3].raw_min, found[3].raw_max) == (found[3].values.min(), found[3].values.max())


def test_the_command_makes_the_published_clip(weights, reference, seeded, tmp_path):
    """From picture files, split into no shots, through windows on disk, to depth files."""
    for number, frame in enumerate(seeded.seeded_clip(60, 84, 126), 1):
        Image.fromarray(frame).save(tmp_path / f"shot_{number:04d}.png")
    (tmp_path / "cuts.txt").write_text("# none\n")
    command = ["video", str(tmp_path / "shot_####.png"), "-o", str(tmp_path), "--cuts", str(tmp_path / "cuts.txt")]
    assert main([*command, "--model", "video-small", "--weights", str(weights), "--size", "84", "--threads", "1"]) == 0
    found = np.stack([read_depth(tmp_path / f"depth_{number:04d}.exr").values for number in range(1, 61)])
    assert off(found[:, ::2, ::2], reference["clip_depth"]) < 2e-5


def test_a_model_of_single_photos_is_no_model_of_clips(monkeypatch, model):
    monkeypatch.delattr(VideoDepthAnything, "depths")
    with pytest.raises(ModelNameError, match="Choose video-small"):
        next(Predictor(model, get("small"), revision="local").predict_clip([]))


def test_a_wide_clip_is_seen_smaller_and_put_out_at_its_size(model, reference, seeded):
    assert model.sizes(100, 225, 84) == (70, 154)
    found = np.stack(list(model.depths(iter(seeded.seeded_clip(40, 100, 225)), 84)))
    assert off(found[:, ::3, ::3], reference["wide_depth"]) < 2e-5


def test_windows_are_stitched_as_published(reference):
    stitch = windows.Stitch(is_metric=False)
    found = [depth for window in reference["clip_windows"] for depth in stitch.add(list(window))] + stitch.held
    assert off(np.stack(found)[:60], reference["stitch_depth"]) < 1e-5
    np.testing.assert_allclose(stitch.fits, reference["stitch_fit"], atol=5e-5)


@pytest.mark.parametrize("count", [0, 1, 9, 10, 22, 23, 24, 25, 26, 32, 33, 47, 54, 60, 70])
def test_every_frame_comes_once_in_order_and_few_are_held(count):
    read = []

    def frames():
        for number in range(count):
            read.append(number)
            yield number

    shown = []
    found = windows.depths(frames(), float, lambda slots: [np.full((1, 2), slot) for slot in slots], is_metric=True)
    for depth in found:
        shown.append(float(depth[0, 0]))
        assert len(read) <= len(shown) + windows.LENGTH
    assert shown == pytest.approx(list(range(count)), abs=1e-4)


def test_names_are_those_of_the_published_files(reference):
    keys = json.loads(str(reference["meta"]))["keys"]
    names = {name for name, *_ in (keys.items() if isinstance(keys, dict) else keys)}
    with torch.device("meta"):
        tensors = network(plain.VITS).state_dict()
    ours = {name for tensor in tensors for name in published_names(tensor, LAYOUT)}
    unused = {name for name in names if name.endswith("mask_token") or "refinenet4.resConfUnit1" in name}
    assert ours == names - unused
