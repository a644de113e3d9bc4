"""The hidden groups that turn a menu into a number.

Two Menu Switch nodes behind one menu socket are a conflict to Blender, also where their items are the same, unless both
are the same node of the same group: its manual says so under Menu Switch, and so it is since the node came with
https://projects.blender.org/blender/blender/pulls/113445. So every menu has exactly one, here, and all groups go
through it. `test_equal_menus_still_conflict` fails once the oldest supported Blender merges them: then this can go.
"""

import bpy

from . import choices
from .sockets import Choice


def build() -> dict[str, bpy.types.NodeTree]:
    """Make one group a menu: input `Menu`, output `Index`, the place of the chosen item."""
    return {choice.group: _build(choice) for choice in choices.ALL}


def _build(choice: Choice) -> bpy.types.NodeTree:
    tree = bpy.data.node_groups.new(choice.group, "GeometryNodeTree")
    tree.description = choice.description
    index = tree.interface.new_socket("Index", in_out="OUTPUT", socket_type="NodeSocketInt")
    index.description = "The place of the chosen item, from 0"
    menu = tree.interface.new_socket("Menu", in_out="INPUT", socket_type="NodeSocketMenu")
    menu.description = choice.description
    source, target = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    switch = tree.nodes.new("GeometryNodeMenuSwitch")
    switch.data_type = "INT"
    switch.enum_definition.enum_items.clear()
    for place, item in enumerate(choice.items):
        switch.enum_definition.enum_items.new(item.name).description = item.description
        switch.inputs[item.name].default_value = place
    tree.links.new(source.outputs["Menu"], switch.inputs["Menu"])
    tree.links.new(switch.outputs[0], target.inputs["Index"])
    menu.default_value = choice.items[0].name
    source.location, switch.location, target.location = (-240, 0), (0, 0), (240, 0)
    return tree
