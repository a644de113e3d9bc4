"""Photos that a phone stored lying: read as Pillow reads them, and turned upright in Blender."""

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from tests.addon.enabled import depth_image, exif
from tools import extension

photo = extension.module("addon.scene.photo")


def write(path, orientation):
    """A picture of 6 x 4 different greys, stored with an orientation."""
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
    noted = Image.Exif()
    noted[ExifTags.Base.Orientation] = orientation
    Image.fromarray(np.repeat(pixels[..., None], 3, axis=2)).save(path, exif=noted, lossless=True, quality=100)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_what_pillow_reads(tmp_path, suffix, orientation):
    path = write(tmp_path / f"photo{suffix}", orientation)
    assert exif.orientation(path) == orientation
    with Image.open(path) as image:
        stored, upright = np.asarray(image), np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(exif.turn(stored, orientation), upright)


def test_a_file_that_says_nothing_is_upright(tmp_path):
    path = tmp_path / "photo.png"
    Image.new("RGB", (3, 2)).save(path)
    assert exif.orientation(path) == 1
    path.write_bytes(b"\xff\xd8\xff\xe1\x00\x10Exif\0\0II*\0\x08\0")  # cut off in the directory
    assert exif.orientation(path) == 1


@pytest.mark.parametrize("orientation", [3, 6, 8, 5])
def test_a_photo_is_shown_upright(tmp_path, orientation):
    path = write(tmp_path / "photo.png", orientation)
    image = photo.load(path)
    with Image.open(path) as read:
        upright = np.asarray(ImageOps.exif_transpose(read))
    assert tuple(image.size) == (upright.shape[1], upright.shape[0])
    shown = depth_image.pixels(image)[..., :3]
    np.testing.assert_allclose(shown * 255, upright, atol=0.51)
    assert image.packed_file is not None
    assert photo.load(path) == image
    assert image.name.startswith("photo")
