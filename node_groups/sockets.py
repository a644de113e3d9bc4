"""The declarations of a group's interface: what each socket is called, means, starts at and may become."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import bpy

UV_MAP = "UVMap"  # the attribute that UV inputs read on a new modifier, and that grids carry


@dataclass(frozen=True)
class Item:
    """One entry of a menu."""

    name: str
    description: str


@dataclass(frozen=True)
class Choice:
    """A menu: its socket's name, what it decides, and its items, the default first."""

    name: str
    description: str
    items: tuple[Item, ...]

    @property
    def group(self) -> str:
        """The name of the hidden group that turns the menu into a number."""
        return f".Depth Menu {self.name}"


@dataclass(frozen=True)
class Socket:
    """A socket of a group's interface. Made by the functions below."""

    name: str
    description: str
    idname: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    choice: Choice | None = None


@dataclass(frozen=True)
class Panel:
    """A titled, foldable run of inputs; `closed` folds it on a new modifier."""

    name: str
    description: str
    sockets: tuple[Socket, ...]
    closed: bool = True


@dataclass(frozen=True)
class Group:
    """A node group that ships; `catalog` is where it is listed as an asset, empty for one that only others use."""

    name: str
    description: str
    inputs: tuple[Socket | Panel, ...]
    outputs: tuple[Socket, ...]
    catalog: str = "Depth/Nodes"
    tags: tuple[str, ...] = ()
    is_modifier: bool = False


def choices_of(group: Group) -> list[Choice]:
    """Return the menus among a group's inputs."""
    flat = [socket for item in group.inputs for socket in (item.sockets if isinstance(item, Panel) else (item,))]
    return [socket.choice for socket in flat if socket.choice]


def Geometry(name: str, description: str) -> Socket:
    """Mesh, point cloud and so on."""
    return Socket(name, description, "NodeSocketGeometry")


def Float(
    name: str,
    description: str,
    default: float = 0.0,
    low: float = -1e6,
    high: float = 1e6,
    subtype: str = "NONE",
    single: bool = False,
) -> Socket:
    """A number; `single` for one that may not vary over the mesh."""
    properties = {"subtype": subtype, "default_value": default, "min_value": low, "max_value": high}
    return Socket(name, description, "NodeSocketFloat", properties | _structure(single))


def Int(name: str, description: str, default: int, low: int, high: int, single: bool = True) -> Socket:
    """A whole number."""
    properties = {"default_value": default, "min_value": low, "max_value": high, "subtype": "NONE"}
    return Socket(name, description, "NodeSocketInt", properties | _structure(single))


def Bool(name: str, description: str, default: bool = False, single: bool = True, toggle: bool = False) -> Socket:
    """On or off; `toggle` puts it into its panel's header."""
    properties = {"default_value": default} | _structure(single)
    return Socket(name, description, "NodeSocketBool", properties | ({"is_panel_toggle": True} if toggle else {}))


def Vector(
    name: str, description: str, attribute: str = "", default: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Socket:
    """Three numbers; `attribute` names the mesh attribute that a new modifier reads them from."""
    properties: dict[str, Any] = {
        "subtype": "NONE",
        "default_value": default,
        "min_value": -1e6,
        "max_value": 1e6,
    }
    return Socket(
        name, description, "NodeSocketVector", properties | ({"default_attribute_name": attribute} if attribute else {})
    )


def Image(name: str, description: str) -> Socket:
    """An image datablock."""
    return Socket(name, description, "NodeSocketImage")


def Object(name: str, description: str) -> Socket:
    """An object of the scene."""
    return Socket(name, description, "NodeSocketObject")


def Material(name: str, description: str) -> Socket:
    """A material."""
    return Socket(name, description, "NodeSocketMaterial")


def Menu(choice: Choice) -> Socket:
    """A choice of one of several items."""
    return Socket(choice.name, choice.description, "NodeSocketMenu", choice=choice)


def _structure(single: bool) -> dict[str, str]:
    return {"structure_type": "SINGLE"} if single else {}


def keyword(name: str) -> str:
    """Return a socket's name as a Python name: 'Vertices X' becomes 'vertices_x'."""
    return name.replace(" ", "_").lower()


def keywords(sockets: Iterable[bpy.types.NodeSocket]) -> list[str]:
    """Return the Python names of a node's visible sockets in turn; of those with one name, the second ends in 2."""
    names: list[str] = []
    for socket in sockets:
        if socket.enabled and socket.bl_idname != "NodeSocketVirtual":
            name = keyword(socket.name)
            again = sum(one.rstrip("23456789_") == name for one in names)
            names.append(f"{name}_{again + 1}" if again else name)
    return names
