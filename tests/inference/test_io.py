"""Depth files: exact where they promise to be, and never half there."""

import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from inference.depth import Depth
from inference.errors import DepthFileError
from inference.io import FORMATS, SUFFIXES, cubehelix, making_of, read_depth, write_depth
from inference.maps import read_map

RNG = np.random.default_rng(2)
VALUES = RNG.normal(3.0, 2.0, (11, 17)).astype(np.float32)
VALIDITY = RNG.random((11, 17), dtype=np.float32)
NEARNESS = (VALUES - VALUES.min()) / (VALUES.max() - VALUES.min())


def depth(values: np.ndarray = VALUES, validity: np.ndarray | None = None, kind: str = "disparity") -> Depth:
    return Depth(values, validity, kind, float(values.min()), float(values.max()), "small", "5426e4f")


def test_exr_holds_the_values_bit_for_bit_and_what_they_are(tmp_path):
    write_depth(depth(validity=VALIDITY, kind="distance"), tmp_path / "a.exr", "exr")
    with OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        header, channels = file.header(), file.channels()
        assert sorted(channels) == ["A", "Y"]
        assert channels["Y"].pixels.dtype == np.float32
        np.testing.assert_array_equal(channels["Y"].pixels, VALUES)
        np.testing.assert_array_equal(channels["A"].pixels, VALIDITY)
        assert header["depthKind"] == "distance"
        assert header["depthModel"] == "small"
        assert header["depthRevision"] == "5426e4f"
        assert header["depthRawMin"] == VALUES.min()
        assert header["depthRawMax"] == VALUES.max()


@pytest.mark.parametrize("validity", [None, VALIDITY, VALIDITY > 0.5])
def test_exr_is_read_back_whole(tmp_path, validity):
    written = depth(validity=validity)
    write_depth(written, tmp_path / "a.exr")
    read = read_depth(tmp_path / "a.exr")
    np.testing.assert_array_equal(read.values, VALUES)
    if validity is None:
        assert read.validity is None
    else:
        np.testing.assert_array_equal(read.validity, validity)
    for name in ("kind", "raw_min", "raw_max", "model", "revision"):
        assert getattr(read, name) == getattr(written, name)


def test_exr_keeps_extreme_values(tmp_path):
    values = np.array([[0.0, -1e30, 3.4e38, 1e-45, np.inf, -0.0]], dtype=np.float32)
    write_depth(depth(values), tmp_path / "a.exr")
    np.testing.assert_array_equal(read_depth(tmp_path / "a.exr").values.view(np.uint32), values.view(np.uint32))


def test_npy_is_a_plain_array(tmp_path):
    write_depth(depth(), tmp_path / "a.npy", "npy")
    read = np.load(tmp_path / "a.npy", allow_pickle=False)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, VALUES)


@pytest.mark.parametrize(("kind", "expected"), [("disparity", NEARNESS), ("distance", 1.0 - NEARNESS)])
def test_png16_is_linear_and_near_is_white(tmp_path, kind, expected):
    write_depth(depth(kind=kind), tmp_path / "a.png", "png16")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "I;16"
        assert image.text["depthKind"] == kind
        assert float(image.text["depthRawMax"]) == VALUES.max()
        samples = np.asarray(image).astype(int)
    assert (samples.min(), samples.max()) == (0, 65535)
    assert np.abs(samples - 65535 * expected).max() <= 0.51


def test_preview_is_8_bit_grey_with_validity_as_alpha(tmp_path):
    write_depth(depth(), tmp_path / "a.png", "preview")
    assert np.abs(np.asarray(Image.open(tmp_path / "a.png")) - 255 * NEARNESS).max() <= 0.51
    write_depth(depth(validity=VALIDITY), tmp_path / "a.png", "preview")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "LA"
        assert np.abs(np.asarray(image)[..., 1] - 255 * VALIDITY).max() <= 0.51


def test_colormap_goes_from_black_to_white_and_brightens_all_the_way(tmp_path):
    ramp = np.linspace(1.0, 2.0, 256, dtype=np.float32)[None]
    write_depth(depth(ramp), tmp_path / "a.png", "colormap")
    colours = np.asarray(Image.open(tmp_path / "a.png"))[0]
    assert colours.dtype == np.uint8
    np.testing.assert_array_equal(colours[[0, -1]], [[0, 0, 0], [255, 255, 255]])
    assert len(np.unique(colours, axis=0)) > 250
    brightness = colours @ [0.30, 0.59, 0.11]  # the weights of Green's paper
    assert (np.diff(brightness) > -0.5).all()
    assert np.abs(brightness - np.arange(256)).max() < 3
    np.testing.assert_array_equal(colours, cubehelix())


def test_flat_depth_can_be_written_in_every_format(tmp_path):
    for file_format in FORMATS:
        write_depth(depth(np.full((3, 4), 2.5, np.float32)), tmp_path / "a", file_format)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_every_format_has_its_own_suffix():
    assert len(set(SUFFIXES.values())) == len(FORMATS) == 6


@pytest.mark.parametrize("file_format", FORMATS)
def test_no_such_folder(tmp_path, file_format):
    with pytest.raises(DepthFileError, match=r"a\.x.*No such file"):
        write_depth(depth(), tmp_path / "nowhere" / "a.x", file_format)


def test_a_folder_in_the_way_stays(tmp_path):
    (tmp_path / "a.exr").mkdir()
    with pytest.raises(DepthFileError, match="written"):
        write_depth(depth(), tmp_path / "a.exr")
    assert [path.name for path in tmp_path.iterdir()] == ["a.exr"]


def write_on_a_full_disk(path: str, file_format: str) -> None:
    """Write more than this process is allowed to, and say what came of it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        write_depth(depth(np.random.default_rng(0).random((500, 500), dtype=np.float32)), path, file_format)
    except DepthFileError as error:
        sys.stdout.write(str(error))


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_write_that_fails_leaves_what_was_there(tmp_path, file_format):
    path = tmp_path / "a"
    path.write_bytes(b"what was there")
    code = f"from tests.inference.test_io import *; write_on_a_full_disk({str(path)!r}, {file_format!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert "can't be written" in run.stdout
    assert any(why in run.stdout for why in ("File too large", "may be full")), run.stdout
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("data", [b"", b"no EXR at all", b"\x76\x2f\x31\x01\x02\0\0\0" + bytes(40)])
def test_what_is_no_depth_file(tmp_path, data):
    path = tmp_path / "a.exr"
    path.write_bytes(data)
    with pytest.raises(DepthFileError, match="not a depth file"):
        read_depth(path)


def test_an_exr_without_our_attributes(tmp_path):
    path = tmp_path / "a.exr"
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Y": VALUES}).write(str(path))
    with pytest.raises(DepthFileError, match="not a depth file"):
        read_depth(path)


def test_a_cut_depth_file(tmp_path):
    path = tmp_path / "a.exr"
    write_depth(depth(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DepthFileError):
        read_depth(path)
    with pytest.raises(DepthFileError, match="no file"):
        read_depth(tmp_path / "b.exr")


def test_a_link_stays_one_and_the_file_behind_it_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.npy").write_bytes(b"before")
    (tmp_path / "a.npy").symlink_to(tmp_path / "elsewhere" / "a.npy")
    write_depth(depth(), tmp_path / "a.npy", "npy")
    assert (tmp_path / "a.npy").is_symlink()
    np.testing.assert_array_equal(np.load(tmp_path / "elsewhere" / "a.npy"), VALUES)


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("n" * 251 + ".npy")
    write_depth(depth(), path, "npy")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.exr", "a.png"])
def test_a_frame_is_known_by_its_making_while_it_is_whole(tmp_path, name):
    path = tmp_path / name
    file_format = "exr" if name == "a.exr" else "png16"
    assert making_of(path) is None
    write_depth(replace(depth(), making="0123abc"), path, file_format)
    assert making_of(path) == "0123abc"
    whole = path.read_bytes()
    for length in (0, 7, 100, len(whole) - 20):
        path.write_bytes(whole[:length])
        assert making_of(path) is None
    write_depth(depth(), path, file_format)
    assert making_of(path) is None


def test_the_making_is_read_back(tmp_path):
    write_depth(replace(depth(), making="0123abc"), tmp_path / "a.exr")
    assert read_depth(tmp_path / "a.exr").making == "0123abc"


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_depth_file_of_any_name_is_read_back(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    path = folder / os.fsdecode(b"d\xe9pth.exr")
    write_depth(depth(), path)
    np.testing.assert_array_equal(read_depth(path).values, VALUES)
    assert read_map(path).depth.kind == "disparity"
    assert os.listdir(folder) == [path.name]


def test_what_the_system_refuses_is_said_of_depth_files_too(tmp_path, monkeypatch):
    path = tmp_path / "a.exr"
    write_depth(depth(), path)
    monkeypatch.setattr(Path, "stat", Mock(side_effect=PermissionError(13, "Permission denied")))
    for read in (read_depth, read_map):
        with pytest.raises(DepthFileError, match="can't be read \\(Permission denied\\)"):
            read(path)
