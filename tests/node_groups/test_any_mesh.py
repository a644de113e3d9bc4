"""Meshes as artists have them: seams, planes turned in edit mode, other names for a UV map, few faces."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from .scene import add_group, depth_image, evaluate, mesh_object, relief
from .test_unproject import TURNED, assert_seen_as_the_picture, camera, cloud
from .test_unproject import unprojected as unproject
from .test_warnings import warnings


def named_uv(name: str, faces: int = 8) -> bpy.types.Object:
    """A flat grid of faces over [-1, 1]² whose UV map has that name."""
    side = faces + 1
    shares = np.stack(np.meshgrid(*[np.linspace(0, 1, side)] * 2, indexing="ij"), -1).reshape(-1, 2)
    place = np.arange(side * side).reshape(side, side)
    corners = np.stack([place[:-1, :-1], place[1:, :-1], place[1:, 1:], place[:-1, 1:]], -1).reshape(-1, 4)
    ob = mesh_object(np.pad(shares * 2 - 1, ((0, 0), (0, 1))), corners, shares)
    ob.data.uv_layers[0].name = name
    return ob


def ball(columns: int, rows: int) -> tuple[np.ndarray, list[list[int]], np.ndarray]:
    """A sphere without poles: vertices by row, quads, and the UV of each corner, with a seam where u ends."""
    u, v = np.meshgrid(np.arange(columns) / columns, (np.arange(rows) + 1) / (rows + 1))
    around, up = 2 * np.pi * u, np.pi * (v - 0.5)
    points = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], -1).reshape(-1, 3)
    faces, uvs = [], []
    for row in range(rows - 1):
        for column in range(columns):
            beside = (column + 1) % columns
            faces.append([row * columns + column, row * columns + beside,
                          (row + 1) * columns + beside, (row + 1) * columns + column])  # fmt: skip
            low, high = v[row, 0], v[row + 1, 0]
            uvs += [(u[row, column], low), (u[row, column] + 1 / columns, low),
                    (u[row, column] + 1 / columns, high), (u[row, column], high)]  # fmt: skip
    return points, faces, np.array(uvs, np.float32)


def test_a_vertex_on_a_seam_reads_what_its_faces_show() -> None:
    """Depth 1 at both ends of the picture and 0 in its middle: nothing is between them at the seam."""
    columns, rows = 32, 9
    points, faces, uvs = ball(columns, rows)
    ob = mesh_object(points, faces)
    ob.data.uv_layers.new(name="UVMap").uv.foreach_set("vector", uvs.ravel())
    shown = np.abs(np.linspace(-1, 1, 257))
    settings = {"Image": depth_image(np.tile(shown, (16, 1))), "Direction": "Normal", "Scale": 0.2, "Cutoff": False,
                "Edge Snap": False}  # fmt: skip
    mesh = evaluate(add_group(ob, "Depth Relief", settings))
    u = np.tile(np.arange(columns) / columns, rows)
    expected = np.interp(u, (np.arange(257) + 0.5) / 257, shown)
    np.testing.assert_allclose(mesh.attribute("depth"), expected, atol=1e-5)
    assert mesh.attribute("depth")[::columns] == pytest.approx(1.0)  # the seam


@pytest.mark.parametrize("name", ["map1", "st", "UV 贴图"])
def test_a_missing_uv_map_is_told_on_any_mesh(name: str) -> None:
    ramp = depth_image(np.tile(np.linspace(0, 1, 16), (16, 1)))
    ob = add_group(named_uv(name), "Depth Relief", {"Image": ramp, "Edge Snap": False})
    assert [level for level, message in warnings(ob) if "UV map" in message] == ["WARNING"]
    ob = add_group(named_uv("UVMap"), "Depth Relief", {"Image": ramp, "Edge Snap": False})
    assert [message for _, message in warnings(ob) if "UV map" in message] == []


@pytest.mark.parametrize("axis", "XYZ")
@pytest.mark.parametrize("angle", [0.5, np.pi / 2])
def test_a_plane_turned_in_edit_mode_is_pushed_along_its_own_normal(axis: str, angle: float) -> None:
    depth = np.random.default_rng(3).random((9, 9)).astype(np.float32)
    settings = {"Image": depth_image(depth), "Resolution": 9, "Cutoff": False}
    straight = evaluate(relief(settings)).vertices
    ob = relief(settings)
    turn = Matrix.Rotation(angle, 4, axis)
    ob.data.transform(turn)
    expected = straight @ np.array(turn)[:3, :3].T
    np.testing.assert_allclose(evaluate(ob).vertices, expected, atol=1e-5)


@pytest.mark.parametrize("photo", [(9, 16), (16, 9), (12, 12)])
@pytest.mark.parametrize("depth", [(12, 12), (10, 14)])
def test_the_rays_take_the_photos_aspect(photo: tuple[int, int], depth: tuple[int, int]) -> None:
    """Heights and widths: a depth map of another shape than the photo is stretched over it."""
    uv, _ = cloud(depth)
    settings = {"Lens": "Focal Length", "Focal Length": 36.0, "Sensor Width": 36.0, "Aspect": photo[1] / photo[0]}
    local, _ = unproject(depth, settings)
    sides = np.array([photo[1], photo[0]]) / max(photo)
    np.testing.assert_allclose(local[:, :2] / -local[:, 2:], (uv - 0.5) * sides, atol=1e-5)


@pytest.mark.parametrize("mirror", [(-1, 1, 1), (1, -1, 1), (1, 1, -1), (-1, -1, -1), (-2, 1, 1)])
def test_a_mirrored_camera_sees_the_picture(mirror: tuple[float, float, float]) -> None:
    size = (12, 18)
    bpy.context.scene.render.resolution_y, bpy.context.scene.render.resolution_x = size
    cam = camera(TURNED @ Matrix.Diagonal((*mirror, 1)), lens=28.0)
    if mirror[2] > 0:
        local, _ = unproject(size, {"Lens": "Camera Object", "Camera": cam})
        assert_seen_as_the_picture(cam, Matrix.Identity(4), local, size)


def test_a_cut_that_leaves_nothing_is_told() -> None:
    steps = np.indices((16, 16)).sum(0) % 2
    settings = {"Image": depth_image(steps.astype(float)), "Resolution": 16, "Edge Snap": False, "Scale": 2.0}
    ob = relief(settings)
    assert len(evaluate(ob, keep=True).faces) == 0
    assert [level for level, message in warnings(ob) if "leaves nothing" in message] == ["WARNING"]
    assert [message for _, message in warnings(relief(settings | {"Cutoff": False})) if "nothing" in message] == []
