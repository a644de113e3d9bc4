"""The Blender half of Depth Nodes: what an artist sees, over functions that scripts can call."""

from . import engine, jobs, menus, operators, panels, preferences

_MODULES = (engine, jobs, operators, menus, panels, preferences)


def register() -> None:
    """Register every module; called when Blender enables the extension."""
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Take back what `register` did, in reverse."""
    for module in reversed(_MODULES):
        module.unregister()
