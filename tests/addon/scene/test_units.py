"""Scenes that count in other units than metres."""

import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view

from tests.addon.enabled import depth_image, inputs, photo, relief
from tests.addon.pictures import write_photo

import bpy  # isort: skip

METRES = np.linspace(1.5, 30.0, 9 * 12, dtype=np.float32).reshape(9, 12)


def make(tmp_path, *, scale: float, system: str = "METRIC", projection: str = "Camera"):
    scene = bpy.context.scene
    scene.unit_settings.system, scene.unit_settings.scale_length = system, scale
    picture = photo.load(write_photo(tmp_path / "photo.png", 12, 9))
    depth = depth_image.write("depth", METRES, kind="distance")
    ob, modifier = relief.add(picture, depth, collection=scene.collection, projection=projection)
    inputs.set_input(modifier, "Cutoff", False)
    inputs.set_input(modifier, "Resolution", 12)
    camera = relief.fitting.add(ob, modifier, picture, collection=scene.collection, scene=scene)
    bpy.context.view_layer.update()
    return ob, camera


def seen(ob: bpy.types.Object, camera: bpy.types.Object) -> np.ndarray:
    """Return where each vertex is in the camera's view (N, 3): across, up, and its distance in Blender units."""
    shaped = ob.evaluated_get(bpy.context.evaluated_depsgraph_get())
    corners = [ob.matrix_world @ vertex.co for vertex in shaped.data.vertices]
    return np.array([world_to_camera_view(bpy.context.scene, camera, corner) for corner in corners])


@pytest.mark.parametrize(("scale", "system"), [(1.0, "METRIC"), (0.01, "METRIC"), (0.3048, "IMPERIAL"), (0.01, "NONE")])
def test_metres_are_metres_of_the_scene(tmp_path, scale, system):
    ob, camera = make(tmp_path, scale=scale, system=system)
    unit = 1.0 if system == "NONE" else scale
    found = seen(ob, camera)[:, 2] * unit
    np.testing.assert_allclose([found.min(), found.max()], [1.5, 30.0], rtol=1e-3)
    assert camera.data.clip_end * unit == pytest.approx(1000.0, rel=1e-5)


@pytest.mark.parametrize("projection", ["Camera", "Relief"])
def test_the_matching_camera_matches_in_every_unit(tmp_path, projection):
    views = []
    for scale in (1.0, 0.01):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        views.append(seen(*make(tmp_path, scale=scale, projection=projection))[:, :2])
    np.testing.assert_allclose(views[1], views[0], atol=1e-4)
    np.testing.assert_allclose([views[0].min(), views[0].max()], [0.0, 1.0], atol=0.13)
