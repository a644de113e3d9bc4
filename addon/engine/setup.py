"""An engine being made or removed while Blender goes on, and what the last check of one said."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import bpy

from ..errors import EngineError, in_one_line
from . import install, place, probe, settings, uninstall
from .backends import Backend

_INTERVAL = 0.2  # seconds between looks at an installation

_SHOWING = {"PREFERENCES", "VIEW_3D", "IMAGE_EDITOR"}

_making: install.Installation | None = None
_task: threading.Thread | None = None  # what else is done to an engine, beside Blender
_report = ""  # what the last check or task said
_is_new = False  # whether an engine was found fit since the last look


def installation() -> install.Installation | None:
    """Return the installation that runs or ran last in this session."""
    return _making


def is_making() -> bool:
    """Return whether an engine is being made."""
    return _making is not None and _making.state == "running"


def make(backend: Backend) -> install.Installation:
    """Start to make an engine, in the background; the preferences show how far it is.

    Raises EngineError where it can't succeed, and where Blender may not go online.
    """
    global _making
    if is_making():
        raise EngineError("The engine is being set up already. Wait for it, or cancel it first")
    if not bpy.app.online_access:
        raise EngineError("Setting up the engine needs the network. Allow online access in Preferences > System first")
    started = install.Installation(place.root(), backend)
    started.start()
    _making = started
    _keep_looking()
    return started


def is_working() -> bool:
    """Return whether engines are being deleted, or a Python is being looked at."""
    return _task is not None and _task.is_alive()


def remove(folders: Iterable[Path]) -> None:
    """Delete engines, in a thread; what can't be deleted is said in the report."""
    _work(lambda: uninstall.remove(folders))


def examine(path: Path) -> None:
    """Say in the report what a Python lacks for an engine, or what it has. In a thread, since it may be any program."""

    def look() -> None:
        global _is_new
        found = place.examine(path)
        set_report(", ".join(f"{name} {version}" for name, version in found.versions.items()))
        _is_new = True

    _work(look)


def _work(task: Callable[[], None]) -> None:
    """Do something in a thread, which a script waits for. Its error becomes the report."""
    global _task

    def run() -> None:
        said = "This ended unexpectedly. Try again"
        try:
            task()
            said = ""
        except EngineError as error:
            said = str(error)
        except OSError as error:
            said = f"This could not be done ({in_one_line(error)}). Try again"
        finally:
            if said:
                set_report(said)

    set_report("")
    _task = threading.Thread(target=run, daemon=True)
    _task.start()
    if bpy.app.background:
        _task.join()
        finish()
    _keep_looking()


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
    """Take in what became of the installation or the task that is over: an engine that is fit is used from now on."""
    global _is_new
    if _is_new or (_making is not None and _making.state == "done"):
        _is_new = False
        settings.prefer_engine()


def _keep_looking() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_watch):
        bpy.app.timers.register(_watch, first_interval=_INTERVAL, persistent=True)


def _watch() -> float | None:
    redraw()
    if is_making() or is_working():
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
