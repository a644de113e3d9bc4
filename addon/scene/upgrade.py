"""Update Depth Groups: groups of an older release give way to this release's, with all that they were set to.

A modifier keeps its values by socket identifier, and a node its links by place, so that choosing the new group by hand
can mix them up. Here they are read by name before, and written by name afterwards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from ..errors import AssetError, ModifierError
from ..version import VERSION
from . import animation, groups, inputs

_STAMP = re.compile(r"(?P<name>.+) (?P<version>\d+\.\d+\.\d+)( [0-9a-f]+)?")


@dataclass(frozen=True)
class Update:
    """What was done: how many modifiers and nodes use this release's groups now, and what could not be carried over."""

    modifiers: int
    nodes: int
    lost: tuple[str, ...]


def outdated() -> list[bpy.types.NodeTree]:
    """Return the groups in the open file that an older release shipped and something uses.

    A newer release's groups are none of them. Raises AssetError if this release's stamps are missing.
    """
    old = _older(set(groups.stamps().values()))
    users = {user.node_group for user in _modifiers()} | {user.node_tree for user in _nodes(old)} if old else set()
    return [tree for tree in old if tree in users]


def needed() -> bool:
    """Return whether there is anything to update. For panels: never raises."""
    try:
        return bool(outdated())
    except AssetError:
        return False  # the asset file is missing, which fetching a group says


def update() -> Update:
    """Swap all outdated groups of the open file, and remove the old ones that nothing uses any more.

    Objects and node trees that are linked from other files stay as they are. Changes that were made inside an old group
    are not carried over. Raises AssetError if this release's groups are missing; nothing is changed then.
    """
    old = outdated()
    new = {tree: groups.fetch(_name(tree)) for tree in old}
    modifiers = [modifier for modifier in _modifiers() if modifier.node_group in new]
    nodes = [node for node in _nodes(old) if node.node_tree in new]
    paths = animation.Paths()
    lost: list[str] = []
    for modifier in modifiers:
        lost += _swap_modifier(modifier, new[modifier.node_group], paths)
    for node in nodes:
        lost += _swap_node(node, new[node.node_tree], paths)
    _clean_up()
    return Update(len(modifiers), len(nodes), tuple(lost))


def _older(ours: set[str]) -> list[bpy.types.NodeTree]:
    """The older releases' groups in the open file; `ours` are the stamps of this one."""
    return [tree for tree in bpy.data.node_groups if _is_older(tree.get(groups.STAMP, ""), ours)]


def _is_older(stamp: str, ours: set[str]) -> bool:
    found = _STAMP.fullmatch(stamp)
    return found is not None and stamp not in ours and _numbers(found["version"]) <= _numbers(VERSION)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _name(tree: bpy.types.NodeTree) -> str:
    found = _STAMP.fullmatch(tree[groups.STAMP])
    return found["name"] if found else tree.name


def _modifiers() -> Iterator[Any]:
    """All modifiers with a node group that can be changed here."""
    for ob in bpy.data.objects:
        for modifier in ob.modifiers if ob.is_editable else ():
            is_linked = ob.override_library is not None and modifier.is_override_data
            if modifier.type == "NODES" and modifier.node_group is not None and not is_linked:
                yield modifier


def _nodes(old: list[bpy.types.NodeTree]) -> Iterator[Any]:
    """All group nodes that can be changed here; what is inside a group of ours goes with it."""
    for tree in bpy.data.node_groups:
        if tree.is_editable and tree not in old and tree.get(groups.STAMP) is None:
            yield from (node for node in tree.nodes if node.bl_idname == "GeometryNodeGroup" and node.node_tree)


def _swap_modifier(modifier: Any, new: bpy.types.NodeTree, paths: animation.Paths) -> list[str]:
    """Give a modifier another group and what it was set to by name. Returns what could not be carried over."""
    before, old = inputs.settings(modifier), inputs.identifiers(modifier)
    prefix = f'modifiers["{bpy.utils.escape_identifier(modifier.name)}"]'
    found = paths.find(modifier.id_data, prefix)
    modifier.node_group = new
    lost = []
    for name, setting in before.items():
        try:
            inputs.apply(modifier, name, setting)
        except ModifierError as error:
            lost.append(f"{modifier.id_data.name}: {error}")
    now = {old[name]: identifier for name, identifier in inputs.identifiers(modifier).items() if name in old}

    def moved(path: str) -> str:
        return inputs.path_of(modifier, now.get(inputs.identifier_in(path)), path)

    animation.rewrite(found, prefix, moved)
    modifier.id_data.update_tag()
    return lost


def _swap_node(node: Any, new: bpy.types.NodeTree, paths: animation.Paths) -> list[str]:
    """Give a group node another group, and its values and links by name. Returns what could not be carried over."""
    tree = node.id_data
    values = {socket.name: _plain(socket) for socket in node.inputs if hasattr(socket, "default_value")}
    hidden = {(socket.is_output, socket.name) for socket in (*node.inputs, *node.outputs) if socket.hide}
    ends = [_End(link, node) for link in tree.links if node in (link.from_node, link.to_node)]
    places = [socket.name for socket in node.inputs]
    prefix = f'nodes["{bpy.utils.escape_identifier(node.name)}"].inputs['
    found = paths.find(tree, prefix)
    node.node_tree = new
    for link in [link for link in tree.links if node in (link.from_node, link.to_node)]:
        tree.links.remove(link)  # Blender has kept it by identifier, which may be another socket now
    gone = [end.name for end in ends if not end.connect(node)]
    gone += [name for name, value in values.items() if not _set(node.inputs.get(name), value)]
    for socket in (*node.inputs, *node.outputs):
        socket.hide = (socket.is_output, socket.name) in hidden
    now = {str(places.index(socket.name)): str(at) for at, socket in enumerate(node.inputs) if socket.name in places}
    animation.rewrite(found, prefix, lambda path: re.sub(r"^\d+", lambda place: now.get(place[0], place[0]), path))
    return [f"{tree.name}: {node.name} no longer takes {name!r}" for name in dict.fromkeys(gone)]


def _plain(socket: bpy.types.NodeSocket) -> Any:
    value = socket.default_value
    return value if isinstance(value, (bool, int, float, str, bpy.types.ID, type(None))) else tuple(value)


def _set(socket: bpy.types.NodeSocket | None, value: Any) -> bool:
    """Set a socket's value. Returns whether it is there and takes it."""
    try:
        if socket is not None:
            socket.default_value = value
    except (TypeError, ValueError, AttributeError):
        return False
    return socket is not None


class _End:
    """A link of a node: which of its sockets, and what is at the other end."""

    def __init__(self, link: bpy.types.NodeLink, node: bpy.types.Node) -> None:
        self.comes_in = link.to_node == node
        own, other = (link.to_socket, link.from_socket) if self.comes_in else (link.from_socket, link.to_socket)
        self.name, self._other, self._is_muted = own.name, other, link.is_muted

    def connect(self, node: Any) -> bool:
        """Link the node's socket of that name again. Returns whether it has one."""
        own = (node.inputs if self.comes_in else node.outputs).get(self.name)
        if own is None:
            return False
        ends = (self._other, own) if self.comes_in else (own, self._other)
        node.id_data.links.new(*ends).is_muted = self._is_muted
        return True


def _clean_up() -> None:
    """Remove the old groups that nothing uses, and give this release's the names that they held."""
    ours = set(groups.stamps().values())
    while unused := [tree for tree in _older(ours) if not tree.users]:
        bpy.data.batch_remove(unused)
    for tree in bpy.data.node_groups:
        if tree.is_editable and tree.get(groups.STAMP) in ours and _name(tree) not in bpy.data.node_groups:
            tree.name = _name(tree)
