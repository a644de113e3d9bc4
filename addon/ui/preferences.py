"""The extension's preferences: its node groups in the asset browser, and the engine that estimates depth."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..depth import picture
from ..engine import backends, jobs, place, settings, setup
from ..errors import DepthNodesError
from ..scene import groups
from .model import draw_model, draw_set_up
from .words import draw_line, draw_message, size


def _list_or_unlist(self: "DepthNodesPreferences", _context: bpy.types.Context) -> None:
    groups.show_library(self.use_asset_library)


def _examine(self: "DepthNodesPreferences", _context: bpy.types.Context) -> None:
    """Say at once whether the chosen Python has what it takes."""
    setup.set_report("")
    if self.existing_python:
        setup.examine(Path(bpy.path.abspath(self.existing_python)))


def _described(spec: catalog.ModelSpec) -> tuple[str, str, str]:
    """Return an item whose name says what the model is for, under which licence it comes, and how large it is."""
    licence = "no licence stated" if spec.commercial is None else spec.licence
    meaning = "Distances in metres" if spec.kind == "distance" else "Relative depth"
    allowed = {True: "commercial use allowed", False: "not for commercial use", None: "ask its authors"}
    needs = "" if spec.built_in else ". Needs the engine"
    name = spec.title.replace("Depth Anything V", "V")
    return (
        spec.name,
        f"{name}: {spec.use} ({licence}{'' if spec.built_in else f', {size(spec.bytes)}'})",
        f"{meaning}. {licence}: {allowed[spec.commercial]}{needs}",
    )


_MODELS = [_described(spec) for spec in catalog.MODELS]
_NO_ENGINE = "The engine is not set up. Draft, the built-in model, works without it"


class DepthNodesPreferences(bpy.types.AddonPreferences):
    bl_idname = settings.PACKAGE

    use_asset_library: BoolProperty(
        name="Asset Library",
        description="Show the depth groups in the Asset Browser, to drag onto objects and into node trees. They "
        "stay in the Add menus when this is off",
        default=True,
        update=_list_or_unlist,
    )

    existing_python: StringProperty(
        name="Use Existing Python",
        description="Your own Python, or the folder of its environment, with torch, numpy, pillow, safetensors and "
        "huggingface_hub. Leave empty to use the engine that Depth Nodes sets up",
        subtype="FILE_PATH",
        update=_examine,
    )

    model: EnumProperty(
        name="Model", description="Network that estimates depth", items=_MODELS, default=settings.BUILT_IN
    )
    own_depth: EnumProperty(
        name="Photo's Own Depth",
        description="What to do with the depth that portrait and depth photos of many phones bring in their file",
        items=(
            ("USE", "Use", "Take it in the place of an estimate. It comes from the phone's own measurement"),
            ("ANCHOR", "Scale Estimate", "Estimate, and take scale and shift from it: finer outlines, in metres"),
            ("IGNORE", "Ignore", "Estimate as for any other photo"),
        ),
    )
    quality: EnumProperty(
        name="Quality",
        description="Resolution at which the model sees the photo. Higher is slower and needs more memory",
        items=(
            ("DRAFT", "Quick", f"{settings.QUALITIES['DRAFT']} pixels on the shorter side: three times as fast"),
            ("STANDARD", "Standard", f"{catalog.TRAINED} pixels, the size that the models were trained at"),
            ("FINE", "Fine", f"{settings.QUALITIES['FINE']} pixels: finer edges, two to three times slower"),
            ("CUSTOM", "Custom", "Choose the size"),
        ),
        default="STANDARD",
    )
    size: IntProperty(
        name="Size",
        description="Shorter side of the photo inside the model, in pixels",
        subtype="PIXEL",
        default=catalog.TRAINED,
        min=70,
        soft_max=settings.BEYOND,
        max=4 * catalog.TRAINED,  # what is larger is refused
    )
    device: EnumProperty(
        name="Device",
        description="Hardware that runs the model. Automatic uses the GPU if the engine supports it",
        items=(
            ("auto", "Automatic", "The GPU if there is one, otherwise the CPU"),
            ("cpu", "CPU", "Works on every machine"),
            ("cuda", "NVIDIA", "CUDA, and AMD's ROCm"),
            ("xpu", "Intel", "XPU"),
            ("mps", "Apple", "Metal"),
        ),
    )
    invert: BoolProperty(name="Invert", description="Swap near and far")
    idle_minutes: IntProperty(
        name="Unload After",
        description="Free the model's memory after this many idle minutes",
        default=10,
        min=1,
        max=1440,
    )
    weights: StringProperty(
        name="Weights File",
        description="Local .safetensors, .pth or .pt file for the chosen model. Leave empty to use the Hugging Face "
        "cache, into which the model is downloaded once",
        subtype="FILE_PATH",
    )
    accepted: StringProperty(description="Models whose licence was accepted", options={"HIDDEN"})

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        if picture.oiio is None:
            draw_message(layout.column(align=True), picture.MISSING, context.region)
        _draw_engine(layout.column(heading="Engine"), self, context.region)
        layout.separator()
        draw_model(layout, self, context.region)
        layout.prop(self, "device")
        layout.prop(self, "weights")
        layout.prop(self, "invert")
        layout.prop(self, "idle_minutes")
        layout.separator()
        layout.prop(self, "use_asset_library")


def _draw_engine(layout: bpy.types.UILayout, chosen: DepthNodesPreferences, region: bpy.types.Region) -> None:
    """What the engine's state is, the sensible next step, and the artist's own Python instead."""
    box = layout.box().column()
    made = setup.installation()
    if made is not None and made.state == "running":
        draw_set_up(box, made)
        return
    if made is not None and made.state == "failed":
        draw_message(box.column(align=True), made.error, region)
    try:
        used = settings.engine()
    except DepthNodesError as error:
        row = _draw_without_engine(box, str(error) if chosen.existing_python else "", region)
    else:
        versions = ", ".join(f"{name} {used.versions[name]}" for name in ("torch",) if name in used.versions)
        draw_line(box, f"Ready: {versions or used.python}", icon="CHECKMARK")
        row = box.row()
        row.operator("depth_nodes.check_engine")
        row.operator("depth_nodes.set_up_engine", text="Set Up Again")
    if setup.log() or jobs.log():
        row.operator("depth_nodes.copy_log", text="", icon="COPYDOWN")
    for line in setup.report().splitlines():
        draw_line(box, line)
    _draw_on_disk(box)
    layout.prop(chosen, "existing_python")


def _draw_without_engine(box: bpy.types.UILayout, problem: str, region: bpy.types.Region) -> bpy.types.UILayout:
    """What to do where there is no engine. Return the row of buttons."""
    column = box.column(align=True)
    if not backends.backends():
        draw_message(column, problem or backends.why_none(), region, icon="INFO")
        return box.row()
    draw_message(column, problem or _NO_ENGINE, region, icon="INFO")
    sizes = ", ".join(f"{size(build.download)} for {build.title}" for build in backends.backends())
    draw_message(column, f"It is downloaded once: {sizes}", region, icon="IMPORT")
    row = box.row()
    if not bpy.app.online_access:
        draw_line(column, "Blender is offline", icon="INTERNET_OFFLINE")
        row.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")
    row.operator("depth_nodes.set_up_engine", icon="IMPORT")
    return row


def _draw_on_disk(box: bpy.types.UILayout) -> None:
    """The engines that we made, which outlive the extension, and the way to delete them."""
    there = place.made(place.root())
    if not there:
        return
    column = box.column(align=True)
    for number, made in enumerate(there):
        users = f", used by Blender {' and '.join(made.users)}" if made.users else ""
        text = f"{made.title}{users}{', not in use' if number else ''}"
        draw_line(column, text, icon="BLANK1" if number else "FILE_FOLDER")
    draw_line(column, f"in {place.root()}", icon="BLANK1")
    column.label(text="Every Blender shares this folder, and it stays when you remove Depth Nodes", icon="BLANK1")
    row = box.row()
    row.operator("depth_nodes.remove_engine", icon="TRASH")
    if len(there) > 1:
        row.operator("depth_nodes.remove_engine", text="Remove Those Not in Use").unused = True


def register() -> None:
    bpy.utils.register_class(DepthNodesPreferences)
    addon: bpy.types.Addon | None = bpy.context.preferences.addons.get(settings.PACKAGE)
    if addon is None or addon.preferences.use_asset_library:
        groups.register_library()
    if addon is not None:
        settings.prefer_engine()


def unregister() -> None:
    groups.unregister_library()
    bpy.utils.unregister_class(DepthNodesPreferences)
