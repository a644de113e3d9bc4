"""View > Depth Map of This View: what the scene's camera sees, as a control map for diffusion models."""

from pathlib import Path

import bpy
from bpy.props import IntProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ...errors import DepthNodesError
from ...scene import view


class DEPTH_NODES_OT_view_depth_map(bpy.types.Operator, ExportHelper):  # type: ignore[misc]  # as Blender's own do
    """Render the depth of what the scene's camera sees, as a map for diffusion models: white where near"""

    bl_idname = "depth_nodes.view_depth_map"
    bl_label = "Depth Map of This View"

    filename_ext = ".png"
    filter_glob: StringProperty(default="*.png", options={"HIDDEN"})
    resolution: IntProperty(
        name="Resolution",
        description="Shorter side of the view in the map, in pixels: 1024 for SDXL and FLUX, 512 for SD 1.5",
        default=1024,
        min=64,
        max=8192,
        subtype="PIXEL",
    )
    multiple: IntProperty(
        name="Multiple",
        description="The map is padded until both of its sides are multiples of this many pixels",
        default=64,
        min=1,
        max=512,
        subtype="PIXEL",
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.scene.camera is None:
            cls.poll_message_set("Add a camera and align it to this view first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        try:
            inside = view.depth_map(context.scene, path, resolution=self.resolution, multiple=self.multiple)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{path.name}: {inside.whole_width} x {inside.whole_height}")
        return {"FINISHED"}
