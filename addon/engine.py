"""The engine as the preferences know it: which one is used, and one being made while Blender goes on."""

from pathlib import Path

import bpy

from . import installation, runtime
from .errors import EngineError

PACKAGE = __package__.rpartition(".")[0]  # bl_ext.<repository>.depth_nodes
_FOLDER = "engine"
_INTERVAL = 0.2  # seconds between looks at an installation

_making: installation.Installation | None = None
_report = ""  # what the last check said


def preferences() -> bpy.types.AddonPreferences:
    """Return the extension's preferences."""
    return bpy.context.preferences.addons[PACKAGE].preferences


def folder() -> Path:
    """Return where an engine of our own is made: with the extension's user files, which an uninstall removes."""
    return Path(bpy.utils.extension_path_user(PACKAGE, create=True)) / _FOLDER


def current() -> runtime.Engine:
    """Return the engine to estimate with: the artist's own Python where one is chosen, else the one that we made.

    Raises EngineError if there is none.
    """
    existing = preferences().existing_python
    if existing:
        path = Path(bpy.path.abspath(existing))
        python = runtime.python_in(path) if path.is_dir() else path
        if not python.is_file():
            raise EngineError(
                f"There is no Python at {path} any more: choose another one, or empty Use Existing Python"
            )
        return runtime.Engine(python, {})
    engine = runtime.own_engine(folder())
    if engine is None:
        raise EngineError("Depth Nodes needs its engine to estimate depth: choose Set Up Engine in its preferences")
    return engine


def making() -> installation.Installation | None:
    """Return the installation that runs or ran last in this session."""
    return _making


def is_making() -> bool:
    """Return whether an engine is being made."""
    return _making is not None and _making.state == "running"


def make(backend: runtime.Backend) -> installation.Installation:
    """Start to make an engine, in the background; the preferences show how far it is.

    Raises EngineError where it can't succeed, and where Blender may not go online.
    """
    global _making
    if is_making():
        raise EngineError("The engine is being set up already: wait, or cancel that first")
    if not bpy.app.online_access:
        raise EngineError("Setting up the engine needs the network: allow online access in Preferences > System first")
    started = installation.Installation(folder(), backend)
    started.start()
    _making = started
    if not bpy.app.background:
        bpy.app.timers.register(_watch, first_interval=_INTERVAL, persistent=True)
    return started


def report() -> str:
    """Return the table of the last check, or what went wrong with it."""
    return _report


def set_report(text: str) -> None:
    """Keep what a check said, to show it."""
    global _report
    _report = text


def log() -> str:
    """Return all that is known, to copy: how the engine was made, and what the last check said."""
    return "\n\n".join(text for text in (_making.log if _making else "", _report) if text)


def _watch() -> float | None:
    redraw()
    return _INTERVAL if is_making() else None


def redraw() -> None:
    """Draw the preferences anew, wherever they are open."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()


def unregister() -> None:
    """Stop what is being made: Blender is about to forget us."""
    global _making
    if _making is not None:
        _making.cancel()
        _making.join(5.0)
        _making = None
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)


def register() -> None:
    """Nothing is started before it is asked for."""
