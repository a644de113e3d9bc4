"""An engine being made while Blender goes on, and what the last check of one said."""

import bpy

from ..errors import EngineError
from . import install, place, probe, settings

_INTERVAL = 0.2  # seconds between looks at an installation

_SHOWING = {"PREFERENCES", "VIEW_3D", "IMAGE_EDITOR"}

_making: install.Installation | None = None
_report = ""  # what the last check said


def installation() -> install.Installation | None:
    """Return the installation that runs or ran last in this session."""
    return _making


def is_making() -> bool:
    """Return whether an engine is being made."""
    return _making is not None and _making.state == "running"


def make(backend: place.Backend) -> install.Installation:
    """Start to make an engine, in the background; the preferences show how far it is.

    Raises EngineError where it can't succeed, and where Blender may not go online.
    """
    global _making
    if is_making():
        raise EngineError("The engine is being set up already. Wait for it, or cancel it first")
    if not bpy.app.online_access:
        raise EngineError("Setting up the engine needs the network. Allow online access in Preferences > System first")
    started = install.Installation(settings.engine_folder(), backend)
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
    return "\n\n".join(text for text in (f"{probe.machine()}\n{_making.log}" if _making else "", _report) if text)


def finish() -> None:
    """Take in what became of the installation, which is over: an engine that is there is used from now on."""
    if _making is not None and _making.state == "done":
        settings.prefer_engine()


def _watch() -> float | None:
    redraw()
    if is_making():
        return _INTERVAL
    finish()
    return None


def redraw() -> None:
    """Redraw the preferences and the sidebars wherever they are open."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in _SHOWING:
                area.tag_redraw()


def unregister() -> None:
    """Cancel a set-up that is running: the extension is about to be disabled."""
    global _making
    if _making is not None:
        _making.cancel()
        _making.join(5.0)
        _making = None
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)


def register() -> None:
    """Nothing is started before it is asked for."""
