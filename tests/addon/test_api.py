"""The door for scripts: reached as its docstring says, blocking, and with the errors that it promises."""

import importlib

import numpy as np
import pytest

from tests.addon.enabled import depth_image, inputs, jobs
from tests.addon.enabled import settings as preferred
from tests.addon.engine.worker import COMMAND
from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

import bpy  # isort: skip


@pytest.fixture
def api(empty_file, coarse):
    extension.enable()
    yield importlib.import_module(extension.MODULE).api
    jobs._drop_all()


def test_everything_that_is_offered_is_documented(api):
    for name in api.__all__:
        offered = getattr(api, name)
        assert not callable(offered) or offered.__doc__, name


def test_files_become_a_relief_in_the_active_collection(api, tmp_path):
    photo, depth = write_photo(tmp_path / "a.png"), write_depth(tmp_path / "a_depth.png", hill())
    made = api.from_files(photo, depth, near_is="bright", kind="disparity")
    assert made.ob.name in bpy.context.collection.objects
    assert inputs.get_input(made.modifier, "Image") == made.depth
    assert api.info(made.depth).kind == "disparity"
    with pytest.raises(api.DepthNodesError, match="not a file"):
        api.from_files(photo, tmp_path / "missing.png")


def test_a_photo_becomes_a_relief_before_the_call_returns(api, tmp_path):
    scene = bpy.context.scene
    made = api.from_photo(write_photo(tmp_path / "a.png"), projection="Camera", matrix=api.LYING, scene=scene)
    assert (scene.camera, made.kind_guessed) == (made.camera, False)
    assert inputs.get_input(made.modifier, "Image") == made.depth
    assert inputs.get_input(made.modifier, "Projection") == "Camera"
    assert jobs.waiting() == []


def test_two_points_set_the_distances(api, tmp_path):
    photo, depth = write_photo(tmp_path / "a.png"), write_depth(tmp_path / "a_depth.npy", hill())
    made = api.from_files(photo, depth, near_is="bright", kind="disparity", projection="Camera")
    anchored = api.anchor(made.ob, ((0.5, 0.5), (0.2, 0.5)), (2.0, 2.5))
    assert inputs.get_input(made.modifier, "Near Distance") == pytest.approx(anchored.near)
    with pytest.raises(api.DepthNodesError, match="more than 0"):
        api.anchor(made.ob, ((0.5, 0.5), (0.2, 0.5)), (2.0, -3.0))


def test_an_estimate_returns_the_depth_image_and_rewrites_it(api, tmp_path):
    image = bpy.data.images.load(str(write_photo(tmp_path / "a.png")))
    depth = api.estimate(image)
    before, _ = depth_image.read(depth)
    assert api.estimate(image, settings=api.settings(invert=True)) == depth
    after, _ = depth_image.read(depth)
    np.testing.assert_allclose(after, 1.0 - before, atol=1e-5)


def test_what_cannot_be_estimated_leaves_nothing(api, tmp_path):
    preferred.preferences().existing_python = COMMAND[0]
    with pytest.raises(api.DepthNodesError, match="weights"):
        api.from_photo(write_photo(tmp_path / "a.png"), settings=api.settings(weights=str(tmp_path / "no.pth")))
    assert not bpy.data.images
    assert not bpy.data.objects


def test_a_relief_is_frozen_and_unfrozen(api, tmp_path):
    made = api.from_files(write_photo(tmp_path / "a.png"), write_depth(tmp_path / "a_depth.png", hill()))
    former = made.ob.data
    assert api.freeze(made.ob) == made.ob.data != former
    assert api.unfreeze(made.ob) == made.ob.data == former
    bpy.ops.mesh.primitive_cube_add()
    with pytest.raises(api.DepthNodesError, match="no Depth Relief"):
        api.freeze(bpy.context.object)


def test_the_operator_for_scripts_waits_in_the_window_too(api, tmp_path):
    """What decides is how it is called: a window's file browser invokes it, a script executes it."""
    operator = extension.module("addon.ui.operators.import_photo").DEPTH_NODES_OT_import_photo
    assert operator._window is False
    path = str(write_photo(tmp_path / "a.png"))
    assert bpy.ops.depth_nodes.import_photo("EXEC_DEFAULT", filepath=path) == {"FINISHED"}
    assert bpy.context.object.name == "a"
    assert jobs.waiting() == []
