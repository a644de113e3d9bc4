"""Which model estimates, and how closely it looks: drawn in the preferences and in the sidebars."""

import bpy

from ...inference import cache, catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..engine import install, settings
from .words import draw_line, size


def draw_model(layout: bpy.types.UILayout, chosen: bpy.types.AddonPreferences) -> None:
    """Draw the model and its quality, and what its first use needs: a download, a licence accepted."""
    layout.prop(chosen, "own_depth")
    layout.prop(chosen, "model")
    spec = catalog.get(chosen.model)
    if not chosen.weights and cache.on_disk(spec) is None:
        draw_line(layout, f"The first use downloads {size(spec.bytes)}", icon="INTERNET")
    if spec.reservation:
        accepted = spec.name in chosen.accepted.split(",")
        row = layout.row()
        text = "No licence stated: ask its authors"
        if spec.commercial is False:
            text = f"{spec.licence}: not for commercial use"
        draw_line(row, text, icon="CHECKMARK" if accepted else "INFO")
        if not accepted:
            row.operator("depth_nodes.accept_licence")
    if spec.built_in:
        return  # it has one size
    if not settings.has_engine():
        layout.label(text="Needs the engine, not set up yet", icon="INFO")
    layout.prop(chosen, "quality")
    if chosen.quality == "CUSTOM":
        layout.prop(chosen, "size")
        if chosen.size > settings.BEYOND:
            draw_line(
                layout, f"Above {settings.BEYOND} px the model loses the overall layout of the scene", icon="INFO"
            )


def draw_set_up(layout: bpy.types.UILayout, made: install.Installation) -> None:
    """Draw how far the engine in the making is, with a button that cancels it."""
    done = f", {made.bytes[0] / 1e6:.0f} of {made.bytes[1] / 1e6:.0f} MB" if made.bytes else ""
    row = layout.row(align=True)
    row.progress(factor=made.fraction or 0.0, type="BAR", text=f"{made.stage}{done}", translate=False)
    row.operator("depth_nodes.cancel_set_up", text="", icon="X")
