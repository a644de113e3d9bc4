"""Object > Convert > Relief to Mesh: plain meshes of what a relief shows."""

import bpy
from bpy.props import BoolProperty, IntProperty

from ...errors import DepthNodesError
from ...scene import placement, relief, to_mesh


class DEPTH_NODES_OT_relief_to_mesh(bpy.types.Operator):
    """Make a plain mesh of what the relief shows now, with its UV map and material, without a modifier"""

    bl_idname = "depth_nodes.relief_to_mesh"
    bl_label = "Relief to Mesh"
    bl_options = {"REGISTER", "UNDO"}

    apart: BoolProperty(
        name="Separate Background",
        description="Make one object of the front and one of the background",
        default=False,
    )
    reduce: BoolProperty(
        name="Reduce", description="Simplify the mesh to a number of triangles. Takes some seconds", default=False
    )
    faces: IntProperty(
        name="Triangles", description="How many triangles are left, about", default=100_000, min=4, soft_max=1_000_000
    )
    keep: BoolProperty(
        name="Keep Relief", description="Keep the relief, hidden, so that you can go on shaping it", default=True
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if relief.find_modifier(context.object) is None:
            cls.poll_message_set("Make an object with a Depth Relief modifier active")
        elif context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode to convert the relief")
        else:
            return True
        return False

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "apart")
        layout.prop(self, "reduce")
        row = layout.row()
        row.enabled = self.reduce
        row.prop(self, "faces")
        layout.prop(self, "keep")

    def execute(self, context: bpy.types.Context) -> set[str]:
        ob = context.object
        modifier = relief.find_modifier(ob)
        try:
            made = to_mesh.convert(ob, modifier, apart=self.apart, faces=self.faces if self.reduce else None)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if self.keep:
            ob.hide_set(True)
            ob.hide_render = True
        else:
            bpy.data.objects.remove(ob)
        placement.select(context, made[0])
        for other in made[1:]:
            other.select_set(True)
        faces = [len(each.data.polygons) for each in made]
        self.report({"INFO"}, f"Made {sum(faces):,} faces")
        return {"FINISHED"}
