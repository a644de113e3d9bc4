"""The operators that estimate depth: of a photo, of an image, again, and what had to wait for an engine."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import bpy
from bpy.props import CollectionProperty, EnumProperty, StringProperty

from ...engine import jobs, postponed, settings
from ...errors import DepthNodesError, EstimateError, PhotoError
from ...scene import camera, photo, relief
from ...scene.placement import Placement
from .. import first_sight
from .estimating import Estimating
from .placing import Placing


class Showing(Estimating):
    """Mixed into an operator that estimates: whatever it was asked for, the reliefs that came of it are shown."""

    def present(self, context: bpy.types.Context) -> None:
        """Frame the reliefs that were added, once all are there, or look at the only one through its camera."""
        made = {job.relief_uid for job in self._jobs}
        obs = [ob for ob in context.view_layer.objects if ob.session_uid in made]
        first_sight.show(context, obs, from_camera=len(obs) == 1 and camera.find(obs[0], context.scene) is not None)


class DEPTH_NODES_OT_estimate_depth(Showing, Placing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of the image that is shown here, or of the photos on the selected objects"""

    bl_idname = "depth_nodes.estimate_depth"
    bl_label = "Estimate Depth"
    bl_options = {"UNDO"}  # no REGISTER: adjusting it afterwards would estimate again, and block

    image: StringProperty(
        name="Image", description="Name of the image. If empty, the image shown in the editor", options={"SKIP_SAVE"}
    )
    make: EnumProperty(
        name="Make",
        description="What to do with the depth",
        items=(
            ("DEPTH", "Depth Image", "Keep it as an image; modifiers that use the previous one use the new one"),
            ("RELIEF", "Relief", "Add a relief that shows the image"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode not in {"OBJECT", "PAINT_TEXTURE"} and context.area and context.area.type == "VIEW_3D":
            cls.poll_message_set("Switch to Object Mode to estimate the depth of an object's photo")
            return False
        return True

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        wanted = settings.current()
        space = context.space_data if context.area is not None and context.area.type == "IMAGE_EDITOR" else None
        frame = context.scene.frame_current
        if self.image or space is not None:
            image = bpy.data.images.get(self.image) if self.image else space.image
            if image is None:
                raise PhotoError("No image is shown here. Open a photo first")
            if space is not None and space.image == image and image.source in {"SEQUENCE", "MOVIE"}:
                frame = space.image_user.frame_current
            finish = None
            if self.make == "RELIEF":
                if not super().poll(context):
                    raise EstimateError("Switch to Object Mode, in a scene and collection of this file")
                finish = partial(_placement(self, context).add_relief, image.session_uid)
            return [partial(jobs.submit_later, image.session_uid, wanted, finish, frame)]
        return _of_selected(context, wanted)


class DEPTH_NODES_OT_photo_as_relief(Showing, Placing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of a photo and add it as a relief"""

    bl_idname = "depth_nodes.photo_as_relief"
    bl_label = "Photo as Relief"
    bl_options = {"UNDO", "INTERNAL"}  # no REGISTER: adjusting it afterwards would estimate again, and block

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        folder = Path(bpy.path.abspath(self.directory))
        paths = [folder / file.name for file in self.files if file.name]
        paths = paths or ([Path(bpy.path.abspath(self.filepath))] if self.filepath else [])
        if not paths:
            raise PhotoError("No photo was chosen. Choose a photo")
        wanted = settings.current()
        placement = _placement(self, context)
        return [partial(_submit_photo, path, wanted, placement) for path in paths]


class _Again(Showing):
    """Mixed into an operator that tries what failed last once more, in another way."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return jobs.last_failed() is not None

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        failed, frame = jobs.last_failed(), context.scene.frame_current
        return [partial(jobs.submit_later, failed.image_uid, self.changed(failed.settings), failed.on_depth, frame)]


class DEPTH_NODES_OT_retry_smaller(_Again, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Free the engine's memory, and try again with half the pixels"""

    bl_idname = "depth_nodes.retry_smaller"
    bl_label = "Retry Smaller"
    bl_options = {"UNDO", "INTERNAL"}

    def changed(self, wanted: settings.Settings) -> settings.Settings:
        jobs.free_memory()
        return settings.smaller(wanted)


class DEPTH_NODES_OT_estimate_instead(_Again, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of this photo, and leave its own aside"""

    bl_idname = "depth_nodes.estimate_instead"
    bl_label = "Estimate Instead"
    bl_options = {"UNDO", "INTERNAL"}

    def changed(self, wanted: settings.Settings) -> settings.Settings:
        return replace(wanted, own_depth="")


class DEPTH_NODES_OT_estimate_better(Showing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate again with the larger model, as soon as the engine is set up"""

    bl_idname = "depth_nodes.estimate_better"
    bl_label = "Better Depth"
    bl_options = {"UNDO", "INTERNAL"}
    after_engine = True

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        wanted, frame = settings.current(settings.BETTER), context.scene.frame_current
        if context.area is None or context.area.type != "IMAGE_EDITOR":
            return _of_selected(context, wanted)
        image = context.space_data.image
        shown = context.space_data.image_user.frame_current if image.source in {"SEQUENCE", "MOVIE"} else frame
        return [partial(jobs.submit_later, image.session_uid, wanted, None, shown)]


class DEPTH_NODES_OT_estimate_postponed(Showing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Run the estimates that were requested before the engine was set up"""

    bl_idname = "depth_nodes.estimate_postponed"
    bl_label = "Estimate Depth"
    bl_options = {"UNDO", "INTERNAL"}
    after_engine = True

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return bool(postponed.kept())

    def begin(self, _context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        return postponed.kept()


def _of_selected(context: bpy.types.Context, wanted: settings.Settings) -> list[Callable[[], jobs.Job]]:
    """Return what submits the photos on the selected objects, or on the active one. Raises PhotoError without any."""
    chosen = context.selected_objects or [ob for ob in (context.object,) if ob is not None]
    submits: list[Callable[[], jobs.Job]] = []
    for image, (obs, frame) in photo.shown_by_all(chosen, context.scene.frame_current).items():
        finish = partial(relief.set_depth_of, [ob.session_uid for ob in obs])
        submits.append(partial(jobs.submit_later, image.session_uid, wanted, finish, frame))
    return submits


def _placement(placing: Placing, context: bpy.types.Context) -> Placement:
    """Return what was chosen, to add reliefs by when their depth is there and the operator may be gone."""
    return Placement(placing.matrix(context), placing.projection, placing.use_camera, placing.shape())


def _submit_photo(path: Path, wanted: settings.Settings, placement: Placement) -> jobs.Job:
    picture = photo.begin(path)
    try:
        job = jobs.submit(picture, wanted, on_depth=partial(placement.add_relief, picture.session_uid))
    except DepthNodesError:
        if picture.users == 0:  # else it was in the file before
            bpy.data.images.remove(picture)
        raise
    try:
        photo.complete(picture, path)  # while the engine is at work
    except DepthNodesError:
        jobs.withdraw(job)
        raise
    return job
