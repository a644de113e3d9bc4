"""Filling gaps: what is known stays, outlines don't grow, wide holes stay, and a slope goes on."""

import tracemalloc

import bpy
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests import maps
from tests.addon.enabled import clean, depth_image, meaning
from tools import extension

fill_gaps = clean.fill_gaps


def sensor(height: int = 60, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """A slope in metres whose every fifth row and fourth column is unknown, with a hole of 9 x 13 pixels."""
    rows, columns = np.mgrid[0:height, 0:width]
    known = (rows % 5 != 2) & (columns % 4 != 1)
    known[20:29, 27:40] = False
    return (1.0 + 0.02 * rows + 0.01 * columns).astype(np.float32), known


def in_gaps(known: np.ndarray, width: int) -> np.ndarray:
    """Whether each pixel is known, or no square of `width` + 1 pixels around it is without a known one."""
    height, breadth = known.shape
    padded = np.pad(known, width)
    result = np.ones_like(known)
    for y in range(height):
        for x in range(breadth):
            windows = [
                padded[y + j : y + j + width + 1, x + i : x + i + width + 1]
                for j in range(width + 1)
                for i in range(width + 1)
            ]
            result[y, x] = all(window.any() for window in windows)
    return result


@pytest.mark.parametrize("width", [1, 2, 3, 6])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_fills_what_no_empty_square_fits_into(width, share):
    known = np.random.default_rng(5).uniform(size=(23, 31)) < share
    values = np.random.default_rng(6).uniform(1, 2, known.shape).astype(np.float32)
    filled, now = fill_gaps(values, known, width, "distance")
    np.testing.assert_array_equal(now, in_gaps(known, width))
    np.testing.assert_array_equal(filled[known], values[known])
    assert values[known].min() <= filled[now].min()
    assert filled[now].max() <= values[known].max()
    np.testing.assert_array_equal(filled[~now], 0.0)


def test_a_slope_goes_on_and_the_hole_stays():
    values, known = sensor()
    filled, now = fill_gaps(np.where(known, values, np.nan), known, 2, "distance")
    hole = np.zeros_like(known)
    hole[20:29, 27:40] = True
    np.testing.assert_array_equal(~now[1:-1, 1:-1], hole[1:-1, 1:-1])
    np.testing.assert_allclose(filled[now], values[now], atol=0.021)  # a pixel's step, beside the hole
    inside = now & ~known
    inside[18:31, 25:42] = inside[[0, -1]] = inside[:, [0, -1]] = False
    np.testing.assert_allclose(filled[inside], values[inside], atol=1e-5)


@pytest.mark.parametrize(("known", "width"), [(True, 3), (False, 3), ("some", 0)])
def test_nothing_to_fill(known, width):
    values, some = sensor()
    known = some if known == "some" else np.full(values.shape, known)
    filled, now = fill_gaps(values, known, width, "distance")
    np.testing.assert_array_equal(now, known)
    np.testing.assert_array_equal(filled, np.where(known, values, 0.0))


@pytest.mark.parametrize(("kind", "near", "far"), [("distance", 1.0, 5.0), ("disparity", 5.0, 1.0)])
def test_a_gap_between_near_and_far_keeps_a_hard_edge(kind, near, far):
    slit = np.array([[near, near, 0, far, far]] * 4, np.float32)
    filled, _ = fill_gaps(slit, slit > 0, 2, kind)
    np.testing.assert_array_equal(filled, [[near, near, far, far, far]] * 4)
    wider = np.array([[near, near, 0, 0, far, far]] * 4, np.float32)
    filled, _ = fill_gaps(wider, wider > 0, 2, kind)
    np.testing.assert_array_equal(filled, [[near, near, near, far, far, far]] * 4)


def around(flags, reach):
    """The flags of the neighbours of each pixel up to `reach` away, (N, H, W); outside the picture all are false."""
    height, width = flags.shape
    padded = np.pad(flags, reach)
    shifts = [(y, x) for y in range(2 * reach + 1) for x in range(2 * reach + 1) if (y, x) != (reach, reach)]
    return np.stack([padded[y : y + height, x : x + width] for y, x in shifts])


def test_a_sensors_map_becomes_a_surface():
    values, known = maps.sensor()
    filled, now = fill_gaps(values, known, clean.USUAL_GAP, "distance")
    np.testing.assert_array_equal(filled[known], values[known])
    near = {reach: around(known, reach) for reach in (1, clean.USUAL_GAP + 1)}
    alone = ~known & (near[1].sum(axis=0) == 8)  # a pixel that the sensor missed
    assert alone.sum() > 1000
    assert now[alone].all()
    deep = ~known & ~near[clean.USUAL_GAP + 1].any(axis=0)  # in a shadow
    assert deep.sum() > 1000
    assert not now[deep].any()


def test_files_are_filled_when_asked_but_not_where_they_are_transparent(tmp_path):
    values, known = sensor()
    expected, now = fill_gaps(values, known, 2, "distance")
    np.save(tmp_path / "metres.npy", np.where(known, values, np.nan))
    millimetres = np.rint(np.where(known, values, 0) * 1000)
    Image.fromarray(millimetres.astype(np.uint16)).save(tmp_path / "millimetres.png")
    for name, tolerance in (("metres.npy", 1e-6), ("millimetres.png", 0.6e-3)):
        exact = meaning.read(tmp_path / name, kind="distance")
        np.testing.assert_array_equal(exact.validity > 0, known)
        depth = meaning.read(tmp_path / name, kind="distance", fill_gaps=2)
        np.testing.assert_array_equal(depth.validity > 0, now)
        np.testing.assert_allclose(depth.values, expected, atol=tolerance)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    channels = {"Z": values, "A": known.astype(np.float32)}
    OpenEXR.File(header, channels).write(str(tmp_path / "transparent.exr"))
    transparent = meaning.read(tmp_path / "transparent.exr", fill_gaps=2)
    np.testing.assert_array_equal(transparent.validity > 0, known)


def test_holes_that_are_scattered_all_over_take_little_memory():
    """Eight neighbours of every hole at once would be ten times the map."""
    rng = np.random.default_rng(5)
    values = rng.random((2000, 2000), np.float32) + 1
    known = rng.random(values.shape) > 0.3
    tracemalloc.start()
    _, now = fill_gaps(values, known, 2, "distance")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now.mean() > 0.99
    assert most < 20 * values.nbytes


@pytest.mark.parametrize(("more", "width"), [({}, 2), ({"fill_gaps": 0}, 0), ({"fill_gaps": 12}, 12)])
def test_importing_fills_gaps_of_two_pixels_unless_told_otherwise(tmp_path, more, width):
    values, known = sensor()
    np.save(tmp_path / "a_depth.npy", np.where(known, values, 0))
    Image.new("RGB", (80, 60), "orange").save(tmp_path / "a.png")
    extension.enable()
    made = bpy.ops.depth_nodes.import_relief(filepath=str(tmp_path / "a.png"), meaning="METRES", **more)
    assert made == {"FINISHED"}
    stored, validity = depth_image.read(bpy.data.images["a Depth"])
    expected, now = fill_gaps(values, known, width, "distance")
    np.testing.assert_array_equal(validity > 0.5, now)
    np.testing.assert_allclose(stored[now], expected[now], atol=1e-6)
