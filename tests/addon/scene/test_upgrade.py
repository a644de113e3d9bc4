"""Update Depth Groups, on files as older groups left them: in older/, written by Blender 4.5.

0.1.0.blend has the interfaces of 0.1.0, which were the same until Least Gap came; with_least_gap.blend those of a state
that was never released, in which Least Gap had moved seven others. The trees inside the old groups are left out.
"""

from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.addon.enabled import errors, groups, inputs, upgrade

OLDER = Path(__file__).parent / "older"
FILES = ("0.1.0", "with_least_gap")
SET = {
    "Kind": "Distance", "Interpolation": "Cubic", "Surface": "Grid", "Resolution": 33, "Clip Near": 1.5,
    "Clip Far": 2.5, "Near": 0.9, "Far": 0.1, "Invert": True, "Falloff": 1.25, "Projection": "Camera", "Scale": 0.75,
    "Midlevel": 0.125, "Direction": "Normal", "Border Falloff": 0.0625, "Near Distance": 2.0, "Far Distance": 8.0,
    "Lens": "Camera Object", "Focal Length": 35.0, "Sensor Width": 24.0, "Field of View": 0.5, "Shift X": 0.25,
    "Shift Y": -0.25, "Cutoff": True, "Threshold": 0.375, "Angle": 1.25, "Minimum Island": 500, "Edge Falloff": 5,
    "Edge Snap": False, "Snap Radius": 7, "Shade Smooth": False,
}  # fmt: skip


@pytest.fixture(params=FILES)
def older(request: pytest.FixtureRequest) -> str:
    """An older file, opened."""
    open_older(request.param)
    return request.param


def open_older(name: str) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(OLDER / f"{name}.blend"), load_ui=False)
    bpy.context.window.scene = bpy.data.objects["Relief"].users_scene[0]  # the files hold no window of their own


def modifier(name: str) -> bpy.types.NodesModifier:
    return bpy.data.objects[name].modifiers[0]


def at(frame: int) -> None:
    bpy.context.scene.frame_set(frame)
    bpy.context.view_layer.update()


def evaluated(name: str, socket: str):
    """The value of an input as it is animated at the present frame."""
    shown = bpy.data.objects[name].evaluated_get(bpy.context.evaluated_depsgraph_get())
    return inputs.get_input(shown.modifiers[0], socket)


def test_the_old_groups_are_found(older):
    assert sorted(tree.name for tree in upgrade.outdated()) == ["Depth Relief", "Displace Grid", "Edge-Aware Cutoff"]


def test_every_input_keeps_its_value(older):
    update = upgrade.update()
    assert (update.modifiers, update.nodes, update.lost) == (2, 2, ())
    relief = modifier("Relief")
    assert relief.node_group[groups.STAMP] == groups.stamps()["Depth Relief"]
    assert {name: inputs.get_input(relief, name) for name in SET} == pytest.approx(SET)
    assert inputs.get_input(relief, "Least Gap") == pytest.approx(0.03 if older == "0.1.0" else 0.0625)
    assert inputs.get_input(relief, "Image") == bpy.data.images["depth"]
    assert inputs.get_input(relief, "Camera") == bpy.data.objects["Own Camera"]
    assert inputs.get_input(relief, "Material") == bpy.data.materials["Own Material"]
    assert inputs.get_attribute(relief, "UV") == "map1"
    assert inputs.get_input(modifier("Second"), "Minimum Island") == 12
    assert inputs.get_input(modifier("Second"), "Snap Radius") == 3
    assert inputs.get_attribute(modifier("Second"), "UV") == "UVMap"


def test_keyframes_and_drivers_follow(older):
    upgrade.update()
    for frame, islands, radius, scale in ((1, 500, 7, 0.75), (11, 600, 9, 1.5)):
        at(frame)
        assert evaluated("Relief", "Minimum Island") == islands
        assert evaluated("Relief", "Snap Radius") == radius
        assert evaluated("Relief", "Scale") == pytest.approx(scale)
        assert evaluated("Relief", "Edge Falloff") == 5  # driven by 2 + 3
        assert evaluated("Relief", "Threshold") == pytest.approx(0.375)  # what stands beside them is not animated
        assert bpy.data.objects["Follower"].matrix_world.translation.z == pytest.approx(islands / 100)


def test_a_node_tree_of_the_artist_keeps_its_values_links_and_keyframes(older):
    upgrade.update()
    tree = bpy.data.node_groups["Own Tree"]
    pushed, cut = tree.nodes["Pushed"], tree.nodes["Cut"]
    assert cut.node_tree[groups.STAMP] == groups.stamps()["Edge-Aware Cutoff"]
    assert (cut.label, tuple(cut.location)) == ("My cut", (300, 0))
    assert pushed.inputs["Image"].default_value == bpy.data.images["depth"]
    assert pushed.inputs["Resolution"].default_value == 17
    assert pushed.inputs["Direction"].default_value == "Normal"
    assert cut.inputs["Threshold"].default_value == 0.5
    assert cut.inputs["Delete"].default_value is False
    assert cut.inputs["Least Gap"].default_value == pytest.approx(0.03)
    links = {
        (link.from_node.name, link.from_socket.name, link.to_node.name, link.to_socket.name) for link in tree.links
    }
    assert links == {
        ("Group Input", "Geometry", "Pushed", "Geometry"),
        ("Group Input", "Islands", "Cut", "Minimum Island"),
        ("Pushed", "Geometry", "Cut", "Geometry"),
        ("Cut", "Geometry", "Store Named Attribute", "Geometry"),
        ("Cut", "Edge", "Store Named Attribute", "Value"),
        ("Store Named Attribute", "Geometry", "Group Output", "Geometry"),
    }
    for frame, falloff in ((1, 3), (11, 8)):
        at(frame)
        assert cut.inputs["Edge Falloff"].default_value == falloff
        assert pushed.inputs["Scale"].default_value == pytest.approx(0.25)  # driven by 0.125 * 2


def test_the_old_groups_leave_and_the_new_ones_take_their_names(older):
    upgrade.update()
    assert upgrade.outdated() == []
    stamps = {tree.name: tree.get(groups.STAMP) for tree in bpy.data.node_groups if tree.get(groups.STAMP)}
    assert stamps.items() <= groups.stamps().items()
    assert upgrade.update() == upgrade.Update(0, 0, ())


def test_the_updated_file_saves_and_opens(older, tmp_path):
    upgrade.update()
    path = str(tmp_path / "updated.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert upgrade.outdated() == []
    assert inputs.get_input(modifier("Relief"), "Minimum Island") == 500
    at(11)
    assert evaluated("Relief", "Minimum Island") == 600


def test_the_updated_relief_has_the_shape_of_a_new_one_with_its_settings():
    open_older("0.1.0")
    upgrade.update()
    at(1)
    old = bpy.data.objects["Second"]
    new = bpy.data.objects.new("New", old.data)
    bpy.context.scene.collection.objects.link(new)
    fresh = new.modifiers.new("Fresh", "NODES")
    fresh.node_group = groups.fetch("Depth Relief")
    for name, value in {"Image": bpy.data.images["depth"], "Resolution": 9, "Minimum Island": 12}.items():
        inputs.set_input(fresh, name, value)
    shapes = []
    for ob in (old, new):
        mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        shapes.append(np.array([vertex.co for vertex in mesh.vertices]))
    assert shapes[0].shape[0] > 9
    np.testing.assert_array_equal(*shapes)


def test_an_action_that_two_objects_share_is_rewritten_once(older):
    relief = bpy.data.objects["Relief"]
    twin = relief.copy()
    bpy.context.scene.collection.objects.link(twin)
    assert twin.animation_data.action == relief.animation_data.action
    upgrade.update()
    at(11)
    for name in (relief.name, twin.name):
        assert evaluated(name, "Minimum Island") == 600
        assert evaluated(name, "Snap Radius") == 9


def test_groups_of_a_newer_release_stay(older):
    for tree in bpy.data.node_groups:
        if tree.get(groups.STAMP):
            tree[groups.STAMP] = f"{tree[groups.STAMP].split(' 0.')[0]} 99.0.0 0123456789ab"
    before = modifier("Relief").node_group
    assert upgrade.outdated() == []
    assert upgrade.update().modifiers == 0
    assert modifier("Relief").node_group == before


def test_linked_objects_stay_and_nothing_is_lost(tmp_path):
    with bpy.data.libraries.load(str(OLDER / "0.1.0.blend"), link=True) as (_, here):
        here.objects = ["Second"]
    bpy.context.scene.collection.objects.link(here.objects[0])
    assert upgrade.update() == upgrade.Update(0, 0, ())
    assert here.objects[0].modifiers[0].node_group.get(groups.STAMP) == "Depth Relief 0.1.0"


def test_without_the_asset_file_nothing_changes(older, tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "BLEND", tmp_path / "missing.blend")
    before = modifier("Relief").node_group
    with pytest.raises(errors.AssetError, match=r"(?i)install"):
        upgrade.update()
    assert modifier("Relief").node_group == before


def test_a_relief_of_this_release_needs_no_update():
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.modifiers.new("Relief", "NODES").node_group = groups.fetch("Depth Relief")
    assert upgrade.outdated() == []
    assert not upgrade.needed()
