"""The committed asset file is what the sources build, and opens tidy and complete."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import bpy
import numpy as np
import pytest

from node_groups import build, catalog, choices, layout

from .scene import BLEND

GROUPS = [module.GROUP.name for module in catalog.MODULES]
MENUS = [choice.group for choice in choices.ALL]
SPECIFIED = {
    "Sample Depth", "Depth Range", "Normalize Depth", "Disparity to Distance", "Edge Snap",
    "Displace Grid", "Unproject", "Background Layer", "Edge-Aware Cutoff", "Depth Relief",
}  # fmt: skip
ENDS = {"NodeGroupOutput", "NodeFrame", "GeometryNodeWarning", "GeometryNodeGizmoLinear"}  # nodes that need no reader
FLOOR = pytest.mark.skipif(bpy.app.version[:2] != build.FLOOR, reason="the file is built by the oldest Blender only")
UNSAVED = {"rna_type", "type", "select", "force_non_field"}  # the last is written from structure_type
ITEMS = {"enum_items", "capture_items", "repeat_items", "index_switch_items"}


def tree(name: str) -> bpy.types.NodeTree:
    return bpy.data.node_groups[name]


def state(struct: bpy.types.bpy_struct) -> dict[str, Any]:
    """Everything that can be set on a node, a socket or an item, as plain data."""
    result: dict[str, Any] = {}
    for prop in struct.bl_rna.properties:
        if prop.identifier in UNSAVED:
            continue
        value = getattr(struct, prop.identifier)
        if prop.type == "POINTER":
            if prop.identifier in {"node_tree", "parent", "paired_output_node"} and value is not None:
                result[prop.identifier] = value.name
        elif prop.type == "COLLECTION":
            if prop.identifier in ITEMS:
                result[prop.identifier] = [state(item) for item in value]
        elif getattr(prop, "is_array", False):
            result[prop.identifier] = tuple(value)
        elif not callable(value):
            result[prop.identifier] = value
    return result


def contents(data: bpy.types.NodeTree) -> dict[str, Any]:
    """A node group as plain data: interface, nodes, values and links."""
    return {
        "description": data.description,
        "is_modifier": data.is_modifier,
        "stamp": data[build.STAMP],
        "interface": [state(item) for item in data.interface.items_tree],
        "nodes": {
            node.name: {
                "idname": node.bl_idname,
                **state(node),
                "inputs": [state(socket) for socket in node.inputs],
                "outputs": [state(socket) for socket in node.outputs],
            }
            for node in data.nodes
        },
        "links": sorted(
            (link.from_node.name, link.from_socket.identifier, link.to_node.name, link.to_socket.identifier)
            for link in data.links
        ),
    }


def differences(left: Any, right: Any, path: str = "") -> Iterator[str]:
    """Where two pieces of plain data differ, one line each."""
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        for key in left:
            yield from differences(left[key], right[key], f"{path} > {key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for place, pair in enumerate(zip(left, right, strict=True)):
            yield from differences(*pair, f"{path} > {place}")
    elif left != right:
        yield f"{path}: {left!r} != {right!r}"


@FLOOR
def test_the_sources_build_the_committed_file() -> None:
    committed = {name: contents(tree(name)) for name in bpy.data.node_groups.keys()}  # noqa: SIM118 - keys are names
    for data in list(bpy.data.node_groups):
        bpy.data.node_groups.remove(data)
    built = {name: contents(data) for name, data in build.build_all().items()}
    assert set(built) == set(committed)
    assert list(differences(committed, built)) == [], "run `make assets`"


def test_the_groups_of_the_specification_are_there() -> None:
    assert set(GROUPS) >= SPECIFIED
    assert set(bpy.data.node_groups.keys()) == {*GROUPS, *MENUS}
    assert [name for name in GROUPS if tree(name).is_modifier] == ["Depth Relief"]


@pytest.fixture(scope="module")
def linked(groups: None) -> Iterator[dict[str, bpy.types.NodeTree]]:
    """The assets of the file as the asset browser sees them."""
    with bpy.data.libraries.load(str(BLEND), link=True, assets_only=True) as (source, target):
        target.node_groups = source.node_groups
    assets = {data.name: data for data in target.node_groups}
    yield assets
    bpy.data.batch_remove({data.library for data in assets.values()})


def test_what_only_other_groups_use_is_no_asset(linked: dict[str, bpy.types.NodeTree]) -> None:
    assert set(linked) >= SPECIFIED
    assert not {"Depth Samples", "Displace", "Grid Shape", "Image Grid", "Small Islands"} & set(linked)
    assert not set(MENUS) & set(linked)


def test_depth_relief_is_listed_first(linked: dict[str, bpy.types.NodeTree]) -> None:
    lines = (BLEND.parent / "blender_assets.cats.txt").read_text(encoding="utf-8").split("\n")
    paths = dict(line.split(":")[:2] for line in lines if line.count(":") == 2)
    listed = sorted(linked, key=lambda name: (paths[linked[name].asset_data.catalog_id], name))  # as Blender does
    assert listed[0] == "Depth Relief"


def test_the_file_is_written_by_the_oldest_blender(linked: dict[str, bpy.types.NodeTree]) -> None:
    assert {tuple(data.library.version[:2]) for data in linked.values()} == {build.FLOOR}


def test_assets_say_what_they_are(linked: dict[str, bpy.types.NodeTree]) -> None:
    lines = (BLEND.parent / "blender_assets.cats.txt").read_text(encoding="utf-8").split("\n")
    paths = dict(line.split(":")[:2] for line in lines if line.count(":") == 2)
    for group in (module.GROUP for module in catalog.MODULES if module.GROUP.name in linked):
        data = linked[group.name].asset_data
        assert paths[data.catalog_id] == ("Depth" if group.name == "Depth Relief" else "Depth/Nodes")
        assert data.description == group.description != ""
        assert data.author == "Depth Nodes"
        assert data.license == "CC0-1.0"
        assert len(data.tags) >= 2
        assert "depth" in {tag.name for tag in data.tags}


def test_every_asset_has_a_picture_of_its_own(linked: dict[str, bpy.types.NodeTree]) -> None:
    seen = set()
    for name, data in linked.items():
        assert min(data.preview.image_size) >= 128, name
        pixels = np.array(data.preview.image_pixels_float, np.float32)
        assert pixels.reshape(-1, 4)[:, :3].std() > 0.03, f"{name}: blank"
        seen.add(pixels.tobytes())
    assert len(seen) == len(linked)


def sockets(name: str) -> list[bpy.types.NodeTreeInterfaceSocket]:
    return [item for item in tree(name).interface.items_tree if item.item_type == "SOCKET"]


@pytest.mark.parametrize("name", GROUPS)
def test_warnings_fit_the_modifiers_panel(name: str) -> None:
    said = [
        node.inputs["Message"].default_value for node in tree(name).nodes if node.bl_idname == "GeometryNodeWarning"
    ]
    for message in said:
        what, _, advice = message.partition(". ")
        assert len(what) < 40
        assert len(advice) < 40


@pytest.mark.parametrize("name", [*GROUPS, *MENUS])
def test_every_socket_is_described(name: str) -> None:
    assert tree(name).description
    for item in tree(name).interface.items_tree:
        assert item.description, f"{name}: {item.name}"
        assert not item.description[0].islower()
    for in_out in ("INPUT", "OUTPUT"):
        names = [socket.name for socket in sockets(name) if socket.in_out == in_out]
        assert len(names) == len(set(names)), "inputs are found by name"


@pytest.mark.parametrize("name", GROUPS)
def test_numbers_start_inside_a_range_that_means_something(name: str) -> None:
    for socket in sockets(name):
        if socket.in_out == "INPUT" and socket.socket_type in {"NodeSocketFloat", "NodeSocketInt"}:
            assert socket.min_value <= socket.default_value <= socket.max_value, socket.name
            assert -1e9 < socket.min_value < socket.max_value < 1e9, socket.name
        if socket.in_out == "INPUT" and socket.socket_type == "NodeSocketMenu":
            assert socket.default_value, socket.name


def test_angles_lengths_and_shares_look_like_what_they_are() -> None:
    wanted = {
        "Angle": "ANGLE", "Field of View": "ANGLE", "Scale": "DISTANCE", "Near Distance": "DISTANCE",
        "Far Distance": "DISTANCE", "Clip Near": "PERCENTAGE", "Clip Far": "PERCENTAGE",
        "Near": "FACTOR", "Far": "FACTOR", "Border Falloff": "FACTOR",
    }  # fmt: skip
    for name in GROUPS:
        for socket in sockets(name):
            if socket.in_out == "INPUT" and socket.name in wanted:
                assert socket.subtype == wanted[socket.name], f"{name}: {socket.name}"


def test_one_name_means_one_thing() -> None:
    """An input of Depth Relief has the type, the default and the range that it has in the group it is handed to."""
    own = {socket.name: socket for socket in sockets("Depth Relief") if socket.in_out == "INPUT"}
    for name in GROUPS:
        for socket in sockets(name):
            if socket.in_out == "INPUT" and socket.name in own and socket.socket_type != "NodeSocketGeometry":
                same = own[socket.name]
                assert socket.socket_type == same.socket_type, f"{name}: {socket.name}"
                if hasattr(socket, "default_value") and socket.socket_type in {"NodeSocketFloat", "NodeSocketInt"}:
                    assert socket.default_value == same.default_value, f"{name}: {socket.name}"


def test_the_modifiers_panels_are_in_the_order_of_the_work() -> None:
    order = ["Cutoff", "Background", "Image", "Depth", "Projection", "Edges", "Grid", "Output"]
    items = tree("Depth Relief").interface.items_tree
    assert [item.name for item in items if item.item_type == "PANEL"] == order
    inputs = [item for item in items if item.item_type == "SOCKET" and item.in_out == "INPUT"]
    assert (inputs[0].name, inputs[0].socket_type, inputs[0].parent.name) == ("Geometry", "NodeSocketGeometry", "")
    first = ["Image", "Projection", "Scale", "Near Distance", "Far Distance", "Near", "Far", "Smooth", "Bas-Relief"]
    assert [item.name for item in inputs if item.parent.name == ""] == ["Geometry", *first]
    assert [item.name for item in items if item.item_type == "PANEL" and not item.default_closed] == ["Cutoff"]
    assert [item.name for item in inputs if getattr(item, "is_panel_toggle", False)] == ["Cutoff", "Background"]
    assert next(item for item in inputs if item.name == "UV").default_attribute_name == "UVMap"


def boxes(name: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, bottom, right and top of each node as it lies in the editor, frames left out."""
    result = {}
    for node in tree(name).nodes:
        if node.bl_idname != "NodeFrame":
            x, y = node.location_absolute
            width, height = layout.size(node)
            result[node.name] = (x, y - height, x + width, y)
    return result


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("name", [*GROUPS, *MENUS])
def test_no_node_lies_over_another(name: str) -> None:
    placed = boxes(name)
    assert [(a, b) for a, b in combinations(placed, 2) if overlap(placed[a], placed[b])] == []


@pytest.mark.parametrize("name", GROUPS)
def test_frames_have_titles_and_lie_apart(name: str) -> None:
    placed = boxes(name)
    framed: dict[str, list[tuple[float, ...]]] = {}
    for node in tree(name).nodes:
        if node.bl_idname == "NodeFrame":
            assert node.label, node.name
        elif node.bl_idname != "NodeGroupOutput":
            assert node.parent is not None, f"{name}: {node.name} stands outside the frames"
            framed.setdefault(node.parent.name, []).append(placed[node.name])
    assert set(framed) == {node.name for node in tree(name).nodes if node.bl_idname == "NodeFrame"}
    outlines = {key: (*np.min(of, axis=0)[:2], *np.max(of, axis=0)[2:]) for key, of in framed.items()}
    assert [(a, b) for a, b in combinations(outlines, 2) if overlap(outlines[a], outlines[b])] == []


@pytest.mark.parametrize("name", [*GROUPS, *MENUS])
def test_every_node_is_used_and_every_link_valid(name: str) -> None:
    used = {link.from_node.name for link in tree(name).links}
    assert [node.name for node in tree(name).nodes if node.bl_idname not in ENDS and node.name not in used] == []
    assert all(link.is_valid for link in tree(name).links)


@pytest.mark.parametrize("name", [*GROUPS, *MENUS])
def test_every_output_has_a_value(name: str) -> None:
    [end] = [node for node in tree(name).nodes if node.bl_idname == "NodeGroupOutput"]
    assert [socket.name for socket in end.inputs if socket.name and not socket.is_linked] == []


@pytest.mark.parametrize("name", [*GROUPS, *MENUS])
def test_every_input_is_read(name: str) -> None:
    read = {link.from_socket.name for link in tree(name).links if link.from_node.bl_idname == "NodeGroupInput"}
    assert {socket.name for socket in sockets(name) if socket.in_out == "INPUT"} == read


def test_groups_and_menus_are_stamped_with_name_version_and_content() -> None:
    recorded = json.loads((BLEND.parent / "groups.json").read_text(encoding="utf-8"))
    assert {name: tree(name)["depth_nodes"] for name in (*GROUPS, *MENUS)} == recorded
    for name, stamp in recorded.items():
        assert re.fullmatch(rf"{re.escape(name)} \d+\.\d+\.\d+ [0-9a-f]{{12}}", stamp)


@FLOOR
def test_a_stamp_changes_with_the_content_and_with_nothing_else(groups: None) -> None:
    trees = build.build_all()
    before = {name: data[build.STAMP] for name, data in trees.items()}
    trees["Normalize Depth"].nodes["Math"].operation = "TANGENT"
    changed = {name for name, stamp in build.stamps(trees).items() if stamp != before[name]}
    assert changed == {
        "Normalize Depth",
        "Edge Snap",
        "Smooth Depth",
        "Depth Samples",
        "Depth Relief",
    }  # itself, and what uses it
