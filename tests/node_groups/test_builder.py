"""The builder: typed node types that are Blender's, the text of a tree, and why menus have groups of their own."""

import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from node_groups import FLOOR, diff, stubs, text
from node_groups.builder import Tree
from node_groups.sockets import Float, Group

ROOT = Path(__file__).parents[2]
AT_FLOOR = pytest.mark.skipif(bpy.app.version[:2] != FLOOR, reason="the file is built by the oldest Blender only")
DOUBLE = Group("Double", "Twice.", (Float("Value", "Any number"),), (Float("Result", "Twice it"),))

ORDER = ("output Result", "input Value")


def double(factor: float, label: str = "Twice") -> bpy.types.NodeTree:
    tree = Tree(DOUBLE, {}, ORDER)
    with tree.frame(label):
        tree.output("Result", tree.input("Value") * factor)
    return tree.finish()


@AT_FLOOR
def test_the_typed_node_types_are_blenders() -> None:
    assert stubs.source() == stubs.STUB.read_text(encoding="utf-8"), "run `python -m node_groups.stubs`"


@AT_FLOOR
def test_every_typed_node_type_is_used() -> None:
    used = {node.bl_idname for tree in bpy.data.node_groups for node in tree.nodes}
    assert set(stubs.TYPES) <= used


@pytest.mark.parametrize(
    "line",
    [
        "tree.add.mesh_grid(vertices_z=2)",
        "tree.add.mesh_grid().uv",
        "tree.add.math(1.0, 2.0, operation='ADDD')",
        "tree.math('ADDD', 1.0, 2.0)",
        "tree.switch(tree.input('Value'), 1.0, 2.0)",
        "tree.add.mesh_grids()",
    ],
)
def test_a_typo_is_an_error_where_it_stands(line: str, tmp_path: Path) -> None:
    """The type checker knows the names; here they are held against the signatures that it reads."""
    tree = Tree(DOUBLE, {}, ORDER)
    with tree.frame("Anything"), pytest.raises((TypeError, AttributeError, KeyError)):
        eval(line, {"tree": tree})  # noqa: S307 - the lines stand above


def test_an_input_that_the_settings_hide_is_an_error() -> None:
    tree = Tree(DOUBLE, {}, ORDER)
    with tree.frame("Anything"), pytest.raises(KeyError, match="scale"):
        tree.add.vector_math(scale=2.0, operation="ADD")


def test_the_text_names_nodes_by_type_and_frame() -> None:
    assert text.lines(double(2.0)) == [
        "description: Twice.",
        "is_modifier: False",
        "interface",
        "    output Float 'Result' (Socket_0, in ''), subtype='NONE', default_value=0, min_value=-3.40282e+38, "
        "max_value=3.40282e+38, structure_type='AUTO': Twice it",
        "    input Float 'Value' (Socket_1, in ''), subtype='NONE', default_value=0, min_value=-1e+06, "
        "max_value=1e+06, structure_type='AUTO': Any number",
        "Twice",
        "    Group Input 1: ",
        "    Math 1: operation='MULTIPLY', Value <- Group Input 1.Value, Value = 2",
        "outside the frames",
        "    Group Output 1: is_active_output=True, Result <- Math 1 [Twice].Value",
    ]


def test_a_difference_is_told_with_its_frame() -> None:
    before, after = text.lines(double(2.0)), text.lines(double(3.0))
    told = list(diff.differences({"Double": before, "Same": after}, {"Double": after, "Same": after}))
    assert told == [
        "=== Double",
        "  Twice",
        "-     Math 1: operation='MULTIPLY', Value <- Group Input 1.Value, Value = 2",
        "+     Math 1: operation='MULTIPLY', Value <- Group Input 1.Value, Value = 3",
    ]
    assert list(diff.differences({"Double": before}, {}))[0] == "=== Double: gone"  # noqa: RUF015


def test_a_fingerprint_changes_with_the_content_and_with_what_is_used() -> None:
    assert text.fingerprint(double(2.0)) == text.fingerprint(double(2.0))
    assert text.fingerprint(double(2.0)) != text.fingerprint(double(3.0))
    users = []
    for inner in (double(2.0), double(3.0)):
        tree = Tree(Group("User", "Uses it.", DOUBLE.inputs, DOUBLE.outputs), {"Double": inner}, ORDER)
        with tree.frame("Call"):
            tree.output("Result", tree.call("Double", tree.inputs("Value"))("Result"))
        users.append(text.fingerprint(tree.finish()))
    assert users[0] != users[1]


@AT_FLOOR
def test_the_command_prints_what_changed_since_a_revision() -> None:
    if subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("not a git clone")
    command = [sys.executable, "-m", "node_groups.diff", "HEAD", "HEAD"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")
    run = subprocess.run([*command[:3], "no-such-revision"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "no-such-revision" in run.stderr


@AT_FLOOR
def test_equal_menus_still_conflict() -> None:
    """The reason for node_groups/menus.py. Once this fails, the groups that it makes can go."""
    tree = bpy.data.node_groups.new("two menus", "GeometryNodeTree")
    menu = tree.interface.new_socket("Menu", in_out="INPUT", socket_type="NodeSocketMenu")
    source = tree.nodes.new("NodeGroupInput")
    for _ in range(2):
        switch = tree.nodes.new("GeometryNodeMenuSwitch")
        tree.links.new(source.outputs["Menu"], switch.inputs["Menu"])
    with pytest.raises(TypeError, match="enum"):
        menu.default_value = "A"
