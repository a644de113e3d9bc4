"""Which model estimates, and how closely it looks: drawn in the preferences and in the sidebars."""

import bpy

from ...inference import cache, catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..engine import install, settings
from .words import draw_message, size


def draw_model(layout: bpy.types.UILayout, chosen: bpy.types.AddonPreferences, region: bpy.types.Region) -> None:
    """Draw the model and its quality, and what its first use needs: a download, a licence accepted."""

    def say(text: str, icon: str) -> bpy.types.UILayout:
        column = layout.column(align=True)
        draw_message(column, text, region, icon=icon)
        return column

    layout.prop(chosen, "own_depth")
    layout.prop(chosen, "model")
    spec = catalog.get(chosen.model)
    if not chosen.weights and cache.on_disk(spec) is None:
        say(f"The first use downloads {size(spec.bytes)}", "INTERNET")
    if spec.reservation:
        accepted = spec.name in chosen.accepted.split(",")
        text = "No licence stated: ask its authors"
        if spec.commercial is False:
            text = f"{spec.licence}: not for commercial use"
        column = say(text, "CHECKMARK" if accepted else "INFO")
        if not accepted:
            column.operator("depth_nodes.accept_licence")
    if spec.built_in:
        return  # it has one size
    if not settings.has_engine():
        say("Needs the engine, which is not set up yet", "INFO")
    layout.prop(chosen, "quality")
    if chosen.quality == "CUSTOM":
        layout.prop(chosen, "size")
        if chosen.size > settings.BEYOND:
            say(f"Above {settings.BEYOND} px the model loses the overall layout of the scene", "INFO")


def draw_set_up(layout: bpy.types.UILayout, made: install.Installation) -> None:
    """Draw how far the engine in the making is, with a button that cancels it."""
    done = f", {made.bytes[0] / 1e6:.0f} of {made.bytes[1] / 1e6:.0f} MB" if made.bytes else ""
    row = layout.row(align=True)
    row.progress(factor=made.fraction or 0.0, type="BAR", text=f"{made.stage}{done}", translate=False)
    row.operator("depth_nodes.cancel_set_up", text="", icon="X")
