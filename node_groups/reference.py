"""Write the reference of the groups for the documentation: `python -m node_groups.reference FOLDER`.

A page a group, in Markdown, with the tables of its sockets from its declaration, a picture of its tree, and its preview
from the asset file; and index.md, which lists the groups.
"""

from __future__ import annotations

import inspect
import sys
from math import degrees
from pathlib import Path
from types import ModuleType

import bpy
import numpy as np

from . import build, catalog, drawing, previews
from .sockets import Group, Item, Panel, Socket

SOURCE = "node_groups"  # where the modules are, for a reader
_UNITS = {"PERCENTAGE": " %", "DISTANCE": " m", "ANGLE": "°"}
_ENDLESS = 1e6  # a range that reaches so far is no limit that an artist meets


def slug(name: str) -> str:
    """Return the name of a group's files, without a suffix."""
    return name.lower().replace(" ", "-")


def page(module: ModuleType) -> str:
    """Return the page of the group that a module declares."""
    group: Group = module.GROUP
    parts = [f"# {group.name}", f"![What {group.name} does]({slug(group.name)}.png){{ .preview }}", _sentence(group)]
    summary, _, detail = inspect.cleandoc(module.__doc__ or "").partition("\n\n")
    parts += _detail(detail.rstrip())
    where = "modifier: Add Modifier > Depth" if group.is_modifier else "node: Add > Depth in the Geometry Nodes editor"
    parts.append(f"Found as a {where}, and in the asset library Depth Nodes.")
    parts.append("## Inputs")
    loose = tuple(entry for entry in group.inputs if isinstance(entry, Socket))
    parts += [table(loose)] if loose else []
    for panel in (entry for entry in group.inputs if isinstance(entry, Panel)):
        parts += [f"### {panel.name}", f"{panel.description}.", table(panel.sockets)]
    parts += ["## Outputs", table(group.outputs, with_values=False), "## The tree"]
    picture = f'<img src="{slug(group.name)}.svg" alt="The nodes of {group.name}">'
    parts.append(f'<div class="tree"><a href="{slug(group.name)}.svg">{picture}</a></div>')
    name = module.__name__.rpartition(".")[2]
    parts.append(f"It is written in `{SOURCE}/{name}.py`. {summary.partition(': ')[2].capitalize()}".rstrip())
    return "\n\n".join(parts) + "\n"


def _detail(text: str) -> list[str]:
    """The formula and what is said of it. Alone, a formula has lost the indent that makes it a block of code."""
    if text and "\n\n" not in text and not text.startswith(" "):
        return [f"```text\n{text}\n```"]
    return [text] if text else []


def _sentence(group: Group) -> str:
    return group.description if group.description.endswith(".") else f"{group.description}."


def table(sockets: tuple[Socket, ...], *, with_values: bool = True) -> str:
    """Return a table of sockets: name, what it does, and for inputs the default and the range."""
    heads = ("Socket", "Type", "Default", "Range", "What it does") if with_values else ("Socket", "Type", "What it is")
    rows = [heads, ("---",) * len(heads)]
    for socket in sockets:
        kind = socket.idname.removeprefix("NodeSocket").replace("Bool", "Boolean").replace("Int", "Integer")
        meaning = socket.description + "".join(f"<br>**{item.name}**: {item.description}" for item in _items(socket))
        values = (default(socket), limits(socket)) if with_values else ()
        rows.append((f"**{socket.name}**", kind, *values, meaning))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def _items(socket: Socket) -> tuple[Item, ...]:
    return socket.choice.items if socket.choice else ()


def default(socket: Socket) -> str:
    """Return what an input starts at, as Blender shows it."""
    if socket.choice:
        return socket.choice.items[0].name
    if attribute := socket.properties.get("default_attribute_name"):
        return f"attribute `{attribute}`"
    value = socket.properties.get("default_value")
    if isinstance(value, bool):
        return "on" if value else "off"
    return _number(socket, value) if isinstance(value, (int, float)) else ""


def limits(socket: Socket) -> str:
    """Return the range of a number, "" for what is not one or has no limit that matters."""
    low, high = (socket.properties.get(name) for name in ("min_value", "max_value"))
    if isinstance(socket.properties.get("default_value"), tuple) or low is None or high is None:
        return ""
    if high >= _ENDLESS:
        return "" if low <= -_ENDLESS else f"from {_number(socket, low)}"
    return f"{_number(socket, low)} to {_number(socket, high)}"


def _number(socket: Socket, value: float) -> str:
    subtype = socket.properties.get("subtype", "NONE")
    shown = degrees(value) if subtype == "ANGLE" else value
    return f"{float(f'{shown:.4g}'):g}{_UNITS.get(subtype, '')}"


def index() -> str:
    """Return the page that lists the groups, by catalog."""
    parts = ["# Node groups"]
    parts.append(
        "Depth Relief is the modifier; the other groups are its parts, to build trees of your own with. This "
        "reference is made from the code that builds the groups."
    )
    for name in (*catalog.CATALOGS, ""):
        groups = [module.GROUP for module in reversed(catalog.MODULES) if module.GROUP.catalog == name]
        if not groups:
            continue
        rows = ["| | group | what it does |", "|---|---|---|"]
        for group in groups:
            picture = f"![]({slug(group.name)}.png){{ .small }}"
            rows.append(f"| {picture} | [{group.name}]({slug(group.name)}.md) | {_sentence(group)} |")
        parts += [f"## {name.rpartition('/')[2] or 'Inside them'}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def write(folder: Path) -> None:
    """Write all pages and pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name, pixels in previews.kept(build.BLEND).items():
        _save(folder / f"{slug(name)}.png", pixels)
    trees = build.build_all()
    for module in catalog.MODULES:
        name = module.GROUP.name
        (folder / f"{slug(name)}.md").write_text(page(module), encoding="utf-8")
        (folder / f"{slug(name)}.svg").write_text(drawing.svg(trees[name]), encoding="utf-8")
    (folder / "index.md").write_text(index(), encoding="utf-8")


def _save(path: Path, pixels: np.ndarray) -> None:
    image = bpy.data.images.new(path.stem, previews.SIZE, previews.SIZE, alpha=True)
    image.pixels.foreach_set(pixels)
    image.file_format = "PNG"
    image.save(filepath=str(path))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
