"""Words for the interface: a message in lines that fit, another operator's, and a size.

Blender translates what it draws, word for word where it knows one. So what holds a name or a number, and each line of a
message, is drawn as it stands.
"""

import textwrap
from typing import Any

import bpy

_MARGINS = 88  # pixels at scale 1 that a message doesn't have: tabs, margins, icon
_LETTER = 6  # pixels, about
_FEWEST = 16  # letters in a line


def draw_message(layout: bpy.types.UILayout, text: str, region: bpy.types.Region, *, icon: Any = "ERROR") -> None:
    """Draw a message in lines that fit a region as wide as it is now."""
    scale = bpy.context.preferences.system.ui_scale or 1.0  # 0 in background mode
    room = region.width / scale - _MARGINS
    draw_wrapped(layout, text, max(int(room / _LETTER), _FEWEST), icon=icon)


def draw_wrapped(layout: bpy.types.UILayout, text: str, letters: int, *, icon: Any = "INFO") -> None:
    """Draw a message in lines of so many letters at most."""
    for number, line in enumerate(textwrap.wrap(text, letters, break_on_hyphens=False)):  # Non-Color is one name
        draw_line(layout, line, icon="BLANK1" if number else icon)


def draw_line(layout: bpy.types.UILayout, text: str, *, icon: Any = "NONE") -> None:
    """Draw one line as it stands, with one of Blender's icons."""
    layout.label(text=text, icon=icon, translate=False)


def reported(error: RuntimeError) -> str:
    """Return what an operator reported that was called from another, without the word that Blender puts before it."""
    text = str(error).strip()
    word, _, said = text.partition(": ")
    return said if said and word in ("Error", bpy.app.translations.pgettext_rpt("Error")) else text


def size(count: float) -> str:
    """Return a number of bytes as MB or GB."""
    megabytes = count / 1e6
    return f"{megabytes / 1e3:.1f} GB" if megabytes >= 1e3 else f"{megabytes:.0f} MB"
