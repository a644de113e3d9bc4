"""The "Depth" tabs: in the viewport's sidebar for a relief as a whole, in the Image Editor's for the image shown."""

import bpy

from . import engine, estimate, freeze, jobs, modifiers, photo, relief
from .operators import estimating
from .operators.accept_licence import DEPTH_NODES_OT_accept_licence
from .operators.cancel_estimate import DEPTH_NODES_OT_cancel_estimate
from .operators.estimate_depth import DEPTH_NODES_OT_estimate_depth
from .operators.freeze_grid import DEPTH_NODES_OT_freeze_grid
from .operators.import_photo import DEPTH_NODES_OT_import_photo
from .operators.import_relief import DEPTH_NODES_OT_import_relief
from .operators.retry_smaller import DEPTH_NODES_OT_retry_smaller
from .operators.set_up_engine import DEPTH_NODES_OT_set_up_engine
from .operators.unfreeze_grid import DEPTH_NODES_OT_unfreeze_grid
from .preferences import draw_model


def draw_progress(layout: bpy.types.UILayout, region: bpy.types.Region) -> bool:
    """How far the estimates are, with a button to give up, or what went wrong last; return whether any is under way."""
    under_way = jobs.waiting()
    if under_way:
        first = under_way[0]
        row = layout.row(align=True)
        others = f", {len(under_way) - 1} more" if len(under_way) > 1 else ""
        row.progress(factor=first.fraction or 0.0, type="BAR", text=f"{first.text}{others}")
        row.operator(DEPTH_NODES_OT_cancel_estimate.bl_idname, text="", icon="X")
        return True
    failed = jobs.last_failed()
    if failed is not None:
        _draw_failure(layout.box().column(), failed, region)
    return False


def _draw_failure(layout: bpy.types.UILayout, failed: jobs.Job, region: bpy.types.Region) -> None:
    """What went wrong, in lines that fit a sidebar, and the button that helps."""
    text = layout.column(align=True)
    for number, line in enumerate(estimating.lines(failed.error, region)):
        text.label(text=line, icon="BLANK1" if number else "ERROR")
    match failed.fault, bool(engine.preferences().existing_python), bpy.app.online_access:
        case "engine", False, True:
            layout.operator(DEPTH_NODES_OT_set_up_engine.bl_idname, icon="IMPORT")
        case ("offline", _, _) | ("engine", False, False):  # our engine is fetched from the network: that comes first
            layout.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")
        case "memory", _, _:
            layout.operator(DEPTH_NODES_OT_retry_smaller.bl_idname, icon="FILE_REFRESH")
        case "licence", _, _:
            layout.operator(DEPTH_NODES_OT_accept_licence.bl_idname, icon="CHECKMARK")
        case "engine" | "weights" | "device" | "download", _, _:
            layout.operator(
                "preferences.addon_show", text="Open Preferences", icon="PREFERENCES"
            ).module = engine.PACKAGE


class VIEW3D_PT_depth_nodes(bpy.types.Panel):
    bl_label = "Depth Relief"
    bl_category = "Depth"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        column = layout.column(align=True)
        column.operator(DEPTH_NODES_OT_import_photo.bl_idname, text="Photo…", icon="IMAGE_DATA")
        column.operator(DEPTH_NODES_OT_import_relief.bl_idname, text="Photo and Depth Map…", icon="IMAGE_REFERENCE")
        if any(photo.shown_by(ob) is not None for ob in context.selected_objects):
            again = relief.find_modifier(context.object) is not None
            text = "Estimate Depth Again" if again else "Estimate Depth"
            column.operator(DEPTH_NODES_OT_estimate_depth.bl_idname, text=text, icon="MOD_DISPLACE")
        draw_progress(layout, context.region)
        modifier = relief.find_modifier(context.object)
        if modifier is None:
            return
        if freeze.is_frozen(context.object, modifier):
            layout.operator(DEPTH_NODES_OT_unfreeze_grid.bl_idname, icon="MESH_PLANE")
        else:
            column = layout.column(align=True)
            column.operator(DEPTH_NODES_OT_freeze_grid.bl_idname, icon="FREEZE")
            if modifiers.get_input(modifier, "Cutoff"):
                with_cut = column.operator(
                    DEPTH_NODES_OT_freeze_grid.bl_idname, text="Freeze Grid and Cut", icon="FREEZE"
                )
                with_cut.cut = True


class VIEW3D_PT_depth_nodes_model(bpy.types.Panel):
    bl_label = "Estimation"
    bl_category = "Depth"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_parent_id = "VIEW3D_PT_depth_nodes"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        draw_model(self.layout, engine.preferences())


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
        if not draw_progress(layout, context.region):
            column = layout.column(align=True)
            column.operator(DEPTH_NODES_OT_estimate_depth.bl_idname, icon="IMAGE_ZDEPTH")
            made = column.operator(DEPTH_NODES_OT_estimate_depth.bl_idname, text="Photo as Relief", icon="MOD_DISPLACE")
            made.make = "RELIEF"
        depth = estimate.depth_of(context.space_data.image)
        if depth is not None:
            layout.label(text=f"Result: {depth.name}", icon="IMAGE_DATA")
        settings = layout.column()
        settings.use_property_split = True
        settings.use_property_decorate = False
        draw_model(settings, engine.preferences())


register, unregister = bpy.utils.register_classes_factory(
    (VIEW3D_PT_depth_nodes, VIEW3D_PT_depth_nodes_model, IMAGE_PT_depth_nodes)
)
