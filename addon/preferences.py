"""The extension's preferences: its node groups in the asset browser, and the engine that estimates depth."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from . import assets, engine, runtime
from .errors import DepthNodesError
from .operators.cancel_set_up import DEPTH_NODES_OT_cancel_set_up
from .operators.check_engine import DEPTH_NODES_OT_check_engine
from .operators.copy_log import DEPTH_NODES_OT_copy_log
from .operators.set_up_engine import DEPTH_NODES_OT_set_up_engine

_EXTENSION = engine.PACKAGE


def _list_or_unlist(self: "DepthNodesPreferences", _context: bpy.types.Context) -> None:
    if self.use_asset_library:
        assets.register_library()
    else:
        assets.unregister_library()


def _examine(self: "DepthNodesPreferences", _context: bpy.types.Context) -> None:
    """Say at once whether the chosen Python has what it takes."""
    engine.set_report("")
    if not self.existing_python:
        return
    try:
        found = runtime.examine(Path(bpy.path.abspath(self.existing_python)))
    except DepthNodesError as error:
        engine.set_report(str(error))
    else:
        engine.set_report(", ".join(f"{name} {version}" for name, version in found.versions.items()))


class DepthNodesPreferences(bpy.types.AddonPreferences):
    bl_idname = _EXTENSION

    use_asset_library: BoolProperty(
        name="Asset Library",
        description="List the depth groups in the asset browser, to drag them onto objects and into node trees. Off, "
        "they are still in the Add menus",
        default=True,
        update=_list_or_unlist,
    )

    existing_python: StringProperty(
        name="Use Existing Python",
        description="A Python of your own, or the folder of its environment, that has torch, numpy, pillow, "
        "safetensors and huggingface_hub. Empty, Depth Nodes uses the engine that it set up itself",
        subtype="FILE_PATH",
        update=_examine,
    )

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "use_asset_library")
        _draw_engine(layout.column(heading="Engine"), self)


def _draw_engine(layout: bpy.types.UILayout, chosen: DepthNodesPreferences) -> None:
    """What the engine's state is, the sensible next step, and the artist's own Python instead."""
    box = layout.box().column()
    if engine.is_making():
        made = engine.making()
        size = f", {made.bytes[0] / 1e6:.0f} of {made.bytes[1] / 1e6:.0f} MB" if made.bytes else ""
        row = box.row()
        row.progress(factor=made.fraction or 0.0, type="BAR", text=f"{made.stage}{size}")
        row.operator(DEPTH_NODES_OT_cancel_set_up.bl_idname, text="", icon="X")
        return
    made = engine.making()
    if made is not None and made.state == "failed":
        box.label(text=made.error, icon="ERROR")
    try:
        used = engine.current()
    except DepthNodesError as error:
        box.label(
            text=str(error) if chosen.existing_python else "The engine that estimates depth is not set up", icon="INFO"
        )
        row = box.row()
        if not bpy.app.online_access:
            box.label(text="It is fetched from the network, once; Blender may not go online", icon="INTERNET_OFFLINE")
            row.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")
        row.operator(DEPTH_NODES_OT_set_up_engine.bl_idname, icon="IMPORT")
    else:
        versions = ", ".join(f"{name} {used.versions[name]}" for name in ("torch",) if name in used.versions)
        box.label(text=f"Ready: {versions or used.python}", icon="CHECKMARK")
        row = box.row()
        row.operator(DEPTH_NODES_OT_check_engine.bl_idname)
        row.operator(DEPTH_NODES_OT_set_up_engine.bl_idname, text="Set Up Again")
    if engine.log():
        row.operator(DEPTH_NODES_OT_copy_log.bl_idname, text="", icon="COPYDOWN")
    for line in engine.report().splitlines():
        box.label(text=line)
    layout.prop(chosen, "existing_python")


def register() -> None:
    bpy.utils.register_class(DepthNodesPreferences)
    addon: bpy.types.Addon | None = bpy.context.preferences.addons.get(_EXTENSION)
    if addon is None or addon.preferences.use_asset_library:
        assets.register_library()


def unregister() -> None:
    assets.unregister_library()
    bpy.utils.unregister_class(DepthNodesPreferences)
