"""Two points with known distances: Near and Far Distance follow, and every vertex stands where the formula says."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from tests.addon.enabled import anchor, depth_image, errors, freeze, inputs, placement, relief
from tests.addon.pictures import write_photo
from tests.addon.scene.test_relief import evaluated
from tools import extension

WIDTH, HEIGHT = 24, 18
PLACE = Matrix.Translation((3, -2, 1)) @ Matrix.Rotation(0.7, 4, (1, 2, 3))


def slope() -> np.ndarray:
    """A disparity from 0 at the left to 1 at the right, (H, W)."""
    return np.tile(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))


def made(folder: Path, values: np.ndarray, kind: str = "disparity", **shape: object):
    """A scene of a depth map, one vertex a pixel, and nothing cut."""
    photo = bpy.data.images.load(str(write_photo(folder / "photo.png", WIDTH, HEIGHT)))
    depth = depth_image.write("depth", values, kind=kind)
    shape = {"Resolution": WIDTH, "Cutoff": False} | shape
    collection = bpy.context.scene.collection
    return relief.add(photo, depth, collection=collection, matrix=PLACE, projection="Camera", shape=shape)


def centre(column: int, row: int = 9) -> tuple[float, float]:
    """Return the UV of a pixel, counted from the lower left."""
    return (column + 0.5) / WIDTH, (row + 0.5) / HEIGHT


def distances(ob: bpy.types.Object) -> np.ndarray:
    """Return how far each column of vertices is from the object's origin along its Z axis, in Blender units, (W,)."""
    points, corners, uv = evaluated(ob)
    axis = (ob.matrix_world.to_3x3() @ Vector((0, 0, -1))).normalized()
    ahead = (points[corners] - np.array(ob.matrix_world.translation)) @ np.array(axis)
    columns = np.round(uv[:, 0] * WIDTH - 0.5).astype(int)
    return np.array([ahead[columns == column].mean() for column in range(WIDTH)])


@pytest.mark.parametrize("shape", [{}, {"Falloff": 2.0, "Near": 0.9, "Far": 0.1}, {"Invert": True}], ids=str)
def test_the_points_stand_where_they_should_and_the_rest_follows_the_formula(tmp_path, shape):
    ob, modifier = made(tmp_path, slope(), **shape)
    inputs.set_input(modifier, "Near Distance", 0.7)
    inputs.set_input(modifier, "Far Distance", 9.0)
    columns, wanted = (6, 18), (5.0, 2.0)
    if shape.get("Invert"):
        columns = columns[::-1]
    result = anchor.anchor(ob, modifier, (centre(columns[0]), centre(columns[1])), wanted)
    nearness = 1 - slope()[0] if shape.get("Invert") else slope()[0]
    low, high = shape.get("Far", 0.0), shape.get("Near", 1.0)
    h = np.clip((nearness - low) / (high - low), 0, 1) ** shape.get("Falloff", 1.0)
    a, b = np.linalg.solve([[h[columns[0]], 1], [h[columns[1]], 1]], [1 / wanted[0], 1 / wanted[1]])
    np.testing.assert_allclose((result.near, result.far), (1 / (a + b), 1 / b), rtol=1e-4)
    np.testing.assert_allclose(distances(ob), 1 / (a * h + b), rtol=1e-4)
    assert inputs.get_input(modifier, "Near Distance") == pytest.approx(1 / (a + b), rel=1e-4)
    again = anchor.anchor(ob, modifier, (centre(columns[0]), centre(columns[1])), wanted)
    np.testing.assert_allclose((again.near, again.far), (result.near, result.far), rtol=1e-4)


def test_it_is_as_exact_between_the_pixels_of_a_coarse_grid(tmp_path):
    ob, modifier = made(tmp_path, slope(), Resolution=7)
    at = (0.31, 0.42), (0.83, 0.66)
    anchor.anchor(ob, modifier, at, (4.0, 1.5))
    found = [anchor.distance_at(ob, modifier, point) for point in at]
    np.testing.assert_allclose(found, (4.0, 1.5), rtol=1e-4)


def test_distances_are_those_of_the_scene_whatever_its_units_and_the_objects_scale(tmp_path):
    bpy.context.scene.unit_settings.scale_length = 0.01
    ob, modifier = made(tmp_path, slope())
    assert ob.scale.x == pytest.approx(100.0)
    anchor.anchor(ob, modifier, (centre(2), centre(20)), (300.0, 150.0))  # what 3 m and 1.5 m are in this scene
    np.testing.assert_allclose(distances(ob)[[2, 20]], (300.0, 150.0), rtol=1e-4)
    ob.scale *= 3
    anchor.anchor(ob, modifier, (centre(2), centre(20)), (300.0, 150.0))
    np.testing.assert_allclose(distances(ob)[[2, 20]], (300.0, 150.0), rtol=1e-4)


def test_a_frozen_grid_follows_too(tmp_path):
    ob, modifier = made(tmp_path, slope())
    freeze.freeze(ob, modifier)
    anchor.anchor(ob, modifier, (centre(2), centre(20)), (3.0, 1.5))
    np.testing.assert_allclose(distances(ob)[[2, 20]], (3.0, 1.5), rtol=1e-4)


def test_before_a_camera_of_the_scene_distances_are_from_it(tmp_path):
    ob, modifier = made(tmp_path, slope())
    ob.scale *= 2
    eye = bpy.data.objects.new("Eye", bpy.data.cameras.new("Eye"))
    eye.matrix_world = Matrix.Translation((1, 2, 3)) @ Matrix.Rotation(0.4, 4, (3, 1, 2)) @ Matrix.Scale(1.5, 4)
    bpy.context.scene.collection.objects.link(eye)
    inputs.set_input(modifier, "Lens", "Camera Object")
    inputs.set_input(modifier, "Camera", eye)
    bpy.context.view_layer.update()
    anchor.anchor(ob, modifier, (centre(2), centre(20)), (3.0, 1.5))
    points, corners, uv = evaluated(ob)
    ahead = (points[corners] - np.array(eye.matrix_world.translation)) @ -np.array(eye.matrix_world.col[2].xyz / 1.5)
    columns = np.round(uv[:, 0] * WIDTH - 0.5).astype(int)
    np.testing.assert_allclose([ahead[columns == column].mean() for column in (2, 20)], (3.0, 1.5), rtol=1e-4)
    inputs.set_input(modifier, "Kind", "Distance")
    with pytest.raises(errors.AnchorError, match="its distances are fixed"):
        anchor.anchor(ob, modifier, (centre(2), centre(20)), (1.5, 3.0))


def test_metric_depth_gets_a_scale(tmp_path):
    ob, modifier = made(tmp_path, np.tile(np.linspace(2, 4, WIDTH, dtype=np.float32), (HEIGHT, 1)), "distance")
    before = distances(ob)
    result = anchor.anchor(ob, modifier, (centre(3), centre(20)), (before[3] * 1.5, before[20] * 1.5))
    assert (result.near, result.far, result.scale) == (None, None, pytest.approx(1.5, rel=1e-5))
    np.testing.assert_allclose(distances(ob), before * 1.5, rtol=1e-5)
    result = anchor.anchor(ob, modifier, (centre(3), centre(20)), (2.0, 5.0))  # no one number fits both
    factor = np.sqrt(2.0 / before[3] * 5.0 / before[20]) / 1.5
    np.testing.assert_allclose(result.distances, distances(ob)[[3, 20]], rtol=1e-5)
    assert result.scale == pytest.approx(factor, rel=1e-5)


def test_a_click_is_the_uv_of_its_place(tmp_path):
    ob, modifier = made(tmp_path, slope())
    for point in (centre(4, 3), (0.5, 0.25), (0.901, 0.499)):
        x, y = (np.array(point) - 0.5) * (1, HEIGHT / WIDTH) * 36 / 50  # the ray through it, at distance 1
        graph = bpy.context.evaluated_depsgraph_get()
        hit, place, _, face = ob.ray_cast((0, 0, 0), (x, y, -1), depsgraph=graph)
        assert hit
        np.testing.assert_allclose(anchor.uv_at(ob, modifier, face, place), point, atol=1e-4)


def test_the_background_is_no_place_to_measure(tmp_path):
    near = np.zeros((HEIGHT, WIDTH), np.float32)
    near[6:12, 8:16] = 1.0
    behind = depth_image.Layer(
        np.full_like(near, 0.2), (near > 0).astype(np.float32), np.zeros((HEIGHT + 4, WIDTH + 6, 3), np.uint8)
    )
    photo = bpy.data.images.load(str(write_photo(tmp_path / "photo.png", WIDTH, HEIGHT)))
    depth = depth_image.write("depth", near + 0.2, kind="disparity", behind=behind)
    shape = {"Resolution": WIDTH, "Border": 0.0}
    ob, modifier = relief.add(photo, depth, collection=bpy.context.scene.collection, projection="Camera", shape=shape)
    assert anchor.distance_at(ob, modifier, centre(12, 9)) == pytest.approx(
        1.0, rel=1e-4
    )  # the front's, not the back's
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    shown = inputs.get_input(modifier, "Background Material").name
    slot = next(number for number, material in enumerate(mesh.materials) if material and material.name == shown)
    face = next(face for face in mesh.polygons if face.material_index == slot)
    with pytest.raises(errors.AnchorError, match="is the background"):
        anchor.uv_at(ob, modifier, face.index, face.center)


@pytest.mark.parametrize(
    ("columns", "wanted", "said"),
    [
        ((5, 5), (2.0, 4.0), "Both points have the same depth"),
        ((5, 18), (0.0, 4.0), "more than 0"),
        ((5, 18), (4.0, float("nan")), "more than 0"),
        ((5, 18), (4.0, -1.0), "more than 0"),
        ((5, 18), (4.0, 4.0), "Both distances are the same"),
        ((5, 18), (2.0, 4.0), "the other one of the two points is nearer"),
        ((5, 18), (20.0, 2.0), r"less than 3\.6 times"),  # 18 / 5
        ((0, 23), (1.0, 0.0005), "below a millimetre"),
        ((5, 30), (4.0, 2.0), "no surface at"),
    ],
)
def test_what_cannot_be_says_so_and_changes_nothing(tmp_path, columns, wanted, said):
    ob, modifier = made(tmp_path, slope())
    before = inputs.settings(modifier), ob.scale.copy()
    with pytest.raises(errors.AnchorError, match=said):
        anchor.anchor(ob, modifier, (centre(columns[0]), centre(columns[1])), wanted)
    assert (inputs.settings(modifier), ob.scale) == before


def test_a_hole_a_relief_and_a_flat_scene_say_so(tmp_path):
    ob, modifier = made(tmp_path, slope())
    two = (centre(5), centre(18)), (4.0, 2.0)
    inputs.set_input(modifier, "Projection", "Relief")
    with pytest.raises(errors.AnchorError, match="Set Projection to Camera"):
        anchor.anchor(ob, modifier, *two)
    inputs.set_input(modifier, "Projection", "Camera")
    inputs.set_input(modifier, "Near Distance", 4.0)
    with pytest.raises(errors.AnchorError, match="are equal"):
        anchor.anchor(ob, modifier, *two)
    inputs.set_input(modifier, "Near Distance", 1.0)
    inputs.set_input(modifier, "Cutoff", True)
    inputs.set_input(modifier, "Keep From", 0.5)
    with pytest.raises(errors.AnchorError, match="it is cut there"):
        anchor.anchor(ob, modifier, *two)
    inputs.set_input(modifier, "Image", None)
    with pytest.raises(errors.AnchorError, match=r"no surface|no faces"):
        anchor.anchor(ob, modifier, *two)


def test_the_operators_set_what_was_picked_in_one_undo_step(tmp_path):
    extension.enable()
    ops, context = bpy.ops.depth_nodes, bpy.context
    with pytest.raises(RuntimeError, match="Depth Relief modifier active"):
        ops.anchor()
    ob, modifier = made(tmp_path, slope())
    placement.select(context, ob)
    inputs.set_input(modifier, "Projection", "Relief")
    with pytest.raises(RuntimeError, match="Set Projection to Camera"):
        ops.anchor()
    inputs.set_input(modifier, "Projection", "Camera")
    name, two = ob.name, {"first": centre(5), "second": centre(18)}
    with pytest.raises(RuntimeError, match="less than"):
        ops.anchor(**two, first_distance=20.0, second_distance=2.0)
    bpy.ops.ed.undo_push(message="before")
    assert ops.anchor(**two, first_distance=4.0, second_distance=2.0) == {"FINISHED"}
    np.testing.assert_allclose(distances(ob)[[5, 18]], (4.0, 2.0), rtol=1e-4)
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    ob = bpy.data.objects[name]
    assert inputs.get_input(relief.find_modifier(ob), "Far Distance") == 4.0  # the default
    inputs.set_input(relief.find_modifier(ob), "Kind", "Distance")
    assert ops.anchor(**two, first_distance=2.0, second_distance=4.0) == {"FINISHED"}
    assert ob.scale.x > 1.0


def test_a_click_in_any_view_finds_the_photos_pixel(tmp_path):
    ob, modifier = made(tmp_path, slope())
    hit = extension.module("addon.ui.operators.anchor").hit
    bpy.context.view_layer.update()
    target = ob.matrix_world @ Vector((0.1, 0.2, -1 / (0.25 + 0.75 * 0.7)))
    start = ob.matrix_world @ Vector((0.3, 0.1, 2.0))  # from behind the camera, and aside
    point, place = hit(ob, modifier, start, target - start)
    seen = ob.matrix_world.inverted() @ place
    expected = np.array((seen.x, seen.y)) / -seen.z / (36 / 50) / (1, HEIGHT / WIDTH) + 0.5
    np.testing.assert_allclose(point, expected, atol=1e-4)
    with pytest.raises(errors.AnchorError, match="not on the relief"):
        hit(ob, modifier, start, start - target)
