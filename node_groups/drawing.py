"""A node tree as an SVG picture, drawn from where `layout` put its nodes: there is no node editor without a window.

Node editors measure upwards and pictures downwards, so every y changes its sign here.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import bpy

from . import layout
from .text import plain

HEADER, ROW, TEXT, MARGIN, BORDER = 26.0, 23.0, 12, 40.0, 30.0
_SOCKET_COLOURS = {
    "VALUE": "#a1a1a1",
    "INT": "#598c5c",
    "BOOLEAN": "#cca6d6",
    "VECTOR": "#6363c7",
    "ROTATION": "#a663c7",
    "RGBA": "#c7c729",
    "GEOMETRY": "#00d6a3",
    "IMAGE": "#8d5a8d",
    "OBJECT": "#ed9e5c",
    "MATERIAL": "#eb7582",
    "STRING": "#70b2ff",
}
_HEADER_COLOURS = (  # the first that a node's type begins with
    ("NodeGroup", "#454545"),
    ("GeometryNodeGroup", "#2b6a45"),
    ("GeometryNodeInput", "#83314a"),
    ("FunctionNodeInput", "#83314a"),
    ("ShaderNodeVector", "#3c3c83"),
    ("ShaderNode", "#246283"),
    ("FunctionNode", "#246283"),
    ("GeometryNodeSwitch", "#246283"),
    ("", "#1d725e"),
)


def svg(tree: bpy.types.NodeTree) -> str:
    """Return the picture of a laid-out tree: frames with their titles, nodes with their sockets, and links."""
    nodes = [node for node in tree.nodes if node.bl_idname != "NodeFrame"]
    frames = [node for node in tree.nodes if node.bl_idname == "NodeFrame"]
    parts: list[str] = []
    for frame in frames:
        parts += _frame(frame.label, [node for node in nodes if node.parent == frame])
    parts += [_link(link) for link in tree.links]
    for node in nodes:
        parts += _node(node)
    left, top, right, bottom = _bounds(nodes)
    x, y = left - BORDER - MARGIN, top - BORDER - 2 * MARGIN
    width, tall = right + BORDER + MARGIN - x, bottom + BORDER + MARGIN - y
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x:.0f} {y:.0f} {width:.0f} {tall:.0f}" '
    head += f'width="{width:.0f}" height="{tall:.0f}" font-family="sans-serif" font-size="{TEXT}">'
    ground = f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{tall:.0f}" fill="#1d1d1d"/>'
    return "\n".join([head, f"<title>{escape(tree.name)}</title>", ground, *parts, "</svg>"]) + "\n"


def _bounds(nodes: list[bpy.types.Node]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of some nodes, y downwards."""
    boxes = [(*_corner(node), node.width, height(node)) for node in nodes]
    return (
        min(x for x, _, _, _ in boxes),
        min(y for _, y, _, _ in boxes),
        max(x + width for x, _, width, _ in boxes),
        max(y + tall for _, y, _, tall in boxes),
    )


def _corner(node: bpy.types.Node) -> tuple[float, float]:
    return node.location_absolute.x, -node.location_absolute.y


def _frame(label: str, members: list[bpy.types.Node]) -> Iterator[str]:
    if not members:
        return
    left, top, right, bottom = _bounds(members)
    x, y = left - BORDER, top - BORDER - 30
    yield _box(x, y, right + BORDER - x, bottom + BORDER - y, "#2b2b2b", 8)
    yield f'<text x="{x + 16:.0f}" y="{y + 30:.0f}" font-size="22" fill="#dddddd">{escape(label)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str, radius: float) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<rect {place} rx="{radius:.0f}" fill="{fill}"/>'


def _node(node: bpy.types.Node) -> Iterator[str]:
    x, y = _corner(node)
    width = node.width
    colour = next(colour for start, colour in _HEADER_COLOURS if node.bl_idname.startswith(start))
    yield _box(x, y, width, height(node), "#3b3b3b", 6)
    yield _box(x, y, width, HEADER, colour, 6)
    yield _text(x + 10, y + 17, _title(node), width - 14)
    rows, settings = _rows(node)
    for text, row in settings:
        yield _text(x + 10, y + row, text, width - 14, colour="#9ab0c4")
    for socket, row in rows:
        side = x + width if socket.is_output else x
        fill = _SOCKET_COLOURS.get(socket.type, "#888888")
        yield f'<circle cx="{side:.0f}" cy="{y + row - 4:.0f}" r="5" fill="{fill}" stroke="#111111"/>'
        if socket.is_output:
            yield _text(x + width - 12, y + row, socket.name, width - 14, anchor="end")
        else:
            yield _text(x + 12, y + row, _input(socket), width - 14)


def _title(node: bpy.types.Node) -> str:
    """What the node's header says in the editor."""
    if node.label:
        return node.label
    if used := getattr(node, "node_tree", None):
        return used.name.lstrip(".")
    operation = getattr(node, "operation", None)
    return str(operation).replace("_", " ").title() if operation else node.bl_label


def _input(socket: bpy.types.NodeSocket) -> str:
    """An input's name, with its value where nothing is linked."""
    if socket.is_linked or socket.hide_value or not hasattr(socket, "default_value"):
        return socket.name
    value = socket.default_value
    return socket.name if value is None else f"{socket.name}: {plain(value)}"


def _rows(node: bpy.types.Node) -> tuple[list[tuple[bpy.types.NodeSocket, float]], list[tuple[str, float]]]:
    """Each visible socket, and each setting that is not Blender's default, with the height of its text in the node."""
    row = HEADER + 18
    sockets, settings = [], []
    for socket in (s for s in node.outputs if s.enabled and not s.hide and s.bl_idname != "NodeSocketVirtual"):
        sockets.append((socket, row))
        row += ROW
    for prop in layout.own_enums(node):
        value = getattr(node, prop.identifier)
        if value != prop.default and prop.identifier != "operation":
            settings.append((f"{prop.name}: {prop.enum_items[value].name}", row))
            row += ROW
    for socket in (s for s in node.inputs if s.enabled and not s.hide and s.bl_idname != "NodeSocketVirtual"):
        sockets.append((socket, row))
        row += ROW
    return sockets, settings


def height(node: bpy.types.Node) -> float:
    """Return how tall a node is drawn."""
    sockets, settings = _rows(node)
    return HEADER + ROW * (len(sockets) + len(settings)) + 8


def _text(x: float, y: float, text: str, room: float, *, colour: str = "#e6e6e6", anchor: str = "start") -> str:
    """One line, cut where it would leave the node: a letter takes about 0.55 of its height."""
    most = int(room / (0.55 * TEXT))
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}" text-anchor="{anchor}">{escape(shown)}</text>'


def _link(link: bpy.types.NodeLink) -> str:
    start, end = _end(link.from_node, link.from_socket), _end(link.to_node, link.to_socket)  # type: ignore[arg-type]
    reach = max(30.0, abs(end[0] - start[0]) / 2)
    points = (start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end)
    (a, b), *curve = ((f"{x:.0f}", f"{y:.0f}") for x, y in points)
    colour = _SOCKET_COLOURS.get(link.from_socket.type, "#888888")
    path = f"M{a} {b}C" + " ".join(",".join(point) for point in curve)
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-opacity="0.75"/>'


def _end(node: bpy.types.Node, socket: bpy.types.NodeSocket) -> tuple[float, float]:
    x, y = _corner(node)
    row = next((row for one, row in _rows(node)[0] if one == socket), HEADER / 2)
    return (x + node.width if socket.is_output else x), y + row - 4
