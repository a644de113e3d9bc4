"""A view's depth map, and a picture of its shape on the way back: whatever was seen at a place takes what is there."""

from pathlib import Path

import numpy as np
import pytest

from inference.constraint import read_frame
from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

import bpy  # isort: skip

WIDTH, HEIGHT = 96, 64


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


@pytest.fixture
def camera():
    """A camera at the origin that looks along -Z, on a picture of 3 by 2."""
    data = bpy.data.cameras.new("Camera")
    ob = bpy.data.objects.new("Camera", data)
    scene = bpy.context.scene
    scene.collection.objects.link(ob)
    scene.camera = ob
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    return ob


def plane(z: float, size: float, x: float = 0.0, cuts: int = 1):
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=cuts, y_subdivisions=cuts, size=size, location=(x, 0, z))
    return bpy.context.object


def pixels(path):
    """The red channel of a PNG, top row first, 0 to 255."""
    image = bpy.data.images.load(str(path))
    width, height = image.size
    found = np.empty((height, width, 4), np.float32)
    image.colorspace_settings.is_data = True
    image.pixels.foreach_get(found.ravel())
    bpy.data.images.remove(image)
    assert (found[..., 0] == found[..., 1]).all()
    return np.rint(found[::-1, :, 0] * 255)


def write_picture(path, width, height):
    """A picture that says of each pixel where it is: red to the right, green upwards."""
    image = bpy.data.images.new("made", width, height)
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    image.pixels.foreach_set(np.stack([x, y, 0 * x, 0 * x + 1], -1).astype(np.float32).ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def test_the_map_is_linear_in_inverse_depth(camera, tmp_path):
    plane(-8.0, 40.0)
    plane(-2.0, 0.4, x=-0.3)
    plane(-4.0, 0.4, x=0.5)
    path = tmp_path / "map.png"
    done = bpy.ops.depth_nodes.view_depth_map(filepath=str(path), resolution=HEIGHT, multiple=64, check_existing=False)
    assert done == {"FINISHED"}
    inside = read_frame(path)
    assert (inside.width, inside.height, inside.whole_width, inside.whole_height) == (WIDTH, HEIGHT, 128, 64)
    grey = pixels(path)
    assert grey.shape == (64, 128)
    view = grey[:, inside.left : inside.left + WIDTH]
    assert sorted(np.unique(view)) == [0, 85, 255]  # 1/8, 1/4 and 1/2: the middle one a third of the way
    focal = 50 / 36 * WIDTH
    column = WIDTH / 2 + focal * np.array([-0.5, -0.1]) / 2.0  # the near plane's sides
    near = np.flatnonzero(view[HEIGHT // 2] == 255)
    assert [near.min(), near.max() + 1] == pytest.approx(column, abs=0.51)
    assert len(bpy.data.scenes) == 1
    assert bpy.context.scene.render.engine != "CYCLES" or bpy.app.version < (4, 0)


def test_nothing_in_view_and_no_camera_say_so(camera, tmp_path):
    view = extension.module("addon.scene.view")
    errors = extension.module("addon.errors")
    with pytest.raises(errors.ViewError, match="sees nothing"):
        view.depth_map(bpy.context.scene, tmp_path / "map.png", resolution=64)
    camera.data.type = "ORTHO"
    with pytest.raises(errors.ViewError, match="not a perspective camera"):
        view.depth_map(bpy.context.scene, tmp_path / "map.png", resolution=64)
    bpy.context.scene.camera = None
    with pytest.raises(errors.ViewError, match="no camera"):
        view.depth_map(bpy.context.scene, tmp_path / "map.png", resolution=64)
    assert list(tmp_path.iterdir()) == []
    assert len(bpy.data.scenes) == 1


def test_a_disk_that_takes_no_temporary_files_is_told_as_that(camera, tmp_path, monkeypatch):
    view, still, errors = (extension.module(f"addon.{name}") for name in ("scene.view", "scene.still", "errors"))
    plane(-4, 20)
    scene, before = bpy.context.scene, len(bpy.data.scenes)

    def cut(_name) -> None:
        Path(seen[-1].render.filepath).write_bytes(b"\x76\x2f\x31\x01\x02\0\0\0")

    seen: list = []
    monkeypatch.setattr(still, "show_distances", seen.append)
    monkeypatch.setattr(still, "render", cut)
    with pytest.raises(errors.ViewError, match=r"could not save.*Free some space"):
        view.depth_map(scene, tmp_path / "map.png", resolution=64)
    monkeypatch.setattr(still.tempfile, "TemporaryDirectory", no_place)
    with pytest.raises(errors.ViewError, match=r"No usable.*Check the disk"):
        view.depth_map(scene, tmp_path / "map.png", resolution=64)
    assert list(tmp_path.iterdir()) == []
    assert len(bpy.data.scenes) == before


def no_place(**_: object) -> None:
    raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']")


def test_a_mesh_takes_the_picture_where_the_camera_saw_it(camera, tmp_path):
    back = plane(-6.0, 3.0, cuts=12)
    plane(-3.0, 0.6)  # hides the middle of the one behind
    own = bpy.data.materials.new("own")
    back.data.materials.append(own)
    view, texture = (extension.module(f"addon.scene.{name}") for name in ("view", "texture"))
    inside = view.depth_map(bpy.context.scene, tmp_path / "map.png", resolution=HEIGHT)
    camera.location.x = 5.0  # the view is kept, wherever the camera goes
    picture = write_picture(tmp_path / "made.png", 2 * inside.whole_width, 2 * inside.whole_height)
    assert texture.project(bpy.context.scene, [(back, None)], picture) == 1
    mesh = back.data
    names = np.array([mesh.materials[face.material_index].name for face in mesh.polygons])
    middles = np.array([face.center[:2] for face in mesh.polygons])
    hidden = (np.abs(middles) < 0.6).all(axis=1)
    outside = np.abs(middles[:, 1]) > 1.3  # the view ends at 1.44
    assert (names[hidden | outside] == "own").all()
    assert (names[~hidden & ~outside] != "own").all()
    uv = np.array([corner.vector for corner in mesh.uv_layers["Picture from View"].uv])
    places = np.array([mesh.vertices[loop.vertex_index].co[:2] for loop in mesh.loops])
    focal = 50 / 36 * WIDTH
    seen = places / 6.0 * focal + [inside.left + WIDTH / 2, inside.whole_height / 2]  # in pixels of the map
    off = np.abs(uv * [inside.whole_width, inside.whole_height] - seen)
    assert off.max() < 0.5


def test_back_faces_keep_their_material(camera, tmp_path):
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=(0, 0, -5))
    cube = bpy.context.object
    view, texture = (extension.module(f"addon.scene.{name}") for name in ("view", "texture"))
    inside = view.depth_map(bpy.context.scene, tmp_path / "map.png", resolution=HEIGHT)
    texture.project(
        bpy.context.scene, [(cube, None)], write_picture(tmp_path / "made.png", inside.whole_width, inside.whole_height)
    )
    taken = [face.normal.z > 0.9 for face in cube.data.polygons]
    assert [face.material_index == 1 for face in cube.data.polygons] == taken


def test_a_relief_takes_it_by_its_own_uv_map(tmp_path):
    write_depth(tmp_path / "photo_depth.npy", hill())
    photo = write_photo(tmp_path / "photo.png")
    bpy.ops.depth_nodes.import_relief(filepath=str(photo), projection="Camera", use_camera=True)
    ob = bpy.context.object
    scene = bpy.context.scene
    bpy.context.view_layer.update()
    map_path, picture = tmp_path / "map.png", tmp_path / "made.png"
    assert bpy.ops.depth_nodes.view_depth_map(filepath=str(map_path), resolution=96, check_existing=False) == {
        "FINISHED"
    }
    inside = read_frame(map_path)
    write_picture(picture, inside.whole_width, inside.whole_height)
    assert bpy.ops.depth_nodes.texture_from_picture(filepath=str(picture)) == {"FINISHED"}
    shown = extension.module("addon.scene.photo").shown_by(ob).image
    assert shown.size[0] / shown.size[1] == pytest.approx(
        scene.render.resolution_x / scene.render.resolution_y, rel=0.02
    )
    values = np.empty((shown.size[1], shown.size[0], 4), np.float32)
    shown.pixels.foreach_get(values.ravel())
    first = [inside.left / inside.whole_width, 1 - (inside.top + inside.height) / inside.whole_height]
    step = [1 / inside.whole_width, 1 / inside.whole_height]
    np.testing.assert_allclose(values[0, 0, :2], np.add(first, np.multiply(step, 0.5)), atol=0.006)


def test_a_picture_of_another_shape_is_refused(camera, tmp_path):
    ob = plane(-4.0, 1.0)
    view, texture = (extension.module(f"addon.scene.{name}") for name in ("view", "texture"))
    errors = extension.module("addon.errors")
    picture = write_picture(tmp_path / "made.png", 50, 90)
    with pytest.raises(errors.ViewError, match="Make Depth Map of This View first"):
        texture.project(bpy.context.scene, [(ob, None)], picture)
    view.depth_map(bpy.context.scene, tmp_path / "map.png", resolution=64)
    with pytest.raises(errors.ViewError, match="is 50 x 90"):
        texture.project(bpy.context.scene, [(ob, None)], picture)
