"""Add > Depth in the Geometry Nodes editor."""

import bpy

from tests.gui.driver import Hand, Steps, at, see, until
from tests.gui.stage import editors, preferences

GROUPS = (
    "Depth Relief",
    "Background Layer",  # this and what follows in a menu of its own
    "Depth Range",
    "Disparity to Distance",
    "Displace Grid",
    "Edge Snap",
    "Edge-Aware Cutoff",
    "Normalize Depth",
    "Sample Depth",
    "Unproject",
)
TO_DEPTH, ROW, TO_SUBMENU = 357, 21, 210  # pixels in the Add menu of Blender 5.2
TO_NODES, TO_NODES_MENU = 28, 130  # and in its menu Depth


def by_mouse() -> Steps:
    """Each entry adds its group, Depth Relief first, then in the order of the alphabet: none is listed twice."""
    editor, tree = yield from _tree()
    hand = Hand()
    for row in range(len(GROUPS)):
        x, y = at(editor, 0.1, 0.5 if row else 0.85)
        hand.move((x, y))
        yield from hand.press("shift+a")
        yield 0.5
        down = y if row else y - TO_DEPTH  # Blender opens a menu where it was left
        yield from hand.glide((x + 10, down))
        yield 0.5
        yield from hand.glide((x + TO_SUBMENU, down))
        if row:
            x, down = x + TO_SUBMENU, down - TO_NODES
            yield from hand.glide((x, down))
            yield 0.5
            yield from hand.glide((x + TO_NODES_MENU, down))
            yield from hand.glide((x + TO_NODES_MENU, down - (row - 1) * ROW))
        if row in (0, 1, len(GROUPS) - 1):
            see(f"menu_{row}")
        yield from hand.click(hand.place)
        yield from _put_down(hand, editor, tree, row)
    see("nodes")


def by_search() -> Steps:
    """Typed into the Add menu, each group is the first hit, and the second one is another node."""
    editor, tree = yield from _tree()
    hand = Hand()
    yield from _type(hand, editor, "Edge-Aw")
    see("search")
    yield from hand.press("Down")
    yield from hand.press("Return")
    yield from hand.click(at(editor, 0.3, 0.1))
    assert len(tree.nodes) == 1
    _check(tree, ())
    for row, name in enumerate(GROUPS):
        yield from _type(hand, editor, name)
        yield from hand.press("Return")
        yield from _put_down(hand, editor, tree, row)
    see("searched")


def without_library() -> Steps:
    """With the asset library off the extension's own menu has the groups."""
    editor, tree = yield from _tree()
    hand = Hand()
    for height, on, name in ((0.1, False, "Edge Snap"), (0.5, True, "Unproject")):
        preferences().use_asset_library = on
        hand.move(at(editor, 0.3, 0.9))
        yield from hand.press("shift+a")  # Blender begins to read its libraries when the menu is opened
        yield 1.5
        see(f"library_{on}")
        yield from hand.press("Escape")
        yield from _type(hand, editor, name)
        yield from hand.press("Return")
        yield from hand.click(at(editor, 0.6, height))
    _check(tree, ("Edge Snap", "Unproject"))
    see("without_library")


def _tree() -> Steps:
    """Show an empty tree of the cube's in the node editor; return the area and the tree."""
    editor, _ = yield from editors("GeometryNodeTree", share=0.4)
    tree = bpy.data.node_groups.new("Tree", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    bpy.data.objects["Cube"].modifiers.new("Tree", "NODES").node_group = tree
    yield until("the editor shows the tree", lambda: editor.spaces.active.edit_tree == tree)
    return editor, tree


def _type(hand: Hand, editor: bpy.types.Area, name: str) -> Steps:
    """Open the Add menu, and type a name there."""
    hand.move(at(editor, 0.3, 0.9))
    yield from hand.press("shift+a")
    yield from hand.write(name.lower())  # Blender's search begins with small letters only


def _put_down(hand: Hand, editor: bpy.types.Area, tree: bpy.types.NodeTree, row: int) -> Steps:
    """Let go of a new node in a place of its own; it is the next of the groups."""
    yield from hand.click(at(editor, 0.6, 0.1 + 0.08 * row))
    _check(tree, GROUPS[: row + 1])


def _added(tree: bpy.types.NodeTree) -> dict[str, bpy.types.NodeTree]:
    return {node.name: node.node_tree for node in tree.nodes if node.bl_idname == "GeometryNodeGroup"}


def _check(tree: bpy.types.NodeTree, names: tuple[str, ...]) -> None:
    """Each group is there once, linked and packed into the file; so are the groups inside them."""
    groups = _added(tree)
    assert list(groups) == list(names), list(groups)
    assert all(group.name == name and group.is_linked_packed for name, group in groups.items())
    stamps = [group["depth_nodes"] for group in bpy.data.node_groups if "depth_nodes" in group]
    assert len(stamps) == len(set(stamps)), stamps
