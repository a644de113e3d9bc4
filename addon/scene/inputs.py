"""Inputs of a Geometry Nodes modifier by the name an artist reads; the one place that knows Blender's versions.

Up to 5.1 an input is an ID property, `modifier["Socket_3"]`, and a menu's value a number; from 5.2 on it is
`modifier.properties.inputs.Socket_3.value`, and a menu's value a name.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import bpy

from ..errors import ModifierError

_DATABLOCKS: dict[str, type[bpy.types.ID]] = {
    "NodeSocketImage": bpy.types.Image,
    "NodeSocketObject": bpy.types.Object,
    "NodeSocketMaterial": bpy.types.Material,
    "NodeSocketCollection": bpy.types.Collection,
}
_ARRAYS = {"NodeSocketVector": 3, "NodeSocketRotation": 3, "NodeSocketColor": 4}
_PLAIN: dict[str, tuple[type | tuple[()], Callable[[Any], object], str]] = {
    "NodeSocketFloat": (Real, float, "a number"),
    "NodeSocketInt": (Integral, int, "a whole number"),
    "NodeSocketBool": (bool, bool, "True or False"),
    "NodeSocketString": (str, str, "a text"),
}

_PATH = re.compile(
    r"""\["(?P<quoted>Socket_\d+)(?P<suffix>|_use_attribute|_attribute_name)"\]"""
    r"""|\.properties\.inputs\.(?P<dotted>Socket_\d+)"""
)


def input_names(modifier: bpy.types.NodesModifier) -> list[str]:
    """Return the names of the modifier's inputs in the order of the interface, without the geometry itself.

    Raises ModifierError if the modifier has no node group.
    """
    return [socket.name for socket in _sockets(modifier)]


def get_input(modifier: bpy.types.NodesModifier, name: str) -> Any:
    """Return the value of an input: a number, a tuple of numbers, a datablock or None, and for a menu its item's name.

    Raises ModifierError if the modifier has no node group or no such input.
    """
    socket = _socket(modifier, name)
    value = _properties(modifier, socket).value if _since_5_2(modifier) else modifier[socket.identifier]
    if socket.socket_type == "NodeSocketMenu":
        return next((item for item, stored in _menu(modifier, socket).items() if stored == value), "")
    return tuple(value) if socket.socket_type in _ARRAYS else value


def set_input(modifier: bpy.types.NodesModifier, name: str, value: Any) -> None:
    """Set an input's value and tag the object, so that the modifier evaluates again. A menu takes its item's name.

    Raises ModifierError for an unknown input, a menu item that does not exist, and a value of the wrong type; the input
    is then as it was.
    """
    socket = _socket(modifier, name)
    value = _checked(modifier, socket, value)
    if _since_5_2(modifier):
        _properties(modifier, socket).value = value
    else:
        modifier[socket.identifier] = value
    modifier.id_data.update_tag()


def field(modifier: bpy.types.NodesModifier, name: str) -> tuple[bpy.types.bpy_struct, str]:
    """Return what holds an input's value, and as which property, for a layout to draw. Raises ModifierError."""
    socket = _socket(modifier, name)
    if _since_5_2(modifier):
        return _properties(modifier, socket), "value"
    return modifier, f'["{socket.identifier}"]'


def get_attribute(modifier: bpy.types.NodesModifier, name: str) -> str | None:
    """Return the name of the attribute that an input reads instead of its value, or None where the value counts."""
    socket = _socket(modifier, name)
    if _since_5_2(modifier):
        properties = _properties(modifier, socket)
        return properties.attribute_name if properties.type == "ATTRIBUTE" else None
    used = modifier.get(f"{socket.identifier}_use_attribute")
    return modifier[f"{socket.identifier}_attribute_name"] if used else None


def set_attribute(modifier: bpy.types.NodesModifier, name: str, attribute: str | None) -> None:
    """Have an input read an attribute, or with None its own value. Raises ModifierError where it can't read any."""
    _write_attribute(modifier, _socket(modifier, name), attribute or "", attribute is not None)


@dataclass(frozen=True)
class Setting:
    """What an input of a modifier is set to: its value, and the name of an attribute, whether that counts or not."""

    value: Any
    attribute: str | None  # None where it can't read any
    reads_attribute: bool


def settings(modifier: bpy.types.NodesModifier) -> dict[str, Setting]:
    """Return what each input is set to, by name. Raises ModifierError if the modifier has no node group."""
    result = {}
    for socket in _sockets(modifier):
        if _since_5_2(modifier):
            properties = _properties(modifier, socket)
            attribute = getattr(properties, "attribute_name", None)
            used = getattr(properties, "type", "VALUE") == "ATTRIBUTE"
        else:
            attribute = modifier.get(f"{socket.identifier}_attribute_name")
            used = bool(modifier.get(f"{socket.identifier}_use_attribute"))
        result[socket.name] = Setting(get_input(modifier, socket.name), attribute, used)
    return result


def apply(modifier: bpy.types.NodesModifier, name: str, setting: Setting) -> None:
    """Set an input to what `settings` returned. Raises ModifierError where it is gone or takes something else."""
    is_menu = _socket(modifier, name).socket_type == "NodeSocketMenu"
    if not (is_menu and setting.value == ""):  # a menu that had lost its item
        set_input(modifier, name, setting.value)
    if setting.attribute is not None:
        _write_attribute(modifier, _socket(modifier, name), setting.attribute, setting.reads_attribute)


def identifiers(modifier: bpy.types.NodesModifier) -> dict[str, str]:
    """Return the identifier of each input by name."""
    return {socket.name: socket.identifier for socket in _sockets(modifier)}


def identifier_in(path: str) -> str:
    """Return the input's identifier in a data path below a modifier, as any Blender writes it; "" without one."""
    found = _PATH.match(path)
    return found["quoted"] or found["dotted"] if found else ""


def path_of(modifier: bpy.types.NodesModifier, identifier: str | None, path: str) -> str:
    """Return a data path below a modifier for another input, as this Blender writes it; without an input as it is."""
    found = _PATH.match(path)
    if identifier is None or found is None:
        return path
    rest = path[found.end() :]
    if found["dotted"] or (_since_5_2(modifier) and rest):
        return path.replace(found["quoted"] or found["dotted"], identifier, 1)
    if _since_5_2(modifier):
        field = {"": "value", "_use_attribute": "type", "_attribute_name": "attribute_name"}[found["suffix"]]
        return f".properties.inputs.{identifier}.{field}"
    return f'["{identifier}{found["suffix"]}"]{rest}'


def keyframe(modifier: bpy.types.NodesModifier, name: str, frame: float) -> None:
    """Insert a keyframe for the present value of an input. Raises ModifierError if it cannot be animated."""
    socket = _socket(modifier, name)
    if socket.socket_type in _DATABLOCKS or socket.socket_type == "NodeSocketString":
        raise ModifierError(f"The input {name!r} of {modifier.name!r} can't be animated. Only numbers and menus can")
    if _since_5_2(modifier):
        _properties(modifier, socket).keyframe_insert("value", frame=frame)
    else:
        path = f'modifiers["{bpy.utils.escape_identifier(modifier.name)}"]["{socket.identifier}"]'
        modifier.id_data.keyframe_insert(path, frame=frame)


def drive(modifier: bpy.types.NodesModifier, name: str, expression: str) -> None:
    """Have an input follow an expression, in place of any other driver that it has; `frame` is the scene's.

    Raises ModifierError if the modifier has no such input.
    """
    path = _animated_path(modifier, name)
    modifier.id_data.driver_remove(path)
    curve = modifier.id_data.driver_add(path)
    curve.driver.type, curve.driver.expression = "SCRIPTED", expression
    modifier.id_data.update_tag()


def release(modifier: bpy.types.NodesModifier, name: str) -> bool:
    """Remove the driver of an input, and return whether there was one."""
    return bool(modifier.id_data.driver_remove(_animated_path(modifier, name)))


def _animated_path(modifier: bpy.types.NodesModifier, name: str) -> str:
    escaped, identifier = bpy.utils.escape_identifier(modifier.name), _socket(modifier, name).identifier
    path = f".properties.inputs.{identifier}.value" if _since_5_2(modifier) else f'["{identifier}"]'
    return f'modifiers["{escaped}"]{path}'


def _since_5_2(modifier: bpy.types.NodesModifier) -> bool:
    return hasattr(modifier, "properties")


def _properties(modifier: bpy.types.NodesModifier, socket: bpy.types.NodeTreeInterfaceSocket) -> bpy.types.bpy_struct:
    return getattr(modifier.properties.inputs, socket.identifier)


def _write_attribute(
    modifier: bpy.types.NodesModifier, socket: bpy.types.NodeTreeInterfaceSocket, attribute: str, used: bool
) -> None:
    key = f"{socket.identifier}_use_attribute"
    properties = _properties(modifier, socket) if _since_5_2(modifier) else None
    able = hasattr(properties, "attribute_name") if properties is not None else modifier.get(key) is not None
    if not able:
        raise ModifierError(f"The input {socket.name!r} of {modifier.name!r} can't read an attribute. Set its value")
    if properties is not None:
        properties.type = "ATTRIBUTE" if used else "VALUE"
        properties.attribute_name = attribute
    else:
        modifier[key] = used
        modifier[f"{socket.identifier}_attribute_name"] = attribute
    modifier.id_data.update_tag()


def _sockets(modifier: bpy.types.NodesModifier) -> Iterator[bpy.types.NodeTreeInterfaceSocket]:
    if modifier.node_group is None:
        raise ModifierError(f"The modifier {modifier.name!r} has no node group. Choose one, or remove the modifier")
    for item in modifier.node_group.interface.items_tree:
        if not isinstance(item, bpy.types.NodeTreeInterfaceSocket):
            continue  # a panel
        if item.in_out == "INPUT" and item.socket_type != "NodeSocketGeometry":
            yield item


def _socket(modifier: bpy.types.NodesModifier, name: str) -> bpy.types.NodeTreeInterfaceSocket:
    for socket in _sockets(modifier):
        if socket.name == name:
            return socket
    known = ", ".join(input_names(modifier)) or "none"
    raise ModifierError(f"The modifier {modifier.name!r} has no input {name!r}. Use one of {known}")


def _menu(modifier: bpy.types.NodesModifier, socket: bpy.types.NodeTreeInterfaceSocket) -> dict[str, int | str]:
    """Return each item's name and what Blender stores for it: up to 5.1 the item's own number, not its place."""
    if _since_5_2(modifier):
        items = _properties(modifier, socket).bl_rna.properties["value"].enum_items
        return {item.name: item.identifier for item in items}
    items = modifier.id_properties_ui(socket.identifier).as_dict().get("items", ())
    return {name: number for _, name, _, _, number in items}


def _checked(modifier: bpy.types.NodesModifier, socket: bpy.types.NodeTreeInterfaceSocket, value: Any) -> Any:
    """Return the value as Blender stores it, or raise ModifierError: up to 5.1 Blender itself would take anything."""
    kind = socket.socket_type
    if kind == "NodeSocketMenu":
        items = _menu(modifier, socket)
        if isinstance(value, str) and value in items:
            return items[value]
        wanted = f"one of {', '.join(items)}"
    elif kind in _DATABLOCKS:
        if value is None or isinstance(value, _DATABLOCKS[kind]):
            return value
        wanted = f"{_DATABLOCKS[kind].__name__} or None"
    elif kind in _ARRAYS:
        numbers = tuple(value) if isinstance(value, Iterable) else ()
        if len(numbers) == _ARRAYS[kind] and all(isinstance(number, Real) for number in numbers):
            return tuple(map(float, numbers))
        wanted = f"{_ARRAYS[kind]} numbers"
    else:
        accepted, convert, wanted = _PLAIN.get(kind, ((), str, "no value"))
        if isinstance(value, accepted):
            return convert(value)
    raise ModifierError(f"The input {socket.name!r} of {modifier.name!r} takes {wanted}, not {value!r}")
