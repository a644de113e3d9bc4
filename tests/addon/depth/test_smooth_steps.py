"""Steps of 8-bit maps become slopes, and nothing else changes: against the maps that were rounded, in numpy."""

import bpy
import numpy as np
import pytest
from PIL import Image

from tests import maps
from tests.addon.enabled import clean, depth_image, meaning
from tools import extension

smooth_steps = clean.smooth_steps


def surface(kind: str, height: int = 120, width: int = 200) -> np.ndarray:
    """Depth as it was before it was rounded to levels."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == "plane":
        return 40 + 0.11 * x + 0.07 * y
    if kind == "ball":
        return 30 + 20 * np.sqrt(np.maximum(1 - ((x - 90) / 110) ** 2 - ((y - 60) / 90) ** 2, 0))
    return 100 + 2.5 * np.sin(x / 23) + 3.5 * np.cos(y / 31)  # waves


@pytest.mark.parametrize("kind", ["plane", "ball", "waves"])
def test_slopes_come_back_nearer_to_the_truth_than_the_steps_are(kind):
    truth = surface(kind)
    levels = np.rint(truth)
    result = smooth_steps(levels)
    assert result.dtype == np.float32
    assert np.abs(result - levels).max() <= 0.5 + 1e-5
    inner = (slice(12, -12), slice(12, -12))
    # What a light sees are the slopes from pixel to pixel.
    for axis, most in ((None, 0.75), (0, 0.2), (1, 0.2)):
        before, after = (
            error if axis is None else np.diff(error, axis=axis) for error in (levels - truth, result - truth)
        )
        assert np.sqrt((after[inner] ** 2).mean()) < most * np.sqrt((before[inner] ** 2).mean())


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 9), (9, 8), (64, 65)])
def test_any_size_stays_within_half_a_level(shape):
    levels = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    levels[: shape[0] // 2] = np.rint(np.linspace(10, 20, shape[1]))
    result = smooth_steps(levels)
    assert result.shape == shape
    assert np.abs(result - levels).max() <= 0.5 + 1e-5
    assert levels.min() <= result.min() <= result.max() <= levels.max()


def test_an_edge_is_no_step():
    """Two flat sides stay as they are, however far apart, and a lone pixel too."""
    levels = np.full((40, 60), 80.0, np.float32)
    levels[:, 30:] = 82
    levels[10, 10] = 90
    np.testing.assert_allclose(smooth_steps(levels), levels, atol=1e-4)


def test_a_models_map_rounds_to_itself_and_its_steps_become_slopes():
    levels = maps.model_8bit().astype(np.float32)
    result = smooth_steps(levels)
    assert np.abs(result - levels).max() <= 0.5 + 1e-4
    steps = np.abs(np.diff(levels, axis=0)) == 1.0  # where nothing but rounding shows
    assert np.abs(np.diff(result, axis=0)[steps]).mean() < 0.7
    flat = np.abs(np.diff(levels, axis=0)) == 0.0
    assert 0.01 < np.abs(np.diff(result, axis=0)[flat]).mean() < 0.3


def test_files_of_8_bits_are_smoothed_and_turned_around(tmp_path):
    levels = np.rint(surface("ball"))
    Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "8.png")
    bright = meaning.read(tmp_path / "8.png", near_is="bright", smooth_steps=True)
    np.testing.assert_array_equal(bright.values, smooth_steps(levels))
    dark = meaning.read(tmp_path / "8.png", near_is="dark", smooth_steps=True)
    np.testing.assert_allclose(dark.values, bright.values.max() - bright.values, atol=1e-4)


def slope(height: int = 120, width: int = 200) -> np.ndarray:
    """Levels of a slope from 60 to 120, before they are rounded."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return 60 + 0.27 * x + 0.05 * y


@pytest.mark.parametrize("kind", ["shifted to 16 bits", "floats", "metres", "with an edge and holes"])
def test_eight_bits_are_known_in_files_of_more(tmp_path, kind):
    truth = slope()
    if kind == "with an edge and holes":
        truth[40:80, 90:130] += 60
    rounded, near_is, depth_kind, unit = np.rint(truth), "bright", "disparity", None
    make = {"shifted to 16 bits": lambda v: v * 257, "floats": lambda v: v / 255}.get(
        kind, lambda v: 1 / (v / 255 + 0.1)
    )
    values = make(rounded)
    if kind == "shifted to 16 bits":
        Image.fromarray(values.astype(np.uint16)).save(path := tmp_path / "a.png")
    else:
        if kind == "with an edge and holes":
            values[10:14, 20:30] = np.nan
        np.save(path := tmp_path / "a.npy", values.astype(np.float32))
        if kind != "floats":
            near_is, depth_kind, unit = "dark", "distance", "m"
    given = {"near_is": near_is, "kind": depth_kind, "unit": unit}
    plain = meaning.read(path, **given).values
    depth = meaning.read(path, **given, smooth_steps=True)
    assert any("levels" in note for note in depth.notes)
    known = np.isfinite(values)
    np.testing.assert_array_equal(depth.values[~known], 0.0)
    moved, edges = (
        np.abs(depth.values - plain)[known],
        np.sort(np.stack([make(rounded - 0.5), make(rounded + 0.5)]), axis=0),
    )
    assert moved.max() > 0
    slack = 0.02 * (edges[1] - edges[0])
    within = (depth.values >= edges[0] - slack) & (depth.values <= edges[1] + slack)
    assert within[known].all()
    inner = np.zeros(truth.shape, bool)
    inner[12:-12, 140:-12] = True
    error, before = (np.diff(v - make(truth), axis=1)[inner[:, 1:]] for v in (depth.values, plain))
    assert np.sqrt((error**2).mean()) < 0.3 * np.sqrt((before**2).mean())


@pytest.mark.parametrize("kind", ["continuous", "millimetres of a room", "layers", "a ramp"])
def test_other_maps_are_left_alone(tmp_path, kind):
    values = {
        "continuous": slope(),
        "millimetres of a room": np.rint(slope() * 40),
        "layers": 10.0 * np.rint(slope() / 10),
        "a ramp": np.tile(np.linspace(1000.0, 1500.0, 200), (120, 1)),
    }[kind].astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    given = {"near_is": "dark", "kind": "distance", "unit": "mm"}
    depth = meaning.read(tmp_path / "a.npy", **given, smooth_steps=True)
    np.testing.assert_array_equal(depth.values, meaning.read(tmp_path / "a.npy", **given).values)
    assert not any("levels" in note for note in depth.notes)


@pytest.mark.parametrize("smooth", [True, False])
def test_importing_smooths_unless_told_not_to(tmp_path, smooth):
    levels = np.rint(surface("ball"))
    Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "a_depth.png")
    Image.new("RGB", (200, 120), "orange").save(tmp_path / "a.png")
    extension.enable()
    more = {} if smooth else {"smooth_steps": False}
    made = bpy.ops.depth_nodes.import_relief(filepath=str(tmp_path / "a.png"), meaning="BRIGHT", **more)
    assert made == {"FINISHED"}
    values, _ = depth_image.read(bpy.data.images["a Depth"])
    expected = smooth_steps(levels) if smooth else levels
    expected = (expected - expected.min()) / np.ptp(expected)
    np.testing.assert_allclose(values, expected, atol=1e-5)
