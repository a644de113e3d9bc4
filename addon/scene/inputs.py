"""Inputs of a Geometry Nodes modifier by the name an artist reads; the one place that knows Blender's versions.

Up to 5.1 an input is an ID property, `modifier["Socket_3"]`, and a menu's value a number; from 5.2 on it is
`modifier.properties.inputs.Socket_3.value`, and a menu's value a name.
"""

from collections.abc import Callable, Iterable, Iterator
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
    socket = _socket(modifier, name)
    used = f"{socket.identifier}_use_attribute"
    if _since_5_2(modifier):
        able = hasattr(_properties(modifier, socket), "attribute_name")
    else:
        able = modifier.get(used) is not None
    if not able:
        raise ModifierError(f"input {name!r} of {modifier.name!r} can't read an attribute: set its value")
    if _since_5_2(modifier):
        _properties(modifier, socket).type = "ATTRIBUTE" if attribute else "VALUE"
        _properties(modifier, socket).attribute_name = attribute or ""
    else:
        modifier[used] = attribute is not None
        modifier[f"{socket.identifier}_attribute_name"] = attribute or ""
    modifier.id_data.update_tag()


def keyframe(modifier: bpy.types.NodesModifier, name: str, frame: float) -> None:
    """Insert a keyframe for the present value of an input. Raises ModifierError if it cannot be animated."""
    socket = _socket(modifier, name)
    if socket.socket_type in _DATABLOCKS or socket.socket_type == "NodeSocketString":
        raise ModifierError(f"input {name!r} of {modifier.name!r} can't be animated: only numbers and menus can")
    if _since_5_2(modifier):
        _properties(modifier, socket).keyframe_insert("value", frame=frame)
    else:
        path = f'modifiers["{bpy.utils.escape_identifier(modifier.name)}"]["{socket.identifier}"]'
        modifier.id_data.keyframe_insert(path, frame=frame)


def _since_5_2(modifier: bpy.types.NodesModifier) -> bool:
    return hasattr(modifier, "properties")


def _properties(modifier: bpy.types.NodesModifier, socket: bpy.types.NodeTreeInterfaceSocket) -> bpy.types.bpy_struct:
    return getattr(modifier.properties.inputs, socket.identifier)


def _sockets(modifier: bpy.types.NodesModifier) -> Iterator[bpy.types.NodeTreeInterfaceSocket]:
    if modifier.node_group is None:
        raise ModifierError(f"modifier {modifier.name!r} has no node group: choose one, or remove the modifier")
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
    raise ModifierError(f"modifier {modifier.name!r} has no input {name!r}: use one of {known}")


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
    raise ModifierError(f"input {socket.name!r} of {modifier.name!r} takes {wanted}, not {value!r}")
