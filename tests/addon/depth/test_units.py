"""What the numbers of a depth map are: their unit, what stands for nothing, and what is relative. Nothing is silent."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests import maps
from tests.addon.enabled import errors, meaning, relief
from tests.addon.pictures import write_photo

DepthFileError = errors.DepthFileError


def floor(height: int = 30, width: int = 40) -> np.ndarray:
    """Metres that fall from 8 at the top to 1.5 at the bottom, like a floor seen from a person's height."""
    rows, columns = np.mgrid[0:height, 0:width]
    return 8.0 - 6.5 * rows / (height - 1) - 0.001 * columns


MILLIMETRES = np.rint(1000 * floor())


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "uint32", "int64", "float32", "float64"])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".tif"])
def test_whole_millimetres_of_any_width_become_metres(tmp_path, dtype, suffix):
    path = tmp_path / f"a{suffix}"
    values = MILLIMETRES.astype(dtype)
    if suffix == ".tif":
        if dtype in ("int64", "float64"):
            pytest.skip("no depth camera writes such a TIFF")
        tifffile.imwrite(path, values)
    else:
        np.savez(path, depth=values) if suffix == ".npz" else np.save(path, values)
    for told in ({}, {"kind": "distance"}):
        depth = meaning.read(path, **told)
        assert depth.kind == "distance"
        np.testing.assert_allclose(depth.values, MILLIMETRES / 1000, rtol=1e-6)
        assert any("mm" in note for note in depth.notes)


STEPS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "1/256 m": 1 / 256, "1/5000 m": 1 / 5000}


@pytest.mark.parametrize(("unit", "metres"), STEPS.items())
def test_a_unit_that_is_chosen_counts(tmp_path, unit, metres):
    steps = np.rint(floor() / metres).astype(np.uint16)
    Image.fromarray(steps).save(tmp_path / "a.png")
    depth = meaning.read(tmp_path / "a.png", unit=unit)
    np.testing.assert_allclose(depth.values, steps * metres, rtol=1e-6)
    assert (depth.kind, depth.guessed, depth.notes) == ("distance", False, ())
    np.save(tmp_path / "b.npy", steps.astype(np.uint8) + 1)  # few steps, but the artist has said what they are
    np.testing.assert_allclose(
        meaning.read(tmp_path / "b.npy", unit=unit).values, (steps.astype(np.uint8) + 1) * metres, rtol=1e-6
    )


def test_a_unit_for_what_is_relative_is_a_contradiction(tmp_path):
    np.save(tmp_path / "a.npy", floor())
    for told in ({"kind": "disparity"}, {"near_is": "bright"}):
        with pytest.raises(DepthFileError, match="only distances have a unit"):
            meaning.read(tmp_path / "a.npy", unit="cm", **told)


@pytest.mark.parametrize(
    ("name", "word", "metres"),
    [("depthUnit", "cm", 0.01), ("Depth Units", "Millimeters", 0.001), ("unit", "metres", 1.0), ("units", "mm", 0.001)],
)
def test_a_unit_that_the_file_states_counts(tmp_path, name, word, metres):
    steps = np.rint(floor() / 0.01)
    np.savez(tmp_path / "a.npz", depth=steps, **{name: np.array(word)})
    depth = meaning.read(tmp_path / "a.npz")
    np.testing.assert_allclose(depth.values, steps * metres, rtol=1e-6)
    assert (depth.kind, depth.guessed, depth.notes) == ("distance", False, ())


def test_metres_in_whole_numbers_and_with_fractions_stay_metres(tmp_path):
    for values in (floor(), np.rint(floor())):
        np.save(tmp_path / "a.npy", values)
        np.testing.assert_allclose(meaning.read(tmp_path / "a.npy", kind="distance").values, values, rtol=1e-6)


@pytest.mark.parametrize("focal_length", [18.0, 50.0])
@pytest.mark.parametrize("size", [(30, 40), (40, 30)])
def test_a_wall_measured_along_the_rays_is_flat(tmp_path, focal_length, size):
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = focal_length / 36 * max(size)
    rays = np.sqrt(((columns + 0.5 - width / 2) / pixels) ** 2 + ((rows + 0.5 - height / 2) / pixels) ** 2 + 1)
    np.save(tmp_path / "a.npy", 3.0 * rays)
    depth = meaning.read(tmp_path / "a.npy", along_ray=True, focal_length=focal_length)
    np.testing.assert_allclose(depth.values, 3.0, rtol=1e-6)
    assert (depth.kind, depth.focal_length, depth.lens) == ("distance", focal_length, "photo")
    depth = meaning.read(tmp_path / "a.npy", along_ray=True)
    assert (depth.focal_length, depth.lens) == (50.0, "assumed")  # what the rays were taken by


def test_an_import_gives_the_modifier_the_lens_of_the_rays(tmp_path):
    from tests.addon.enabled import inputs

    np.save(tmp_path / "a.npy", floor(36, 48))
    made = relief.from_files(
        write_photo(tmp_path / "a.png"), tmp_path / "a.npy", along_ray=True, focal_length=24.0, background=False
    )
    assert inputs.get_input(made.modifier, "Focal Length") == pytest.approx(24.0)


PLACEHOLDERS = (-1.0, -9999.0, -32768.0, 9999.0, 65504.0, 1e10, 3.4e38)


@pytest.mark.parametrize("number", PLACEHOLDERS)
@pytest.mark.parametrize("told", [{}, {"near_is": "bright"}, {"near_is": "dark", "kind": "disparity"}])
def test_a_number_that_stands_for_nothing_does_not_flatten_the_relief(tmp_path, number, told):
    disparity = 20.0 / floor()
    disparity[4:9, 6:20] = number
    np.save(tmp_path / "a.npy", disparity.astype(np.float32))
    depth = meaning.read(tmp_path / "a.npy", **told)
    np.testing.assert_array_equal(depth.validity == 0.0, disparity == number)
    known = depth.values[depth.validity > 0]
    assert np.ptp(known) == pytest.approx(np.ptp(20.0 / floor()), rel=1e-5)
    (note,) = [note for note in depth.notes if "unknown" in note]
    assert "5.8% of the pixels" in note


def test_the_largest_integer_beside_millimetres_stands_for_nothing(tmp_path):
    values = MILLIMETRES.astype(np.uint16)
    values[:3] = 65535
    Image.fromarray(values).save(tmp_path / "a.png")
    depth = meaning.read(tmp_path / "a.png")
    assert depth.kind == "distance"
    np.testing.assert_array_equal(depth.validity == 0.0, values == 65535)
    np.testing.assert_allclose(depth.values[3:], values[3:] / 1000, rtol=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0.0, 1.0], [1.0, 0.0]]),  # a mask
        np.where(np.indices((30, 40))[1] < 9, 0.0, 10 - floor()),  # a sky that is infinitely far
        1.0 / floor() - 0.3,  # both signs
        floor()[::-1],
    ],
    ids=["mask", "sky", "signs", "floor"],
)
def test_what_is_depth_is_never_taken_for_nothing(tmp_path, values):
    np.save(tmp_path / "a.npy", values.astype(np.float32))
    depth = meaning.read(tmp_path / "a.npy", near_is="bright")
    assert depth.validity is None
    np.testing.assert_array_equal(depth.values, values.astype(np.float32))


def test_measured_maps_have_no_placeholders(tmp_path):
    for measured in (maps.sensor, maps.stereo):
        values, _ = measured()
        np.save(tmp_path / "a.npy", values)
        assert not any("counts as unknown" in note for note in meaning.read(tmp_path / "a.npy").notes)


SHADES = np.rint(255 * (floor() - floor().min()) / np.ptp(floor()))


@pytest.mark.parametrize(
    ("shades", "why"),
    [
        ((SHADES * 256).astype(np.uint16), "256 levels"),
        ((SHADES * 257).astype(np.uint16), "fill their integers"),
        (np.rint(SHADES / 255 * 32767).astype(np.uint16), "0 to 32767"),
        (np.rint(SHADES / 255 * 4095).astype(np.int32), "0 to 4095"),
        (SHADES.astype(np.int32), "fit into 8 bits"),
        (SHADES.astype(np.float32), "fit into 8 bits"),
        ((SHADES / 255).astype(np.float32), "end at 1"),
        ((SHADES / 255 * 9 - 4).astype(np.float32), "negative"),
    ],
)
def test_dark_shades_are_not_taken_for_distances_and_the_reason_is_said(tmp_path, shades, why):
    np.save(tmp_path / "a.npy", shades)
    depth = meaning.read(tmp_path / "a.npy")
    assert (depth.kind, depth.guessed, depth.validity) == ("disparity", True, None)
    assert np.corrcoef(depth.values.ravel(), -floor().ravel())[0, 1] > 0.99
    assert any(why in note for note in depth.notes)


def test_a_few_pixels_that_hold_most_of_the_range_are_told(tmp_path):
    values = (20.0 / floor(200, 200)).astype(np.float32)
    values[0, :5] = np.linspace(200, 400, 5)
    np.save(tmp_path / "a.npy", values)
    (note,) = [note for note in meaning.read(tmp_path / "a.npy", near_is="bright").notes if "range" in note]
    assert "Clip Near" in note
    np.save(tmp_path / "b.npy", 20.0 / floor())
    assert meaning.read(tmp_path / "b.npy", near_is="bright").notes == ()
