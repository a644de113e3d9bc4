"""Depth files as numbers, against the libraries that wrote them; and how photos lie in theirs."""

from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import ExifTags, Image, ImageOps, PngImagePlugin

from tests import pictures
from tests.addon.enabled import depth_image, errors, files, photo, picture
from tests.addon.enabled import orientation as exif

DepthFileError = errors.DepthFileError

EXACT = {
    "none": OpenEXR.NO_COMPRESSION,
    "rle": OpenEXR.RLE_COMPRESSION,
    "zips": OpenEXR.ZIPS_COMPRESSION,
    "zip": OpenEXR.ZIP_COMPRESSION,
    "piz": OpenEXR.PIZ_COMPRESSION,
}
LOSSY = {
    "pxr24": OpenEXR.PXR24_COMPRESSION,
    "b44": OpenEXR.B44_COMPRESSION,
    "b44a": OpenEXR.B44A_COMPRESSION,
    "dwaa": OpenEXR.DWAA_COMPRESSION,
    "dwab": OpenEXR.DWAB_COMPRESSION,
}


def smooth(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A map that compresses, with flat parts for runs, negative and huge values."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    values = np.floor(rows / 3) * 0.25 - columns * np.float32(seed + 1)
    values[: height // 3] = np.float32(1e30)
    return values


def write(path: Path, channels: dict[str, np.ndarray], compression: int, **header: object) -> Path:
    """Write with the official library."""
    with OpenEXR.File({"compression": compression, "type": OpenEXR.scanlineimage, **header}, channels) as file:
        file.write(str(path))
    return path


@pytest.mark.parametrize("compression", EXACT.values(), ids=EXACT)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (33, 5), (48, 64), (17, 1)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint32])
def test_exr_keeps_every_number(tmp_path, compression, size, dtype):
    expected = np.abs(smooth(*size)).clip(0, 60000).astype(dtype)
    other = smooth(*size, seed=3)
    path = write(tmp_path / "a.exr", {"aux": other, "depth": expected, "u": other}, compression)
    read = files.load(path)
    np.testing.assert_array_equal(read.values, expected.astype(np.float32))
    assert (read.channel, read.bits, read.values.dtype) == ("depth", None, np.float32)


@pytest.mark.parametrize("compression", EXACT.values(), ids=EXACT)
def test_noise_that_does_not_compress_and_non_finite_values_keep_every_bit(tmp_path, compression):
    noise = np.random.default_rng(1).integers(0, 2**32, (40, 50), np.uint32).view(np.float32)
    read = files.load(write(tmp_path / "a.exr", {"V": noise}, compression)).values
    np.testing.assert_array_equal(read.view(np.uint32), noise.view(np.uint32))


@pytest.mark.parametrize("compression", LOSSY.values(), ids=LOSSY)
def test_lossy_compressions_are_read(tmp_path, compression):
    expected = np.add.outer(np.arange(40), np.arange(48)).astype(np.float32) / 8 + 1
    path = write(tmp_path / "a.exr", {"Z": expected.astype(np.float16)}, compression)
    np.testing.assert_allclose(files.load(path).values, expected, rtol=0.05)


def test_tiles(tmp_path):
    tiles = OpenEXR.TileDescription()
    tiles.xSize = tiles.ySize = 16
    path = tmp_path / "a.exr"
    OpenEXR.File({"type": OpenEXR.tiledimage, "tiles": tiles}, {"Z": smooth(40, 44)}).write(str(path))
    np.testing.assert_array_equal(files.load(path).values, smooth(40, 44))


def test_the_depth_is_found_in_another_part(tmp_path):
    first, second = smooth(20, 30), smooth(20, 30, seed=5)
    header = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    parts = [
        OpenEXR.Part({**header, "name": "beauty"}, dict.fromkeys("RGB", first)),
        OpenEXR.Part({**header, "name": "depth"}, {"Z": second}),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    read = files.load(tmp_path / "a.exr")
    np.testing.assert_array_equal(read.values, second)
    assert read.attributes["name"] == "depth"


@pytest.mark.parametrize("display", [(0, 0, 29, 19), (-4, -2, 40, 30), (5, 3, 20, 12), (25, -5, 60, 60)])
def test_the_data_window_lies_in_the_picture_s_frame(tmp_path, display):
    values = smooth(20, 30)
    x0, y0, x1, y1 = display
    corners = (np.array([x0, y0], np.int32), np.array([x1, y1], np.int32))
    frame = files.load(write(tmp_path / "a.exr", {"Z": values}, OpenEXR.ZIP_COMPRESSION, displayWindow=corners)).values
    assert frame.shape == (y1 - y0 + 1, x1 - x0 + 1)
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            expected = values[y, x] if 0 <= y < 20 and 0 <= x < 30 else np.nan
            np.testing.assert_equal(frame[y - y0, x - x0], np.float32(expected))


def test_attributes(tmp_path):
    path = write(
        tmp_path / "a.exr", {"Z": smooth(4, 4)}, OpenEXR.ZIP_COMPRESSION, depthKind="distance", depthRawMin=1.5
    )
    attributes = files.load(path).attributes
    assert attributes["depthKind"] == "distance"
    assert attributes["depthRawMin"] == 1.5


@pytest.mark.parametrize("compression", EXACT.values(), ids=EXACT)
def test_any_cut_is_an_error_and_never_half_a_picture(tmp_path, compression):
    path = write(tmp_path / "a.exr", {"Z": smooth(40, 30)}, compression)
    data = path.read_bytes()
    for length in [*range(0, len(data) - 1, 97), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(DepthFileError):
            files.load(path)


def test_damaged_bytes_give_pixels_or_the_error(tmp_path):
    path = write(tmp_path / "a.exr", {"Z": smooth(40, 30)}, OpenEXR.ZIP_COMPRESSION)
    data = path.read_bytes()
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(200):
        broken = bytearray(data)
        broken[rng.integers(0, len(data))] = rng.integers(0, 256)
        path.write_bytes(broken)
        try:
            files.load(path)
        except DepthFileError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp"])
def test_grey_pictures_of_eight_bits_are_read(tmp_path, suffix):
    grey = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    Image.fromarray(grey).convert("RGB").save(tmp_path / f"a{suffix}", quality=100, lossless=True)
    read = files.load(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(read.values, grey, atol=2.0)
    assert read.bits == 8


def test_radiance_files_are_read(tmp_path):
    rows = np.linspace(0.5, 8.0, 24, dtype=np.float32)
    oiio = picture.oiio
    spec = oiio.ImageSpec(32, 24, 3, oiio.FLOAT)
    output = oiio.ImageOutput.create(str(tmp_path / "a.hdr"))
    output.open(str(tmp_path / "a.hdr"), spec)
    output.write_image(np.ascontiguousarray(np.broadcast_to(rows[:, None, None], (24, 32, 3))))
    output.close()
    np.testing.assert_allclose(files.load(tmp_path / "a.hdr").values, np.tile(rows[:, None], 32), rtol=0.01)


def test_without_openimageio_the_error_names_what_is_missing(tmp_path, monkeypatch):
    Image.new("L", (3, 2)).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", np.ones((2, 3), np.float32))
    monkeypatch.setattr(files, "oiio", None)
    monkeypatch.setattr(picture, "oiio", None)
    with pytest.raises(DepthFileError, match=r"a\.png.*OpenImageIO"):
        files.load(tmp_path / "a.png")
    assert picture.orientation(tmp_path / "a.png") == exif.UPRIGHT
    assert picture.damage(tmp_path / "a.png") == ""
    assert files.load(tmp_path / "a.npy").values.shape == (2, 3)


GREYS = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10


def lying(path: Path, orientation: int) -> Path:
    """A picture of 6 x 4 different greys, stored with an orientation."""
    noted = Image.Exif()
    noted[ExifTags.Base.Orientation] = orientation
    Image.fromarray(np.repeat(GREYS[..., None], 3, axis=2)).save(path, exif=noted, lossless=True, quality=100)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_what_pillow_reads(tmp_path, suffix, orientation):
    path = lying(tmp_path / f"photo{suffix}", orientation)
    assert picture.orientation(path) == orientation
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_allclose(exif.upright(GREYS, orientation), upright[..., 0], atol=3.0)
    np.testing.assert_allclose(files.load(path).values, upright[..., 0], atol=3.0)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_the_orientation_is_read_whatever_the_file_is_called(tmp_path, suffix):
    path = lying(tmp_path / f"photo{suffix}", 6).rename(tmp_path / "photo.picture")
    assert picture.orientation(path) == 6
    assert tuple(photo.load(path).size) == (4, 6)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_photo_that_says_nothing_is_upright(tmp_path, suffix):
    Image.new("RGB", (3, 2)).save(tmp_path / f"photo{suffix}")
    assert picture.orientation(tmp_path / f"photo{suffix}") == exif.UPRIGHT
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe1\x00\x10Exif\0\0II*\0\x08\0")
    (tmp_path / "cut.webp").write_bytes(b"RIFF\0\0\0\0WEBPEXIF\x10\0\0\0Exif\0\0II*\0\x08\0")
    assert picture.orientation(tmp_path / "cut.jpg") == picture.orientation(tmp_path / "cut.webp") == exif.UPRIGHT


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_cut_photo_is_noticed(tmp_path, suffix):
    noise = np.random.default_rng(4).integers(0, 255, (64, 80, 3), np.uint8)
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(noise).save(path)
    assert picture.damage(path) == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert picture.damage(path) or picture.oiio.ImageInput.open(str(path)) is None  # what can't even be opened


@pytest.mark.parametrize(("suffix", "share"), [(".webp", 0.05), (".webp", 0.3), (".gif", 0.6), (".png", 0.001)])
def test_a_cut_photo_that_blender_would_show_is_noticed(tmp_path, suffix, share):
    noise = np.random.default_rng(4).integers(0, 255, (64, 80, 3), np.uint8)
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(noise).save(path, lossless=True)
    assert picture.damage(path) == ""
    path.write_bytes(path.read_bytes()[: max(int(path.stat().st_size * share), 12)])
    assert picture.damage(path)
    with pytest.raises(errors.PhotoError, match="photo again"):
        photo.load(path)


def test_a_cut_jpeg_with_odd_bytes_inside_is_noticed(tmp_path):
    noise = np.random.default_rng(4).integers(0, 255, (64, 80, 3), np.uint8)
    path = tmp_path / "photo.jpg"
    Image.fromarray(noise).save(path, restart_marker_blocks=4)
    data = path.read_bytes()
    place = data.index(b"\xff\xd0")
    odd = data[:place] + b"odd" + data[place:]
    path.write_bytes(odd)
    assert picture.damage(path) == ""  # the picture is whole
    path.write_bytes(odd[:-200])
    assert picture.damage(path)


def test_a_size_that_was_made_up_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "photo.png"
    Image.new("RGB", (4, 3)).save(path)

    class Claiming:
        def read_image(self, *_: object) -> None:
            raise MemoryError("std::bad_alloc")

        def close(self) -> None:
            """Nothing was opened."""

    monkeypatch.setattr(picture.oiio.ImageInput, "open", lambda *_: Claiming())
    assert "memory" in picture.damage(path)


def test_an_exif_block_that_is_none_says_nothing(tmp_path):
    for suffix in (".jpg", ".webp"):
        path = lying(tmp_path / f"photo{suffix}", 4)
        data = path.read_bytes()
        place = max(data.find(b"MM\0*"), data.find(b"II*\0"))
        path.write_bytes(data[: place + 2] + b"\xf0" + data[place + 3 :])
        assert picture.orientation(path) == picture.UPRIGHT


@pytest.mark.parametrize("name", pictures.KINDS)
def test_a_whole_photo_of_any_kind_is_whole(tmp_path, name):
    assert picture.damage(pictures.write(tmp_path, name)) == ""


def test_text_that_is_not_utf_8_is_left_aside(tmp_path):
    said = PngImagePlugin.PngInfo()
    said.add(b"tEXt", b"Copyright\0\xa9 K\xfcnstler")
    said.add_text("depthModel", "small")
    Image.new("L", (4, 3), 7).save(tmp_path / "a.png", pnginfo=said)
    assert files.load(tmp_path / "a.png").attributes["depthModel"] == "small"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("orientation", [3, 6, 8, 5])
def test_a_photo_is_shown_upright(tmp_path, suffix, orientation):
    path = lying(tmp_path / f"photo{suffix}", orientation)
    image = photo.load(path)
    with Image.open(path) as read:
        upright = np.asarray(ImageOps.exif_transpose(read))
    assert tuple(image.size) == (upright.shape[1], upright.shape[0])
    shown = depth_image.pixels(image)[..., :3]
    np.testing.assert_allclose(shown * 255, upright, atol=0.51)
    assert image.packed_file is not None
    assert photo.load(path) == image
    assert image.name.startswith("photo")
