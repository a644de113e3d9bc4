"""Maps for diffusion models: what their own preprocessor makes of them, and the way back."""

import json

import numpy as np
import pytest
import torch
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from inference.constraint import Frame, control_map, frame, read_frame
from inference.depth import Depth
from inference.errors import DepthFileError
from inference.io import write_depth
from tests.inference.test_cli import QUICK, photo, run

__all__ = ["photo"]  # a fixture
HEIGHT, WIDTH = 90, 128


def ramp(kind: str) -> Depth:
    """Inverse depth that rises from left to right, in either kind."""
    inverse = np.broadcast_to(np.linspace(0.2, 1.0, WIDTH), (HEIGHT, WIDTH)).astype(np.float32)
    values = inverse if kind == "disparity" else 1 / inverse
    return Depth(values, None, kind, float(values.min()), float(values.max()), "small", "1")  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "height"), [(1200, 900), (900, 1200), (640, 640), (4000, 1000), (31, 47)])
def test_a_photo_is_padded_and_never_stretched(width, height):
    inside = frame(width, height, 512, 64)
    assert min(inside.width, inside.height) == 512
    assert abs(inside.width / inside.height / (width / height) - 1) < 1 / 512
    assert inside.whole_width % 64 == inside.whole_height % 64 == 0
    assert 0 <= inside.whole_width - inside.width < 64
    assert 0 <= inside.whole_height - inside.height < 64
    assert abs(inside.whole_width - inside.width - 2 * inside.left) <= 1


@pytest.mark.parametrize("kind", ["disparity", "distance"])
def test_it_is_linear_in_inverse_depth(kind):
    inside = frame(WIDTH, HEIGHT, HEIGHT, 64)
    pixels, (far, near) = control_map(ramp(kind), inside)
    assert pixels.shape == (128, 128)
    row = pixels[inside.top + 10, inside.left : inside.left + WIDTH].astype(float)
    wanted = np.clip((np.linspace(0.2, 1.0, WIDTH) - far) / (near - far), 0, 1) * 255
    np.testing.assert_allclose(row, wanted, atol=0.51)
    assert (far, near) == pytest.approx((0.208, 0.996), abs=0.005)  # percentiles
    assert (pixels[: inside.top] == pixels[inside.top]).all()  # padded by its own rim


def test_what_is_unknown_is_black():
    depth = ramp("distance")
    known = np.ones((HEIGHT, WIDTH), bool)
    known[20:50, 80:110] = False
    values = np.where(known, depth.values, 1e10).astype(np.float32)
    pixels, _ = control_map(Depth(values, known, "distance", 1.0, 5.0, "", ""), frame(WIDTH, HEIGHT, HEIGHT, 2))
    assert (pixels[22:48, 82:108] == 0).all()


def test_diffusers_takes_it_as_it_is(tmp_path):
    """Its preprocessor for control images keeps size and values; of the 16-bit map it makes white."""
    write_depth(ramp("disparity"), tmp_path / "map.png", "controlnet", inside=frame(WIDTH, HEIGHT, 128, 64))
    write_depth(ramp("disparity"), tmp_path / "deep.png", "png16")
    processor = VaeImageProcessor(vae_scale_factor=8, do_convert_rgb=True, do_normalize=False)
    with Image.open(tmp_path / "map.png") as image:
        assert image.mode == "RGB"
        ours = np.asarray(image)
        found = processor.preprocess(image)
    assert found.shape == (1, 3, *ours.shape[:2])
    torch.testing.assert_close(found[0], torch.from_numpy(ours / np.float32(255)).permute(2, 0, 1))
    with Image.open(tmp_path / "deep.png") as image:
        white = processor.preprocess(image)
    assert white.mean() > 0.95 > found.mean()  # hence a format of its own


@pytest.mark.parametrize("size", [(1408, 1024), (704, 512)])
def test_the_way_back_is_exact(tmp_path, size):
    """A picture of the map's shape, at any size, is cropped to the photo to within half a pixel."""
    inside = frame(1200, 900, 1024, 64)
    write_depth(ramp("disparity"), tmp_path / "map.png", "controlnet", inside=inside)
    assert read_frame(tmp_path / "map.png") == inside == Frame(21, 0, 1365, 1024, 1408, 1024)
    left, top, right, bottom = inside.crop(*size)
    scale = size[0] / 1408
    assert (left, top) == pytest.approx((21 * scale, 0))
    assert (right - left) / (bottom - top) == pytest.approx(1200 / 900, abs=0.5 / 1024)
    Image.new("RGB", (8, 8)).save(tmp_path / "other.png")
    with pytest.raises(DepthFileError, match="controlnet"):
        read_frame(tmp_path / "other.png")


def test_the_command(photo):
    options = ("--format", "controlnet", "--resolution", "96", "--multiple", "32", "--json")
    result = run(photo, *options, *QUICK)
    assert result.returncode == 0
    output = photo.with_name("photo.controlnet.png")
    assert json.loads(result.stdout)["output"] == str(output)
    with Image.open(output) as image:
        assert (image.mode, image.size) == ("RGB", (128, 96))
        assert {"depthBlack", "depthWhite", "depthModel"} <= image.info.keys()
    assert read_frame(output) == frame(64, 48, 96, 32)
