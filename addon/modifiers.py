"""Inputs of a Geometry Nodes modifier by the name an artist reads; the one place that knows Blender's versions."""

import bpy


def input_names(modifier: bpy.types.NodesModifier) -> list[str]:
    """Return the names of the modifier's inputs in the order of the interface, without the geometry itself."""
    raise NotImplementedError


def get_input(modifier: bpy.types.NodesModifier, name: str) -> object:
    """Return the value of an input; a menu's value is the name of its item.

    Raises ModifierError if the modifier has no node group or no such input.
    """
    raise NotImplementedError


def set_input(modifier: bpy.types.NodesModifier, name: str, value: object) -> None:
    """Set an input and tag the object, so that the modifier evaluates again. A menu takes the name of its item.

    Raises ModifierError for an unknown input, for a menu item that does not exist, and for a value of the wrong type.
    """
    raise NotImplementedError


def keyframe(modifier: bpy.types.NodesModifier, name: str, frame: float) -> None:
    """Insert a keyframe for the present value of an input. Raises ModifierError if it cannot be animated."""
    raise NotImplementedError
