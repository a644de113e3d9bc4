"""The photo's way into the model, against OpenCV, and the output's way back."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference.model.plain import resize
from inference.preprocess import MEAN, STD, input_size, resize_cubic, to_input

RNG = np.random.default_rng(0)
SAMPLE = Path(__file__).parents[2] / "assets" / "sample_photo.jpg"  # 900 x 1200


def original_size(height: int, width: int, size: int) -> tuple[int, int]:
    """Return what the original's Resize gives for keep_aspect_ratio, lower_bound, multiples of 14."""
    scale = max(size / height, size / width)

    def constrain(x: float) -> int:
        y = int(np.round(x / 14) * 14)
        return y if y >= size else int(np.ceil(x / 14) * 14)

    return constrain(scale * height), constrain(scale * width)


def test_common_sizes():
    assert input_size(480, 640, 518, 14) == (518, 686)
    assert input_size(640, 480, 518, 14) == (686, 518)
    assert input_size(1080, 1920, 518, 14) == (518, 924)
    assert input_size(100, 100, 392, 14) == (392, 392)
    assert input_size(1, 1, 14, 14) == (14, 14)


def test_size_is_the_originals_for_any_aspect():
    for height, width, size in RNG.integers(1, 5000, (3000, 3)).tolist():
        assert input_size(height, width, size, 14) == original_size(height, width, size)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((480, 640), (518, 686)),
        ((3000, 4000), (518, 686)),
        ((3, 5), (70, 126)),
        ((1, 1), (14, 14)),
        ((7, 900), (14, 84)),
    ],
)
def test_resize_is_opencvs_cubic(dtype, shape, size):
    cv2 = pytest.importorskip("cv2", reason="OpenCV is what the original resizes with")
    image = RNG.integers(0, 256, (*shape, 3)).astype(dtype)
    expected = cv2.resize(image.astype(np.float64), size[::-1], interpolation=cv2.INTER_CUBIC)
    ours = resize_cubic(image, *size)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=0, atol=255 * 2e-6)


def test_resize_to_the_same_size_changes_nothing():
    image = RNG.random((28, 42, 3), dtype=np.float32)
    np.testing.assert_array_equal(resize_cubic(image, 28, 42), image)


def test_input_is_the_originals():
    """Scaled to 0 to 1, resized by OpenCV's cubic, normalised by ImageNet's mean and deviation, channels first."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is what the original resizes with")
    photo = np.asarray(Image.open(SAMPLE).convert("RGB"))
    pixels = to_input(photo, *input_size(*photo.shape[:2], 518, 14))
    expected = cv2.resize(photo / 255.0, (686, 518), interpolation=cv2.INTER_CUBIC)
    expected = (expected - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, expected.transpose(2, 0, 1)[None], rtol=0, atol=2e-5)


def test_input_is_normalised_per_channel():
    photo = np.full((20, 30, 3), (255, 0, 51), dtype=np.uint8)
    expected = (np.array([1.0, 0.0, 0.2]) - MEAN) / STD
    pixels = to_input(photo, 14, 28)
    np.testing.assert_allclose(pixels[0, :, 3, 5], expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(to_input(photo.astype(np.float32) / 255, 14, 28), pixels, rtol=0, atol=1e-6)


def test_output_returns_bilinearly_with_corners_aligned():
    depth = RNG.random((14, 28), dtype=np.float32)
    ours = resize(torch.from_numpy(depth)[None, None], 45, 31)[0, 0].numpy()
    y, x = np.linspace(0, 13, 45), np.linspace(0, 27, 31)
    columns = np.stack([np.interp(x, np.arange(28), row) for row in depth])
    expected = np.stack([np.interp(y, np.arange(14), column) for column in columns.T], axis=1)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-6)
