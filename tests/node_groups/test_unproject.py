"""Unproject against numpy, and against Blender's own projection of the result."""

from math import radians, tan
from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from . import reference
from .scene import depth_image, evaluate, mesh_object, probe

SIZES = [(24, 24), (12, 30), (30, 12)]  # height, width


def cloud(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """UVs (N, 2) at pixel centres, every third and the corners, and a distance for each, over three decades."""
    height, width = size
    u, v = np.meshgrid((np.arange(0, width, 3) + 0.5) / width, (np.arange(0, height, 3) + 0.5) / height)
    uv = np.concatenate([np.stack([u.ravel(), v.ravel()], axis=1), [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]]])
    return uv, np.geomspace(0.1, 100, len(uv))


def unprojected(
    size: tuple[int, int], settings: dict[str, Any], matrix: Matrix | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (N, 3) in the object's space, and the viewpoint."""
    uv, distance = cloud(size)
    ob = mesh_object(np.zeros((len(uv), 3)))
    if matrix is not None:
        ob.matrix_world = matrix
    fields = {"UV": np.pad(uv, ((0, 0), (0, 1))), "Distance": distance}
    mesh = probe(ob, "Unproject", {"Image": depth_image(np.zeros(size)), **settings}, fields)
    return mesh.vertices, mesh.attribute("Viewpoint")[0]


def assert_close(actual: np.ndarray, expected: np.ndarray) -> None:
    """Within 1e-4 of each vertex's own distance from the viewer."""
    error = np.linalg.norm(actual - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() < 1e-4, error.max()


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.2, -0.35)])
@pytest.mark.parametrize("lens", ["Focal Length", "Field of View"])
@pytest.mark.parametrize("size", SIZES)
def test_lens(size: tuple[int, int], lens: str, shift: tuple[float, float]) -> None:
    height, width = size
    settings = {"Lens": lens, "Focal Length": 35.0, "Sensor Width": 22.0, "Field of View": radians(71)}
    settings |= {"Shift X": shift[0], "Shift Y": shift[1]}
    spread = 22 / 35 if lens == "Focal Length" else 2 * tan(radians(71) / 2)
    uv, distance = cloud(size)
    vertices, viewpoint = unprojected(size, settings)
    assert_close(vertices, reference.unproject(uv, distance, width, height, spread, shift))
    np.testing.assert_array_equal(viewpoint, 0.0)


def test_the_two_ends_of_the_longer_side_span_the_field_of_view() -> None:
    for size, corner in (((10, 40), 0), ((40, 10), 1)):
        settings = {"Lens": "Field of View", "Field of View": radians(60)}
        vertices = unprojected(size, settings)[0][-5:-1].astype(float)  # the corners of the picture
        angles = np.degrees(np.arctan2(vertices[:, corner], -vertices[:, 2]))
        np.testing.assert_allclose(np.sort(angles), [-30, -30, 30, 30], atol=1e-3)


def camera(matrix: Matrix, **properties: Any) -> bpy.types.Object:
    data = bpy.data.cameras.new("camera")
    for name, value in properties.items():
        setattr(data, name, value)
    ob = bpy.data.objects.new("camera", data)
    ob.matrix_world = matrix
    bpy.context.scene.collection.objects.link(ob)
    return ob


def seen_by(cam: bpy.types.Object, world: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Where Blender's camera sees world points (N, 3) in a render of the picture's size: u, v, distance."""
    scene = bpy.context.scene
    scene.render.resolution_y, scene.render.resolution_x = size
    bpy.context.view_layer.update()
    return np.array([world_to_camera_view(scene, cam, Vector(point)) for point in world])


def assert_seen_as_the_picture(
    cam: bpy.types.Object, ob_matrix: Matrix, local: np.ndarray, size: tuple[int, int]
) -> None:
    world = local.astype(float) @ np.array(ob_matrix)[:3, :3].T + np.array(ob_matrix)[:3, 3]
    uv, _ = cloud(size)
    np.testing.assert_allclose(seen_by(cam, world, size)[:, :2], uv, atol=2e-4)


TURNED = Matrix.LocRotScale(Vector((3, -2, 1.5)), Matrix.Rotation(0.7, 3, Vector((1, 2, -0.5))).to_quaternion(), None)
OBJECTS = {
    "at the origin": Matrix.Identity(4),
    "moved and turned": Matrix.LocRotScale(Vector((-1, 4, 2)), Matrix.Rotation(-1.1, 3, "Y").to_quaternion(), None),
    "scaled": Matrix.Translation((1, 1, 1)) @ Matrix.Scale(2.5, 4),
    "stretched": Matrix.LocRotScale(
        Vector((0.5, 0, -1)), Matrix.Rotation(0.4, 3, "X").to_quaternion(), Vector((1.5, 1, 1))
    ),
}


def test_the_objects_own_camera_space() -> None:
    """A camera with the same lens, put where the object is, sees the picture."""
    for size in SIZES:
        settings = {"Lens": "Focal Length", "Focal Length": 40.0, "Sensor Width": 30.0, "Shift X": 0.1, "Shift Y": -0.2}
        cam = camera(TURNED, lens=40.0, sensor_width=30.0, shift_x=0.1, shift_y=-0.2)
        assert_seen_as_the_picture(cam, TURNED, unprojected(size, settings)[0], size)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.15, -0.3)])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("placed", OBJECTS)
def test_camera_object(placed: str, size: tuple[int, int], shift: tuple[float, float]) -> None:
    """The camera sees the picture in the relief, wherever the object is and however it is scaled."""
    bpy.context.scene.render.resolution_y, bpy.context.scene.render.resolution_x = size
    cam = camera(TURNED, lens=28.0, sensor_width=32.0, shift_x=shift[0], shift_y=shift[1])
    settings = {"Lens": "Camera Object", "Camera": cam, "Focal Length": 500.0, "Shift X": 0.5}
    local, viewpoint = unprojected(size, settings, OBJECTS[placed])
    assert_seen_as_the_picture(cam, OBJECTS[placed], local, size)
    np.testing.assert_allclose(OBJECTS[placed] @ Vector(viewpoint), TURNED.translation, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_a_cameras_own_scale_counts_for_nothing(size: tuple[int, int]) -> None:
    bpy.context.scene.render.resolution_y, bpy.context.scene.render.resolution_x = size
    cam = camera(TURNED @ Matrix.Scale(3.0, 4), lens=28.0)
    local, _ = unprojected(size, {"Lens": "Camera Object", "Camera": cam})
    height, width = size
    uv, distance = cloud(size)
    seen = reference.unproject(uv, distance, width, height, 36 / 28)
    expected = seen @ np.array(TURNED)[:3, :3].T + np.array(TURNED)[:3, 3]
    error = np.linalg.norm(local - expected, axis=1) / np.linalg.norm(seen, axis=1)
    assert error.max() < 1e-4


@pytest.mark.parametrize("fit", ["AUTO", "HORIZONTAL", "VERTICAL"])
@pytest.mark.parametrize("size", SIZES)
def test_sensor_fit(size: tuple[int, int], fit: str) -> None:
    """A camera's sensor is laid over the picture as a render of the picture's size lays it."""
    bpy.context.scene.render.resolution_y, bpy.context.scene.render.resolution_x = size
    cam = camera(TURNED, lens=28.0, sensor_width=32.0, sensor_height=18.0, sensor_fit=fit, shift_x=0.1, shift_y=0.05)
    local, _ = unprojected(size, {"Lens": "Camera Object", "Camera": cam})
    assert_seen_as_the_picture(cam, Matrix.Identity(4), local, size)


@pytest.mark.parametrize("render", [(16, 9), (9, 16), (1, 1)])
@pytest.mark.parametrize("size", SIZES)
def test_the_lens_lies_over_the_pictures_longer_side_whatever_is_rendered(
    size: tuple[int, int], render: tuple[int, int]
) -> None:
    bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = (100 * side for side in render)
    cam = camera(Matrix.Identity(4), lens=28.0, sensor_width=32.0, shift_x=0.1, shift_y=-0.2)
    local, _ = unprojected(size, {"Lens": "Camera Object", "Camera": cam})
    uv, distance = cloud(size)
    assert_close(local, reference.unproject(uv, distance, size[1], size[0], 32 / 28, (0.1, -0.2)))


@pytest.mark.parametrize("size", SIZES)
def test_orthographic_camera(size: tuple[int, int]) -> None:
    bpy.context.scene.render.resolution_y, bpy.context.scene.render.resolution_x = size
    cam = camera(TURNED, type="ORTHO", ortho_scale=5.0, shift_x=0.1, shift_y=-0.2)
    local, _ = unprojected(size, {"Lens": "Camera Object", "Camera": cam})
    assert_seen_as_the_picture(cam, Matrix.Identity(4), local, size)
    _, distance = cloud(size)
    np.testing.assert_allclose(seen_by(cam, local, size)[:, 2], distance, rtol=1e-4, atol=1e-5)


def test_the_result_follows_the_camera() -> None:
    size = (24, 24)
    bpy.context.scene.render.resolution_y, bpy.context.scene.render.resolution_x = size
    cam = camera(TURNED)
    uv, distance = cloud(size)
    ob = mesh_object(np.zeros((len(uv), 3)))
    fields = {"UV": np.pad(uv, ((0, 0), (0, 1))), "Distance": distance}
    settings = {"Image": depth_image(np.zeros(size)), "Lens": "Camera Object", "Camera": cam}
    probe(ob, "Unproject", settings, fields, keep=True)
    cam.matrix_world = Matrix.Identity(4)
    cam.data.lens = 70.0
    assert_close(evaluate(ob).vertices, reference.unproject(uv, distance, 24, 24, 36 / 70))
