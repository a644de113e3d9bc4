"""Inputs by name on every supported version, judged by what the modifier makes of them."""

import bpy
import numpy as np
import pytest

from tests.addon.enabled import errors, inputs

ModifierError = errors.ModifierError

SOCKETS = ("Float", "Int", "Bool", "Vector", "Color", "String", "Object", "Image", "Material", "Collection", "Rotation")
MENU = {"Low": 1.0, "Middle": 20.0, "High": 300.0}


@pytest.fixture
def modifier() -> bpy.types.NodesModifier:
    """A point whose height is Float + Int + the menu's value, and whose x is the sum of Along."""
    tree = bpy.data.node_groups.new("Group", "GeometryNodeTree")
    interface = tree.interface
    interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    panel = interface.new_panel("Panel")  # takes an identifier of its own
    for kind in SOCKETS:
        interface.new_socket(kind, in_out="INPUT", socket_type=f"NodeSocket{kind}", parent=panel)
    menu = interface.new_socket("Menu", in_out="INPUT", socket_type="NodeSocketMenu", parent=panel)
    uv = interface.new_socket("UV", in_out="INPUT", socket_type="NodeSocketVector")
    uv.default_attribute_name = "UVMap"
    group_input, group_output = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    switch, move = tree.nodes.new("GeometryNodeMenuSwitch"), tree.nodes.new("GeometryNodeSetPosition")
    switch.data_type = "FLOAT"
    switch.enum_items.clear()
    for name in ("Gone", *MENU):
        switch.enum_items.new(name)
    switch.enum_items.remove(switch.enum_items["Gone"])  # so that an item's number is not its place
    for name, value in MENU.items():
        switch.inputs[name].default_value = value
    add = [tree.nodes.new("ShaderNodeMath") for _ in range(2)]
    combine = tree.nodes.new("ShaderNodeCombineXYZ")
    for source, target in (
        (group_input.outputs["Menu"], switch.inputs[0]),
        (switch.outputs[0], add[0].inputs[0]),
        (group_input.outputs["Float"], add[0].inputs[1]),
        (add[0].outputs[0], add[1].inputs[0]),
        (group_input.outputs["Int"], add[1].inputs[1]),
        (add[1].outputs[0], combine.inputs["Z"]),
        (combine.outputs[0], move.inputs["Position"]),
        (group_input.outputs["UV"], move.inputs["Offset"]),
        (group_input.outputs["Geometry"], move.inputs["Geometry"]),
        (move.outputs[0], group_output.inputs[0]),
    ):
        tree.links.new(source, target)
    menu.default_value = "Middle"
    mesh = bpy.data.meshes.new("Point")
    mesh.from_pydata([(0, 0, 0)], [], [])
    ob = bpy.data.objects.new("Point", mesh)
    bpy.context.collection.objects.link(ob)
    modifier = ob.modifiers.new('A "quoted" \\ name', "NODES")
    modifier.node_group = tree
    return modifier


def position(modifier: bpy.types.NodesModifier) -> np.ndarray:
    ob = modifier.id_data.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(ob.data.vertices[0].co)


def test_names_in_the_order_of_the_interface(modifier):
    assert inputs.input_names(modifier) == ["UV", *SOCKETS, "Menu"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Float", 2.5),
        ("Float", np.float32(0.5)),
        ("Int", -7),
        ("Int", np.int64(5)),
        ("Bool", True),
        ("Vector", (1.0, -2.0, 3.0)),
        ("Color", (0.25, 0.5, 0.75, 1.0)),
        ("Rotation", (0.0, 0.5, 0.25)),
        ("String", "text"),
        ("Object", None),
        *(("Menu", item) for item in MENU),
    ],
)
def test_what_is_set_is_read_back(modifier, name, value):
    inputs.set_input(modifier, name, value)
    assert inputs.get_input(modifier, name) == value


@pytest.mark.parametrize(
    ("name", "collection"),
    [("Object", "objects"), ("Image", "images"), ("Material", "materials"), ("Collection", "collections")],
)
def test_datablocks(modifier, name, collection):
    made = {
        "objects": lambda: bpy.data.objects.new("O", None),
        "images": lambda: bpy.data.images.new("I", 1, 1),
        "materials": lambda: bpy.data.materials.new("M"),
        "collections": lambda: bpy.data.collections.new("C"),
    }[collection]()
    inputs.set_input(modifier, name, made)
    assert inputs.get_input(modifier, name) == made
    inputs.set_input(modifier, name, None)
    assert inputs.get_input(modifier, name) is None


def test_the_modifier_evaluates_again_at_once(modifier):
    assert position(modifier)[2] == MENU["Middle"]
    for item, value in MENU.items():
        inputs.set_input(modifier, "Menu", item)
        assert position(modifier)[2] == value
    inputs.set_input(modifier, "Float", 0.5)
    inputs.set_input(modifier, "Int", 1000)
    assert position(modifier)[2] == 1300.5


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Float", "1", "a number"),
        ("Float", None, "a number"),
        ("Int", 1.5, "a whole number"),
        ("Bool", 1, "True or False"),
        ("Vector", (1.0, 2.0), "3 numbers"),
        ("Vector", 1.0, "3 numbers"),
        ("Color", "blue", "4 numbers"),
        ("String", 1, "a text"),
        ("Image", "name", "Image or None"),
        ("Menu", "Highest", "one of Low, Middle, High"),
        ("Menu", 1, "one of Low, Middle, High"),
        ("Nowhere", 1, "no input 'Nowhere'.*UV, Float"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(modifier, name, value, message):
    before = {name: inputs.get_input(modifier, name) for name in inputs.input_names(modifier)}
    with pytest.raises(ModifierError, match=message):
        inputs.set_input(modifier, name, value)
    assert {name: inputs.get_input(modifier, name) for name in inputs.input_names(modifier)} == before


def test_a_datablock_of_another_type_is_refused(modifier):
    with pytest.raises(ModifierError, match="Image or None"):
        inputs.set_input(modifier, "Image", modifier.id_data)


def test_a_modifier_without_a_group_says_so(modifier):
    modifier.node_group = None
    for call in (
        lambda: inputs.input_names(modifier),
        lambda: inputs.get_input(modifier, "Float"),
        lambda: inputs.set_input(modifier, "Float", 1.0),
    ):
        with pytest.raises(ModifierError, match="no node group"):
            call()


def test_attributes(modifier):
    assert inputs.get_attribute(modifier, "UV") == "UVMap"
    assert inputs.get_attribute(modifier, "Float") is None
    assert inputs.get_attribute(modifier, "Image") is None
    layer = modifier.id_data.data.attributes.new("Shift", "FLOAT_VECTOR", "POINT")
    layer.data[0].vector = (4.0, 5.0, 0.0)
    inputs.set_attribute(modifier, "UV", "Shift")
    assert inputs.get_attribute(modifier, "UV") == "Shift"
    np.testing.assert_array_equal(position(modifier), [4.0, 5.0, 20.0])
    inputs.set_attribute(modifier, "UV", None)
    inputs.set_input(modifier, "UV", (1.0, 2.0, 3.0))
    assert inputs.get_attribute(modifier, "UV") is None
    np.testing.assert_array_equal(position(modifier), [1.0, 2.0, 23.0])
    with pytest.raises(ModifierError, match="attribute"):
        inputs.set_attribute(modifier, "Image", "Shift")


def test_keyframes_play(modifier):
    for frame, height, item in ((1, 0.0, "Low"), (11, 10.0, "High")):
        inputs.set_input(modifier, "Float", height)
        inputs.set_input(modifier, "Menu", item)
        inputs.keyframe(modifier, "Float", frame)
        inputs.keyframe(modifier, "Menu", frame)
    for frame, expected in ((1, 1.0), (6, 5.0 + 1.0), (11, 10.0 + 300.0)):
        bpy.context.scene.frame_set(frame)
        assert position(modifier)[2] == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ModifierError, match="animated"):
        inputs.keyframe(modifier, "Image", 1)
