"""Depth files of other tools: no bit lost, kinds found, and every kind of damage named."""

import struct
import zipfile
from pathlib import Path

import bpy
import numpy as np
import OpenEXR
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from tests import maps
from tests.addon.depth import png
from tests.addon.enabled import depth_image, errors, meaning
from tests.inference.picture_files import tiff_of_directories

DepthFileError = errors.DepthFileError

RAMP = np.arange(65536, dtype=np.uint16).reshape(256, 256)


def floor(height: int = 30, width: int = 40) -> np.ndarray:
    """Metres that fall from 8 at the top to 2 at the bottom, like a floor seen from a person's height."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return 8.0 - 6.0 * rows / max(height - 1, 1) + 0.01 * columns


def write_pfm(path: Path, values: np.ndarray, order: str = "<", end: str = "\n") -> None:
    height, width = values.shape[:2]
    header = ("PF" if values.ndim == 3 else "Pf", f"{width} {height}", "-1.0" if order == "<" else "1.0", "")
    path.write_bytes(end.join(header).encode() + values[::-1].astype(f"{order}f4").tobytes())


def write_exr(path: Path, channels: dict[str, np.ndarray], compression=OpenEXR.ZIP_COMPRESSION, **header) -> None:
    OpenEXR.File({"compression": compression, "type": OpenEXR.scanlineimage, **header}, channels).write(str(path))


def write_tiff(path: Path, values: np.ndarray, **options) -> None:
    tifffile.imwrite(path, values, **options)


WRITERS_16_BIT = {
    "png": lambda path: Image.fromarray(RAMP).save(path),
    "tif": lambda path: Image.fromarray(RAMP).save(path),
    "lzw.tif": lambda path: Image.fromarray(RAMP).save(path, compression="tiff_lzw"),
    "deflate.tif": lambda path: Image.fromarray(RAMP).save(path, compression="tiff_adobe_deflate"),
    "big.tiff": lambda path: write_tiff(path, RAMP, bigtiff=True),
    "tiles.tif": lambda path: write_tiff(path, RAMP, tile=(64, 64)),
    "big endian.tiff": lambda path: write_tiff(path, RAMP, byteorder=">"),
    "rgb.tif": lambda path: write_tiff(path, np.stack([RAMP] * 3, -1), photometric="rgb"),
    "npy": lambda path: np.save(path, RAMP),
}


@pytest.mark.parametrize("name", WRITERS_16_BIT)
def test_a_16_bit_ramp_keeps_its_65536_steps_up_to_the_image(tmp_path, name):
    path = tmp_path / f"ramp.{name}"
    WRITERS_16_BIT[name](path)
    depth = meaning.read(path, near_is="bright")
    np.testing.assert_array_equal(depth.values, RAMP)
    assert (depth.kind, depth.validity) == ("disparity", None)
    stored, _ = depth_image.read(depth_image.write("Depth", depth.values, kind=depth.kind))
    np.testing.assert_array_equal(np.rint(stored.astype(np.float64) * 65535), RAMP)
    assert np.unique(stored).size == 65536


@pytest.mark.parametrize("gamma", [0.35, 1.0, 2.5])
def test_a_png_s_gamma_and_alpha_touch_nothing(tmp_path, gamma):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    alpha = grey[::-1].copy()
    extra = PngImagePlugin.PngInfo()
    extra.add(b"gAMA", struct.pack(">I", int(gamma * 100000)))
    Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]).save(tmp_path / "a.png", pnginfo=extra)
    depth = meaning.read(tmp_path / "a.png", near_is="bright")
    np.testing.assert_array_equal(depth.values, np.where(alpha > 0, grey, 0))
    np.testing.assert_allclose(depth.validity, alpha / 255.0, atol=1e-7)


@pytest.mark.parametrize("more", [{}, {"interlaced": True}, {"chunk": 11}], ids=["plain", "interlaced", "in pieces"])
@pytest.mark.parametrize("filters", ["0", "1", "2", "3", "4", "01234"])
def test_16_bit_pngs_in_every_way_to_write_them(tmp_path, filters, more):
    (tmp_path / "a.png").write_bytes(png.write(RAMP[:37, :51], filters=filters, **more))
    depth = meaning.read(tmp_path / "a.png", near_is="bright")
    np.testing.assert_array_equal(depth.values, RAMP[:37, :51])


def test_an_archive_s_depth_is_found_with_what_counts_of_it(tmp_path):
    valid = np.ones((30, 40), bool)
    valid[3, 4:9] = False
    colours = np.zeros((30, 40, 3), np.uint8)
    np.savez_compressed(tmp_path / "a.npz", rgb=colours, depth=FLOATS, confidence=FLOATS, valid=valid)
    depth = meaning.read(tmp_path / "a.npz", kind="distance")
    np.testing.assert_array_equal(depth.values, np.where(valid, FLOATS, 0))
    np.testing.assert_array_equal(depth.validity, valid)
    np.savez(tmp_path / "b.npz", rgb=colours, anything=FLOATS[None])
    np.testing.assert_array_equal(meaning.read(tmp_path / "b.npz", kind="distance").values, FLOATS)
    np.savez(tmp_path / "c.npz", disparity=1 / FLOATS)
    assert (meaning.read(tmp_path / "c.npz").kind, meaning.read(tmp_path / "c.npz").guessed) == ("disparity", False)


def test_an_archive_that_claims_more_than_a_depth_map_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as file:
        for _ in range(33):
            file.write(bytes(2**16))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    place = data.index(b"PK\x01\x02") + 24  # the length, unpacked, in the archive's own list
    data[place : place + 4] = (2**32 - 2).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DepthFileError, match="too large"):
        meaning.read(tmp_path / "a.npz")


FLOATS = floor() * np.float32(1.1)
WRITERS_FLOAT = {
    "npy": lambda path: np.save(path, FLOATS),
    "npz": lambda path: np.savez_compressed(path, FLOATS),
    "fortran.npy": lambda path: np.save(path, np.asfortranarray(FLOATS)),
    "big endian.npy": lambda path: np.save(path, FLOATS.astype(">f4")),
    "batch.npy": lambda path: np.save(path, FLOATS[None]),
    "channel.npy": lambda path: np.save(path, FLOATS[..., None]),
    "pfm": lambda path: write_pfm(path, FLOATS),
    "big endian.pfm": lambda path: write_pfm(path, FLOATS, ">"),
    "windows.pfm": lambda path: write_pfm(path, FLOATS, end="\r\n"),
    "colour.pfm": lambda path: write_pfm(path, np.stack([FLOATS] * 3, -1)),
    "tif": lambda path: write_tiff(path, FLOATS),
    **{
        f"{name}.exr": lambda path, name=name: write_exr(path, {name: FLOATS})
        for name in ("Z", "Y", "V", "R", "depth", "disparity", "foo", "Layer.Depth.Z", "left.Y")
    },
    "rgb.exr": lambda path: write_exr(path, dict.fromkeys("RGB", FLOATS)),
    "rgb piz.exr": lambda path: write_exr(path, dict.fromkeys("RGB", FLOATS), OpenEXR.PIZ_COMPRESSION),
    "y piz.exr": lambda path: write_exr(path, {"Y": FLOATS}, OpenEXR.PIZ_COMPRESSION),
}


@pytest.mark.parametrize("name", WRITERS_FLOAT)
def test_floats_keep_every_bit(tmp_path, name):
    path = tmp_path / f"a.{name}"
    WRITERS_FLOAT[name](path)
    depth = meaning.read(path, kind="distance")
    np.testing.assert_array_equal(depth.values, FLOATS)
    assert (depth.kind, depth.guessed, depth.source, depth.validity) == ("distance", False, path.name, None)


def test_the_depth_is_found_among_other_channels(tmp_path):
    other = np.zeros_like(FLOATS)
    layers = {f"View.{name}": other for name in ("Normal.X", "Normal.Y", "Normal.Z", "Mist.Z", "Denoising Depth.Z")}
    write_exr(tmp_path / "a.exr", {**layers, "View.Combined.R": other, "View.Depth.Z": FLOATS})
    write_exr(tmp_path / "b.exr", {**dict.fromkeys("RGB", other), "A": other + 0.5, "Z": FLOATS})
    depth = meaning.read(tmp_path / "a.exr")
    np.testing.assert_array_equal(depth.values, FLOATS)
    assert (depth.kind, depth.guessed) == ("distance", False)
    depth = meaning.read(tmp_path / "b.exr")
    np.testing.assert_array_equal(depth.values, FLOATS)
    np.testing.assert_array_equal(depth.validity, other + 0.5)
    assert depth.kind == "distance"


def test_the_depth_pass_that_blender_renders(tmp_path):
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    bpy.ops.mesh.primitive_cube_add(location=(0, 0, -6))
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 32, 24
    view_layer = scene.view_layers[0]
    view_layer.use_pass_z = view_layer.use_pass_normal = view_layer.use_pass_mist = True
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format, settings.color_depth = "OPEN_EXR_MULTILAYER", "32"
    scene.render.filepath = str(tmp_path / "render.exr")
    bpy.ops.render.render(write_still=True)
    depth = meaning.read(tmp_path / "render.exr")
    assert (depth.kind, depth.guessed, depth.values.shape) == ("distance", False, (24, 32))
    assert depth.values[12, 16] == pytest.approx(5.0, abs=1e-4)  # the cube's front face
    assert depth.validity[0, 0] == 0.0  # the background, 1e10 in the file
    assert depth.values[0, 0] == 0.0


def test_validity_from_alpha_and_from_the_data_window(tmp_path):
    alpha = np.ones_like(FLOATS)
    alpha[:, :10] = 0.25
    alpha[:, 10:20] = 0.0
    corners = (np.array([0, 0], np.int32), np.array([49, 29], np.int32))
    write_exr(tmp_path / "a.exr", {"Y": FLOATS, "A": alpha}, displayWindow=corners)
    depth = meaning.read(tmp_path / "a.exr", kind="distance")
    assert depth.values.shape == (30, 50)
    np.testing.assert_array_equal(depth.validity[:, :40], alpha)
    np.testing.assert_array_equal(depth.validity[:, 40:], 0.0)
    assert np.isfinite(depth.values).all()


def test_what_our_own_files_say_is_believed(tmp_path):
    said = {
        "depthKind": "disparity",
        "depthModel": "small",
        "depthRevision": "abc",
        "depthRawMin": 2.0,
        "depthRawMax": 8.0,
    }
    lens = {"pinholeFocalLength": 20.0, "sensorOverallDimensions": np.array([24.0, 18.0], np.float32)}
    write_exr(tmp_path / "a.exr", {"Y": FLOATS}, **said, **lens)
    depth = meaning.read(tmp_path / "a.exr")
    np.testing.assert_array_equal(depth.values, FLOATS)
    assert (depth.kind, depth.guessed, depth.model, depth.revision) == ("disparity", False, "small", "abc")
    assert depth.focal_length == pytest.approx(30.0)


@pytest.mark.parametrize("kind", ["disparity", "distance"])
def test_a_16_bit_png_that_states_its_range_gets_its_units_back(tmp_path, kind):
    text = PngImagePlugin.PngInfo()
    for name, value in {"depthKind": kind, "depthRawMin": "2.0", "depthRawMax": "10.0"}.items():
        text.add_text(name, value)
    Image.fromarray(RAMP).save(tmp_path / "a.png", pnginfo=text)
    depth = meaning.read(tmp_path / "a.png")
    nearness = RAMP / 65535.0
    expected = 2.0 + 8.0 * nearness if kind == "disparity" else 10.0 - 8.0 * nearness
    np.testing.assert_allclose(depth.values, expected, rtol=1e-6)
    assert (depth.kind, depth.guessed) == (kind, False)


def test_a_png_that_states_a_kind_without_its_range_is_refused_until_told(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_text("depthKind", "distance")
    Image.fromarray(RAMP).save(tmp_path / "a.png", pnginfo=text)
    with pytest.raises(DepthFileError, match=r"a\.png states its kind.*range"):
        meaning.read(tmp_path / "a.png")
    assert meaning.read(tmp_path / "a.png", near_is="bright").kind == "disparity"


def test_dark_is_turned_around(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    depth = meaning.read(tmp_path / "a.png", near_is="dark", kind="disparity")
    np.testing.assert_array_equal(depth.values, 65535 - RAMP.astype(np.float32))


def test_16_bit_distances_are_millimetres_and_0_is_unknown(tmp_path):
    millimetres = np.rint(floor() * 1000).astype(np.uint16)
    millimetres[3, 4] = 0
    Image.fromarray(millimetres).save(tmp_path / "a.png")
    for depth in (meaning.read(tmp_path / "a.png"), meaning.read(tmp_path / "a.png", kind="distance")):
        assert depth.kind == "distance"
        np.testing.assert_allclose(depth.values, millimetres / 1000.0, rtol=1e-6)
        np.testing.assert_array_equal(depth.validity, millimetres > 0)


@pytest.mark.parametrize(
    ("values", "kind", "order"),
    [
        (floor(), "distance", 1),  # metres
        (1.0 / floor(), "disparity", 1),  # larger is nearer
        ((floor() - floor().min()) / (floor().max() - floor().min()), "disparity", -1),  # normalised, near is dark
    ],
    ids=["metres", "inverse", "normalised"],
)
def test_what_nothing_states_is_inferred_from_the_picture_and_said(tmp_path, values, kind, order):
    np.save(tmp_path / "a.npy", values.astype(np.float32))
    depth = meaning.read(tmp_path / "a.npy")
    assert (depth.kind, depth.guessed) == (kind, True)
    assert np.corrcoef(depth.values.ravel(), values.ravel())[0, 1] * order > 0.99


def test_8_bit_maps_are_relative_either_way(tmp_path):
    grey = np.rint((floor() - floor().min()) * 30).astype(np.uint8)
    for name, picture in (("dark", grey), ("bright", 255 - grey)):
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
        depth = meaning.read(tmp_path / f"{name}.png")
        assert (depth.kind, depth.guessed) == ("disparity", True)
        assert np.corrcoef(depth.values.ravel(), -floor().ravel())[0, 1] > 0.99


@pytest.mark.parametrize(("measured", "kind"), [(maps.sensor, "distance"), (maps.stereo, "disparity")])
def test_measured_maps_are_inferred_right(tmp_path, measured, kind):
    values, _ = measured()
    np.save(tmp_path / "a.npy", values)
    assert meaning.read(tmp_path / "a.npy").kind == kind


def test_what_a_model_gives_is_near_is_bright(tmp_path):
    levels = maps.model_8bit()
    Image.fromarray(levels).save(tmp_path / "a.png")
    depth = meaning.read(tmp_path / "a.png")
    assert depth.kind == "disparity"
    np.testing.assert_array_equal(depth.values, levels)


def test_non_finite_values_are_invalid(tmp_path):
    values = floor()
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    for kind, near_is in (("distance", None), ("disparity", "bright"), ("disparity", "dark")):
        np.save(tmp_path / "a.npy", values)
        depth = meaning.read(tmp_path / "a.npy", kind=kind, near_is=near_is)
        np.testing.assert_array_equal(depth.validity == 0.0, ~np.isfinite(values))
        assert np.isfinite(depth.values).all()


@pytest.mark.parametrize("values", [np.zeros((5, 5)), np.full((5, 5), np.nan)], ids=["zeros", "nan"])
def test_a_map_without_a_valid_distance_is_refused(tmp_path, values):
    np.save(tmp_path / "a.npy", values.astype(np.float32))
    with pytest.raises(DepthFileError, match=r"a\.npy.*valid"):
        meaning.read(tmp_path / "a.npy", kind="distance")


def test_a_flat_map_and_float64_beyond_float32_are_read(tmp_path):
    np.save(tmp_path / "a.npy", np.full((2, 3), 7.0))
    np.testing.assert_array_equal(meaning.read(tmp_path / "a.npy").values, 7.0)
    np.save(tmp_path / "b.npy", np.array([[1.0, 1e300]]))
    np.testing.assert_array_equal(meaning.read(tmp_path / "b.npy").validity, [[1.0, 0.0]])


@pytest.mark.parametrize("near_is", ["bright", None])
def test_a_colour_picture_is_refused(tmp_path, near_is):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(np.stack([grey, 255 - grey, grey], -1)).save(tmp_path / "a.png")
    with pytest.raises(DepthFileError, match=r"a\.png.*colour"):
        meaning.read(tmp_path / "a.png", near_is=near_is)


def test_a_contradiction_is_refused(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    with pytest.raises(DepthFileError, match="dark where near"):
        meaning.read(tmp_path / "a.png", near_is="bright", kind="distance")
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(DepthFileError, match="8 bits"):
        meaning.read(tmp_path / "b.png", kind="distance")


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("a.npy", lambda path: np.save(path, np.zeros((0, 4), np.float32)), "pixels|cut"),
        ("a.npy", lambda path: np.save(path, np.zeros((4, 4, 3), np.float32)), "one number"),
        (
            "a.npy",
            lambda path: np.save(path, np.array([{}]), allow_pickle=True),
            "Python objects",
        ),
        ("a.npy", lambda path: np.save(path, {"depth": FLOATS}, allow_pickle=True), "Python objects"),
        (
            "a.npy",
            lambda path: (np.save(path, FLOATS), path.write_bytes(path.read_bytes() + b"more")),
            "4 bytes follow",
        ),
        ("a.npz", lambda path: np.savez(path, u=FLOATS, v=FLOATS), r"called depth \(u \(30, 40\), v \(30, 40\)\)"),
        ("a.npz", lambda path: np.savez(path), r"called depth \(nothing\)"),
        ("a.npz", lambda path: np.savez(path, depth=np.array([{}])), "damaged"),
        ("a.npz", lambda path: path.write_bytes(b"PK" + bytes(99)), "damaged"),
        ("a.npz", lambda path: path.write_bytes(b""), "empty"),
        ("a.pfm", lambda path: path.write_bytes(b"Pf\n2 2\n-1.0\n" + bytes(20)), "damaged"),
        ("a.pfm", lambda path: path.write_bytes(b"Pf\n0 4\n-1.0\n"), "no pixels"),
        ("a.pfm", lambda path: path.write_bytes(b"Pf\n999999 999999\n-1.0\n" + bytes(64)), "cut off"),
        ("a.exr", lambda path: write_exr(path, {"u": FLOATS, "v": FLOATS}), r"channels.*u, v"),
        ("a.tif", lambda path: path.write_bytes(tiff_of_directories((16, 12, {258: 4}))), "lose bits"),
        ("a.txt", lambda path: path.write_text("8"), "PNG, TIFF"),
        ("a.png", lambda path: path.write_bytes(b""), "damaged"),
        ("a.png", lambda path: np.save(path.open("wb"), FLOATS), "damaged"),
        ("a.tif", lambda path: path.write_bytes(b"II*\0\xff\xff\xff\xff"), "damaged"),
        ("a.exr", lambda path: path.write_bytes(b""), "damaged"),
        ("a.npy", lambda path: path.write_bytes(b""), "empty"),
        ("a.png", lambda path: path.mkdir(), "not a file"),
        ("missing.png", lambda path: None, "not a file"),
    ],
)
def test_what_cannot_be_read_is_named_and_leaves_no_image(tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(DepthFileError, match=message):
        meaning.read(tmp_path / name)
    assert not bpy.data.images


@pytest.mark.parametrize("name", [*WRITERS_16_BIT, "pfm", "Z.exr", "float.tif", "npz"])
def test_every_cut_is_an_error(tmp_path, name):
    path = tmp_path / f"a.{name}"
    {**WRITERS_FLOAT, **WRITERS_16_BIT, "float.tif": WRITERS_FLOAT["tif"]}[name](path)
    data = path.read_bytes()
    for length in (1, 7, 40, len(data) // 3, len(data) // 2, len(data) - 20):
        path.write_bytes(data[:length])
        with pytest.raises(DepthFileError):
            meaning.read(path, near_is="bright", kind="disparity")
    assert not bpy.data.images


def test_a_flipped_byte_in_a_png_is_noticed(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(DepthFileError, match="damaged"):
        meaning.read(tmp_path / "a.png")
