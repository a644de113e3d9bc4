"""The operators that estimate: they wait for their jobs while Blender goes on, or block in a script."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import bpy
from bpy.props import CollectionProperty, EnumProperty, StringProperty

from ...engine import jobs, postponed, settings, setup
from ...errors import DepthNodesError, EngineError, EstimateError, PhotoError
from ...scene import photo, relief
from .. import first_sight
from ..progress import status
from .placing import Placing
from .waiting import Waiting


class Estimating(Waiting):
    """Mixed into an operator with the option UNDO: everything its jobs make is one undo step, when the last is over."""

    after_engine = False  # whether it waits for an engine that is being made

    _jobs: list[jobs.Job]
    _submits: list[Callable[[], jobs.Job]]
    _waits = False

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        """Return what submits each job, now or later; to be written by each operator.

        Raises DepthNodesError, as each of them may.
        """
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin, and hand the window back at once."""
        if not self._begin(context):
            return {"CANCELLED"}
        self._waits = self.after_engine and setup.is_making()
        if not self._waits and not self._submit():
            return {"CANCELLED"}
        return self._wait(context)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take in what has come; Esc cancels."""
        if event.type == "ESC" and event.value == "PRESS" and not self._waits:
            self._give_up()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER" or (self._waits and setup.is_making()):
            return {"PASS_THROUGH"}
        if self._waits and not self._engine_came():
            self._leave(context)
            return {"CANCELLED"}
        if jobs.poll():
            self._show(context)
        if any(job.state == "waiting" for job in self._jobs):
            return {"PASS_THROUGH"}
        self._leave(context)
        return self._verdict(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: its window is closed, or another file is loaded."""
        self._give_up()
        jobs.poll_until_idle()
        self._leave(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin and wait: for scripts and background mode."""
        if not self._begin(context) or not self._submit():
            return {"CANCELLED"}
        for job in self._jobs:
            jobs.wait(job)
        return self._verdict(context)

    def _begin(self, context: bpy.types.Context) -> bool:
        """Find out what is asked for, and report what can't be."""
        self._jobs = []
        try:
            self._submits = self.begin(context)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            setup.redraw()
            return False
        postponed.forget()
        return True

    def _engine_came(self) -> bool:
        """Submit the jobs now that the engine is made, or report why it isn't; return whether any is under way."""
        self._waits = False
        made = setup.installation()
        if made is not None and made.state == "failed":
            for submit in self._submits:
                postponed.keep(submit)  # until the next attempt
            self.report({"ERROR"}, made.error)
        if made is None or made.state != "done":
            return False
        setup.finish()
        return self._submit()

    def _submit(self) -> bool:
        """Submit the jobs that can be, report the others, and return whether there is anything to wait for."""
        for submit in self._submits:
            try:
                self._jobs.append(submit())
            except DepthNodesError as error:
                if isinstance(error, EngineError):
                    postponed.keep(submit)  # what was chosen goes on once there is an engine
                self.report({"ERROR"}, str(error))
        setup.redraw()
        return bool(self._jobs)

    def _give_up(self) -> None:
        for job in self._jobs:
            jobs.cancel(job)

    def _verdict(self, context: bpy.types.Context) -> set[str]:
        for job in self._jobs:
            if job.state == "failed":
                self.report({"ERROR"}, job.error)
        if not any(job.state == "done" for job in self._jobs):
            return {"CANCELLED"}
        self.present(context)
        return {"FINISHED"}

    def present(self, context: bpy.types.Context) -> None:
        """Show what was made, once all of it is there; to be written by an operator that makes something to see."""

    def _status(self) -> str:
        return status([(job.name, job.text, job.fraction) for job in jobs.waiting()])


class DEPTH_NODES_OT_estimate_depth(Estimating, Placing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
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
                self._placement = _placement(self, context)
                finish = partial(self._placement.add_relief, image.session_uid)
            return [partial(jobs.submit_later, image.session_uid, wanted, finish, frame)]
        return _of_selected(context, wanted)

    def present(self, context: bpy.types.Context) -> None:
        if self.make == "RELIEF":
            _show_row(context, self._placement)


class DEPTH_NODES_OT_photo_as_relief(Estimating, Placing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
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
        self._placement = _placement(self, context)
        return [partial(_submit_photo, path, wanted, self._placement) for path in paths]

    def present(self, context: bpy.types.Context) -> None:
        _show_row(context, self._placement)


class DEPTH_NODES_OT_retry_smaller(Estimating, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Free the engine's memory, and try again with half the pixels"""

    bl_idname = "depth_nodes.retry_smaller"
    bl_label = "Retry Smaller"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return jobs.last_failed() is not None

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        failed = jobs.last_failed()
        jobs.free_memory()
        smaller = settings.smaller(failed.settings)
        return [partial(jobs.submit_later, failed.image_uid, smaller, failed.on_depth, context.scene.frame_current)]


class DEPTH_NODES_OT_estimate_better(Estimating, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
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


class DEPTH_NODES_OT_estimate_postponed(Estimating, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
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


def _placement(placing: Placing, context: bpy.types.Context) -> relief.Placement:
    """Return what was chosen, to add reliefs by when their depth is there and the operator may be gone."""
    return relief.Placement(placing.matrix(context), placing.projection, placing.use_camera, placing.shape())


def _show_row(context: bpy.types.Context, placed: relief.Placement) -> None:
    """Frame the reliefs that were placed in a row, or look at the only one through its camera."""
    obs = [ob for ob in context.view_layer.objects if ob.session_uid in placed.made]
    first_sight.show(context, obs, from_camera=placed.use_camera and len(obs) == 1)


def _submit_photo(path: Path, wanted: settings.Settings, placement: relief.Placement) -> jobs.Job:
    picture = photo.load(path)
    try:
        return jobs.submit(picture, wanted, on_depth=partial(placement.add_relief, picture.session_uid))
    except DepthNodesError:
        if picture.users == 0:  # else it was in the file before
            bpy.data.images.remove(picture)
        raise
