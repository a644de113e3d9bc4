"""Where nodes go: frames side by side in the order of their making, columns inside a frame in the order of the data.

`arrange` is pure data in and data out; `apply` reads a tree, arranges it and writes the places back.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import bpy

GAP_X, GAP_Y = 50.0, 60.0  # between columns and between nodes of one column
FRAME_GAP = 120.0  # room for a frame's border and its neighbours'
_HEADER, _ROW, _VECTOR_ROWS = 36.0, 23.0, 3


@dataclass(frozen=True)
class Box:
    """A node as the layout sees it: its size and the frame (any key, in order) it belongs to."""

    width: float
    height: float
    frame: Hashable


def arrange(
    boxes: Mapping[Hashable, Box], links: Sequence[tuple[Hashable, Hashable]], frames: Sequence[Hashable]
) -> dict[Hashable, tuple[float, float]]:
    """Return the upper left corner of each box, y upwards, so that no two boxes and no two frames overlap.

    `links` are (from, to) pairs without cycles; `frames` gives the order from left to right.
    """
    places: dict[Hashable, tuple[float, float]] = {}
    left = 0.0
    for frame in frames:
        members = [key for key, box in boxes.items() if box.frame == frame]
        inner = [(a, b) for a, b in links if a in members and b in members]
        for column in _columns(members, inner):
            ordered = sorted(column, key=lambda key: _mean_height(key, inner, places))
            top = 0.0
            for key in ordered:
                places[key] = (left, top)
                top -= boxes[key].height + GAP_Y
            left += max(boxes[key].width for key in ordered) + GAP_X
        left += FRAME_GAP
    return places


def _columns(members: list[Hashable], links: list[tuple[Hashable, Hashable]]) -> list[list[Hashable]]:
    """Members by the longest way from any source; a source stands right before the first that uses it."""
    depth = dict.fromkeys(members, 0)
    for _ in members:
        for a, b in links:
            depth[b] = max(depth[b], depth[a] + 1)
    for key in members:
        uses = [depth[b] for a, b in links if a == key]
        if uses and not any(b == key for _, b in links):
            depth[key] = min(uses) - 1
    return [[key for key in members if depth[key] == level] for level in sorted(set(depth.values()))]


def _mean_height(
    key: Hashable, links: list[tuple[Hashable, Hashable]], places: Mapping[Hashable, tuple[float, float]]
) -> float:
    """Sort key of a box in its column: as high as what it reads from."""
    above = [places[a][1] for a, b in links if b == key and a in places]
    return -sum(above) / len(above) if above else 0.0


def own_enums(node: bpy.types.Node) -> list[bpy.types.Property]:
    """Return the menus that a node's type shows in the node, in their order."""
    common = {prop.identifier for prop in bpy.types.Node.bl_rna.properties}
    return [p for p in node.bl_rna.properties if p.type == "ENUM" and p.identifier not in common]


def size(node: bpy.types.Node) -> tuple[float, float]:
    """Return width and height of a node as it is drawn, estimated from above: there are no drawn sizes without a window."""
    inputs = [s for s in node.inputs if s.enabled and not s.hide]
    outputs = [s for s in node.outputs if s.enabled and not s.hide]
    rows = len(inputs) + len(outputs)
    rows += sum(_VECTOR_ROWS for s in inputs if s.type == "VECTOR" and not s.is_linked and not s.hide_value)
    rows += len(own_enums(node))
    if node.bl_idname in {"GeometryNodeGroup", "GeometryNodeCaptureAttribute", "GeometryNodeMenuSwitch"}:
        rows += 6  # the group's name, or the list of items with its header
    return node.width, _HEADER + _ROW * rows


def apply(tree: bpy.types.NodeTree) -> None:
    """Lay a finished tree out."""
    nodes = [node for node in tree.nodes if node.bl_idname != "NodeFrame"]
    frames = [node.name for node in tree.nodes if node.bl_idname == "NodeFrame"]
    boxes: dict[Hashable, Box] = {
        node.name: Box(*size(node), node.parent.name if node.parent else None) for node in nodes
    }
    links: list[tuple[Hashable, Hashable]] = [(link.from_node.name, link.to_node.name) for link in tree.links]
    for name, place in arrange(boxes, links, [*frames, None]).items():
        tree.nodes[str(name)].location = place
