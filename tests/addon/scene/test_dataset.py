"""Export Camera and Depth: what is written is what rays through the pixels meet, by each reader's own convention."""

import errno
import json
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from inference.prior import dataset as reading
from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

import bpy  # isort: skip

FRAMES = (3, 7)
BALL, RADIUS = np.array([0.6, 0.2, -4.0]), 0.8


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


@dataclass(frozen=True)
class Lens:
    """A camera and a render, and the focal lengths and principal point that they come to, by hand."""

    fit: str
    resolution: tuple[int, int]
    percentage: int
    aspect: tuple[float, float]
    shift: tuple[float, float]

    def pixels(self) -> tuple[float, float]:
        return tuple(side * self.percentage // 100 for side in self.resolution)

    def intrinsics(self) -> tuple[float, float, float, float]:
        """A pixel is as wide and high as the aspect says; focal length and shift count in shares of the fitted side."""
        (width, height), (wide, high) = self.pixels(), self.aspect
        upright = self.fit == "VERTICAL" or (self.fit == "AUTO" and height * high > width * wide)
        side = height * high if upright else width * wide
        focal = 40.0 / (20.0 if self.fit == "VERTICAL" else 36.0) * side
        x, y = width / 2 - self.shift[0] * side / wide, height / 2 + self.shift[1] * side / high
        return focal / wide, focal / high, x, y


LENSES = {
    "landscape": Lens("AUTO", (64, 48), 100, (1.0, 1.0), (0.0, 0.0)),
    "portrait, shifted, half": Lens("AUTO", (80, 120), 50, (1.0, 1.0), (0.1, -0.15)),
    "wide pixels": Lens("HORIZONTAL", (41, 63), 100, (1.5, 1.0), (-0.1, 0.05)),
    "vertical, high pixels": Lens("VERTICAL", (67, 45), 99, (1.0, 2.0), (0.05, 0.1)),
}


@pytest.fixture
def camera(tmp_path):
    """A red ball before a slanted wall and beside a relief, and a camera that moves, with its lens wide open."""
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.view_settings.view_transform = "Standard"
    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=48, radius=RADIUS, location=BALL)
    red = bpy.data.materials.new("red")
    red.use_nodes = True
    glow = red.node_tree.nodes.new("ShaderNodeEmission")
    glow.inputs["Color"].default_value = (1, 0, 0, 1)
    red.node_tree.links.new(glow.outputs[0], red.node_tree.nodes["Material Output"].inputs["Surface"])
    bpy.context.object.data.materials.append(red)
    bpy.ops.mesh.primitive_plane_add(size=6, location=(0, 0, -7), rotation=(0.3, 0.2, 0.1))
    write_depth(tmp_path / "photo_depth.npy", hill())
    bpy.ops.depth_nodes.import_relief(filepath=str(write_photo(tmp_path / "photo.png")))
    relief, inputs = (extension.module(f"addon.scene.{name}") for name in ("relief", "inputs"))
    inputs.set_input(relief.find_modifier(bpy.context.object), "Resolution", 48)
    bpy.context.object.location = (-0.8, 0.0, -4.0)
    data = bpy.data.cameras.new("Eye")
    ob = bpy.data.objects.new("Eye", data)
    scene.collection.objects.link(ob)
    scene.camera, ob.scale = ob, (2.0, 2.0, 2.0)
    for frame, place, turn in ((1, (-0.3, 0.2, 0.3), (0.1, -0.05, 0.2)), (9, (0.5, -0.1, 0.6), (-0.1, 0.1, -0.2))):
        ob.location, ob.rotation_euler = place, turn
        ob.keyframe_insert("location", frame=frame)
        ob.keyframe_insert("rotation_euler", frame=frame)
    data.dof.use_dof, data.dof.focus_distance, data.dof.aperture_fstop = True, 1.0, 0.5
    data.lens, data.sensor_width, data.sensor_height = 40.0, 36.0, 20.0
    scene.frame_start, scene.frame_end = FRAMES
    return ob


def set_up(camera, lens: Lens) -> None:
    data, render = camera.data, bpy.context.scene.render
    data.sensor_fit, (data.shift_x, data.shift_y) = lens.fit, lens.shift
    render.resolution_x, render.resolution_y, render.resolution_percentage = *lens.resolution, lens.percentage
    render.pixel_aspect_x, render.pixel_aspect_y = lens.aspect


def rays(camera, lens: Lens, frame: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances along the axis that rays through the pixels' centres meet, NaN for nothing; and the camera's pose."""
    scene = bpy.context.scene
    scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    place, turn, _ = camera.matrix_world.decompose()
    turn = np.array(turn.to_matrix()) @ np.diag([1.0, -1.0, -1.0])
    (width, height), (fx, fy, cx, cy) = lens.pixels(), lens.intrinsics()
    found = np.full((height, width), np.nan)
    for row in range(height):
        for column in range(width):
            along = np.array([(column + 0.5 - cx) / fx, (row + 0.5 - cy) / fy, 1.0])
            hit, where, *_ = scene.ray_cast(graph, place, turn @ along)
            if hit:
                found[row, column] = (np.array(where) - place) @ turn[:, 2]
    return found, turn.T, np.array(place)


def export(folder, **options) -> None:
    done = bpy.ops.depth_nodes.export_camera_and_depth(filepath=str(folder), points=300, **options)
    assert done == {"FINISHED"}


def agree(found: np.ndarray, expected: np.ndarray, atol: float) -> None:
    """The same depths, and nothing where nothing is; a ray along an edge may pass on either side of it."""
    there = np.isfinite(expected)
    assert ((found > 0) == there).mean() > 0.999
    both = (found > 0) & there
    off = np.abs(found[both] - expected[both]) - atol
    assert (off > 2e-4 * expected[both]).mean() < 0.002
    assert both.mean() > 0.3


def stored(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "I;16"
        return np.asarray(image).astype(float)


@pytest.mark.parametrize("name", LENSES)
def test_a_model_of_exact_cameras_and_points(camera, tmp_path, name):
    """COLMAP's model, and the inverse depth that 3DGS makes of its PNG: value / 2^16, times scale, plus offset."""
    lens, folder = LENSES[name], tmp_path / "set"
    set_up(camera, lens)
    export(folder, reader="3DGS", step=4)
    assert bpy.context.scene.camera == camera
    found = reading.read(folder)
    assert [view.name for view in found.views] == ["0003.png", "0007.png"]
    params = json.loads((folder / "sparse" / "0" / "depth_params.json").read_text())
    for view, frame in zip(found.views, FRAMES, strict=True):
        expected, turn, place = rays(camera, lens, frame)
        assert (view.width, view.height) == lens.pixels()
        np.testing.assert_allclose([view.fx, view.fy, view.cx, view.cy], lens.intrinsics(), rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(view.world_to_camera[:, :3], turn, atol=1e-6)
        np.testing.assert_allclose(view.world_to_camera[:, 3], -turn @ place, atol=1e-6)
        said = params[view.name.removesuffix(".png")]
        inverse = stored(folder / "depths" / view.name) / 2**16 * said["scale"] + said["offset"]
        agree(np.where(inverse > 0, 1 / np.maximum(inverse, 1e-9), 0), expected, np.nanmax(expected) ** 2 / 2**16)
        with Image.open(folder / "images" / view.name) as picture:
            assert (picture.mode, picture.size) == ("RGB", lens.pixels())
        here = view.points @ turn.T - turn @ place
        projected = here[:, :2] / here[:, 2:] * lens.intrinsics()[:2] + lens.intrinsics()[2:]
        np.testing.assert_allclose(view.places, projected, atol=1e-3)
        assert len(view.points) > 100
    red = (np.abs(found.colours.astype(int) - [255, 0, 0]) < 60).all(axis=1)
    on_ball = np.abs(np.linalg.norm(found.points - BALL, axis=1) - RADIUS) < 0.01
    assert on_ball.sum() > 10
    assert (red == on_ball).mean() > 0.97  # a pixel at its rim shows both
    assert len(found.points) == 300


def test_what_nerfstudio_and_ngp_read(camera, tmp_path):
    lens, folder = LENSES["portrait, shifted, half"], tmp_path / "set"
    set_up(camera, lens)
    export(folder, reader="TRANSFORMS", step=4)
    said = json.loads((folder / "transforms.json").read_text())
    assert (folder / said["ply_file_path"]).is_file()
    unit = said["integer_depth_scale"]
    assert unit == said["depth_unit_scale_factor"] == 1e-3
    for entry, frame in zip(said["frames"], FRAMES, strict=True):
        expected, turn, place = rays(camera, lens, frame)
        assert (folder / entry["file_path"]).is_file()
        agree(stored(folder / entry["depth_file_path"]) * unit, expected, unit / 2)
        np.testing.assert_allclose(
            [entry[key] for key in ("fl_x", "fl_y", "cx", "cy")], lens.intrinsics(), rtol=1e-5, atol=1e-4
        )
        matrix = np.array(entry["transform_matrix"])  # Blender's own axes
        np.testing.assert_allclose(matrix[:3, :3], turn.T @ np.diag([1.0, -1.0, -1.0]), atol=1e-6)
        np.testing.assert_allclose(matrix[:3, 3], place, atol=1e-6)


def test_what_colmap_fuses(camera, tmp_path):
    lens, folder = LENSES["landscape"], tmp_path / "set"
    set_up(camera, lens)
    export(folder, reader="COLMAP", step=4)
    assert (folder / "stereo" / "fusion.cfg").read_text().split() == ["0003.png", "0007.png"]
    assert (folder / "sparse" / "images.bin").is_file()
    head, data = (folder / "stereo" / "depth_maps" / "0003.png.geometric.bin").read_bytes().split(b"&1&")
    assert head == b"64&48"
    agree(np.frombuffer(data, "<f4").reshape(48, 64), rays(camera, lens, 3)[0], 0.0)


def test_all_cameras_and_those_bound_to_markers(camera, tmp_path):
    dataset, scene = extension.module("addon.scene.dataset"), bpy.context.scene
    others = [bpy.data.objects.new(name, bpy.data.cameras.new(name)) for name in ("a b", "a.b", "hidden")]
    for ob in others:
        scene.collection.objects.link(ob)
    others[2].hide_render = True
    shots = dataset.of_cameras(scene)
    assert [shot.camera for shot in shots] == ["Eye", "a b", "a.b"]
    assert len({shot.name for shot in shots}) == 3
    assert {shot.camera for shot in dataset.over_time(scene, 1, 9, 2)} == {"Eye"}
    for frame, ob in ((4, others[0]), (8, camera), (2, others[2])):
        scene.timeline_markers.new("cut", frame=frame).camera = ob
    shots = dataset.over_time(scene, 1, 9, 2)
    assert [shot.frame for shot in shots] == [1, 3, 5, 7, 9]
    for shot in shots:
        scene.frame_set(shot.frame)
        assert shot.camera == scene.camera.name  # as Blender itself switches


def left(tmp_path) -> tuple:
    """What an export could leave behind."""
    blocks = tuple(len(blocks) for blocks in (bpy.data.scenes, bpy.data.objects, bpy.data.cameras, bpy.data.worlds))
    return sorted(tmp_path.rglob("*")), blocks, bpy.context.scene.camera, bpy.context.scene.frame_current


def test_what_ends_too_early_leaves_nothing(camera, tmp_path, monkeypatch):
    dataset, still = (extension.module(f"addon.scene.{name}") for name in ("dataset", "still"))
    errors = extension.module("addon.errors")
    scene, folder = bpy.context.scene, tmp_path / "set"
    set_up(camera, LENSES["landscape"])
    shots = dataset.over_time(scene, 3, 3, 1)
    before = left(tmp_path)
    steps = dataset.export(scene, shots, "3DGS", folder, 100)
    assert next(steps).path is not None
    steps.close()  # Esc
    assert left(tmp_path) == before
    with pytest.raises(errors.ViewError, match="did not render Eye at frame 3"):
        list(dataset.export(scene, shots, "3DGS", folder, 100))
    assert left(tmp_path) == before

    def rendered(steps) -> None:
        for step in steps:
            if step.scene:
                still.render(step.scene)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(dataset.write_colmap, "write", full)
    with pytest.raises(errors.ViewError, match=r"set can't be written \(No space left on device\)"):
        rendered(dataset.export(scene, shots, "3DGS", folder, 100))
    assert left(tmp_path) == before


def test_what_is_deleted_meanwhile_is_said(camera, tmp_path):
    dataset, errors = (extension.module(f"addon.{name}") for name in ("scene.dataset", "errors"))
    shots = dataset.over_time(bpy.context.scene, 3, 4, 1)
    steps = dataset.export(bpy.context.scene, shots, "3DGS", tmp_path / "set", 100)
    next(steps).path.touch()
    for other in [scene for scene in bpy.data.scenes if scene != bpy.context.scene]:
        bpy.data.scenes.remove(other)
    with pytest.raises(errors.ViewError, match="is gone"):
        next(steps)
    assert len(bpy.data.scenes) == 1


def test_what_can_not_be_exported_is_said(camera, tmp_path):
    errors = extension.module("addon.errors")

    def refused(folder, match: str, **options) -> None:
        before = left(tmp_path)
        with pytest.raises(RuntimeError, match=match):
            bpy.ops.depth_nodes.export_camera_and_depth(filepath=str(folder), **options)
        assert left(tmp_path) == before

    set_up(camera, LENSES["landscape"])
    refused(tmp_path, "not empty. Choose a new folder")
    refused(tmp_path / "none" / "set", "can't be written")
    camera.data.type = "ORTHO"
    refused(tmp_path / "set", "Eye is not a perspective camera")
    camera.data.type, camera.scale.x = "PERSP", -1.0
    refused(tmp_path / "set", "mirrored or skewed")
    camera.scale.x = 1.0
    for ob in list(bpy.data.objects):
        if ob.type == "MESH":
            bpy.data.objects.remove(ob)
    refused(tmp_path / "set", "No camera sees anything", views="CAMERAS")
    bpy.data.objects.remove(camera)
    with pytest.raises(RuntimeError, match="Add a camera"):
        bpy.ops.depth_nodes.export_camera_and_depth(filepath=str(tmp_path / "set"))
    assert issubclass(errors.CameraError, errors.DepthNodesError)
