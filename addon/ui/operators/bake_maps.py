"""Object > Bake Maps: height, normals and depth of a relief, to files."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ...errors import DepthNodesError
from ...scene import bake, relief


class DEPTH_NODES_OT_bake_maps(bpy.types.Operator):
    """Save the height and the normals of the relief as 16-bit PNG files, and its depth as an EXR file"""

    bl_idname = "depth_nodes.bake_maps"
    bl_label = "Bake Maps"
    bl_options = {"REGISTER"}

    filepath: StringProperty(subtype="FILE_PATH")
    size: IntProperty(
        name="Size",
        description="Longer side of the maps in pixels. 0 takes the photo's",
        default=0,
        min=0,
        max=16384,
        subtype="PIXEL",
    )
    overwrite: BoolProperty(name="Overwrite", description="Replace files of the same names", default=False)
    use_images: BoolProperty(
        name="Open Images", description="Open the files in Blender too, as Non-Color images", default=True
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if relief.find_modifier(context.object) is None:
            cls.poll_message_set("Make an object with a Depth Relief modifier active")
        elif context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode to bake the relief")
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath = str(folder / bpy.path.clean_name(context.object.name))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "size")
        layout.prop(self, "overwrite")
        layout.prop(self, "use_images")
        if bake.is_scene(relief.find_modifier(context.object)):
            layout.label(text="A scene has no height: depth only", icon="INFO")

    def execute(self, context: bpy.types.Context) -> set[str]:
        ob = context.object
        path = Path(bpy.path.abspath(self.filepath))
        stem = path.with_suffix("") if path.suffix.lower() in {".png", ".exr"} else path
        try:
            maps = bake.compute(ob, relief.find_modifier(ob), self.size)
            made = bake.write(maps, stem, overwrite=self.overwrite)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if self.use_images:
            bake.open_images(made)
        names = ", ".join(file.name for file in made)
        reach = f". White lies {maps.reach():.4g} above black" if maps.height is not None else ""
        self.report({"INFO"}, f"Saved {names}{reach}")
        return {"FINISHED"}
