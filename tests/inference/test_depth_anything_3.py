"""Depth Anything 3 against its own package: what the network puts out, and what becomes of the sky and the metres."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from inference.catalog import get
from inference.depth import Lens
from inference.errors import PhotoError, WeightsError
from inference.model import depth_anything_3
from inference.model.depth_anything_3 import LAYOUT, DepthAnything3, network
from inference.model.plain import CONFIGS, VITS
from inference.model.weights import load, published_names
from inference.predict import Predictor
from tests.inference import published

SIZES = [(70, 98), (56, 56)]


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    pytest.importorskip("depth_anything_3", reason="the package is what ours is held against")
    small = published.DepthAnything3("vits", list(VITS.taps), VITS.features, list(VITS.channels))
    return published.fill(small)


@pytest.fixture(scope="module")
def path(theirs: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the hub would have of a Small one: neither the mask token nor the coarsest skip is in it."""
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}, path)
    return path


def ours(path: Path, kind: str) -> DepthAnything3:
    return DepthAnything3(load(path, lambda: network(VITS), (LAYOUT,)), kind=kind)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_depth_and_sky_are_the_packages(theirs, path, pixels, height, width):
    with torch.inference_mode():
        expected = [found[0].numpy() for found in theirs(pixels(height, width))]
    maps = ours(path, "disparity").maps(pixels(height, width), (height, width), None)
    for found, original in zip(maps, expected, strict=True):
        assert np.ptp(original) > 0.1
        assert np.abs(found - original).max() <= 2e-5 * np.ptp(original)


def test_names_and_sizes_are_those_of_the_published_files():
    with torch.device("meta"):
        tensors = network(CONFIGS["vitl"]).state_dict()
    names = [name for ours in tensors for name in published_names(ours, LAYOUT)]
    assert len(set(names)) == len(names) == 406
    assert sum(tensor.numel() for tensor in tensors.values()) == 334_171_394
    assert "model.backbone.pretrained.blocks.23.attn.qkv.weight" in names
    assert "model.head.scratch.sky_output_conv2.2.bias" in names


def test_a_file_of_another_network_is_refused(tmp_path):
    save_file({"pretrained.cls_token": torch.zeros(1, 1, 384)}, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match=r"no tensors named model\.head\.\*"):
        depth_anything_3.build(get("da3-mono"), tmp_path / "a.safetensors")


@pytest.fixture
def predictor(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Predictor]:
    """Return a predictor whose network puts out the depth and the sky that are given, (h, w)."""

    def make(name: str, depth: np.ndarray, sky: np.ndarray) -> Predictor:
        model = ours(path, get(name).kind)
        monkeypatch.setattr(model, "maps", lambda *_: np.stack([depth, sky]).astype(np.float32))
        return Predictor(model, get(name), revision="local", size=56)

    return make


def below_a_sky(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    depth = np.linspace(50, 2, 56)[:, None] * np.ones((1, 84))
    sky = np.zeros((56, 84))
    sky[:rows] = 0.9
    return np.zeros((56, 84, 3), np.uint8), depth, sky


def test_sky_is_as_far_as_disparity_goes(predictor):
    photo, depth, sky = below_a_sky(10)
    found = predictor("da3-mono", depth, sky).predict(photo)
    assert (found.kind, found.validity) == ("disparity", None)
    np.testing.assert_array_equal(found.values[:10], 0)
    np.testing.assert_allclose(found.values[10:], 1 / depth[10:], rtol=1e-6)
    assert found.raw_max == pytest.approx(0.5)


def test_metres_follow_the_lens_and_the_sky_is_left_out(predictor):
    photo, depth, sky = below_a_sky(10)
    model = predictor("da3-metric", depth, sky)
    found = model.predict(photo, focal_length=18.0)
    metres = depth * (18 / 36 * 84) / 300  # the focal length in pixels of what the network sees, over 300
    np.testing.assert_allclose(found.values[10:], metres[10:], rtol=1e-6)
    np.testing.assert_array_equal(found.validity, sky < 0.3)
    assert found.lens == Lens(18.0, "photo")
    assert found.raw_max == pytest.approx(metres[10:].max())
    assumed = model.predict(photo)
    assert assumed.lens.source == "assumed"
    np.testing.assert_allclose(assumed.values, found.values * assumed.lens.focal_length / 18, rtol=1e-5)


def test_transparency_and_sky_are_both_left_out(predictor):
    photo, depth, sky = below_a_sky(10)
    opaque = np.ones((56, 84), np.float32)
    opaque[:, :20] = 0
    found = predictor("da3-metric", depth, sky).predict(photo, opaque)
    np.testing.assert_array_equal(found.validity > 0, (sky < 0.3) & (opaque > 0))


@pytest.mark.parametrize("share", [0, 10 / (56 * 84), 1 - 10 / (56 * 84), 1])
def test_a_handful_of_pixels_is_no_sky(predictor, share):
    photo, depth, _ = below_a_sky(0)
    sky = np.where(np.arange(56 * 84).reshape(56, 84) < round(share * 56 * 84), 0.9, 0.0)
    found = predictor("da3-metric", depth, sky).predict(photo)
    assert found.validity is None
    assert (found.values > 0).all()


def test_a_photo_of_nothing_is_told(predictor, monkeypatch):
    photo, depth, sky = below_a_sky(10)
    model = predictor("da3-metric", depth, sky)
    opaque = (sky > 0.3).astype(np.float32)  # all that is not transparent is sky
    with pytest.raises(PhotoError, match="nothing but sky"):
        model.predict(photo, opaque)
