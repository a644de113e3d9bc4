"""A group's interface: its sockets and panels, made in the order of the lock and moved to where they are declared."""

from collections.abc import Sequence
from typing import Any, Literal

import bpy

from . import lock
from .sockets import Group, Panel, Socket

_OF_INPUTS = {"default_value", "min_value", "max_value", "structure_type"}  # which outputs don't have


def build(tree: bpy.types.NodeTree, group: Group, order: Sequence[str]) -> None:
    """Make the interface of `group`. Raises LookupError where `order`, its entries in the lock, lacks what it declares."""
    interface = tree.interface
    items = lock.declared(group)
    if missing := [entry for entry in items if entry not in order]:
        raise LookupError(f"{lock.FILE.name} lacks {', '.join(missing)} of {group.name!r}: run `make assets`")
    made: dict[str, Any] = {}
    for entry in order:
        item, _ = items.get(entry, (None, ""))
        if isinstance(item, Socket):
            in_out: Literal["INPUT", "OUTPUT"] = "OUTPUT" if entry.startswith("output") else "INPUT"
            made[entry] = interface.new_socket(item.name, in_out=in_out, socket_type=item.idname)
        elif isinstance(item, Panel):
            made[entry] = interface.new_panel(item.name, default_closed=item.closed)
        else:
            interface.remove(interface.new_socket(entry))  # no longer declared: its number stays used
    for entry, (item, panel) in items.items():
        made[entry].description = item.description
        # To the end, one after another: what was there before comes first.
        interface.move_to_parent(made[entry], made.get(panel), len(items))
        if isinstance(item, Socket):
            for name, value in item.properties.items():
                if entry.startswith("input") or name not in _OF_INPUTS:
                    setattr(made[entry], name, value)
