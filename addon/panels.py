"""The "Depth" tab in the viewport's sidebar: what an artist does to a relief as a whole."""

import bpy

from . import freeze, relief
from .operators.freeze_grid import DEPTH_NODES_OT_freeze_grid
from .operators.import_relief import DEPTH_NODES_OT_import_relief
from .operators.unfreeze_grid import DEPTH_NODES_OT_unfreeze_grid


class VIEW3D_PT_depth_nodes(bpy.types.Panel):
    bl_label = "Depth Relief"
    bl_category = "Depth"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator(DEPTH_NODES_OT_import_relief.bl_idname, text="Photo and Depth Map…", icon="IMAGE_DATA")
        modifier = relief.find_modifier(context.object)
        if modifier is None:
            return
        if freeze.is_frozen(context.object, modifier):
            layout.operator(DEPTH_NODES_OT_unfreeze_grid.bl_idname, icon="MESH_PLANE")
        else:
            layout.operator(DEPTH_NODES_OT_freeze_grid.bl_idname, icon="FREEZE")


register, unregister = bpy.utils.register_classes_factory((VIEW3D_PT_depth_nodes,))
