"""The operators that estimate: they wait for their jobs while Blender goes on, or block in a script."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import bpy
from bpy.props import CollectionProperty, EnumProperty, StringProperty

from ...depth import image as depth_image
from ...engine import jobs, settings, setup
from ...errors import DepthNodesError, EstimateError, PhotoError
from ...scene import photo, relief
from .placing import Placing

_INTERVAL = 0.05  # seconds between two looks


class Estimating:
    """Mixed into an operator with the option UNDO: everything its jobs make is one undo step, when the last is over."""

    _jobs: list[jobs.Job]
    _timer: bpy.types.Timer

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        """Return what submits each job; to be written by each operator. Raises DepthNodesError, as each job may."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin, and hand the window back at once."""
        if not self._submit(context):
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(cast("bpy.types.Operator", self))
        self._show(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take in what has come; Esc cancels."""
        if event.type == "ESC" and event.value == "PRESS":
            self._give_up()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if jobs.poll():
            self._show(context)
        if any(job.state == "waiting" for job in self._jobs):
            return {"PASS_THROUGH"}
        self._leave(context)
        return self._verdict()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: its window is closed, or another file is loaded."""
        self._give_up()
        jobs.poll_until_idle()
        self._leave(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin and wait: for scripts and background mode."""
        if not self._submit(context):
            return {"CANCELLED"}
        for job in self._jobs:
            jobs.wait(job)
        return self._verdict()

    def _submit(self, context: bpy.types.Context) -> bool:
        """Submit the jobs that can be, report the others, and return whether there is anything to wait for."""
        self._jobs = []
        try:
            for submit in self.begin(context):
                self._try(submit)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
        setup.redraw()
        return bool(self._jobs)

    def _try(self, submit: Callable[[], jobs.Job]) -> None:
        try:
            self._jobs.append(submit())
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))

    def _give_up(self) -> None:
        for job in self._jobs:
            jobs.cancel(job)

    def _verdict(self) -> set[str]:
        for job in self._jobs:
            if job.state == "failed":
                self.report({"ERROR"}, job.error)
        return {"FINISHED"} if any(job.state == "done" for job in self._jobs) else {"CANCELLED"}

    def _show(self, context: bpy.types.Context) -> None:
        context.workspace.status_text_set(progress(jobs.waiting()) or None)
        setup.redraw()

    def _leave(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        for workspace in bpy.data.workspaces:  # the artist may have gone from one to another
            workspace.status_text_set(None)
        setup.redraw()


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
            (
                "DEPTH",
                "Depth Image",
                "Keep it as an image. Modifiers that use the previous depth image use the new one",
            ),
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
            return [partial(jobs.submit, image, wanted, on_depth=finish, frame=frame)]
        photos = photo.shown_by_all(context.selected_objects, frame)
        return [
            partial(
                jobs.submit,
                image,
                wanted,
                on_depth=partial(relief.set_depth_of, [ob.session_uid for ob in obs]),
                frame=shown,
            )
            for image, (obs, shown) in photos.items()
        ]


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
        placement = _placement(self, context)
        return [partial(_submit_photo, path, wanted, placement) for path in paths]


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
        image = depth_image.find(failed.image_uid)
        if image is None:
            raise PhotoError(f"{failed.name} is not in the file any more. Open it again")
        jobs.free_memory()
        smaller = settings.smaller(failed.settings)
        return [partial(jobs.submit, image, smaller, on_depth=failed.on_depth, frame=context.scene.frame_current)]


class DEPTH_NODES_OT_estimate_better(Estimating, bpy.types.Operator):
    """Estimate again with the larger model, as soon as the engine is set up"""

    bl_idname = "depth_nodes.estimate_better"
    bl_label = "Better Depth"
    bl_options = {"UNDO", "INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Wait for the engine where it is being made; what is asked for is what is selected or shown now."""
        if not self._ask(context):
            return {"CANCELLED"}
        self._waits = setup.is_making()
        if not self._waits:
            return super().invoke(context, event)
        self._jobs = []
        self._timer = context.window_manager.event_timer_add(_INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(cast("bpy.types.Operator", self))
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self._waits:
            return super().modal(context, event)
        if event.type != "TIMER" or setup.is_making():
            return {"PASS_THROUGH"}
        self._waits = False
        made = setup.installation()
        if made is not None and made.state == "done":
            setup.finish()
            if self._submit(context):
                return {"PASS_THROUGH"}
        elif made is not None and made.state == "failed":
            self.report({"ERROR"}, made.error)
        self._leave(context)
        return {"CANCELLED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Estimate and wait: for scripts and background mode."""
        return super().execute(context) if self._ask(context) else {"CANCELLED"}

    def _ask(self, context: bpy.types.Context) -> bool:
        try:
            self._asked = _asked(context)
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return False
        return True

    def begin(self, _context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        wanted = settings.current(settings.BETTER)
        there = {image.session_uid: image for image in bpy.data.images}
        return [
            partial(jobs.submit, there[image_uid], wanted, on_depth=finish, frame=frame)
            for image_uid, finish, frame in self._asked
            if image_uid in there
        ]


def _asked(context: bpy.types.Context) -> list[tuple[int, Callable[[bpy.types.Image], None] | None, int]]:
    """Return the photos to estimate: their `session_uid`, what is to happen with the depth, and the frame."""
    frame = context.scene.frame_current
    if context.area is not None and context.area.type == "IMAGE_EDITOR":
        image = context.space_data.image
        shown = context.space_data.image_user.frame_current if image.source in {"SEQUENCE", "MOVIE"} else frame
        return [(image.session_uid, None, shown)]
    return [
        (image.session_uid, partial(relief.set_depth_of, [ob.session_uid for ob in obs]), shown)
        for image, (obs, shown) in photo.shown_by_all(context.selected_objects or [context.object], frame).items()
    ]


def _placement(placing: Placing, context: bpy.types.Context) -> relief.Placement:
    """Return what was chosen, to add a relief by when its depth is there and the operator may be gone."""
    return relief.Placement(placing.matrix(context), placing.projection, placing.use_camera)


def _submit_photo(path: Path, wanted: settings.Settings, placement: relief.Placement) -> jobs.Job:
    picture = photo.load(path)
    try:
        return jobs.submit(picture, wanted, on_depth=partial(placement.add_relief, picture.session_uid))
    except DepthNodesError:
        if picture.users == 0:  # else it was in the file before
            bpy.data.images.remove(picture)
        raise


def progress(under_way: Sequence[jobs.Job]) -> str:
    """Say in one line how far the first job is, and how many wait behind it."""
    if not under_way:
        return ""
    first, others = under_way[0], len(under_way) - 1
    share = f" {first.fraction:.0%}" if first.fraction is not None else "…"
    queue = f"   {others} more waiting" if others else ""
    return f"Depth of {first.name}: {first.text}{share}{queue}   (Esc cancels)"
