"""The "Depth" tabs: in the viewport's sidebar for a relief as a whole, in the Image Editor's for the image shown."""

import bpy

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..depth import image as depth_image
from ..engine import frames, handover, jobs, postponed, settings, setup
from ..scene import background, camera, freeze, inputs, photo, relief, upgrade
from . import first_sight
from .model import draw_model, draw_set_up
from .words import draw_line, draw_message

_LENS = {"photo": "from the photo", "model": "estimated", "assumed": "assumed"}


def _draw_origin(layout: bpy.types.UILayout, depth: bpy.types.Image | None, region: bpy.types.Region) -> None:
    """Which model made the depth that is shown, and the way to a better one."""
    known = depth_image.info(depth) if depth is not None else None
    if known is None or not known.model:
        return
    spec = next((spec for spec in catalog.MODELS if spec.name == known.model), None)
    told = f"Depth from the photo ({known.revision})" if known.model == catalog.EMBEDDED else f"Depth by {known.model}"
    draw_message(layout, f"Depth by {spec.title}" if spec else told, region, icon="IMAGE_ZDEPTH")
    if known.focal_length and known.lens in _LENS:
        draw_line(layout, f"Lens {known.focal_length:.0f} mm, {_LENS[known.lens]}", icon="CAMERA_DATA")
    if handover.has_unblurred(depth):
        layout.operator("depth_nodes.show_unblurred", icon="IMAGE_DATA")
    if spec is not None and spec.built_in and not jobs.waiting() and not setup.is_making():
        layout.operator("depth_nodes.better_depth", text="Better Depth…", icon="SHADERFX")


def _estimate_text(ob: bpy.types.Object | None) -> str:
    """What an estimate would be: the first one, another, or one in the place of a map from elsewhere."""
    modifier = relief.find_modifier(ob)
    depth = relief.depth_of(modifier) if modifier is not None else None
    if depth is None:
        return "Estimate Depth"
    return "Estimate Depth Again" if depth_image.is_estimated(depth) else "Estimate Depth Instead"


def _draw_shape(layout: bpy.types.UILayout, modifier: bpy.types.NodesModifier) -> None:
    """The sliders that matter most, of those that do something now."""
    scene = inputs.get_input(modifier, "Projection") == "Camera"
    metric = inputs.get_input(modifier, "Kind") == "Distance"
    wanted = ["Projection"]
    if not scene:
        wanted += ["Scale"]
    elif not metric:
        wanted += ["Near Distance", "Far Distance"]
    if not (scene and metric):
        wanted += ["Near", "Far"]
    if not scene:
        wanted += ["Bas-Relief"]
    if inputs.get_input(modifier, "Cutoff"):
        wanted += ["Threshold"]
    there = inputs.input_names(modifier)  # an older release's group may lack some
    for name in (*wanted, "Smooth"):
        if name in there:
            owner, path = inputs.field(modifier, name)
            layout.prop(owner, path, text=name)
    if scene:
        layout.operator("depth_nodes.pick_points", icon="EYEDROPPER")


def _draw_engine(layout: bpy.types.UILayout, region: bpy.types.Region) -> None:
    """What the chosen model still needs, before a photo is chosen for it."""
    spec = catalog.get(settings.preferences().model)
    if spec.built_in or settings.has_engine() or setup.is_making() or jobs.last_failed() is not None:
        return  # nothing, or said elsewhere
    box = layout.box().column()
    text = f"{spec.title.removeprefix('Depth Anything V2 ')} needs the engine"
    draw_message(box.column(align=True), text, region, icon="INFO")
    if bpy.app.online_access:
        box.operator("depth_nodes.set_up_engine", icon="IMPORT")
    else:
        box.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")


def _draw_relief(layout: bpy.types.UILayout, context: bpy.types.Context, modifier: bpy.types.NodesModifier) -> None:
    """Everything that the active relief can be given here."""
    warnings = [warning.message for warning in modifier.node_warnings if warning.type != "INFO"]
    for message in filter(None, (*warnings, camera.mismatch(modifier))):
        draw_message(layout.column(align=True), message, context.region)
    _draw_origin(layout.column(align=True), relief.depth_of(modifier), context.region)
    _draw_colour_space(layout, relief.depth_of(modifier), context.region)
    row = layout.row(align=True)
    row.menu("DEPTH_NODES_MT_presets", text="Presets")
    row.operator("depth_nodes.preset_add", text="", icon="ADD")
    shape = layout.column(align=True)
    shape.use_property_split, shape.use_property_decorate = True, False
    _draw_shape(shape, modifier)
    _draw_view(layout.column(align=True), context)
    column = layout.column(align=True)
    if background.is_missing(relief.depth_of(modifier)):
        column.operator("depth_nodes.fill_background", icon="IMAGE_BACKGROUND")
    if freeze.is_frozen(context.object, modifier):
        column.operator("depth_nodes.unfreeze_grid", icon="MESH_PLANE")
    else:
        column.operator("depth_nodes.freeze_grid", icon="FREEZE")
        if inputs.get_input(modifier, "Cutoff"):
            column.operator("depth_nodes.freeze_grid", text="Freeze Grid and Cut", icon="FREEZE").cut = True
    column = layout.column(align=True)
    column.operator("depth_nodes.relief_to_mesh", icon="OUTLINER_OB_MESH")
    column.operator("depth_nodes.bake_maps", text="Bake Maps…", icon="TEXTURE")


def _draw_view(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the relief is looked at by: shading, a camera, and how that moves."""
    shading = getattr(context.space_data, "shading", None)
    if shading is not None and shading.type == "SOLID":
        if first_sight.shows_photo(shading):
            layout.operator("depth_nodes.show_photo", text="Show Shape", icon="SHADING_SOLID")
        else:
            layout.operator("depth_nodes.show_photo", icon="SHADING_TEXTURE")
    seen = camera.relief_of(context.object) or context.object
    if camera.find(seen, context.scene) is None:
        layout.operator("depth_nodes.add_camera", icon="CAMERA_DATA")
    else:
        layout.operator("depth_nodes.photo_view", icon="LOOP_BACK")
    layout.operator("depth_nodes.parallax", icon="ANIM")


def _draw_colour_space(layout: bpy.types.UILayout, depth: bpy.types.Image | None, region: bpy.types.Region) -> None:
    """The way out where Blender bends a depth map that it takes for a picture."""
    if depth is not None and not depth.colorspace_settings.is_data:
        column = layout.box().column()
        draw_message(column.column(align=True), "Depth is read as colour. Set Non-Color", region)
        column.prop(depth.colorspace_settings, "name", text="Color Space")


def _draw_progress(layout: bpy.types.UILayout, region: bpy.types.Region) -> None:
    """How far the engine or the estimates are, with a button that cancels them, or what went wrong last."""
    made = setup.installation()
    if made is not None and made.state == "running":
        draw_set_up(layout, made)
    elif made is not None and made.state == "failed" and not settings.has_engine():
        draw_message(layout.box().column(align=True), made.error, region)
    under_way = jobs.waiting()
    if under_way:
        first = under_way[0]
        row = layout.row(align=True)
        others = f", {len(under_way) - 1} more" if len(under_way) > 1 else ""
        clip = frames.under_way()
        text, fraction = (clip.text, clip.fraction) if clip else (f"{first.text}{others}", first.fraction)
        row.progress(factor=fraction or 0.0, type="BAR", text=text, translate=False)
        row.operator("depth_nodes.cancel_estimate", text="", icon="X")
        return
    failed = jobs.last_failed()
    if failed is not None and not (failed.fault == "engine" and setup.is_making()):  # it goes on then
        _draw_failure(layout.box().column(), failed, region)


def _draw_failure(layout: bpy.types.UILayout, failed: jobs.Job, region: bpy.types.Region) -> None:
    """What went wrong, in lines that fit a sidebar, and the button that helps."""
    draw_message(layout.column(align=True), failed.error, region)
    if postponed.kept() and settings.has_engine():
        layout.operator("depth_nodes.estimate_postponed", text="Go On", icon="PLAY")
        return
    match failed.fault, bool(settings.preferences().existing_python), bpy.app.online_access:
        case "engine", False, True:
            layout.operator("depth_nodes.set_up_engine", icon="IMPORT")
        case ("offline", _, _) | ("engine", False, False):  # our engine is fetched from the network: that comes first
            layout.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")
        case "memory", _, _:
            layout.operator("depth_nodes.retry_smaller", icon="FILE_REFRESH")
        case "embedded", _, _:
            layout.operator("depth_nodes.estimate_instead", icon="IMAGE_ZDEPTH")
        case "licence", _, _:
            layout.operator("depth_nodes.accept_licence", icon="CHECKMARK")
        case "engine" | "weights" | "device" | "download", _, _:
            layout.operator(
                "preferences.addon_show", text="Open Preferences", icon="PREFERENCES"
            ).module = settings.PACKAGE


def _moves(texture: bpy.types.ShaderNodeTexImage | None) -> bool:
    return texture is not None and texture.image.source in {"MOVIE", "SEQUENCE"}


class VIEW3D_PT_depth_nodes(bpy.types.Panel):
    bl_label = "Depth Relief"
    bl_category = "Depth"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        _draw_engine(layout, context.region)
        column = layout.column(align=True)
        column.operator("depth_nodes.import_photo", text="Photo…", icon="IMAGE_DATA")
        column.operator("depth_nodes.import_relief", text="Photo and Depth Map…", icon="IMAGE_REFERENCE")
        if any(photo.shown_by(ob) is not None for ob in context.selected_objects):
            column.operator("depth_nodes.estimate_depth", text=_estimate_text(context.object), icon="MOD_DISPLACE")
            if any(_moves(photo.shown_by(ob)) for ob in context.selected_objects):
                column.operator("depth_nodes.estimate_frames", icon="SEQUENCE")
        _draw_progress(layout, context.region)
        if upgrade.needed():
            box = layout.box().column()
            text = "This file has groups of an older release"
            draw_message(box.column(align=True), text, context.region, icon="INFO")
            box.operator("depth_nodes.update_groups", icon="FILE_REFRESH")
        modifier = relief.find_modifier(context.object)
        if modifier is not None:
            _draw_relief(layout, context, modifier)
        elif camera.relief_of(context.object) is not None:
            _draw_view(layout.column(align=True), context)
        # Not a panel of its own: Blender draws those over one that has grown, until it draws again.
        header, estimation = layout.panel("depth_nodes_estimation", default_closed=True)
        header.label(text="Estimation")
        if estimation is not None:
            estimation.use_property_split, estimation.use_property_decorate = True, False
            draw_model(estimation, settings.preferences(), context.region)


class IMAGE_PT_depth_nodes(bpy.types.Panel):
    bl_label = "Depth"
    bl_category = "Depth"
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.space_data.image is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        _draw_progress(layout, context.region)
        if not jobs.waiting():
            column = layout.column(align=True)
            column.operator("depth_nodes.estimate_depth", icon="IMAGE_ZDEPTH")
            if context.space_data.image.source in {"MOVIE", "SEQUENCE"}:
                column.operator("depth_nodes.estimate_frames", icon="SEQUENCE")
            made = column.operator("depth_nodes.estimate_depth", text="Photo as Relief", icon="MOD_DISPLACE")
            made.make = "RELIEF"
        depth = handover.depth_of(context.space_data.image)
        if depth is not None:
            layout.operator("depth_nodes.show_depth", icon="IMAGE_ZDEPTH")
        elif handover.photo_of(context.space_data.image) is not None:
            layout.operator("depth_nodes.show_depth", text="Show Photo", icon="IMAGE_DATA")
        _draw_origin(layout.column(align=True), depth, context.region)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        draw_model(column, settings.preferences(), context.region)


register, unregister = bpy.utils.register_classes_factory((VIEW3D_PT_depth_nodes, IMAGE_PT_depth_nodes))
