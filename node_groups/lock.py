"""sockets.lock: the order in which each group's sockets and panels get their identifiers, for ever.

A modifier in a user's file keeps its values by identifier, and Blender hands those out in the order in which sockets and
panels are made: `Socket_0`, `Socket_1`, ... So they are made in the order of the lock, which only grows at each group's
end, and moved to their places in the panel afterwards. An entry that is no longer declared keeps its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from .sockets import Group, Panel, Socket

FILE = Path(__file__).with_name("sockets.lock")
_HEAD = """\
# The order in which the sockets and panels of each group get their identifiers: the first is Socket_0, the next Socket_1.
# Files in the world rely on it: lines are only ever added, at the end of a group. `make assets` adds what is new.
"""


def parse(text: str) -> dict[str, list[str]]:
    """Return the entries of each group in turn, from the text of a lock."""
    order: dict[str, list[str]] = {}
    group = ""
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip("[]")
            order[group] = []
        elif line and not line.startswith("#"):
            order[group].append(line)
    return order


def read() -> dict[str, list[str]]:
    """Return the entries of each group in turn."""
    return parse(FILE.read_text(encoding="utf-8"))


def entry(item: Socket | Panel, kind: str) -> str:
    """Return the line of a socket or panel; `kind` is output, input or panel."""
    return f"{kind} {item.name}"


def declared(group: Group) -> dict[str, tuple[Socket | Panel, str]]:
    """Return what a group declares by its entries, in the order of its panel: each item, and the entry of its panel or ''."""
    items: dict[str, tuple[Socket | Panel, str]] = {entry(item, "output"): (item, "") for item in group.outputs}
    for item in group.inputs:
        if isinstance(item, Panel):
            panel = entry(item, "panel")
            items[panel] = (item, "")
            items |= {entry(socket, "input"): (socket, panel) for socket in item.sockets}
        else:
            items[entry(item, "input")] = (item, "")
    return items


def extended(order: Mapping[str, list[str]], groups: Iterable[Group]) -> dict[str, list[str]]:
    """Return the order with what the groups declare and it doesn't have yet, at the end of each group."""
    result = {name: [*entries] for name, entries in order.items()}
    for group in groups:
        entries = result.setdefault(group.name, [])
        entries += [name for name in declared(group) if name not in entries]
    return result


def write(order: Mapping[str, list[str]]) -> None:
    """Write the lock."""
    parts = [_HEAD, *("\n".join([f"[{name}]", *entries, ""]) for name, entries in order.items())]
    FILE.write_text("\n".join(parts), encoding="utf-8")
