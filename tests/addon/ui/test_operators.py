"""The operators as Blender calls them: from scripts in background mode, in one undo step, greyed out with a reason."""

from collections import Counter

import numpy as np
import pytest

from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

import bpy  # isort: skip


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


@pytest.fixture
def photo(tmp_path):
    """A photo with its depth map beside it."""
    write_depth(tmp_path / "photo_depth.npy", hill())
    return write_photo(tmp_path / "photo.png")


@pytest.fixture
def quad():
    """An object that the artist made: Blender's own plane."""
    bpy.ops.mesh.primitive_plane_add()
    return bpy.context.object


def counts() -> dict[str, int]:
    """Return how many datablocks of each kind the file has; Blender itself keeps the record of a library over undo."""
    return Counter(data.id_type for data in bpy.data.user_map() if data.id_type != "LIBRARY")


def vertex_count(ob: bpy.types.Object) -> int:
    return len(ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices)


def test_import_takes_the_depth_map_beside_the_photo(photo):
    assert bpy.ops.depth_nodes.import_relief(filepath=str(photo)) == {"FINISHED"}
    ob = bpy.context.object
    assert ob.select_get()
    assert ob.name == "photo"
    assert ob.modifiers.active.node_group.name.startswith("Depth Relief")
    assert vertex_count(ob) > 100
    assert bpy.context.scene.camera is None


def test_import_into_a_scene_that_was_not_drawn_yet(photo):
    bpy.context.window.scene = bpy.data.scenes.new("Other")
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    assert bpy.context.object.select_get()
    assert bpy.context.object.users_scene == (bpy.data.scenes["Other"],)


def test_import_takes_a_given_depth_map(photo, tmp_path):
    depth = write_depth(tmp_path / "elsewhere.png", hill())
    bpy.ops.depth_nodes.import_relief(filepath=str(photo), depth_path=str(depth), meaning="BRIGHT")
    relief, depth_image = extension.module("addon.scene.relief"), extension.module("addon.depth.image")
    modifier = relief.find_modifier(bpy.context.object)
    image = extension.module("addon.scene.inputs").get_input(modifier, "Image")
    assert depth_image.info(image).source == "elsewhere.png"


def test_an_import_without_background_can_be_given_one(photo):
    relief, depth_image = extension.module("addon.scene.relief"), extension.module("addon.depth.image")
    bpy.ops.depth_nodes.import_relief(filepath=str(photo), background=False)
    modifier = relief.find_modifier(bpy.context.object)
    assert depth_image.colour(relief.depth_of(modifier)) is None
    assert bpy.ops.depth_nodes.fill_background() == {"FINISHED"}
    assert depth_image.colour(relief.depth_of(modifier)) is not None
    assert extension.module("addon.scene.inputs").get_input(modifier, "Background") is True
    with pytest.raises(RuntimeError, match="has a background already"):
        bpy.ops.depth_nodes.fill_background()


@pytest.mark.parametrize("order", [1, -1])
def test_import_tells_photo_and_depth_map_apart(photo, order):
    names = ["photo.png", "photo_depth.npy"][::order]
    bpy.ops.depth_nodes.import_relief(
        filepath=str(photo), directory=str(photo.parent), files=[{"name": name} for name in names]
    )
    assert bpy.context.object.data.materials[0].node_tree.nodes.active.image.name == "photo.png"


def test_near_is_dark_turns_the_relief_around(tmp_path):
    photo = write_photo(tmp_path / "a.png")
    depth = write_depth(tmp_path / "a_depth.png", 1 - hill())
    depth_image = extension.module("addon.depth.image")
    bpy.ops.depth_nodes.import_relief(filepath=str(photo), depth_path=str(depth), meaning="DARK")
    image = extension.module("addon.scene.inputs").get_input(bpy.context.object.modifiers[0], "Image")
    values, _ = depth_image.read(image)
    assert values[18, 24] > 0.95  # the middle of the hill is near
    assert values[0, 0] < 0.05


def test_import_with_a_camera_sets_the_scene_up(photo):
    bpy.ops.depth_nodes.import_relief(filepath=str(photo), use_camera=True, projection="Camera", orientation="LYING")
    scene = bpy.context.scene
    assert scene.camera.parent == bpy.context.object
    assert (scene.render.resolution_x, scene.render.resolution_y) == (48, 36)
    assert tuple(bpy.context.object.rotation_euler) == (0, 0, 0)


def test_import_stands_at_the_cursor(photo):
    bpy.context.scene.cursor.location = (1, 2, 3)
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    assert tuple(bpy.context.object.location) == (1, 2, 3)


def test_import_is_one_undo_step(photo, quad):
    bpy.ops.ed.undo_push(message="before")
    before = counts()
    bpy.ops.depth_nodes.import_relief("EXEC_DEFAULT", True, filepath=str(photo), use_camera=True)
    after = counts()
    assert after["OBJECT"] == before["OBJECT"] + 2
    bpy.ops.ed.undo()
    assert counts() == before
    bpy.ops.ed.redo()
    assert counts() == after
    assert vertex_count(bpy.data.objects["photo"]) > 100


def test_a_second_import_reuses_groups_and_photo(photo):
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    before = counts()
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    # The depth, and the background with its picture and material, are its own.
    assert counts() - before == {"OBJECT": 1, "MESH": 1, "MATERIAL": 2, "IMAGE": 2}


def test_add_modifier_to_an_artists_mesh(quad):
    assert bpy.ops.depth_nodes.add_modifier() == {"FINISHED"}
    modifier = quad.modifiers.active
    assert extension.module("addon.scene.relief").find_modifier(quad) == modifier
    image = extension.module("addon.depth.image").write("d", hill(), kind="disparity")
    extension.module("addon.scene.relief").set_depth(modifier, image)
    points = np.array([v.co for v in quad.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices])
    assert len(points) > 100
    assert np.ptp(points[:, 2]) > 0.01  # so it reads the UV map by itself


@pytest.mark.parametrize("cut", [False, True])
def test_freeze_and_unfreeze_are_undone_in_one_step_each(photo, cut):
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    bpy.ops.ed.undo_push(message="imported")

    def mesh_size() -> int:
        return len(bpy.data.objects["photo"].data.vertices)

    live = vertex_count(bpy.context.object)
    bpy.ops.depth_nodes.freeze_grid("EXEC_DEFAULT", True, cut=cut)
    frozen = mesh_size()
    assert frozen > 100
    assert vertex_count(bpy.context.object) == live
    bpy.ops.depth_nodes.unfreeze_grid("EXEC_DEFAULT", True)
    assert mesh_size() == 4
    bpy.ops.ed.undo()
    assert mesh_size() == frozen
    bpy.ops.ed.undo()
    assert mesh_size() == 4


@pytest.fixture
def node_editor(quad):
    """Override the context with a Geometry Nodes editor that shows a tree of the artist's."""
    tree = bpy.data.node_groups.new("Artist's", "GeometryNodeTree")
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.ui_type = "GeometryNodeTree"
    area.spaces.active.pin = True
    area.spaces.active.node_tree = tree
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        yield tree


def test_add_group_adds_each_group_once(node_editor):
    names = extension.module("addon.ui.menus").group_names()
    for name in names:
        assert bpy.ops.depth_nodes.add_group(group=name) == {"FINISHED"}
    groups = len(bpy.data.node_groups)
    for name in names:
        bpy.ops.depth_nodes.add_group(group=name)
    assert len(bpy.data.node_groups) == groups
    assert [node.node_tree.name for node in node_editor.nodes] == [*names, *names]


@pytest.mark.skipif(bpy.app.version < (5, 0), reason="Blender swaps nodes from 5.0 on")
def test_swap_keeps_the_links(node_editor):
    bpy.ops.depth_nodes.add_group(group="Sample Depth")
    old = node_editor.nodes[0]
    math = node_editor.nodes.new("ShaderNodeMath")
    node_editor.links.new(old.outputs["Depth"], math.inputs[0])
    math.select, old.select = False, True
    node_editor.nodes.active = old
    bpy.ops.depth_nodes.add_group(group="Edge Snap", swap=True)
    assert sorted(node.name for node in node_editor.nodes) == ["Edge Snap", "Math"]
    assert math.inputs[0].links[0].from_node.node_tree.name == "Edge Snap"


def refusal(operator, **arguments) -> str:
    """Return why Blender greys an operator out."""
    with pytest.raises(RuntimeError, match=r"poll\(\)") as error:
        operator(**arguments)
    return str(error.value)


def test_operators_say_why_they_are_greyed_out(quad, photo):
    ops = bpy.ops.depth_nodes
    assert "Depth Relief modifier" in refusal(ops.freeze_grid)
    assert "Geometry Nodes editor" in refusal(ops.add_group, group="Edge Snap")
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Object Mode" in refusal(ops.import_relief, filepath=str(photo))
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    assert "not frozen" in refusal(ops.unfreeze_grid)
    bpy.ops.depth_nodes.freeze_grid()
    assert "frozen already" in refusal(ops.freeze_grid)
    bpy.context.view_layer.objects.active = None
    assert "mesh object" in refusal(ops.add_modifier)
    assert "Depth Relief modifier" in refusal(ops.unfreeze_grid)
