"""What an artist sees of a new relief at once: the photo on it, from the front and a little aside, framed."""

from collections.abc import Sequence
from math import cos, radians
from typing import Any

import bpy
from mathutils import Euler, Quaternion, Vector

_ASIDE = Euler((radians(-12.0), radians(24.0), 0.0)).to_quaternion()  # from the front: above, and to the right
_EDGE_ON = cos(radians(60.0))  # a view as far aside as that shows little of a picture
_PHOTO, _SHAPE = ("FLAT", "TEXTURE"), ("STUDIO", "MATERIAL")  # light and colour; the second is Blender's default


def show(context: bpy.types.Context, obs: Sequence[bpy.types.Object], *, from_camera: bool) -> None:
    """Frame new reliefs in the viewport, and show their photos in Solid shading.

    from_camera: look through the scene's camera, which was made for them. A view that sees them well keeps its
    direction, and light that somebody chose stays.
    """
    area: Any = _viewport(context)
    if area is None or not obs:
        return
    space = area.spaces.active
    if space.shading.type == "SOLID":
        if (space.shading.light, space.shading.color_type) == _SHAPE:
            shade_photo(space.shading)
        space.shading.color_type = "TEXTURE"
    view = space.region_3d
    if from_camera:
        view.view_perspective = "CAMERA"
    elif view.view_perspective != "CAMERA":
        facing = obs[0].matrix_world.to_quaternion()
        if _is_edge_on(view.view_rotation, facing):
            view.view_rotation = facing @ _ASIDE
            view.view_perspective = "PERSP"
        region = next(one for one in area.regions if one.type == "WINDOW")
        with context.temp_override(area=area, region=region, space_data=space, selected_objects=list(obs)):
            bpy.ops.view3d.view_selected()


def through_camera(context: bpy.types.Context) -> None:
    """Look through the scene's camera in the viewport."""
    area: Any = _viewport(context)
    if area is not None:
        area.spaces.active.region_3d.view_perspective = "CAMERA"


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
