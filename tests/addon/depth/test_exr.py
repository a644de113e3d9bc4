"""The EXR reader and writer against the official OpenEXR library."""

from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from tests.addon.enabled import errors, exr

DepthFileError = errors.DepthFileError

READABLE = {
    "none": OpenEXR.NO_COMPRESSION,
    "rle": OpenEXR.RLE_COMPRESSION,
    "zips": OpenEXR.ZIPS_COMPRESSION,
    "zip": OpenEXR.ZIP_COMPRESSION,
}
REFUSED = {
    "PIZ": OpenEXR.PIZ_COMPRESSION,
    "PXR24": OpenEXR.PXR24_COMPRESSION,
    "B44": OpenEXR.B44_COMPRESSION,
    "B44A": OpenEXR.B44A_COMPRESSION,
    "DWAA": OpenEXR.DWAA_COMPRESSION,
    "DWAB": OpenEXR.DWAB_COMPRESSION,
}


def smooth(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A map that compresses, with flat parts for runs, negative and huge values."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    values = np.floor(rows / 3) * 0.25 - columns * np.float32(seed + 1)
    values[: height // 3] = np.float32(1e30)
    return values


def write(path: Path, channels: dict[str, np.ndarray], compression: int, **header: object) -> bytes:
    """Write with the official library and return the file's bytes."""
    with OpenEXR.File({"compression": compression, "type": OpenEXR.scanlineimage, **header}, channels) as file:
        file.write(str(path))
    return path.read_bytes()


@pytest.mark.parametrize("compression", READABLE.values(), ids=READABLE)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (33, 5), (48, 64), (17, 1)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint32])
def test_reads_what_the_official_library_writes(tmp_path, compression, size, dtype):
    expected = np.abs(smooth(*size)).clip(0, 60000).astype(dtype)
    other = smooth(*size, seed=3)
    data = write(tmp_path / "a.exr", {"aux": other, "some depth": expected, "z": other}, compression)
    (part,) = exr.read_parts(data)
    assert list(part.channels) == ["aux", "some depth", "z"]
    np.testing.assert_array_equal(exr.read_channel(data, part, "some depth"), expected.astype(np.float32))
    np.testing.assert_array_equal(exr.read_channel(data, part, "z"), other)


@pytest.mark.parametrize("compression", READABLE.values(), ids=READABLE)
def test_noise_that_does_not_compress_and_non_finite_values_keep_every_bit(tmp_path, compression):
    noise = np.random.default_rng(1).integers(0, 2**32, (40, 50), np.uint32).view(np.float32)
    data = write(tmp_path / "a.exr", {"V": noise}, compression)
    read = exr.read_channel(data, exr.read_parts(data)[0], "V")
    np.testing.assert_array_equal(read.view(np.uint32), noise.view(np.uint32))


@pytest.mark.parametrize(("name", "compression"), REFUSED.items())
def test_other_compressions_are_refused_by_name(tmp_path, name, compression):
    data = write(tmp_path / "a.exr", {"Z": smooth(40, 40)}, compression)
    (part,) = exr.read_parts(data)
    with pytest.raises(DepthFileError, match=rf"\b{name} compression.*ZIP"):
        exr.read_channel(data, part, "Z")


def test_tiles_are_refused_by_name(tmp_path):
    path = tmp_path / "a.exr"
    tiles = OpenEXR.TileDescription()
    tiles.xSize = tiles.ySize = 16
    OpenEXR.File({"type": OpenEXR.tiledimage, "tiles": tiles}, {"Z": smooth(40, 40)}).write(str(path))
    data = path.read_bytes()
    with pytest.raises(DepthFileError, match="tiles"):
        exr.read_channel(data, exr.read_parts(data)[0], "Z")


def test_several_parts(tmp_path):
    first, second = smooth(20, 30), smooth(20, 30, seed=5)
    header = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    parts = [
        OpenEXR.Part({**header, "name": "beauty"}, {"Y": first}),
        OpenEXR.Part({**header, "name": "depth"}, {"Z": second}),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    data = (tmp_path / "a.exr").read_bytes()
    beauty, depth = exr.read_parts(data)
    np.testing.assert_array_equal(exr.read_channel(data, beauty, "Y"), first)
    np.testing.assert_array_equal(exr.read_channel(data, depth, "Z"), second)
    assert depth.attributes["name"] == "depth"


@pytest.mark.parametrize("display", [(0, 0, 29, 19), (-4, -2, 40, 30), (5, 3, 20, 12), (25, -5, 60, 60)])
def test_the_data_window_lies_in_the_picture_s_frame(tmp_path, display):
    values = smooth(20, 30)
    x0, y0, x1, y1 = display
    corners = (np.array([x0, y0], np.int32), np.array([x1, y1], np.int32))
    data = write(tmp_path / "a.exr", {"Z": values}, OpenEXR.ZIP_COMPRESSION, displayWindow=corners)
    frame = exr.read_channel(data, exr.read_parts(data)[0], "Z")
    assert frame.shape == (y1 - y0 + 1, x1 - x0 + 1)
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            expected = values[y, x] if 0 <= y < 20 and 0 <= x < 30 else np.nan
            np.testing.assert_equal(frame[y - y0, x - x0], np.float32(expected))


def test_attributes(tmp_path):
    data = write(
        tmp_path / "a.exr", {"Z": smooth(4, 4)}, OpenEXR.ZIP_COMPRESSION, depthKind="distance", depthRawMin=1.5
    )
    attributes = exr.read_parts(data)[0].attributes
    assert attributes["depthKind"] == "distance"
    assert attributes["depthRawMin"] == 1.5


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (37, 53), (64, 128)])
@pytest.mark.parametrize("names", [("Y",), ("Y", "A"), ("b", "a", "c")])
def test_the_official_library_reads_what_is_encoded(tmp_path, size, names):
    rng = np.random.default_rng(2)
    channels = {name: rng.standard_normal(size).astype(np.float32) for name in names}
    channels[names[0]][0, 0] = np.inf
    (tmp_path / "a.exr").write_bytes(exr.encode(channels))
    with OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        assert file.header()["compression"] == OpenEXR.ZIP_COMPRESSION
        for name, expected in channels.items():
            np.testing.assert_array_equal(file.channels()[name].pixels, expected)


def test_smooth_depth_shrinks():
    rows, columns = np.mgrid[0:256, 0:256].astype(np.float32)
    assert len(exr.encode({"Y": rows + columns})) < 256 * 256 * 4 / 8


@pytest.mark.parametrize("compression", READABLE.values(), ids=READABLE)
def test_any_cut_is_an_error_and_never_half_a_picture(tmp_path, compression):
    data = write(tmp_path / "a.exr", {"Z": smooth(40, 30)}, compression)
    for length in [*range(0, len(data) - 1, 97), len(data) - 1]:
        with pytest.raises(DepthFileError):
            exr.read_channel(data[:length], exr.read_parts(data[:length])[0], "Z")


def test_damaged_bytes_give_pixels_or_the_error(tmp_path):
    data = write(tmp_path / "a.exr", {"Z": smooth(40, 30)}, OpenEXR.ZIP_COMPRESSION)
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(400):
        broken = bytearray(data)
        broken[rng.integers(0, len(data))] = rng.integers(0, 256)
        try:
            parts = exr.read_parts(bytes(broken))
            exr.read_channel(bytes(broken), parts[0], next(iter(parts[0].channels)))
        except DepthFileError:
            refused += 1
    assert refused > 0
