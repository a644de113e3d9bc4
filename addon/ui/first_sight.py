"""What an artist sees of a new relief at once: the photo on it, from the front and a little aside, framed."""

from collections.abc import Sequence
from math import cos, radians
from typing import Any

import bpy
from mathutils import Euler, Quaternion, Vector

from ..scene import relief

_ASIDE = Euler((radians(-12.0), radians(24.0), 0.0)).to_quaternion()  # from the front: above, and to the right
_EDGE_ON = cos(radians(60.0))  # a view as far aside as that shows little of a picture
_ROOM = 2.0  # times a relief's size: what is larger has room for it
_PHOTO, _SHAPE = ("FLAT", "TEXTURE"), ("STUDIO", "MATERIAL")  # light and colour; the second is Blender's default


def show(context: bpy.types.Context, obs: Sequence[bpy.types.Object], *, from_camera: bool) -> None:
    """Frame new reliefs in the viewport, and show their photos in Solid shading.

    from_camera: look through the scene's camera, which was made for them. A view that sees them well keeps its
    direction, and light that somebody chose stays.
    """
    area: Any = _viewport(context)
    if area is None or not obs:
        return
    context.view_layer.update()  # nothing has evaluated them, and how large they are is asked below
    space = area.spaces.active
    if space.shading.type == "SOLID":
        if (space.shading.light, space.shading.color_type) == _SHAPE:
            shade_photo(space.shading)
        space.shading.color_type = "TEXTURE"
    region = next(one for one in area.regions if one.type == "WINDOW")
    with context.temp_override(area=area, region=region, space_data=space, selected_objects=list(obs)):
        _isolate(context, space, obs)
        if from_camera:
            _look_through(context, space)
        else:
            _frame(space.region_3d, obs)


def _look_through(context: bpy.types.Context, space: Any) -> None:
    if space.local_view is not None:
        space.camera = context.scene.camera  # which a Local View doesn't follow by itself
    space.region_3d.view_perspective = "CAMERA"


def _frame(view: Any, obs: Sequence[bpy.types.Object]) -> None:
    """Look at reliefs from a side that shows them."""
    if view.view_perspective != "CAMERA":
        facing = obs[0].matrix_world.to_quaternion()
        if _is_edge_on(view.view_rotation, facing):
            view.view_rotation = facing @ _ASIDE
            view.view_perspective = "PERSP"
        bpy.ops.view3d.view_selected()


def _isolate(context: bpy.types.Context, space: Any, obs: Sequence[bpy.types.Object]) -> None:
    """Enter Local View where something of about the same size stands in the reliefs, as Blender's default cube does."""
    obs = [ob for ob in obs if ob.select_get()]  # not so in a collection that the view layer leaves out
    if space.local_view is not None:
        for ob in obs:
            ob.local_view_set(space, True)
        return
    others = [ob for ob in context.visible_objects if ob.type == "MESH" and relief.find_modifier(ob) is None]
    if any(_hides(other, ob) for other in others for ob in obs):
        bpy.ops.view3d.localview(frame_selected=False)


def _hides(other: bpy.types.Object, ob: bpy.types.Object) -> bool:
    """Whether an object stands around the place of a relief, and is no room that the relief was put into."""
    sizes: Any = other.dimensions, ob.dimensions
    if max(sizes[0]) > _ROOM * max(sizes[1]):
        return False
    place = other.matrix_world.inverted_safe() @ ob.matrix_world.translation
    box: Any = other.bound_box
    return all(box[0][axis] <= place[axis] <= box[6][axis] for axis in range(3))  # between opposite corners


def through_camera(context: bpy.types.Context) -> None:
    """Look through the scene's camera in the viewport."""
    area: Any = _viewport(context)
    if area is not None:
        _look_through(context, area.spaces.active)


def shows_photo(shading: Any) -> bool:
    """Return whether Solid shading shows photos as they are."""
    return (shading.light, shading.color_type) == _PHOTO


def shade_photo(shading: Any) -> None:
    """Show photos as they are: light would be their second one."""
    shading.light, shading.color_type = _PHOTO


def shade_shape(shading: Any) -> None:
    """Show shapes, as Blender does by itself."""
    shading.light, shading.color_type = _SHAPE


def _is_edge_on(view: Quaternion, facing: Quaternion) -> bool:
    """Whether a view looks along a picture, or at its back."""
    towards_viewer, normal = view @ Vector((0.0, 0.0, 1.0)), facing @ Vector((0.0, 0.0, 1.0))
    return towards_viewer.dot(normal) < _EDGE_ON


def _viewport(context: bpy.types.Context) -> bpy.types.Area | None:
    """Return the viewport that is used, or the largest one of the window; none without a window."""
    if bpy.app.background or context.window is None:
        return None
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    areas = [area for area in context.window.screen.areas if area.type == "VIEW_3D"]
    return max(areas, key=lambda area: area.width * area.height, default=None)
