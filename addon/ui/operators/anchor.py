"""Distances From Two Points: two clicks on a scene, then how far away those places are in truth."""

from typing import Any

import bpy
import gpu
from bpy.props import FloatProperty, FloatVectorProperty
from bpy_extras import view3d_utils
from gpu_extras.batch import batch_for_shader
from mathutils import Vector

from ...errors import DepthNodesError
from ...scene import anchor, inputs, relief

_NAVIGATION = {
    "MIDDLEMOUSE",
    "MOUSEMOVE",
    "INBETWEEN_MOUSEMOVE",
    "WHEELUPMOUSE",
    "WHEELDOWNMOUSE",
    "TRACKPADPAN",
    "TRACKPADZOOM",
    "MOUSEROTATE",
    "MOUSESMARTZOOM",
    "NDOF_MOTION",
}
_ARM = 8  # pixels of each arm of the cross on the first point


class _OfScene:
    """Mixed into an operator on the active relief where it is a scene with a camera."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether there is a scene whose distances can be set."""
        modifier = relief.find_modifier(context.object)
        if modifier is None:
            cls.poll_message_set("Make an object with a Depth Relief modifier active")
        elif context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode first")
        elif inputs.get_input(modifier, "Projection") != "Camera":
            cls.poll_message_set("A relief has no distances. Set Projection to Camera")
        else:
            return True
        return False


class DEPTH_NODES_OT_anchor(_OfScene, bpy.types.Operator):
    """Set Near and Far Distance so that two points of the photo are as far away as you say"""

    bl_idname = "depth_nodes.anchor"
    bl_label = "Distances of Two Points"
    bl_options = {"REGISTER", "UNDO"}

    first: FloatVectorProperty(size=2, options={"HIDDEN", "SKIP_SAVE"})
    second: FloatVectorProperty(size=2, options={"HIDDEN", "SKIP_SAVE"})
    first_distance: FloatProperty(
        name="First Point",
        description="How far from the photo's camera the first point is, along the view",
        default=1.0,
        min=0.001,
        soft_max=1000.0,
        subtype="DISTANCE",
        options={"SKIP_SAVE"},
    )
    second_distance: FloatProperty(
        name="Second Point",
        description="How far from the photo's camera the second point is, along the view",
        default=4.0,
        min=0.001,
        soft_max=1000.0,
        subtype="DISTANCE",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the distances, beginning with the present ones."""
        ob: Any = context.object
        modifier: Any = relief.find_modifier(ob)
        try:
            self.first_distance = anchor.distance_at(ob, modifier, tuple(self.first))
            self.second_distance = anchor.distance_at(ob, modifier, tuple(self.second))
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {*context.window_manager.invoke_props_dialog(self)}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set Near and Far Distance, or scale metric depth."""
        ob: Any = context.object
        modifier: Any = relief.find_modifier(ob)
        wanted = self.first_distance, self.second_distance
        try:
            made = anchor.anchor(ob, modifier, (tuple(self.first), tuple(self.second)), wanted)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if made.near is None:
            units = context.scene.unit_settings
            metre = 1.0 if units.system == "NONE" else units.scale_length
            at = [bpy.utils.units.to_string(units.system, "LENGTH", one * metre) for one in made.distances]
            self.report(
                {"INFO"}, f"The depth is metric: scaled by {made.scale:.3g}. The points are {at[0]} and {at[1]} away"
            )
        return {"FINISHED"}


class DEPTH_NODES_OT_pick_points(_OfScene, bpy.types.Operator):
    """Click on two points of the scene whose distances you know. Near and Far Distance follow"""

    bl_idname = "depth_nodes.pick_points"
    bl_label = "Distances From Two Points"

    _points: list[anchor.Point]
    _drawn: Any
    _mark: Vector  # in the scene
    _uid: int

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Wait for two clicks."""
        self._points, self._uid = [], context.object.session_uid
        self._drawn = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        context.window_manager.modal_handler_add(self)
        context.window.cursor_modal_set("CROSSHAIR")
        self._show(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take a click in a viewport; the view can be turned between two."""
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self._leave(context)
            return {"CANCELLED"}
        if context.object is None or context.object.session_uid != self._uid or not self.poll(context):
            self._leave(context)
            self.report({"WARNING"}, "Another object became active. Nothing was changed")
            return {"CANCELLED"}
        if event.type in _NAVIGATION or event.type.startswith(("NUMPAD", "TIMER")):
            return {"PASS_THROUGH"}
        under = _viewport(context, event)
        if event.type == "LEFTMOUSE" and event.value == "PRESS" and under is not None:
            self._click(context, *under)
        if len(self._points) < 2:
            return {"RUNNING_MODAL"}
        self._leave(context)
        first, second = self._points
        bpy.ops.depth_nodes.anchor("INVOKE_DEFAULT", first=first, second=second)
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave no trace where Blender ends it: the window is closed, or another file opened."""
        self._leave(context)

    def _click(self, context: bpy.types.Context, region: Any, view: Any, at: tuple[int, int]) -> None:
        ob: Any = context.object
        try:
            point, place = hit(ob, relief.find_modifier(ob), *_ray(region, view, at))
        except DepthNodesError as error:
            self.report({"WARNING"}, str(error))
            return
        self._points.append(point)
        self._mark = place
        self._show(context)

    def _show(self, context: bpy.types.Context) -> None:
        text = "Click on the second point" if self._points else "Click on a point whose distance you know"
        context.workspace.status_text_set(f"{text}; Esc cancels")
        for area in context.screen.areas:
            area.tag_redraw()

    def _draw(self) -> None:
        """Draw a cross on the first point."""
        if not self._points:
            return
        region, view = bpy.context.region, bpy.context.region_data
        at = view3d_utils.location_3d_to_region_2d(region, view, self._mark)
        if at is None:
            return
        arms = [(at.x + x * _ARM, at.y + y * _ARM) for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))]
        shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        shader.uniform_float("color", (1.0, 0.6, 0.1, 1.0))
        gpu.state.line_width_set(2.0)
        batch_for_shader(shader, "LINES", {"pos": arms}).draw(shader)
        gpu.state.line_width_set(1.0)

    def _leave(self, context: bpy.types.Context) -> None:
        bpy.types.SpaceView3D.draw_handler_remove(self._drawn, "WINDOW")
        if context.window is None:
            return
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)
        for area in context.screen.areas:
            area.tag_redraw()


def hit(
    ob: bpy.types.Object, modifier: bpy.types.NodesModifier, start: Vector, direction: Vector
) -> tuple[anchor.Point, Vector]:
    """Return what a ray of the scene meets of a relief: its UV in the picture, and the place. Raises AnchorError."""
    to_object = ob.matrix_world.inverted_safe()
    local = (to_object @ start, (to_object.to_3x3() @ direction).normalized())
    found, place, _, face = ob.ray_cast(*local, depsgraph=bpy.context.evaluated_depsgraph_get())
    if not found:
        raise anchor.AnchorError("That is not on the relief. Click on its surface")
    return anchor.uv_at(ob, modifier, face, place), ob.matrix_world @ place


def _viewport(context: bpy.types.Context, event: bpy.types.Event) -> tuple[Any, Any, tuple[int, int]] | None:
    """Return the viewport under the mouse: its region, its view, and where the mouse is in it."""
    x, y = event.mouse_x, event.mouse_y
    for area in context.screen.areas:
        regions = [one for one in area.regions if one.x <= x < one.x + one.width and one.y <= y < one.y + one.height]
        # The sidebar lies over the window region.
        if area.type == "VIEW_3D" and regions and all(one.type == "WINDOW" for one in regions):
            return regions[0], regions[0].data, (x - regions[0].x, y - regions[0].y)
    return None


def _ray(region: Any, view: Any, at: tuple[int, int]) -> tuple[Vector, Vector]:
    direction = view3d_utils.region_2d_to_vector_3d(region, view, at)
    return view3d_utils.region_2d_to_origin_3d(region, view, at), direction
