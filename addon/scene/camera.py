"""The camera that sees a relief as the photo shows it."""

from typing import Any

import bpy

from . import inputs


def add(
    ob: bpy.types.Object,
    modifier: bpy.types.NodesModifier,
    picture: bpy.types.Image,
    *,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
) -> bpy.types.Object:
    """Add the camera from which the relief looks like the photo, make it the scene's, and render at the photo's size.

    It hangs on the relief and follows it. Projection "Camera": at the object's origin, and the relief reads its lens
    from it, so that they can't disagree. Projection "Relief": orthographic, in front, since depth only moves points
    along its view.
    """
    data = bpy.data.cameras.new(f"{ob.name} Camera")
    camera = bpy.data.objects.new(data.name, data)
    camera.parent = ob
    if inputs.get_input(modifier, "Projection") == "Camera":
        width: Any = inputs.get_input(modifier, "Sensor Width")
        focal_length: Any = inputs.get_input(modifier, "Focal Length")
        data.sensor_width, data.lens = width, focal_length
        inputs.set_input(modifier, "Camera", camera)
        inputs.set_input(modifier, "Lens", "Camera Object")
    else:
        data.type = "ORTHO"
        data.ortho_scale = 2.0  # the plane's longer side
        camera.location.z = 10.0
    collection.objects.link(camera)
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = picture.size
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    _show_colours_as_they_are(scene.view_settings)
    return camera


def _show_colours_as_they_are(view: Any) -> None:
    """Render the photo's colours: AgX, the default, moves them by 6 % on average and makes white grey."""
    view.exposure, view.gamma = 0.0, 1.0
    try:
        view.view_transform, view.look = "Standard", "None"
    except TypeError:  # a studio's own configuration has other names: its own view stays
        return
