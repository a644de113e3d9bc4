"""A node tree as text: what a review reads instead of the .blend, and what a group's fingerprint is taken of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import bpy

ITEMS = ("capture_items", "repeat_items", "index_switch_items")
_SHOWN = ("active_", "inspection_index")  # which item of a node's list the sidebar shows
_BASE = {prop.identifier for prop in bpy.types.Node.bl_rna.properties}
_SOCKET = ("subtype", "default_value", "min_value", "max_value", "default_attribute_name", "structure_type")


def lines(tree: bpy.types.NodeTree) -> list[str]:
    """Return all that a group is, but where its nodes lie: its interface, then its nodes frame by frame.

    A node is named by its type and its number inside its frame, so that a change leaves the other frames' lines alone.
    """
    names = _names(tree)
    result = [f"description: {tree.description}", f"is_modifier: {tree.is_modifier}", "interface"]
    result += [f"    {line}" for line in map(_interface_line, tree.interface.items_tree)]
    frames = [node for node in tree.nodes if node.bl_idname == "NodeFrame"]
    for frame in [*frames, None]:
        result.append(frame.label if frame else "outside the frames")
        members = [node for node in tree.nodes if node.parent == frame and node.bl_idname != "NodeFrame"]
        for node in members:
            line = f"{names[node.name]}: {', '.join(_node_parts(node, names))}"
            result.append("    " + line.replace(_place(node), ""))  # its own frame stands above it
    return result


def fingerprint(tree: bpy.types.NodeTree) -> str:
    """Return 12 hex digits that change when the group changes, or a group that it uses."""
    digest = hashlib.sha256("\n".join(lines(tree)).encode())
    for used in sorted({node.node_tree.name for node in tree.nodes if getattr(node, "node_tree", None)}):
        digest.update(fingerprint(bpy.data.node_groups[used]).encode())
    return digest.hexdigest()[:12]


def _names(tree: bpy.types.NodeTree) -> dict[str, str]:
    """Each node's name in the text; one of another frame is told apart by the start of that frame's label."""
    counts: dict[tuple[str, str], int] = {}
    names = {}
    for node in tree.nodes:
        key = (_place(node), node.bl_idname)
        counts[key] = counts.get(key, 0) + 1
        names[node.name] = f"{node.bl_label} {counts[key]}{_place(node)}"
    return names


def _place(node: bpy.types.Node) -> str:
    return f" [{node.parent.label[:24]}]" if node.parent else " []"


def _interface_line(item: bpy.types.NodeTreeInterfaceItem) -> str:
    if not isinstance(item, bpy.types.NodeTreeInterfaceSocket):
        return f"panel {item.name!r}: {item.description}"
    kind = item.socket_type.removeprefix("NodeSocket")
    values = [f"{name}={plain(getattr(item, name))}" for name in _SOCKET if getattr(item, name, None) not in {None, ""}]
    toggle = ["panel toggle"] if getattr(item, "is_panel_toggle", False) else []
    head = f"{item.in_out.lower()} {kind} {item.name!r} ({item.identifier}, in {item.parent.name!r})"
    return ", ".join([head, *values, *toggle]) + f": {item.description}"


def _node_parts(node: bpy.types.Node, names: dict[str, str]) -> Iterator[str]:
    """The settings of a node that are not Blender's defaults, and what each visible input reads or is set to."""
    for prop in node.bl_rna.properties:
        if prop.identifier in _BASE or prop.is_readonly or prop.identifier.startswith(_SHOWN):
            continue
        value = getattr(node, prop.identifier)
        if prop.type == "POINTER":
            if value is not None:
                yield f"{prop.identifier}={value.name}"
        elif prop.type != "COLLECTION" and not getattr(prop, "is_array", False) and value != prop.default:
            yield f"{prop.identifier}={plain(value)}"
    for collection in ITEMS:
        if items := [getattr(item, "name", "") for item in getattr(node, collection, ())]:
            yield f"{collection}={items}"
    if menu := getattr(node, "enum_definition", None):
        yield f"items={[(item.name, item.description) for item in menu.enum_items]}"
    if node.label:
        yield f"label={node.label!r}"
    for socket in node.inputs:
        if socket.is_linked:
            sources = [f"{names[link.from_node.name]}.{link.from_socket.name}" for link in socket.links]
            yield f"{socket.name} <- {', '.join(sources)}"
        elif socket.enabled and hasattr(socket, "default_value"):
            yield f"{socket.name} = {plain(socket.default_value)}"


def plain(value: Any) -> str:
    """Return a value of a node or a socket as it is written in a text."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (str, int, type(None))):
        return repr(value)
    if isinstance(value, bpy.types.ID):
        return value.name
    return f"({', '.join(plain(part) for part in value)})"
