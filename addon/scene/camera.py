"""The camera that sees a relief as its photo shows it: it starts there, is free to move, can go back; and its lens."""

from dataclasses import dataclass
from math import tan
from typing import Any, Literal

import bpy
from mathutils import Matrix

from ..errors import CameraError
from . import inputs

_RELIEF = "depth_nodes_relief"  # on a camera: the relief that it was made for
_IN_FRONT = 10.0  # metres before a relief's plane, where an orthographic camera stands
_LONGER_SIDE = 2.0  # metres, of the flat picture


@dataclass(frozen=True)
class View:
    """Where a relief looks like its photo, and through which lens.

    matrix: camera to the object's space, without scale. lens, sensor_width: millimetres over the longer side.
    shift: of the lens, in shares of the longer side. ortho_scale: what an orthographic camera sees, in metres.
    """

    matrix: Matrix
    type: Literal["PERSP", "ORTHO"]
    lens: float = 50.0
    sensor_width: float = 36.0
    shift: tuple[float, float] = (0.0, 0.0)
    ortho_scale: float = _LONGER_SIDE

    @property
    def spread(self) -> float:
        """Width of the view at distance 1, over the longer side."""
        return self.sensor_width / self.lens


def photo_view(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> View:
    """Return the view that a relief was shaped for. Raises CameraError where its own camera is missing."""
    if inputs.get_input(modifier, "Projection") != "Camera":
        return View(Matrix.Translation((0.0, 0.0, _IN_FRONT)), "ORTHO")
    lens = inputs.get_input(modifier, "Lens")
    if lens == "Camera Object":
        return _view_of(inputs.get_input(modifier, "Camera"), ob)
    width, focal_length = inputs.get_input(modifier, "Sensor Width"), inputs.get_input(modifier, "Focal Length")
    if lens == "Field of View":
        width, focal_length = 36.0, 18.0 / tan(inputs.get_input(modifier, "Field of View") / 2)
    shift = inputs.get_input(modifier, "Shift X"), inputs.get_input(modifier, "Shift Y")
    return View(Matrix(), "PERSP", focal_length, width, shift)


def _view_of(camera: bpy.types.Object | None, ob: bpy.types.Object) -> View:
    if camera is None or not isinstance(camera.data, bpy.types.Camera):
        raise CameraError(f"{ob.name!r} takes its lens from a camera, but has none. Choose one under Lens")
    place, turn, _ = (ob.matrix_world.inverted_safe() @ camera.matrix_world).decompose()
    data: Any = camera.data
    return View(
        Matrix.LocRotScale(place, turn, None),
        "ORTHO" if data.type == "ORTHO" else "PERSP",
        data.lens,
        data.sensor_width,
        (data.shift_x, data.shift_y),
        data.ortho_scale / ob.matrix_world.median_scale,
    )


def mismatch(modifier: bpy.types.NodesModifier) -> str:
    """Return what to say where a relief takes its lens from a camera that can't show it as the photo, or nothing."""
    if inputs.get_input(modifier, "Projection") != "Camera" or inputs.get_input(modifier, "Lens") != "Camera Object":
        return ""
    camera: Any = inputs.get_input(modifier, "Camera")
    if camera is None or camera.type != "CAMERA" or camera.data.type in ("PERSP", "ORTHO"):
        return ""
    return (
        f"{camera.name} is neither a perspective nor an orthographic camera. The relief is built as for a perspective "
        "one: set its Type to Perspective"
    )


_FITTED = "depth_nodes_focal_length"  # on a relief: the lens that was last filled in, which an artist may have changed
_DEFAULT = 50.0  # millimetres, of Depth Relief's input and of Blender's cameras
_SENSOR = 36.0


def fit_lens(modifier: bpy.types.NodesModifier, focal_length: float) -> None:
    """Have a relief, and the cameras that were added for it, use the lens of its photo.

    focal_length: in millimetres on a sensor whose longer side is 36 mm. A lens that isn't as it was filled in, or as it
    comes, is an artist's, and stays.
    """
    ob: Any = modifier.id_data
    before = ob.get(_FITTED, _DEFAULT)
    read = inputs.get_input(modifier, "Camera") if inputs.get_input(modifier, "Lens") == "Camera Object" else None
    if read is None:
        if inputs.get_input(modifier, "Lens") != "Focal Length":
            return
        if _differ(inputs.get_input(modifier, "Focal Length"), before):
            return
        inputs.set_input(modifier, "Focal Length", focal_length)
        inputs.set_input(modifier, "Sensor Width", _SENSOR)
    cameras: Any = [one for one in bpy.data.objects if one.type == "CAMERA" and _belongs(one, ob)]
    if read is not None and read not in cameras:
        return
    for camera in cameras:
        if not _differ(camera.data.lens, before) and not _differ(camera.data.sensor_width, _SENSOR):
            camera.data.lens = focal_length
    ob[_FITTED] = focal_length


def _belongs(camera: bpy.types.Object, ob: bpy.types.Object) -> bool:
    """Whether a camera was added for a relief; older releases noted it by the parent alone."""
    return camera.get(_RELIEF) == ob or (camera.get(_RELIEF) is None and camera.parent == ob)


def _differ(value: float, other: float) -> bool:
    return abs(value - other) > 1e-4 * other


def add(
    ob: bpy.types.Object,
    modifier: bpy.types.NodesModifier,
    picture: bpy.types.Image,
    *,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
) -> bpy.types.Object:
    """Add the camera from which the relief looks like the photo, make it the scene's, and render at the photo's size.

    It hangs on the relief, so that it comes along where that goes; the relief itself doesn't follow the camera. Raises
    CameraError where the relief takes its lens from a camera that is missing.
    """
    view = photo_view(ob, modifier)
    data = bpy.data.cameras.new(f"{ob.name} Camera")
    camera = bpy.data.objects.new(data.name, data)
    camera.parent = ob
    camera[_RELIEF] = ob
    collection.objects.link(camera)
    _place(camera, ob, view)
    scale = ob.matrix_world.median_scale  # the relief's metres in the scene's units: Blender scales no lens
    data.clip_start, data.clip_end = data.clip_start * scale, data.clip_end * scale
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = picture.size
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    _show_colours_as_they_are(scene.view_settings)
    return camera


def find(ob: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the camera that was added for a relief: the scene's if it is one of them, or None."""
    cameras = [one for one in scene.objects if one.type == "CAMERA" and one.get(_RELIEF) == ob]
    return scene.camera if scene.camera in cameras else next(iter(cameras), None)


def relief_of(camera: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the relief that a camera was added for, if it still exists."""
    found = camera.get(_RELIEF) if camera is not None else None
    return found if isinstance(found, bpy.types.Object) else None


def go_back(camera: bpy.types.Object, ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> None:
    """Put a relief's camera where the relief looks like the photo. Raises CameraError where that is not known.

    Keyframes stay as they are: at the next frame they count again.
    """
    _place(camera, ob, photo_view(ob, modifier))


def place_at(camera: bpy.types.Object, ob: bpy.types.Object, matrix: Matrix) -> None:
    """Put a camera somewhere in a relief's space."""
    if camera.parent == ob:
        camera.matrix_parent_inverse.identity()
        camera.matrix_basis = matrix
    else:
        camera.matrix_world = ob.matrix_world @ matrix


def _place(camera: bpy.types.Object, ob: bpy.types.Object, view: View) -> None:
    data: Any = camera.data
    data.type = view.type
    data.lens, data.sensor_width = view.lens, view.sensor_width
    data.ortho_scale = view.ortho_scale * ob.matrix_world.median_scale
    data.shift_x, data.shift_y = view.shift
    data.sensor_fit = "AUTO"
    place_at(camera, ob, view.matrix)


def _show_colours_as_they_are(view: Any) -> None:
    """Render the photo's colours: AgX, the default, moves them by 6 % on average and makes white grey."""
    view.exposure, view.gamma = 0.0, 1.0
    try:
        view.view_transform, view.look = "Standard", "None"
    except TypeError:  # a studio's own configuration has other names: its own view stays
        return
