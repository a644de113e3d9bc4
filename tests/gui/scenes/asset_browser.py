"""Groups dragged from the asset browser."""

import bpy

from tests.gui.driver import Hand, Place, Steps, at, region, see, until, within
from tests.gui.stage import LIBRARY, addon, depth_image, editors, over, plane, positions

TILE = 112  # pixels


def drag() -> Steps:
    """Depth Relief onto a plane becomes its modifier; Sample Depth into a tree becomes a node."""
    browser, viewport = yield from editors("ASSETS", share=0.36, direction="HORIZONTAL")
    yield until("the browser is ready", lambda: browser.spaces.active.params is not None)
    browser.spaces.active.params.asset_library_reference = LIBRARY
    yield 4.0  # the previews are drawn one by one
    see("previews", browser)
    ob = plane()
    hand = Hand()
    yield from hand.click(_first_tile(browser))
    with within(browser):
        assert bpy.context.asset.name == "Depth Relief"
    tile = yield from _pick(hand, browser, "Depth Relief")
    yield from hand.drag(tile, over(viewport, (0.0, 0.0, 0.0)), "onto_plane")
    yield until("the modifier is there", lambda: len(ob.modifiers) == 1)
    modifier = ob.modifiers[0]
    assert modifier.node_group["depth_nodes"].startswith("Depth Relief ")
    assert modifier.node_group.is_linked_packed
    addon("scene.inputs").set_input(modifier, "Image", depth_image())
    addon("scene.inputs").set_input(modifier, "Kind", "Distance")
    yield 1.0
    assert len(positions(ob)) > 10_000
    see("dropped")

    editor, _ = yield from editors("GeometryNodeTree", share=0.5)
    tree = bpy.data.node_groups.new("Tree", "GeometryNodeTree")
    ob.modifiers.new("Tree", "NODES").node_group = tree
    ob.modifiers.active = ob.modifiers["Tree"]
    yield until("the editor shows the tree", lambda: editor.spaces.active.edit_tree == tree)
    tile = yield from _pick(hand, browser, "Sample Depth")
    yield from hand.drag(tile, at(editor, 0.4, 0.6), "into_tree")
    yield until("the node is there", lambda: len(tree.nodes) == 1)
    assert tree.nodes[0].node_tree["depth_nodes"].startswith("Sample Depth ")
    copies = [group for group in bpy.data.node_groups if group.get("depth_nodes", "").startswith("Sample Depth ")]
    assert copies == [tree.nodes[0].node_tree]  # the one that Depth Relief brought is used again
    see("node")


def _pick(hand: Hand, browser: bpy.types.Area, name: str) -> Steps:
    """Search an asset, click the tiles from the left until it is chosen, and return its place."""
    browser.spaces.active.params.filter_search = name
    yield 1.0
    x, y = _first_tile(browser)
    for column in range(4):
        tile: Place = (x + TILE * column, y)
        yield from hand.click(tile)
        with within(browser):
            found = bpy.context.asset
        if found is not None and found.name == name:
            return tile
    raise AssertionError(f"no asset {name}")


def _first_tile(browser: bpy.types.Area) -> Place:
    inner = region(browser)
    return inner.x + TILE * 0.6, inner.y + inner.height - 60
