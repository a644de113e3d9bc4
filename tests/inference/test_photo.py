"""What `read_photo` makes of every kind of picture. Expected pixels come from numpy."""

import os
import struct
import sys
import zlib
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import ExifTags, Image

from inference import photo as photo_module
from inference.errors import PhotoError
from inference.first_picture import not_the_photo
from inference.orientation import as_stored
from inference.photo import read_photo
from tests import pictures
from tests.inference import picture_files
from tests.pictures import SMOOTH

RNG = np.random.default_rng(1)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (5, 7, 3), dtype=np.uint16)
ALPHA16 = RNG.integers(0, 65536, (5, 7), dtype=np.uint16)


def save(tmp_path: Path, image: Image.Image, name: str, **options: object) -> Path:
    path = tmp_path / name
    image.save(path, **options)
    return path


def write(tmp_path: Path, data: bytes, name: str = "photo.png") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


# --- Samples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.ppm"])
def test_8_bit_colour_is_read_as_it_is(tmp_path, name):
    photo = read_photo(save(tmp_path, Image.fromarray(RGB), name))
    assert photo.rgb.dtype == np.uint8
    assert photo.validity is None
    np.testing.assert_array_equal(photo.rgb, RGB)


@pytest.mark.parametrize(("name", "options"), [("a.jpg", {"quality": 95}), ("a.webp", {}), ("a.avif", {})])
def test_lossy_formats_are_near(tmp_path, name, options):
    photo = read_photo(save(tmp_path, Image.fromarray(SMOOTH), name, **options))
    assert np.abs(photo.rgb.astype(int) - SMOOTH).mean() < 3


def test_heic_is_read_through_pillow_heif(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is optional")
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(SMOOTH)).save(path, quality=95)
    assert np.abs(read_photo(path).rgb.astype(int) - SMOOTH).mean() < 3


def test_heic_without_pillow_heif_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = write(tmp_path, b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf" + bytes(100), "a.heic")
    with pytest.raises(PhotoError, match="pillow-heif"):
        read_photo(path)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "HSV"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    image = Image.fromarray(RGB).convert(mode)
    name = {"CMYK": "a.tif", "YCbCr": "a.tif", "HSV": "a.tif"}.get(mode, "a.png")
    if mode == "HSV":
        image = image.convert("RGB")
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(read_photo(save(tmp_path, image, name)).rgb, expected)


def test_cmyk_jpeg_is_not_a_negative(tmp_path):
    path = save(tmp_path, Image.fromarray(SMOOTH).convert("CMYK"), "a.jpg", quality=95)
    assert np.abs(read_photo(path).rgb.astype(int) - SMOOTH).mean() < 4


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_keeps_its_precision(tmp_path, channels):
    samples = np.concatenate([RGB16, ALPHA16[..., None]], axis=2)[
        ..., {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    ]
    photo = read_photo(write(tmp_path, picture_files.png(samples)))
    colours = samples[..., :1].repeat(3, axis=2) if channels < 3 else samples[..., :3]
    assert photo.rgb.dtype == np.float32
    np.testing.assert_allclose(photo.rgb, colours / 65535, rtol=0, atol=1e-7)
    if channels in (2, 4):
        np.testing.assert_allclose(photo.validity, ALPHA16 / 65535, rtol=0, atol=1e-7)
    else:
        assert photo.validity is None


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_tiff_keeps_its_precision(tmp_path, byte_order, channels):
    samples = np.concatenate([RGB16, ALPHA16[..., None]], axis=2)[..., :channels]
    photo = read_photo(write(tmp_path, picture_files.tiff16(samples, byte_order), "a.tif"))
    np.testing.assert_allclose(photo.rgb, RGB16 / 65535, rtol=0, atol=1e-7)
    if channels == 4:
        np.testing.assert_allclose(photo.validity, ALPHA16 / 65535, rtol=0, atol=1e-7)


def test_compressed_16_bit_tiff_keeps_its_precision(tmp_path):
    grey = RGB16[..., 0]
    photo = read_photo(save(tmp_path, Image.fromarray(grey), "a.tif", compression="tiff_lzw"))
    np.testing.assert_allclose(photo.rgb[..., 1], grey / 65535, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([[0.0, 0.25, 1.0]], [[0.0, 0.25, 1.0]]),
        ([[-2.0, 0.0, 6.0]], [[0.0, 0.25, 1.0]]),
        ([[7.0, 7.0, 7.0]], [[0.0, 0.0, 0.0]]),
    ],
)
def test_float_grey(tmp_path, numbers, expected):
    path = save(tmp_path, Image.fromarray(np.array(numbers, dtype=np.float32)), "a.tif")
    photo = read_photo(path)
    assert photo.rgb.dtype == np.float32
    np.testing.assert_allclose(photo.rgb[..., 2], expected, atol=1e-7)


def test_not_a_number_is_not_valid(tmp_path):
    numbers = np.array([[np.nan, 0.5], [np.inf, 1.0]], dtype=np.float32)
    photo = read_photo(save(tmp_path, Image.fromarray(numbers), "a.tif"))
    np.testing.assert_array_equal(photo.rgb[..., 0], [[0, 0.5], [0, 1]])
    np.testing.assert_array_equal(photo.validity, [[0, 1], [0, 1]])


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "lime")]
    for name in ("a.gif", "a.webp", "a.png"):
        path = save(tmp_path, frames[0], name, save_all=True, append_images=frames[1:], lossless=True)
        assert Image.open(path).n_frames == 2
        np.testing.assert_array_equal(read_photo(path).rgb, np.tile(np.uint8([255, 0, 0]), (3, 4, 1)))


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (1, 1)])
def test_pictures_one_pixel_wide(tmp_path, shape):
    assert read_photo(save(tmp_path, Image.new("RGB", shape), "a.png")).rgb.shape == (shape[1], shape[0], 3)


# --- Validity -----------------------------------------------------------------------------------------------------


def test_alpha_is_kept_and_the_colours_below_it_too(tmp_path):
    rgba = np.dstack([RGB, ALPHA])
    photo = read_photo(save(tmp_path, Image.fromarray(rgba), "a.png"))
    np.testing.assert_array_equal(photo.rgb, RGB)
    np.testing.assert_allclose(photo.validity, ALPHA / 255, atol=1e-7)


def test_opaque_alpha_is_no_validity(tmp_path):
    assert read_photo(save(tmp_path, Image.fromarray(RGB).convert("RGBA"), "a.png")).validity is None


def test_grey_with_alpha(tmp_path):
    photo = read_photo(write(tmp_path, picture_files.png(np.dstack([RGB[..., 0], ALPHA]))))
    np.testing.assert_array_equal(photo.rgb, RGB[..., :1].repeat(3, axis=2))
    np.testing.assert_allclose(photo.validity, ALPHA / 255, atol=1e-7)


def test_palette_with_transparent_entry(tmp_path):
    image = Image.fromarray(np.uint8([[0, 1], [2, 1]]), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    photo = read_photo(save(tmp_path, image, "a.png", transparency=1))
    np.testing.assert_array_equal(photo.validity, [[1, 0], [1, 0]])
    np.testing.assert_array_equal(photo.rgb[0, 0], [255, 0, 0])


@pytest.mark.parametrize("samples", [RGB, RGB[..., :1], RGB16, RGB16[..., :1]])
def test_the_one_transparent_colour_of_a_png(tmp_path, samples):
    key = tuple(int(v) for v in samples[2, 3])
    photo = read_photo(write(tmp_path, picture_files.png(samples, transparent=key)))
    np.testing.assert_array_equal(photo.validity, (samples != samples[2, 3]).any(axis=2))


# --- Orientation and colour ---------------------------------------------------------------------------------------

# What has to be done to the stored rows so that they show the scene (EXIF 2.3, tag 274).
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_exif_orientation(tmp_path, orientation, name):
    exif = Image.Exif()
    exif[274] = orientation
    path = save(tmp_path, Image.fromarray(RGB), name, exif=exif, lossless=True)
    np.testing.assert_array_equal(read_photo(path).rgb, UPRIGHT[orientation](RGB))


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_of_a_jpeg(tmp_path, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    upright = UPRIGHT[orientation](SMOOTH).astype(int)
    photo = read_photo(save(tmp_path, Image.fromarray(SMOOTH), "a.jpg", exif=exif, quality=95))
    assert photo.rgb.shape == upright.shape
    assert np.abs(photo.rgb - upright).mean() < 3


def test_exif_orientation_turns_16_bit_colour_and_its_alpha(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    data = picture_files.png(np.dstack([RGB16, ALPHA16]))
    body = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    photo = read_photo(write(tmp_path, data[:33] + chunk + data[33:]))
    np.testing.assert_allclose(photo.rgb, np.rot90(RGB16, -1) / 65535, atol=1e-7)
    np.testing.assert_allclose(photo.validity, np.rot90(ALPHA16, -1) / 65535, atol=1e-7)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense", b"Exif\0\0"])
def test_broken_exif_does_not_cost_the_photo(tmp_path, exif):
    assert read_photo(save(tmp_path, Image.fromarray(RGB), "a.jpg", exif=exif)).rgb.shape == RGB.shape


def srgb_of_swapped(rgb: np.ndarray) -> np.ndarray:
    """Gamma 2.2 to linear light, first and second channel exchanged, and sRGB's own curve (IEC 61966-2-1)."""
    linear = (rgb / 255.0) ** 2.2
    linear = linear[..., [1, 0, 2]]
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_icc_profile_is_converted_to_srgb(tmp_path):
    path = save(tmp_path, Image.fromarray(SMOOTH), "a.png", icc_profile=picture_files.swapped_icc())
    assert np.abs(read_photo(path).rgb - srgb_of_swapped(SMOOTH)).max() < 3


def test_icc_profile_of_a_16_bit_file_is_converted_too(tmp_path):
    deep = save(tmp_path, Image.fromarray(SMOOTH), "b.png", icc_profile=picture_files.swapped_icc()).read_bytes()
    chunk = deep[33 : 33 + 12 + int.from_bytes(deep[33:37])]  # iCCP follows IHDR
    data = picture_files.png(SMOOTH.astype(np.uint16) * 257)
    photo = read_photo(write(tmp_path, data[:33] + chunk + data[33:]))
    assert np.abs(photo.rgb - srgb_of_swapped(SMOOTH)).max() < 3


def test_alpha_survives_the_colour_conversion(tmp_path):
    rgba = np.dstack([SMOOTH, SMOOTH[..., 0]])
    path = save(tmp_path, Image.fromarray(rgba), "a.png", icc_profile=picture_files.swapped_icc())
    photo = read_photo(path)
    assert np.abs(photo.rgb - srgb_of_swapped(SMOOTH)).max() < 3
    np.testing.assert_allclose(photo.validity, SMOOTH[..., 0] / 255, atol=1e-7)


@pytest.mark.parametrize("profile", [b"not a profile", picture_files.swapped_icc()[:150]])
def test_broken_icc_profile_does_not_cost_the_photo(tmp_path, profile):
    path = save(tmp_path, Image.fromarray(RGB), "a.png", icc_profile=profile)
    np.testing.assert_array_equal(read_photo(path).rgb, RGB)


def test_icc_profile_for_other_channels_is_left_out(tmp_path):
    path = save(tmp_path, Image.fromarray(RGB[..., 0]), "a.png", icc_profile=picture_files.swapped_icc())
    np.testing.assert_array_equal(read_photo(path).rgb, RGB[..., :1].repeat(3, axis=2))


# --- What is not a photo ------------------------------------------------------------------------------------------


def test_wrong_extension_does_not_matter(tmp_path):
    data = picture_files.png(RGB)
    for name in ("a.jpg", "a.txt", "a"):
        np.testing.assert_array_equal(read_photo(write(tmp_path, data, name)).rgb, RGB)


@pytest.mark.filterwarnings("ignore:Truncated File Read", "ignore:Corrupt EXIF")
def test_every_cut_of_a_photo_is_an_error(tmp_path):
    noise = Image.fromarray(RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    for name, options in (("a.jpg", {}), ("a.png", {}), ("a.webp", {}), ("a.tif", {"compression": "tiff_lzw"})):
        whole = save(tmp_path, noise, name, **options).read_bytes()
        for part in (0.02, 0.3, 0.6, 0.9):
            with pytest.raises(PhotoError):
                read_photo(write(tmp_path, whole[: int(part * len(whole))], name))


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "empty"), (b"hello\n" * 50, "picture"), (bytes(5000), "picture")],
)
def test_files_that_are_no_pictures(tmp_path, data, message):
    with pytest.raises(PhotoError, match=message):
        read_photo(write(tmp_path, data, "a.jpg"))


def test_a_drawing_starts_no_interpreter(tmp_path):
    with pytest.raises(PhotoError, match="drawing"):
        read_photo(
            write(tmp_path, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n", "a.jpg")
        )


def test_folder_and_nothing(tmp_path):
    with pytest.raises(PhotoError, match="not a file"):
        read_photo(tmp_path)
    with pytest.raises(PhotoError, match="no file"):
        read_photo(tmp_path / "a.jpg")


def test_limit_on_pixels_is_exact_and_can_be_raised(tmp_path):
    path = save(tmp_path, Image.fromarray(RGB), "a.png")
    with pytest.raises(PhotoError, match=r"7 x 5 pixels.*--max-megapixels"):
        read_photo(path, max_pixels=34)
    assert read_photo(path, max_pixels=35).rgb.shape == RGB.shape


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(15812, 15812), (100_000, 100_000)])
def test_bombs_are_refused_before_they_are_decoded(tmp_path, size):
    with pytest.raises(PhotoError, match="250 megapixels"):
        read_photo(write(tmp_path, picture_files.png_claiming(*size)))


# --- Every kind of file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", pictures.KINDS)
def test_one_picture_in_every_kind_of_file(tmp_path, name):
    photo = read_photo(pictures.write(tmp_path, name))
    assert photo.rgb.shape == SMOOTH.shape
    assert np.abs(photo.rgb.astype(int) - SMOOTH).mean() <= (0 if name in pictures.EXACT else 5)


@pytest.mark.filterwarnings("ignore")  # Pillow's, of what it finds in damaged files
@pytest.mark.parametrize("name", pictures.KINDS)
def test_a_damaged_file_is_a_photo_or_one_clear_line(tmp_path, name):
    path = pictures.write(tmp_path, name)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    rng = np.random.default_rng(7)
    for _ in range(20):
        damaged = whole.copy()
        damaged[rng.integers(0, min(len(whole), 400), 3)] = rng.integers(0, 256, 3)  # the headers are at the beginning
        path.write_bytes(damaged.tobytes())
        said = str(path)
        try:
            photo = read_photo(path, max_pixels=100_000)
        except PhotoError as error:
            said = str(error)
        else:
            assert photo.rgb.dtype in (np.uint8, np.float32)
            assert photo.validity is None or photo.validity.shape == photo.rgb.shape[:2]
        assert said.startswith(str(path))
        assert len(said.splitlines()) == 1


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_of_few_bits_and_its_transparent_one(tmp_path, bits):
    grey = RNG.integers(0, 2**bits, (5, 7, 1), dtype=np.uint8)
    key = int(grey[2, 3, 0])
    photo = read_photo(write(tmp_path, picture_files.png(grey, transparent=(key,), bits=bits)))
    np.testing.assert_array_equal(photo.rgb, grey.repeat(3, axis=2) * (255 // (2**bits - 1)))
    np.testing.assert_array_equal(photo.validity, grey[..., 0] != key)


def test_a_png_that_breaks_the_rules_is_refused(tmp_path):
    whole = picture_files.png(RGB)
    broken = {
        "signature": b"\x89PNG\n\n\x1a\n" + whole[8:],
        "colour type": picture_files.with_header(whole, 7, 5, colour_type=1),
        "depth": picture_files.with_header(whole, 7, 5, bits=99),
        "no data": whole[:33] + whole[-12:],
    }
    for name, data in broken.items():
        with pytest.raises(PhotoError):
            pytest.fail(f"{name}: {read_photo(write(tmp_path, data))}")


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_seen_upright_and_answered_as_it_is_stored(tmp_path, orientation, compression):
    """EXIF 2.32, orientation: which side of the picture the stored row 0 and column 0 are."""
    stored = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: np.rot90(stored, 2).transpose(1, 0, 2),
        8: np.rot90(stored),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    photo = read_photo(save(tmp_path, Image.fromarray(stored), "a.tif", exif=exif, compression=compression))
    np.testing.assert_array_equal(photo.rgb, upright)
    np.testing.assert_array_equal(as_stored(photo.rgb, photo.orientation), stored)


PREVIEW = {254: 1}  # NewSubfileType: reduced resolution


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (picture_files.tiff_of_directories((16, 12, {50706: 1}), (64, 48, {})), "raw photo"),
        (picture_files.tiff_of_directories((16, 12, {262: 32803})), "raw photo"),
        (picture_files.tiff_of_directories((16, 12, PREVIEW), (64, 48, {})), "preview"),
        (picture_files.tiff_of_directories((16, 12, {}), (64, 48, {}), below=1), "preview"),
    ],
)
def test_a_first_picture_that_is_only_a_preview_is_refused(tmp_path, content, words):
    with pytest.raises(PhotoError, match=words):
        read_photo(write(tmp_path, content, "a.dng"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_big", [False, True])
def test_previews_are_known_in_every_layout(tmp_path, order, is_big):
    """Of a photo of 4000 x 3000, each first picture is the small one."""
    word, code, head = ("Q", 43, struct.pack(order + "HH", 8, 0)) if is_big else ("I", 42, b"")
    start = 4 + len(head) + struct.calcsize(order + word)

    def directory(width: int, height: int, following: int, **more: tuple[int, ...]) -> bytes:
        tags = {256: (width,), 257: (height,), **{int(name[1:]): value for name, value in more.items()}}
        entries = b"".join(
            struct.pack(f"{order}HH{word}", tag, 4, len(value))
            + struct.pack(f"{order}{len(value)}I", *value).ljust(struct.calcsize(order + word), b"\0")
            for tag, value in tags.items()
        )
        count = struct.pack(order + ("Q" if is_big else "H"), len(tags))
        return count + entries + struct.pack(order + word, following)

    begin = ({"<": b"II", ">": b"MM"}[order] + struct.pack(order + "H", code) + head).ljust(
        start - struct.calcsize(order + word), b"\0"
    ) + struct.pack(order + word, start)
    length = len(directory(160, 120, 0))
    photo = directory(4000, 3000, 0)
    for first, wrong in (
        (directory(160, 120, start + length), "preview"),  # the next page shows the same, larger
        (directory(160, 160, start + length), ""),  # and here something else
        (directory(4000, 3000, start + length), ""),
        (directory(160, 120, 0, _254=(1,)), "preview"),
        (directory(160, 120, 0, _262=(32803,)), "raw photo"),
    ):
        path = write(tmp_path, begin + first + photo, "a.tif")
        assert wrong in not_the_photo(path)
        assert bool(wrong) == bool(not_the_photo(path))


def test_a_photo_that_carries_its_preview_is_read(tmp_path):
    for content in (
        picture_files.tiff_of_directories((64, 48, {}), (16, 12, PREVIEW)),
        picture_files.tiff_of_directories((64, 48, {}), (16, 12, PREVIEW), below=1),
    ):
        assert read_photo(write(tmp_path, content, "a.tif")).rgb.shape == (48, 64, 3)


def test_textures_of_games_are_read(tmp_path):
    """BC1 in a .dds holds colours as 5, 6 and 5 bits, exact for black and white."""
    squares = np.kron(np.indices((2, 2)).sum(0) % 2, np.ones((4, 4), int)).astype(np.uint8)[..., None] * 255
    image = Image.fromarray(np.concatenate([squares.repeat(3, 2), np.full((8, 8, 1), 255, np.uint8)], 2))
    photo = read_photo(save(tmp_path, image, "a.dds", pixel_format="DXT1"))
    np.testing.assert_array_equal(photo.rgb, squares.repeat(3, 2))
    assert photo.validity is None
    assert read_photo(save(tmp_path, Image.new("P", (8, 8)), "a.blp")).rgb.shape == (8, 8, 3)


def test_a_cursor_of_one_bit_is_read_with_its_mask(tmp_path):
    rng = np.random.default_rng(5)
    black, opaque = rng.random((2, 32, 32)) < 0.5
    photo = read_photo(write(tmp_path, picture_files.cursor(black, opaque), "a.cur"))
    np.testing.assert_array_equal(photo.rgb[opaque][:, 0], np.where(black, 0, 255)[opaque])
    np.testing.assert_array_equal(photo.validity, opaque.astype(np.float32))


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_what_the_system_refuses_is_said_as_it_is(tmp_path, monkeypatch, error):
    path = save(tmp_path, Image.fromarray(RGB), "a.png")
    for method in ("stat", "open"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, method, Mock(side_effect=error))
            with pytest.raises(PhotoError, match=error.strerror) as refused:
                read_photo(path)
        assert "damaged" not in str(refused.value)
        assert "no file" not in str(refused.value)


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    for name in ("a" * 300 + ".png", "a\0b.png"):
        with pytest.raises(PhotoError, match="can't be read"):
            read_photo(tmp_path / name)


@pytest.mark.parametrize("suffix", [".pgm", ".ppm", ".pbm", ".pfm"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_portable_map_s_pixels_begin_where_its_size_says(tmp_path, suffix, end):
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5) * 10
    grey[0, 0] = 10  # the code of LF
    magic, most, pixels, expected = {
        ".pgm": ("P5", "255", grey.tobytes(), grey),
        ".ppm": ("P6", "255", grey[..., None].repeat(3, 2).tobytes(), grey),
        ".pbm": ("P4", None, np.packbits(grey < 100, axis=1).tobytes(), np.where(grey < 100, 0, 255)),
        ".pfm": ("Pf", "-1.0", (grey[::-1] / 255).astype("<f4").tobytes(), grey / 255),
    }[suffix]
    header = end.join(line for line in (magic, "5 4", most, "") if line is not None).encode()
    photo = read_photo(write(tmp_path, header + pixels, f"a{suffix}"))
    np.testing.assert_allclose(photo.rgb[..., 1], expected, rtol=1e-6)


def test_a_texture_in_ftc_is_read(tmp_path):
    """It holds BC1 blocks behind its header: here one of white and black, row by row."""
    block = (0xFFFF).to_bytes(2, "little") + (0).to_bytes(2, "little") + bytes([0b00000000, 0b01010101, 0, 0b01010101])
    head = b"FTEX" + np.array([1, 4, 4, 1, 1, 0, 32, len(block)], "<i4").tobytes()
    photo = read_photo(write(tmp_path, head + block, "a.ftc"))
    np.testing.assert_array_equal(photo.rgb[..., 0], np.array([255, 0, 255, 0])[:, None].repeat(4, 1))


def test_what_libtiff_says_goes_to_the_log_and_what_others_say_to_stderr(tmp_path, capfd, caplog):
    caplog.set_level("INFO")
    noise = RNG.integers(0, 256, (64, 64), dtype=np.uint8)
    whole = save(tmp_path, Image.fromarray(noise), "a.tif", compression="tiff_adobe_deflate").read_bytes()
    damaged = bytearray(whole)
    damaged[20:200] = bytes(180)
    with pytest.raises(PhotoError):
        read_photo(write(tmp_path, bytes(damaged), "a.tif"))
    assert "Decode" in caplog.text
    assert capfd.readouterr().err == ""
    with photo_module._overheard(True):
        os.write(2, b"terminate called\nZIPDecode: no more\n")
    assert capfd.readouterr().err == "terminate called\n"


def test_a_tiff_needs_no_place_for_temporary_files(tmp_path, monkeypatch):
    def no_place() -> None:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']")

    monkeypatch.setattr(photo_module.tempfile, "TemporaryFile", no_place)
    noise = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    photo = read_photo(save(tmp_path, Image.fromarray(noise), "a.tif", compression="tiff_lzw"))
    np.testing.assert_array_equal(photo.rgb, noise)


def test_the_process_keeps_its_stderr_but_for_libtiffs_words(tmp_path, capfd):
    content = picture_files.tiff_of_directories((16, 12, {}))
    read_photo(write(tmp_path, content, "a.tif"))
    os.write(2, b"native words\n")
    assert capfd.readouterr().err == "native words\n"


@pytest.mark.parametrize(
    ("size", "said", "expected"),
    [
        ((60, 40), 50, 50.0),  # the aspect of film
        ((40, 60), 50, 50.0),
        ((40, 30), 26, 26 / 43.2666 * 50 / 40 * 36),  # the same diagonal: 43.27 mm of film, 50 pixels
        ((40, 40), 26, 26 / 43.2666 * 40 * 2**0.5 / 40 * 36),
        ((60, 40), 0, None),  # EXIF's "unknown"
        ((60, 40), None, None),
    ],
)
def test_lens_is_exifs_for_the_longer_side(tmp_path, size, said, expected):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    if said is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = said
    Image.new("RGB", size).save(tmp_path / "a.jpg", exif=exif)
    found = read_photo(tmp_path / "a.jpg").focal_length
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-4))


def test_lens_is_unknown_where_exif_is_damaged(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert read_photo(tmp_path / "a.jpg").focal_length is None
