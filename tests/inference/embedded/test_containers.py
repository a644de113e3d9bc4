"""Every container but HEIC: what is read out of a photo is what was written into it, whatever else lies beside it."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.embedded import find, read
from inference.errors import EmbeddedDepthError
from inference.photo import read_photo
from tests.inference.embedded import writers

WIDTH, HEIGHT = 48, 36
GREY = np.add.outer(np.arange(HEIGHT) * 4, np.arange(WIDTH) * 2).astype(np.uint8)  # 0 at the upper left, to 234
SHARE = GREY.astype(np.float64) / 255
PNG = writers.encoded(GREY, "PNG")
COLOURS = np.random.default_rng(1).integers(0, 255, (4 * HEIGHT, 4 * WIDTH, 3)).astype(np.uint8)
PHOTO = writers.encoded(COLOURS)
SHARP = writers.encoded(255 - COLOURS)
THUMBNAIL = writers.with_segments(PHOTO, (3, PHOTO[:200] + b"\xff\xd9\xff\xd8"))  # starts and ends within a segment
FINE = {"rtol": 1e-4, "atol": 1e-5}


def read_back(tmp_path: Path, whole: bytes) -> read.Embedded | None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(whole)
    found = read.read(path, read_photo(path))
    assert find.container_of(path) == (found.container if found else None)
    return found


def exiftool(whole: bytes, path: Path, *options: str) -> dict[str, str]:
    """Return what exiftool, which shares no line with us, finds in a file; skip where it is not installed."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed: apt-get install libimage-exiftool-perl")
    path.write_bytes(whole)
    command = ["exiftool", "-json", "-struct", "-b", *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)[0]


# --- GDepth ---------------------------------------------------------------------------------------------------------


def test_gdepth_range_inverse_without_a_unit_is_inverse_depth(tmp_path):
    said = {"Format": "RangeInverse", "Near": "18.8", "Far": "633.0", "Mime": "image/png"}
    found = read_back(tmp_path, writers.gdepth(PHOTO, PNG, said, SHARP))
    distance = 633.0 * 18.8 / (633.0 - SHARE * (633.0 - 18.8))  # white is far
    np.testing.assert_allclose(found.values, 1 / distance, **FINE)
    assert (found.kind, found.container, found.known, found.sharp) == ("disparity", "GDepth", None, SHARP)
    assert found.near == pytest.approx(1 / 18.8)


@pytest.mark.parametrize(
    ("kind", "distance"),
    [("RangeLinear", 0.5 + SHARE * 3.5), ("RangeInverse", 4.0 * 0.5 / (4.0 - SHARE * 3.5))],
)
def test_gdepth_in_metres_is_distances(tmp_path, kind, distance):
    found = read_back(tmp_path, writers.gdepth(PHOTO, PNG, {"Format": kind, "Near": "0.5", "Far": "4", "Units": "m"}))
    np.testing.assert_allclose(found.values, distance, **FINE)
    assert (found.kind, found.near) == ("distance", pytest.approx(0.5))


def test_gdepth_along_the_ray_is_turned_to_the_axis_by_the_lens(tmp_path):
    said = {"Format": "RangeLinear", "Near": "2", "Far": "2.0001", "Units": "m", "MeasureType": "OpticRay"}
    found = read_back(tmp_path, writers.gdepth(writers.encoded(COLOURS, equivalent=30), PNG, said))
    lens = 30 * 36 / np.hypot(36, 24) * np.hypot(1, 3 / 4)  # millimetres on 36
    x, y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2  # pixels from the middle to the corner's centre
    expected = 2 / np.sqrt(1 + (x**2 + y**2) * (36 / WIDTH / lens) ** 2)
    assert found.values[0, 0] == pytest.approx(expected, rel=1e-4)


def test_gdepth_without_its_numbers_keeps_what_is_near(tmp_path):
    found = read_back(tmp_path, writers.gdepth(PHOTO, PNG, {"Format": "RangeLinear", "Near": "0", "Far": "1"}))
    np.testing.assert_allclose(found.values, 1 - SHARE, **FINE)
    assert found.kind == "disparity"


def test_an_rgba_map_of_gdepth_is_read_as_grey(tmp_path):
    four = np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)])
    found = read_back(tmp_path, writers.gdepth(PHOTO, writers.encoded(four, "PNG"), {"Near": "1", "Far": "2"}))
    np.testing.assert_allclose(found.values, 1 - SHARE / 2, **FINE)


def test_exiftool_finds_the_same_gdepth(tmp_path):
    whole = writers.gdepth(PHOTO, PNG, {"Format": "RangeInverse", "Near": "18.8", "Far": "633"}, SHARP)
    found = exiftool(whole, tmp_path / "photo.jpg", "-XMP-GDepth:all", "-XMP-GImage:all")
    assert (found["Near"], found["Far"], found["Format"]) == (18.8, 633, "RangeInverse")
    assert found["DepthImage"].startswith("base64:iVBORw0KGgo")


# --- Dynamic Depth --------------------------------------------------------------------------------------------------

DEPTH_ITEM = ("android/depthmap", writers.with_segments(writers.encoded(GREY), (3, PHOTO[:300])))
STATED = {
    "Format": "RangeInverse",
    "Near": "0.5",
    "Far": "4.0",
    "DepthURI": "android/depthmap",
    "ItemSemantic": "Depth",
}


@pytest.mark.parametrize("padding", [0, 37])
def test_dynamic_depth_lies_where_the_lengths_say(tmp_path, padding):
    """Other pictures lie before it, and all of them hold thumbnails, with starts and ends of their own."""
    items = [("android/original_image", THUMBNAIL), DEPTH_ITEM]
    whole = writers.dynamic_depth(THUMBNAIL, items, STATED | {"Units": "Meters"}, padding=padding)
    found = read_back(tmp_path, whole)
    assert (found.kind, found.container) == ("distance", "Dynamic Depth")
    assert np.abs(1 / found.values - (2.0 - SHARE * 1.75)).max() < 0.03  # a JPEG


def test_dynamic_depth_in_dioptres_has_the_larger_number_near(tmp_path):
    stated = STATED | {"Near": "2.0", "Far": "0.25", "Units": "Diopters"}
    found = read_back(tmp_path, writers.dynamic_depth(PHOTO, [DEPTH_ITEM], stated))
    assert found.kind == "distance"
    assert np.abs(1 / found.values - (2.0 - SHARE * 1.75)).max() < 0.03


def test_dioptres_that_contradict_themselves_have_no_unit(tmp_path):
    """Some phones state a far end of more dioptres than the near one: only the order is left, black before white."""
    stated = STATED | {"Near": "0.0864", "Far": "0.1295", "Units": "Diopters"}
    found = read_back(tmp_path, writers.dynamic_depth(PHOTO, [DEPTH_ITEM], stated))
    assert found.kind == "disparity"
    assert np.abs(found.values - (1 - SHARE)).max() < 0.03


def test_where_the_confidence_is_nil_nothing_is_known(tmp_path):
    confidence = np.full_like(GREY, 255)
    confidence[:9] = 0
    items = [DEPTH_ITEM, ("android/confidencemap", writers.encoded(confidence, "PNG"))]
    whole = writers.dynamic_depth(PHOTO, items, STATED | {"ConfidenceURI": "android/confidencemap"})
    found = read_back(tmp_path, whole)
    np.testing.assert_array_equal(found.known, confidence > 0)
    assert (found.values[:9] == 0).all()


def test_exiftool_finds_the_same_dynamic_depth(tmp_path):
    whole = writers.dynamic_depth(PHOTO, [DEPTH_ITEM], STATED | {"Units": "Meters"})
    found = exiftool(whole, tmp_path / "photo.jpg", "-XMP-Device:all")
    assert found["Cameras"][0]["Camera"]["DepthMap"]["Near"] == 0.5
    assert [item["Item"]["Length"] for item in found["Container"]["Directory"]] == [0, len(DEPTH_ITEM[1])]


def test_a_gain_map_of_an_ultra_hdr_photo_is_no_depth(tmp_path):
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{semantic}" Item:Length="{length}"/></rdf:li>'
        for semantic, length in (("Primary", 0), ("GainMap", len(PNG)))
    )
    names = (
        'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
    )
    directory = f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
    description = f'<rdf:Description rdf:about="" {names}>{directory}</rdf:Description>'
    assert read_back(tmp_path, writers.with_segments(PHOTO, writers.xmp(description)) + PNG) is None


# --- Apple ----------------------------------------------------------------------------------------------------------


def auxiliary(kind: str, low: float, high: float) -> bytes:
    described = writers.apple_xmp(kind, low, high, 150.0, 4 * WIDTH, 4 * HEIGHT)
    return writers.with_segments(writers.encoded(GREY), writers.xmp(described))


@pytest.mark.parametrize("kind", ["disparity", "depth"])
def test_apples_jpeg_is_chosen_by_what_it_says_not_by_its_place(tmp_path, kind):
    matte, gain = auxiliary("portraiteffectsmatte", 0, 1), writers.encoded(GREY[::2, ::2])
    found = read_back(tmp_path, writers.multi_picture(PHOTO, [gain, matte, auxiliary(kind, 0.5, 4.0)]))
    numbers = 1 / found.values if kind == "disparity" else found.values
    assert np.abs(numbers - (0.5 + SHARE * 3.5)).max() < 0.05
    assert (found.kind, found.container, found.accuracy) == ("distance", "Apple JPEG", "absolute")
    assert found.focal_length == pytest.approx(150.0 / (4 * WIDTH) * 36)


def test_a_stereo_pair_is_no_depth(tmp_path):
    assert read_back(tmp_path, writers.multi_picture(PHOTO, [SHARP])) is None


def test_exiftool_and_pillow_find_the_same_pictures_of_apple(tmp_path):
    aux = auxiliary("disparity", 0.5, 4.0)
    whole = writers.multi_picture(PHOTO, [aux])
    with Image.open(io.BytesIO(whole)) as image:
        assert image.format == "MPO"
        assert image.n_frames == 2
    found = exiftool(whole, tmp_path / "photo.jpg", "-MPF:all", "-MPImage2")
    assert found["MPImageLength"] == len(aux)


# --- Samsung and Huawei ---------------------------------------------------------------------------------------------

DUAL = [
    (0x0001, "DualShot_1", SHARP),
    (0x0AB1, "DualShot_DepthMap_1", GREY.tobytes()),
    (0x0AB3, "DualShot_Extra_Info", writers.extra_info(WIDTH, HEIGHT)),
]


@pytest.mark.parametrize("sides", [(WIDTH, HEIGHT), (HEIGHT, WIDTH)])
def test_samsungs_map_is_found_by_its_name_and_its_size_by_the_product(tmp_path, sides):
    blocks = [*DUAL[:2], (0x0AB3, "DualShot_Extra_Info", writers.extra_info(*sides, at=32))]
    found = read_back(tmp_path, writers.samsung(PHOTO, blocks))
    np.testing.assert_allclose(found.values, 1 - SHARE, **FINE)  # white is far
    assert (found.kind, found.container, found.sharp) == ("disparity", "Samsung", SHARP)


def test_samsungs_single_lens_names_its_size(tmp_path):
    meta = writers.meta_info(inputWidth=4 * WIDTH, segWidth=WIDTH, segHeight=HEIGHT)
    blocks = [(0x0B40, "SingleShot_Meta_Info", meta), (0x0B41, "SingeShot_DepthMap_1", GREY.tobytes())]
    np.testing.assert_allclose(read_back(tmp_path, writers.samsung(PHOTO, blocks)).values, 1 - SHARE, **FINE)


def test_exiftool_finds_the_same_map_of_samsung(tmp_path):
    found = exiftool(writers.samsung(PHOTO, DUAL), tmp_path / "photo.jpg", "-Samsung:all")
    assert (found["DepthMapWidth"], found["DepthMapHeight"]) == (WIDTH, HEIGHT)
    assert "DepthMapData" in found
    meta = writers.meta_info(segWidth=WIDTH, segHeight=HEIGHT)
    found = exiftool(writers.samsung(PHOTO, [(0x0B40, "SingleShot_Meta_Info", meta)]), tmp_path / "b.jpg")
    assert (found["SegWidth"], found["SegHeight"]) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(("turned", "quarters"), [(0x10, 0), (0x11, 1), (0x12, 2), (0x13, 3)])
def test_huaweis_map_has_an_orientation_of_its_own(tmp_path, turned, quarters):
    """Quarter turns anticlockwise make it upright."""
    photo = writers.encoded(np.rot90(COLOURS, quarters))
    found = read_back(tmp_path, writers.huawei(photo, SHARP, GREY, turned))
    np.testing.assert_allclose(found.values, np.rot90(1 - SHARE, quarters), **FINE)
    assert (found.container, found.sharp) == ("Huawei", SHARP)


# --- How it lies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda stored: stored),
        (2, np.fliplr),
        (3, lambda stored: np.rot90(stored, 2)),
        (4, np.flipud),
        (5, np.transpose),
        (6, lambda stored: np.rot90(stored, -1)),
        (7, lambda stored: np.rot90(stored, 2).T),
        (8, np.rot90),
    ],
)
def test_depth_is_turned_once_as_its_photo_is(tmp_path, orientation, upright):
    photo = writers.encoded(COLOURS, orientation=orientation)
    found = read_back(tmp_path, writers.gdepth(photo, PNG, {"Near": "1", "Far": "2"}))
    np.testing.assert_allclose(found.values, upright(1 - SHARE / 2), **FINE)


def test_depth_of_another_shape_is_of_a_photo_that_was_cropped(tmp_path):
    with pytest.raises(EmbeddedDepthError, match="48 x 36, the photo 192 x 120: it was cropped since"):
        read_back(tmp_path, writers.gdepth(writers.encoded(COLOURS[:120]), PNG, {"Near": "1", "Far": "2"}))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_plain_photo_brings_none(tmp_path, kind):
    assert read_back(tmp_path, writers.encoded(COLOURS, kind)) is None


def test_an_empty_file_and_none_at_all_bring_none(tmp_path):
    path = tmp_path / "empty.jpg"
    assert find.container_of(path) is None
    path.write_bytes(b"")
    assert find.container_of(path) is None


def test_the_steps_of_eight_bits_become_slopes(tmp_path):
    exact = np.tile(np.arange(WIDTH) / 6, (HEIGHT, 1))  # six pixels a level
    picture = writers.encoded(np.rint(exact).astype(np.uint8), "PNG")
    levels = read_back(tmp_path, writers.gdepth(PHOTO, picture, {"Near": "0"})).values * -255 + 255
    assert np.abs(levels - exact)[:, 6:-6].max() < 0.25  # in steps it is 0.5
    assert np.abs(levels - np.rint(exact)).max() < 0.51
