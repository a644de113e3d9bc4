"""The camera of a relief: it sees the photo, moves freely, goes back, and makes moves that show no holes."""

from itertools import pairwise
from math import atan, hypot
from pathlib import Path

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from tests.addon.enabled import camera, errors, inputs, parallax, placement, relief
from tests.addon.pictures import hill, write_depth, write_photo

from .test_background import files as box_files  # noqa: F401  a fixture
from .test_relief import evaluated

MOVES = ["DOLLY", "PUSH", "ORBIT", "LOOP"]
REACH, NEAR, FAR, SPREAD = 0.06, 1.0, 3.0, 36 / 50  # of the background, the box, the wall behind it, and the lens
ASIDE = SPREAD * REACH / (1 / NEAR - 1 / FAR)  # metres after which the background's end would come to light


def made(folder: Path, projection: str = "Camera", **options: object) -> relief.Relief:
    photo, depth = write_photo(folder / "photo.png", 48, 36), write_depth(folder / "photo_depth.npy", hill(48, 36))
    scene = bpy.context.scene
    where = Matrix.Translation((3, -2, 1)) @ Matrix.Rotation(0.7, 4, (1, 2, 3))
    options = {"collection": scene.collection, "scene": scene, "background": False, "matrix": where} | options
    return relief.from_files(photo, depth, projection=projection, shape={"Resolution": 48}, **options)


def misfit(ob: bpy.types.Object) -> float:
    """Return by how many shares of the picture the relief is seen beside its photo, at the worst corner."""
    scene = bpy.context.scene
    points, corners, uv = evaluated(ob)
    seen = np.array([world_to_camera_view(scene, scene.camera, Vector(point)) for point in points])
    return float(np.abs(seen[corners, :2] - uv).max())


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
def test_the_camera_moves_and_the_scene_stays(tmp_path, projection):
    built = made(tmp_path, projection)
    allowed = 0.5 / 36 + 1e-4 if projection == "Relief" else 1e-4  # a relief reaches to its plane's rim
    before, _, _ = evaluated(built.ob)
    assert misfit(built.ob) < allowed
    built.camera.location.x += 0.3
    built.camera.rotation_euler.y += 0.2
    built.camera.data.lens = 90
    built.camera.data.ortho_scale = 1.0
    after, _, _ = evaluated(built.ob)
    np.testing.assert_array_equal(before, after)
    assert misfit(built.ob) > 0.1
    camera.go_back(built.camera, built.ob, built.modifier)
    assert misfit(built.ob) < allowed


def test_the_camera_comes_along_with_the_relief(tmp_path):
    built = made(tmp_path)
    built.ob.location += Vector((1, 2, 3))
    built.ob.rotation_euler.z += 1.0
    assert misfit(built.ob) < 1e-4


@pytest.mark.parametrize("lens", ["Focal Length", "Field of View", "Camera Object"])
def test_it_has_the_lens_that_the_relief_was_shaped_for(tmp_path, lens):
    built = made(tmp_path, scene=None)
    scene = bpy.context.scene
    inputs.set_input(built.modifier, "Lens", lens)
    if lens == "Camera Object":
        own = bpy.data.objects.new("Own", bpy.data.cameras.new("Own"))
        own.matrix_world = Matrix.Translation((1, 2, 3)) @ Matrix.Rotation(0.4, 4, (3, 1, 2))
        own.data.lens, own.data.shift_x, own.data.shift_y = 24.0, 0.1, -0.05
        scene.collection.objects.link(own)
        inputs.set_input(built.modifier, "Camera", own)
        scene.render.resolution_x, scene.render.resolution_y = 48, 36
    else:
        inputs.set_input(built.modifier, "Focal Length", 30.0)
        inputs.set_input(built.modifier, "Sensor Width", 24.0)
        inputs.set_input(built.modifier, "Field of View", 2 * atan(0.8))
        inputs.set_input(built.modifier, "Shift X", 0.1)
        inputs.set_input(built.modifier, "Shift Y", -0.05)
    bpy.context.view_layer.update()
    picture = bpy.data.images["photo.png"]
    added = camera.add(built.ob, built.modifier, picture, collection=scene.collection, scene=scene)
    bpy.context.view_layer.update()
    assert misfit(built.ob) < 1e-4
    before, _, _ = evaluated(built.ob)
    added.location.x += 0.5
    after, _, _ = evaluated(built.ob)
    np.testing.assert_array_equal(before, after)


def test_a_relief_without_the_camera_that_it_asks_for_is_an_error(tmp_path):
    built = made(tmp_path, scene=None)
    inputs.set_input(built.modifier, "Lens", "Camera Object")
    with pytest.raises(errors.CameraError, match="has none"):
        camera.photo_view(built.ob, built.modifier)


def test_it_is_known_by_any_name_and_without_its_parent(tmp_path):
    built, scene = made(tmp_path), bpy.context.scene
    built.camera.name = "Hero"
    world = built.camera.matrix_world.copy()
    built.camera.parent = None
    built.camera.matrix_world = world
    assert camera.find(built.ob, scene) == built.camera
    assert camera.relief_of(built.camera) == built.ob
    built.camera.location.z += 1
    camera.go_back(built.camera, built.ob, built.modifier)
    assert misfit(built.ob) < 1e-4
    bpy.data.objects.remove(built.ob)
    assert camera.relief_of(built.camera) is None


def path(built: relief.Relief, frames: int) -> np.ndarray:
    """Return where the camera is against the photo's view at each frame and one more, (frames + 1, 4, 4)."""
    scene, poses = bpy.context.scene, []
    for frame in range(scene.frame_start, scene.frame_start + frames + 1):
        scene.frame_set(frame)
        poses.append(np.array(built.ob.matrix_world.inverted() @ built.camera.matrix_world))
    return np.array(poses)


def box(files: tuple[Path, Path], projection: str = "Camera") -> relief.Relief:
    scene = bpy.context.scene
    return relief.from_files(
        *files,
        collection=scene.collection,
        kind="distance",
        projection=projection,
        shape={"Resolution": 160},
        scene=scene,
    )


def test_moves_go_as_far_as_the_background_covers(box_files):  # noqa: F811
    built, scene = box(box_files), bpy.context.scene
    paths = {}
    for move in MOVES:
        parallax.animate(built.camera, built.ob, built.modifier, scene, move=move, frames=24)
        assert (scene.frame_start, scene.frame_end) == (1, 24)
        paths[move] = path(built, 24)
    places = {move: found[:, :3, 3] for move, found in paths.items()}
    np.testing.assert_allclose(places["DOLLY"][[0, 23], 0], (-ASIDE, ASIDE), rtol=2e-3)
    np.testing.assert_allclose(places["DOLLY"][:, 1:], 0, atol=1e-6)
    np.testing.assert_allclose(places["PUSH"][[0, 23], 2], (0, -2 * REACH / (1 - 1 / 3)), rtol=2e-3)
    np.testing.assert_allclose(np.hypot(*places["LOOP"][:, :2].T), ASIDE, rtol=0.02)
    np.testing.assert_allclose(paths["LOOP"][0], paths["LOOP"][24], atol=1e-6)
    middle = 2 / (1 / NEAR + 1 / FAR)
    np.testing.assert_allclose(np.linalg.norm(places["ORBIT"] + (0, 0, middle), axis=1), middle, rtol=1e-3)
    towards = -paths["ORBIT"][0, :3, 2]  # a camera looks along its -Z
    np.testing.assert_allclose(towards, ((0, 0, -middle) - places["ORBIT"][0]) / middle, atol=1e-4)


def test_the_loop_is_smooth_where_it_repeats(box_files):  # noqa: F811
    built = box(box_files)
    parallax.animate(built.camera, built.ob, built.modifier, bpy.context.scene, frames=32)
    places = path(built, 33)[:, :2, 3]
    steps = np.hypot(*np.diff(places, axis=0).T)
    assert steps.max() < 1.25 * steps.min()


def uncovered(folder: Path) -> float:
    """Return the share of the picture, as the scene's camera sees it now, where there is nothing."""
    render = bpy.context.scene.render
    bpy.context.scene.render.engine = "CYCLES"
    bpy.context.scene.cycles.samples, bpy.context.scene.cycles.use_denoising = 1, False
    bpy.context.scene.cycles.pixel_filter_type = "BOX"
    render.film_transparent, render.image_settings.color_mode = True, "RGBA"
    render.filepath = str(folder / "seen.png")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(render.filepath)
    pixels = np.array(image.pixels[:]).reshape(-1, 4)
    bpy.data.images.remove(image)
    return float((pixels[:, 3] < 0.5).mean())


def test_nothing_comes_to_light_that_the_background_does_not_cover(box_files, tmp_path):  # noqa: F811
    built, scene = box(box_files), bpy.context.scene
    parallax.animate(built.camera, built.ob, built.modifier, scene, move="DOLLY", frames=8)
    scene.frame_set(8)
    assert uncovered(tmp_path) < 0.002
    inputs.set_input(built.modifier, "Background", False)
    assert uncovered(tmp_path) > 0.01


@pytest.mark.parametrize("move", MOVES)
def test_a_relief_is_turned_before_its_camera(box_files, move):  # noqa: F811
    built, scene = box(box_files, "Relief"), bpy.context.scene
    parallax.animate(built.camera, built.ob, built.modifier, scene, move=move, frames=16)
    poses = path(built, 16)
    turned = np.degrees(np.arccos(np.clip(poses[:, 2, 2], -1, 1)))
    if move == "PUSH":
        assert turned.max() < 1e-3
        scene.frame_set(16)
        assert built.camera.data.ortho_scale == pytest.approx(1.4)
    else:
        depth = 0.5  # of the relief: its Scale
        assert turned.max() == pytest.approx(np.degrees(np.arcsin(REACH * 2 / depth)), rel=0.15)
        assert turned.min() < turned.max() * (1.01 if move == "LOOP" else 0.6)


def test_a_move_gives_way_to_the_next_and_to_the_photos_view(box_files):  # noqa: F811
    built, scene = box(box_files), bpy.context.scene
    for move in MOVES:
        parallax.animate(built.camera, built.ob, built.modifier, scene, move=move)
    assert 1 <= len(bpy.data.actions) <= 2  # of the camera and of its lens, which some Blenders keep together
    parallax.clear(built.camera)
    camera.go_back(built.camera, built.ob, built.modifier)
    assert len(bpy.data.actions) == 0
    scene.frame_set(17)
    assert hypot(*built.camera.location) == 0
    assert (built.camera.data.shift_x, built.camera.data.shift_y) == (0, 0)


def test_keyframes_of_ones_own_are_kept(box_files):  # noqa: F811
    built, scene = box(box_files), bpy.context.scene
    built.camera.keyframe_insert("location", frame=3)
    with pytest.raises(errors.CameraError, match="keyframes of its own"):
        parallax.animate(built.camera, built.ob, built.modifier, scene)
    parallax.clear(built.camera)
    assert built.camera.animation_data.action is not None


def a_row(**options: object) -> placement.Placement:
    usual = {"matrix": relief.STANDING, "projection": "Relief", "use_camera": False, "shape": {"Resolution": 50}}
    return placement.Placement(**usual | options)


def add_to(row: placement.Placement, path: Path, size: tuple[int, int]) -> bpy.types.Object:
    image = bpy.data.images.load(str(write_photo(path, *size)))
    return row.add_relief(image.session_uid, relief.depth_image.write(path.stem, hill(*size), kind="disparity"))


def test_reliefs_stand_in_a_row_all_of_them_selected(tmp_path):
    row = a_row()
    for number, size in enumerate([(48, 36), (30, 50), (40, 40)]):
        add_to(row, tmp_path / f"{number}.png", size)
    obs = [ob for ob in bpy.data.objects if ob.session_uid in row.made]
    ends = [(points[:, 0].min(), points[:, 0].max()) for points in (evaluated(ob)[0] for ob in obs)]
    np.testing.assert_allclose(ends[0], (-1, 1), atol=1e-5)
    np.testing.assert_allclose([left[1] - right[0] for left, right in pairwise(ends)], -0.2, atol=1e-5)
    assert {ob.name for ob in bpy.context.selected_objects} == {"0", "1", "2"}
    assert bpy.context.object.name == "2"


def test_a_row_goes_on_where_the_last_one_was_deleted(tmp_path):
    row = a_row()
    first, second = (add_to(row, tmp_path / f"{number}.png", (48, 36)) for number in range(2))
    bpy.data.objects.remove(second)
    third = add_to(row, tmp_path / "2.png", (48, 36))
    assert evaluated(third)[0][:, 0].min() == pytest.approx(evaluated(first)[0][:, 0].max() + 0.2, abs=1e-5)


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
def test_a_new_relief_is_evaluated_once(tmp_path, projection):
    evaluations = []

    def note(_scene: bpy.types.Scene, graph: bpy.types.Depsgraph) -> None:
        changed = (update for update in graph.updates if update.is_updated_geometry)
        evaluations.extend(update.id.name for update in changed if isinstance(update.id, bpy.types.Object))

    row = a_row(projection=projection, use_camera=True)
    bpy.app.handlers.depsgraph_update_post.append(note)
    try:
        ob = add_to(row, tmp_path / "0.png", (48, 36))
        bpy.context.view_layer.update()
        bpy.context.view_layer.update()
    finally:
        bpy.app.handlers.depsgraph_update_post.remove(note)
    assert evaluations.count(ob.name) == 1
    assert bpy.context.object == ob
