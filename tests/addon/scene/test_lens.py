"""The lens of a relief: filled in from what is known of the photo's, unless an artist chose one."""

import numpy as np
import pytest

from tests.addon.pictures import hill, write_photo
from tools import extension

import bpy  # isort: skip


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


@pytest.fixture
def relief():
    return extension.module("addon.scene.relief")


@pytest.fixture
def inputs():
    return extension.module("addon.scene.inputs")


@pytest.fixture
def depth_of():
    """Return a function that writes a depth image of which the lens is known, or not."""
    depth_image = extension.module("addon.depth.image")

    def write(focal_length: float | None, target: str | bpy.types.Image = "d") -> bpy.types.Image:
        said = depth_image.DepthInfo("distance", focal_length=focal_length, lens="model" if focal_length else "")
        return depth_image.write(target, 1 + hill(), kind="distance", info=said)

    return write


@pytest.fixture
def picture(tmp_path):
    return bpy.data.images.load(str(write_photo(tmp_path / "photo.png", 48, 36)))


def made(relief, picture, depth, projection="Camera"):
    return relief.add(picture, depth, collection=bpy.context.collection, projection=projection)


def lens(inputs, modifier):
    return inputs.get_input(modifier, "Lens"), round(inputs.get_input(modifier, "Focal Length"), 3)


def test_an_estimated_lens_is_filled_in_and_follows_the_next_estimate(relief, inputs, depth_of, picture):
    depth = depth_of(28.0)
    ob, modifier = made(relief, picture, depth)
    assert lens(inputs, modifier) == ("Focal Length", 28.0)
    assert inputs.get_input(modifier, "Sensor Width") == 36.0
    relief.set_depth_of([ob.session_uid], depth_of(35.0, depth))
    assert lens(inputs, modifier) == ("Focal Length", 35.0)
    relief.set_depth_of([ob.session_uid], depth_of(None, depth))  # a model that says nothing of it
    assert lens(inputs, modifier) == ("Focal Length", 35.0)


def test_a_lens_that_an_artist_chose_stays(relief, inputs, depth_of, picture):
    depth = depth_of(28.0)
    ob, modifier = made(relief, picture, depth)
    inputs.set_input(modifier, "Focal Length", 60.0)
    relief.set_depth_of([ob.session_uid], depth_of(35.0, depth))
    assert lens(inputs, modifier) == ("Focal Length", 60.0)
    inputs.set_input(modifier, "Lens", "Field of View")
    relief.set_depth_of([ob.session_uid], depth_of(30.0, depth))
    assert lens(inputs, modifier) == ("Field of View", 60.0)


def test_the_reliefs_own_camera_follows_and_another_does_not(relief, inputs, depth_of, picture):
    depth = depth_of(None)
    ob, modifier = made(relief, picture, depth)
    camera = extension.module("addon.scene.camera").add(
        ob, modifier, picture, collection=bpy.context.collection, scene=bpy.context.scene
    )
    another = bpy.data.objects.new("Another", bpy.data.cameras.new("Another"))
    bpy.context.collection.objects.link(another)
    assert camera.data.lens == 50.0
    relief.set_depth_of([ob.session_uid], depth_of(28.0, depth))
    assert lens(inputs, modifier) == ("Focal Length", 28.0)
    assert camera.data.lens == pytest.approx(28.0)
    assert another.data.lens == 50.0
    camera.data.lens = 85.0
    relief.set_depth_of([ob.session_uid], depth_of(35.0, depth))
    assert lens(inputs, modifier) == ("Focal Length", 35.0)
    assert camera.data.lens == 85.0


def test_a_camera_that_the_relief_reads_is_fitted_where_it_is_its_own(relief, inputs, depth_of, picture):
    depth = depth_of(None)
    ob, modifier = made(relief, picture, depth)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.collection.objects.link(camera)
    inputs.set_input(modifier, "Camera", camera)
    inputs.set_input(modifier, "Lens", "Camera Object")
    relief.set_depth_of([ob.session_uid], depth_of(28.0, depth))
    assert camera.data.lens == 50.0
    camera.parent = ob  # as the release before noted it
    relief.set_depth_of([ob.session_uid], depth_of(28.0, depth))
    assert camera.data.lens == pytest.approx(28.0)
    assert lens(inputs, modifier) == ("Camera Object", 50.0)


def test_the_camera_of_a_new_relief_sees_it_by_its_lens(relief, inputs, depth_of, picture):
    ob, modifier = made(relief, picture, depth_of(28.0))
    camera = extension.module("addon.scene.camera").add(
        ob, modifier, picture, collection=bpy.context.collection, scene=bpy.context.scene
    )
    assert camera.data.lens == pytest.approx(28.0)
    bpy.context.view_layer.update()
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    spread = np.abs(points[:, 0] / points[:, 2]).max()  # half the width over the distance, at the outermost pixels
    assert spread == pytest.approx(18 / 28, rel=0.05)


def test_what_is_known_of_the_lens_is_kept_on_the_image(depth_of):
    known = extension.module("addon.depth.image").info(depth_of(28.0))
    assert (known.focal_length, known.lens) == (28.0, "model")
