"""The built-in model: numpy computes what torch computes, and the photo gives the map its outlines."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from inference.cache import place
from inference.catalog import get
from inference.draft import layers
from inference.draft.architecture import input_size, output_size
from inference.draft.model import Draft, by_numpy
from inference.draft.numpy_network import NumpyDraft
from inference.draft.resize import resize
from inference.draft.sharpen import sharpen
from inference.draft.torch_model import load as by_torch
from inference.draft.torch_network import Conv
from inference.draft.torch_network import load as load_network
from inference.draft.weights_file import read_weights
from inference.errors import WeightsError
from tests import seeded_draft

ROOT = Path(__file__).parents[2]
Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("draft") / "seeded.safetensors"
    seeded_draft.write(path)
    return path


def noise(*shape: int) -> Array:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


# --- The network --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 64)])
def test_numpy_agrees_with_torch(seeded: Path, size: tuple[int, int]) -> None:
    pixels = noise(*size, 3)
    with torch.inference_mode():
        expected = load_network(seeded)(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0].numpy()
    found = NumpyDraft(read_weights(seeded))(pixels)
    assert found.shape == (size[0] // 2, size[1] // 2)
    assert np.ptp(expected) > 0.01
    assert np.abs(found - expected).max() <= 1e-3 * np.ptp(expected)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [7, 1200])  # one strip of rows, and many
def test_depthwise_convolution(kernel: int, stride: int, channels: int) -> None:
    convolution = Conv(channels, channels, kernel, stride, channels)
    x = 4 * noise(24, 18, channels)
    with torch.inference_mode():
        expected = convolution(torch.from_numpy(x).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    weight, bias = (value.detach().numpy() for value in (convolution.weight, convolution.bias))
    np.testing.assert_allclose(layers.depthwise(x, weight, bias, stride), expected, atol=1e-4)


def test_both_ways_of_running_it_give_the_same_depth(seeded: Path) -> None:
    photo = np.random.default_rng(4).integers(0, 256, (90, 130, 3), np.uint8)
    run, device = by_torch(seeded, "cpu", None)
    one, other = Draft(by_numpy(seeded)), Draft(run, device)
    depths = [model.run(model.prepare(photo, 64, 96), (90, 130), None).values for model in (one, other)]
    assert depths[0].shape == (90, 130)
    assert np.abs(depths[0] - depths[1]).max() <= 1e-3 * np.ptp(depths[0])


def test_shipped_weights_give_the_same_depth_either_way() -> None:
    with Image.open(ROOT / "assets" / "sample_photo.jpg") as file:
        photo = np.asarray(file.convert("RGB"))
    path = place(get("draft"))
    run, device = by_torch(path, "cpu", None)
    one, other = (
        model.run(model.prepare(photo, *input_size(*photo.shape[:2])), output_size(*photo.shape[:2]), None).values
        for model in (Draft(by_numpy(path)), Draft(run, device))
    )
    assert np.ptp(one) > 0.1
    assert np.abs(one - other).max() <= 1e-3 * np.ptp(one)


def test_a_mirrored_photo_has_the_mirrored_depth(seeded: Path) -> None:
    photo = np.random.default_rng(4).random((64, 64, 3), np.float32)
    model = Draft(by_numpy(seeded))
    straight, mirrored = (
        model.run(model.prepare(each, 64, 64), (64, 64), None).values for each in (photo, photo[:, ::-1])
    )
    np.testing.assert_allclose(mirrored[:, ::-1], straight, atol=1e-4 * np.ptp(straight))


@pytest.mark.parametrize(
    ("photo", "expected"),
    [((3000, 4000), (768, 1024)), ((4000, 3000), (1024, 768)), ((480, 640), (480, 640)), ((1, 500), (1, 500))],
)
def test_a_depth_map_is_as_large_as_its_outlines_are_sharp(photo: tuple[int, int], expected: tuple[int, int]) -> None:
    assert output_size(*photo) == expected


# --- Its file -----------------------------------------------------------------------------------------------------


def test_weights_are_those_of_the_file(seeded: Path) -> None:
    found, expected = read_weights(seeded), load_file(seeded)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], value.float().numpy())


def test_metadata_is_no_tensor(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2, 3)}, tmp_path / "w.safetensors", {"licence": "none"})
    assert list(read_weights(tmp_path / "w.safetensors")) == ["a"]


def _header(**entry: object) -> bytes:
    text = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **entry}}).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 20,
        (2).to_bytes(8, "little") + b"[]",
        _header() + bytes(4),
        _header(dtype="Q4") + bytes(8),
        _header(shape=[3]) + bytes(8),
        _header(data_offsets=None) + bytes(8),
    ],
)
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"(?i)install"):
        read_weights(tmp_path / "w.safetensors")


def test_an_absent_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"(?i)install"):
        read_weights(tmp_path / "w.safetensors")


# --- Sizes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(11, 9), (60, 33), (29, 90), (120, 80), (1, 1)])
def test_resizing_is_torchs_antialiased_bilinear(size: tuple[int, int]) -> None:
    image = np.random.default_rng(5).random((60, 45, 3), np.float32)
    expected = F.interpolate(torch.from_numpy(image).permute(2, 0, 1)[None], size, mode="bilinear", antialias=True)
    np.testing.assert_allclose(resize(image, *size), expected[0].permute(1, 2, 0).numpy(), atol=1e-5)


def test_resizing_a_map_and_bytes() -> None:
    image = np.random.default_rng(5).integers(0, 256, (40, 30), np.uint8)
    expected = resize(image[..., None].astype(np.float32), 13, 50)[..., 0]
    np.testing.assert_allclose(resize(image, 13, 50), expected, rtol=1e-6)


@pytest.mark.parametrize("photo", [(3000, 4000), (500, 20000), (1, 1), (37, 900)])
def test_the_network_sees_multiples_of_its_stride(photo: tuple[int, int]) -> None:
    rows, columns = input_size(*photo)
    assert rows % 32 == columns % 32 == 0
    assert max(rows, columns) <= 4 * 224


# --- Outlines -----------------------------------------------------------------------------------------------------


def _seen(picture: Array) -> tuple[Array, Array]:
    return resize(picture, 60, 80), picture


def test_a_blurred_step_becomes_a_step_at_the_photos_outline() -> None:
    large = np.full((240, 320, 3), 0.2, np.float32)
    large[:, 147:] = (0.8, 0.5, 0.3)  # between pixels 36 and 37 of the small picture
    blurred = np.clip((np.arange(80, dtype=np.float32) - 36.25) / 6 + 0.5, 0, 1) * np.ones((60, 1), np.float32)
    found = sharpen(blurred, *_seen(large))
    assert found.shape == (240, 320)
    assert np.abs(found[:, :144]).max() < 0.06
    assert np.abs(found[:, 150:] - 1).max() < 0.06


def test_a_step_between_slopes_has_no_rim() -> None:
    """Beside the step the slopes go on: nothing is raised or sunk, and nothing ends in a step of its own."""
    large = np.full((240, 320, 3), 0.2, np.float32)
    large[:, 147:] = (0.8, 0.5, 0.3)
    place = np.arange(80, dtype=np.float32) - 36.25
    back, front = 0.2 + 0.003 * place, 0.75 + 0.006 * place
    share = np.clip(place / 6 + 0.5, 0, 1)
    share = share**2 * (3 - 2 * share)
    blurred = ((1 - share) * back + share * front) * np.ones((60, 1), np.float32)
    found = sharpen(blurred.astype(np.float32), *_seen(large))[120]
    fine = (np.arange(320) + 0.5) / 4 - 0.5 - 36.25
    off = found - np.where(np.arange(320) < 147, 0.2 + 0.003 * fine, 0.75 + 0.006 * fine)
    for side in (slice(80, 144), slice(150, 214)):
        assert np.abs(off[side]).max() < 0.03  # of a step of 0.55
        assert np.abs(np.diff(off[side])).max() < 0.005  # from pixel to pixel


def test_a_slope_stays_a_slope() -> None:
    texture = np.random.default_rng(6).random((60, 80, 3), np.float32)
    rows = np.linspace(0, 1, 60, dtype=np.float32)[:, None] * np.ones((1, 80), np.float32)
    found = sharpen(rows, texture, resize(texture, 240, 320))
    expected = resize(rows, 240, 320)
    inside = (slice(40, -40), slice(40, -40))
    assert np.abs(found - expected)[inside].max() < 0.02


def test_a_flat_map_stays_flat() -> None:
    found = sharpen(
        np.full((60, 80), 3.0, np.float32), *_seen(np.random.default_rng(7).random((240, 320, 3), np.float32))
    )
    np.testing.assert_allclose(found, 3.0, atol=1e-4)
