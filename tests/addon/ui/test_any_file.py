"""Files as other systems, people and programs leave them: one true line each, and what can be used is used."""

import os
import re
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import ExifTags, Image

from tests import maps
from tests.addon.enabled import errors, files, handover, photo, relief
from tests.addon.pictures import hill, write_depth, write_photo
from tests.inference import picture_files
from tools import extension

import bpy  # isort: skip


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


DENIED = PermissionError(13, "Permission denied")
TOO_LONG = OSError(36, "File name too long")
BROKEN = OSError(5, "Input/output error")


def assert_true_line(said: str, error: OSError) -> None:
    said = said.removeprefix("Error: ").strip()
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
    assert error.strerror in said
    assert not re.search("damaged|no such file|not a file|not there", said)


@pytest.mark.parametrize("error", [DENIED, TOO_LONG, BROKEN], ids=lambda error: type(error).__name__ + str(error.errno))
@pytest.mark.parametrize("refused", ["photo.png", "photo_depth.npy", "folder"])
def test_what_the_system_refuses_is_one_true_line(tmp_path, monkeypatch, error, refused):
    write_photo(tmp_path / "photo.png")
    write_depth(tmp_path / "photo_depth.npy", hill())
    if refused == "folder":
        monkeypatch.setattr(Path, "iterdir", Mock(side_effect=error))
    else:
        stat = Path.stat
        monkeypatch.setattr(
            Path,
            "stat",
            lambda path, **more: (_ for _ in ()).throw(error) if path.name == refused else stat(path, **more),
        )
    with pytest.raises(RuntimeError) as raised:
        bpy.ops.depth_nodes.import_relief(filepath=str(tmp_path / "photo.png"))
    assert_true_line(str(raised.value), error)
    if refused == "photo.png":
        with pytest.raises(RuntimeError) as raised:
            bpy.ops.depth_nodes.photo_as_relief(filepath=str(tmp_path / "photo.png"))
        assert_true_line(str(raised.value), error)


def test_a_disk_that_fails_in_the_middle_is_one_true_line(tmp_path, monkeypatch):
    path = write_photo(tmp_path / "photo.webp")
    write_depth(tmp_path / "photo_depth.npy", hill())
    for module, name in ((photo, "not_the_photo"), (photo.picture_file, "orientation"), (np, "load")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, Mock(side_effect=BROKEN))
            with pytest.raises(RuntimeError) as raised:
                bpy.ops.depth_nodes.import_relief(filepath=str(path))
        assert_true_line(str(raised.value), BROKEN)
    assert not [data for data in bpy.data.images if data.has_data]


def test_a_photo_that_was_locked_since_it_was_opened_is_one_true_line(tmp_path, monkeypatch):
    image = bpy.data.images.load(str(write_photo(tmp_path / "photo.png")))
    image.source = "SEQUENCE"
    monkeypatch.setattr(Path, "stat", Mock(side_effect=DENIED))
    with pytest.raises(errors.PhotoError) as raised:
        handover.hand_over(image, tmp_path)
    assert_true_line(str(raised.value), DENIED)


def test_a_name_that_no_file_can_have_is_one_line(tmp_path):
    for name in ("a" * 300 + ".png", "a\0b.png"):
        with pytest.raises(errors.PhotoError, match="can't be read"):
            photo.load(tmp_path / name)
        with pytest.raises(errors.DepthFileError, match="can't be read"):
            files.load(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
@pytest.mark.parametrize("name", [b"caf\xe9", "写真 é".encode(), b"two\nlines"])
def test_a_file_of_any_name_is_read_and_its_errors_are_one_line(tmp_path, name, capsys):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name + b".png"))
    depth = path.with_name(f"{path.stem}_depth.png")
    write_photo(path)
    write_depth(depth, hill())
    assert bpy.ops.depth_nodes.import_relief(filepath=str(path)) == {"FINISHED"}
    assert files.load(depth).values.shape == (36, 48)
    assert tuple(photo.load(path).size) == (48, 36)
    depth.write_bytes(depth.read_bytes()[:90])
    with pytest.raises(RuntimeError, match="damaged") as raised:
        bpy.ops.depth_nodes.import_relief(filepath=str(path))
    assert len(str(raised.value).strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (picture_files.tiff_of_directories((16, 12, {50706: 1}), (64, 48, {})), "raw photo"),
        (picture_files.tiff_of_directories((16, 12, {}), (64, 48, {}), below=1), "preview"),
        (picture_files.tiff_of_directories((16, 12, {}), (64, 48, {})), "preview"),
    ],
)
def test_a_preview_is_not_taken_for_the_photo(tmp_path, content, words):
    path = tmp_path / "photo.dng"
    path.write_bytes(content)
    with pytest.raises(errors.PhotoError, match=words):
        photo.load(path)
    shown = bpy.data.images.load(str(path))  # Blender itself shows the preview
    with pytest.raises(errors.PhotoError, match=words):
        handover.hand_over(shown, tmp_path)


@pytest.mark.parametrize(("brand", "kind"), [(b"heic", "a HEIC"), (b"mif1", "a HEIC"), (b"avif", "an AVIF")])
def test_what_blender_cannot_open_says_how_to_convert_it(tmp_path, brand, kind):
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\0\0\0\x1cftyp" + brand + b"\0\0\0\0" + bytes(200))
    with pytest.raises(errors.PhotoError, match=f"photo.heic is {kind} photo.*JPEG"):
        photo.load(path)
    assert not bpy.data.images
    assert "*.heic" in bpy.ops.depth_nodes.import_photo.get_rna_type().properties["filter_glob"].default


def test_the_import_says_what_it_took_the_numbers_for(tmp_path, capfd):
    write_photo(tmp_path / "photo.png", 40, 30)
    rows = np.mgrid[0:30, 0:40][0]
    Image.fromarray((8000 - 200 * rows).astype(np.uint16)).save(tmp_path / "photo_depth.png")
    assert bpy.ops.depth_nodes.import_relief(filepath=str(tmp_path / "photo.png")) == {"FINISHED"}
    assert "unit is taken as mm" in capfd.readouterr().out
    assert bpy.ops.depth_nodes.import_relief(filepath=str(tmp_path / "photo.png"), unit="CM", along_ray=True) == {
        "FINISHED"
    }
    image = bpy.data.images["photo Depth.001"]
    assert image["depth_raw_max"] == pytest.approx(80.0, rel=0.1)
    assert image["depth_raw_max"] < 80.0  # the corner's distance along the axis is less


@pytest.mark.parametrize("lies", [1, 2, 3])
def test_a_depth_map_of_the_stored_pixels_of_a_turned_photo_is_told(tmp_path, lies):
    values, _ = maps.exact()
    sample = np.asarray(Image.open(maps.SAMPLE.with_name("sample_photo.jpg")).resize((300, 225)))
    stored = {1: sample, 2: sample[:, ::-1], 3: sample[::-1, ::-1]}[lies]
    noted = Image.Exif()
    noted[ExifTags.Base.Orientation] = lies
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "photo.jpg", exif=noted, quality=95)
    upright = values[::4, ::4]
    as_stored = {1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1]}[lies]
    for depth, is_told in ((upright, False), (as_stored, lies != 1)):
        np.save(tmp_path / "photo_depth.npy", depth)
        made = relief.from_files(tmp_path / "photo.jpg", tmp_path / "photo_depth.npy", background=False)
        assert any("lie as photo.jpg does in its file" in note for note in made.notes) == is_told
