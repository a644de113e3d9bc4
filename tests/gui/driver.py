"""Plays a scene in Blender's window: steps of a generator on a timer, a hand that moves real mouse and keys, an eye.

A scene is a generator function. It yields seconds to let pass, or a condition (a function, see `until`) to wait for;
between them it uses the hand, looks, and asserts. Blender goes on all the while, as it does under an artist's hand.
"""

import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import bpy

Place = tuple[float, float]  # pixels in a window, from its lower left corner
Condition = Callable[[], object]
Steps = Generator[float | Condition, None, None]

FOLDER = Path(os.environ["GUI_FOLDER"])  # where this scene's pictures and files go
PATIENCE = 60.0  # seconds that a condition may stay unmet
BEAT = 0.25  # seconds in which Blender takes in what the hand did
measured: dict[str, object] = {}  # what a scene reports besides having passed


def play(scene: str) -> None:
    """Play `module:function` of the package `scenes`, write result.json into its folder, and end Blender."""
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.filepaths.use_auto_save_temporary_files = False
    module, _, function = scene.partition(":")
    steps = getattr(importlib.import_module(f"tests.gui.scenes.{module}"), function)()
    bpy.app.timers.register(_Player(steps).turn, first_interval=1.0, persistent=True)


class _Player:
    def __init__(self, steps: Steps) -> None:
        self.steps, self.condition, self.since = steps, None, 0.0

    def turn(self) -> float | None:
        """Go on if what was waited for has come; Blender's timer calls it."""
        try:
            if self.condition is not None and not self.condition():
                if time.monotonic() - self.since > PATIENCE:
                    raise TimeoutError(f"waited for {self.condition.__doc__ or self.condition}")
                return 0.05
            wanted = next(self.steps)
        except StopIteration:
            finish("")
        except BaseException:
            try:
                see("failed")
            finally:
                finish(traceback.format_exc())
            raise
        self.condition, self.since = (wanted, time.monotonic()) if callable(wanted) else (None, 0.0)
        return 0.05 if callable(wanted) else wanted


def finish(error: str) -> None:
    """Write what became of the scene, and end at once: Blender can hang at exit."""
    write_result(error)
    sys.stdout.flush()
    os._exit(1 if error else 0)


def write_result(error: str) -> None:
    """Write what became of the scene; itself called by one that ends Blender by hand."""
    (FOLDER / "result.json").write_text(json.dumps({"error": error, "measured": measured}), encoding="utf-8")


def until(what: str, condition: Condition) -> Condition:
    """Give a condition the name that its timeout is reported by."""

    def named() -> object:
        return condition()

    named.__doc__ = what
    return named


def window(number: int = 0) -> bpy.types.Window:
    """Return a window of Blender's."""
    return bpy.context.window_manager.windows[number]


def area(kind: str, number: int = 0) -> bpy.types.Area:
    """Return the first area of a type, or of a `ui_type`."""
    return next(one for one in window(number).screen.areas if kind in (one.type, one.ui_type))


def region(of: bpy.types.Area, kind: str = "WINDOW") -> bpy.types.Region:
    """Return a region of an area."""
    return next(one for one in of.regions if one.type == kind)


def within(of: bpy.types.Area, kind: str = "WINDOW", number: int = 0) -> object:
    """Return a context override, for what Blender's API does in an area."""
    here = window(number)
    return bpy.context.temp_override(
        window=here, area=of, region=region(of, kind), scene=here.scene, view_layer=here.view_layer
    )


def at(of: bpy.types.Area | bpy.types.Region, x: float = 0.5, y: float = 0.5) -> Place:
    """Return a place by its share of an area's main region, or of a region, from its lower left corner."""
    inner = region(of) if isinstance(of, bpy.types.Area) else of
    return inner.x + inner.width * x, inner.y + inner.height * y


def split(of: bpy.types.Area, direction: str, factor: float) -> None:
    """Split an area, "HORIZONTAL" or "VERTICAL"."""
    with within(of):
        bpy.ops.screen.area_split(direction=direction, factor=factor)


def see(name: str, of: bpy.types.Area | None = None) -> None:
    """Keep a picture of the screen, or of one area of the first window. Blender's own screenshot is black here."""
    crop = [] if of is None else ["-a", f"{of.x},{window().height - of.y - of.height},{of.width},{of.height}"]
    subprocess.run(["scrot", "-o", *crop, str(FOLDER / f"{name}.png")], check=True)


class Hand:
    """Mouse and keyboard, as the X server passes them to the window under the pointer."""

    def __init__(self, number: int = 0) -> None:
        self.number, self.place = number, (0.0, 0.0)

    def move(self, place: Place) -> None:
        """Put the pointer somewhere at once."""
        self.place = place
        self._do("mousemove", *self._on_screen(place))

    def click(self, place: Place, button: int = 1) -> Steps:
        """Go there and click; 1 is the left button, 3 the right one."""
        self.move(place)
        yield BEAT
        self._do("click", button)
        yield BEAT

    def double_click(self, place: Place) -> Steps:
        """Go there and click twice."""
        self.move(place)
        yield BEAT
        self._do("click", "--repeat", 2, "--delay", 60, 1)
        yield BEAT

    def glide(self, end: Place) -> Steps:
        """Go there in small steps: one leap starts no drag, and closes a menu."""
        start = self.place
        for step in range(1, 13):
            self.move(tuple(a + (b - a) * step / 12 for a, b in zip(start, end, strict=True)))
            yield 0.03
        yield BEAT

    def drag(self, start: Place, end: Place, look: str = "") -> Steps:
        """Press, glide there, look if a name is given, and let go."""
        self.move(start)
        yield BEAT
        self._do("mousedown", 1)
        yield BEAT
        yield from self.glide(end)
        if look:
            see(look)
        self._do("mouseup", 1)
        yield BEAT

    def strike(self, keys: str) -> None:
        """Press keys together, as xdotool names them: "shift+a", "Return"."""
        self._do("key", keys)

    def press(self, keys: str) -> Steps:
        """Press keys together, and let Blender take it in."""
        self.strike(keys)
        yield BEAT

    def write(self, text: str) -> Steps:
        """Type a text."""
        yield BEAT
        self._do("type", "--delay", 30, text)
        yield 2 * BEAT

    def aside(self, of: bpy.types.Area) -> Steps:
        """Close a report that popped up at the pointer."""
        yield from self.glide(at(of, 0.3, 0.3))
        yield from self.press("Escape")
        yield BEAT

    def find(self, of: bpy.types.Area, wanted: str, kind: str = "UI", x: float = 0.6) -> Iterator[float]:
        """Go down a region until the button of an operator, or the field of a property, is under the pointer.

        wanted: "depth_nodes.estimate_depth", or the identifier of a property. Stays there, and returns the place.
        """
        inner = region(of, kind)
        for y in range(inner.y + inner.height - 12, inner.y + 4, -9):
            place = (inner.x + inner.width * x, y)
            self.move(place)
            yield 0.06
            if self._under(of, kind) != wanted:
                continue
            yield BEAT  # on a busy machine Blender may still have been at the place before
            if self._under(of, kind) == wanted:
                return place
        raise AssertionError(f"no button {wanted} in the region {kind} of {of.ui_type}")

    def _under(self, of: bpy.types.Area, kind: str) -> str:
        """Return the operator or the property of the button under the pointer."""
        with within(of, kind, self.number):
            hovered = bpy.context.property
            if hovered is not None:
                return hovered[1].rpartition(".")[2]
            if not bpy.ops.ui.copy_python_command_button.poll():
                return ""
            bpy.ops.ui.copy_python_command_button()
        return bpy.context.window_manager.clipboard.removeprefix("bpy.ops.").partition("(")[0]

    def _on_screen(self, place: Place) -> tuple[int, int]:
        here = window(self.number)
        return round(here.x + place[0]), round(window().height - 1 - here.y - place[1])

    def _do(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], check=True)
