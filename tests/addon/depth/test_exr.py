"""The EXR writer against the official OpenEXR library."""

import numpy as np
import OpenEXR
import pytest

from tests.addon.enabled import exr


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


def test_channels_of_half_the_bytes_stand_beside_whole_ones(tmp_path):
    rng = np.random.default_rng(3)
    channels = {"Y": rng.standard_normal((37, 53)).astype(np.float32), "A": rng.random((37, 53)).astype(np.float16)}
    for compress in (True, False):
        (tmp_path / "a.exr").write_bytes(exr.encode(channels, compress=compress))
        with OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
            for name, expected in channels.items():
                assert file.channels()[name].pixels.dtype == expected.dtype
                np.testing.assert_array_equal(file.channels()[name].pixels, expected)


def test_smooth_depth_shrinks():
    rows, columns = np.mgrid[0:256, 0:256].astype(np.float32)
    assert len(exr.encode({"Y": rows + columns})) < 256 * 256 * 4 / 8
