"""The sample's depth is exact: rays through pixel centres meet the scene, built anew, where the file says."""

from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from tools import sample_scene

import bpy  # isort: skip
from mathutils import Vector

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture(scope="module")
def depth() -> tuple[np.ndarray, dict]:
    """The distances, float32 (H, W) in metres, and the header of the sample's depth file."""
    with OpenEXR.File(str(ASSETS / "sample_depth.exr"), separate_channels=True) as file:
        return np.array(file.channels()["Z"].pixels), dict(file.header())


def test_the_file_says_what_it_holds_and_with_which_lens(depth) -> None:
    values, header = depth
    assert values.dtype == np.float32
    assert header["depthKind"] == "distance"
    assert header["pinholeFocalLength"] == sample_scene.FOCAL_LENGTH
    width, height = header["sensorOverallDimensions"]
    assert (width, width / height) == pytest.approx((36.0, values.shape[1] / values.shape[0]))


def test_photo_and_depth_show_the_same_pixels(depth) -> None:
    photo = bpy.data.images.load(str(ASSETS / "sample_photo.jpg"))
    assert tuple(photo.size) == depth[0].shape[::-1]


def test_every_distance_is_where_the_ray_meets_the_scene(depth) -> None:
    values, header = depth
    height, width = values.shape
    sample_scene.build()
    scene = bpy.context.scene
    graph = bpy.context.evaluated_depsgraph_get()
    eye = scene.camera.matrix_world
    pixel = header["sensorOverallDimensions"][0] / width / header["pinholeFocalLength"]  # at a distance of 1
    rng = np.random.default_rng(7)
    rows, columns = rng.integers(0, height, 4000), rng.integers(0, width, 4000)
    errors = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        ray = Vector(((column + 0.5 - width / 2) * pixel, -(row + 0.5 - height / 2) * pixel, -1.0))
        hit, point, *_ = scene.ray_cast(graph, eye.translation, eye.to_3x3() @ ray)
        distance = -(eye.inverted() @ point).z if hit else np.inf
        errors.append(abs(distance - values[row, column]))
    # Where a ray grazes an outline, the two ways of meeting a triangle may differ.
    assert np.quantile(errors, 0.998) < 4e-5
