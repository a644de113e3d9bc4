"""Estimate Frames: the depth of a movie or an image sequence, over a range of the scene."""

from functools import partial
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...engine import frames, handover, jobs, settings
from ...errors import DepthNodesError, EstimateError, PhotoError
from ...scene import photo, relief, timeline
from ...scene.placement import Placement
from .placing import Placing
from .waiting import Waiting

_MOVING = {"MOVIE", "SEQUENCE"}


class EstimatingFrames(Waiting, Placing):
    """Mixed into an operator with the option UNDO: many frames of one movie or sequence become one undo step."""

    first: IntProperty(name="First", description="First frame of the scene; with Last below it, the scene's range")
    last: IntProperty(name="Last", description="Last frame of the scene", default=-1)
    directory: StringProperty(
        name="Folder",
        description="Where the depth files go. If empty, a folder beside the .blend file",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )
    fixed_camera: BoolProperty(
        name="Fixed Camera", description="The camera of the clip doesn't move. Gives steadier depth", default=False
    )
    make = "RELIEF"

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin, and hand the window back at once."""
        if not self._begin(context):
            return {"CANCELLED"}
        return self._wait(context)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take in what has come; Esc gives up and keeps what is whole."""
        if event.type == "ESC" and event.value == "PRESS":
            frames.cancel(self._clip)
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        changed = jobs.poll()
        frames.advance(self._clip)
        if self._clip.is_at_work:
            if changed:
                self._show(context)
            return {"PASS_THROUGH"}
        self._leave(context)
        return self._verdict()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: its window is closed, or another file is loaded."""
        frames.cancel(self._clip)
        jobs.poll_until_idle()
        self._leave(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin and wait: for scripts and background mode."""
        if not self._begin(context):
            return {"CANCELLED"}
        frames.wait(self._clip)
        return self._verdict()

    def _begin(self, context: bpy.types.Context) -> bool:
        try:
            image, shown, uids = self._wanted(context)
            scene = context.scene
            first, last = (self.first, self.last) if self.last >= self.first else (scene.frame_start, scene.frame_end)
            self._clip = frames.begin(
                image,
                shown.frames(image, range(first, last + 1)),
                self._folder(image),
                settings.current(),
                fixed_camera=self.fixed_camera,
                on_depth=partial(_finish, uids, shown, self._placement(context)),
            )
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return False
        return True

    def _folder(self, image: bpy.types.Image) -> Path:
        if self.directory:
            return Path(bpy.path.abspath(self.directory))
        if not bpy.data.filepath:
            raise EstimateError("The depth files go beside the .blend file. Save it first, or choose a folder")
        name = bpy.path.clean_name(Path(image.name).stem)
        return Path(bpy.path.abspath("//")) / "depth" / name

    def _placement(self, context: bpy.types.Context) -> Placement | None:
        if self.make != "RELIEF":
            return None
        if not super().poll(context):
            raise EstimateError("Switch to Object Mode, in a scene and collection of this file")
        return Placement(self.matrix(context), self.projection, self.use_camera, self.shape())

    def _verdict(self) -> set[str]:
        if self._clip.state == "failed":
            self.report({"ERROR"}, self._clip.error)
        elif self._clip.state == "cancelled":
            self.report({"INFO"}, "Cancelled. Frames that are complete were kept. Run Estimate Frames again to go on")
        elif self._clip.warning:
            self.report({"WARNING"}, self._clip.warning)
        return {"FINISHED"} if self._clip.state == "done" else {"CANCELLED"}

    def _status(self) -> str:
        return f"Depth of {self._clip.name}: {self._clip.text}   (Esc cancels)"

    def _wanted(self, context: bpy.types.Context) -> tuple[bpy.types.Image, timeline.Showing, list[int]]:
        """Return the clip, how it is shown over time, and the objects that are to follow its depth."""
        raise NotImplementedError


class DEPTH_NODES_OT_estimate_frames(EstimatingFrames, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of every frame that the scene shows of a movie or image sequence, without flicker. After Esc, run it again to continue"""  # noqa: E501  # one tooltip

    bl_idname = "depth_nodes.estimate_frames"
    bl_label = "Estimate Frames"
    bl_options = {"UNDO"}  # no REGISTER: adjusting it afterwards would estimate again, and block

    image: StringProperty(
        name="Image",
        description="Name of the movie or sequence. If empty, the one that is shown",
        options={"SKIP_SAVE"},
    )
    make: EnumProperty(
        name="Make",
        description="What to do with the depth",
        items=(
            ("DEPTH", "Depth Image", "Keep it as an image sequence. Selected objects that show the clip follow it"),
            ("RELIEF", "Relief", "Add a relief that shows the clip"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return True

    def _wanted(self, context: bpy.types.Context) -> tuple[bpy.types.Image, timeline.Showing, list[int]]:
        """Return the clip, how it is shown over time, and the objects that are to follow its depth."""
        space = context.space_data if context.area is not None and context.area.type == "IMAGE_EDITOR" else None
        image = bpy.data.images.get(self.image) if self.image else getattr(space, "image", None)
        showing = {ob: photo.shown_by(ob) for ob in context.selected_objects or []}
        if image is None:
            image = next((node.image for node in showing.values() if node and node.image.source in _MOVING), None)
        if image is None or image.source not in _MOVING:
            raise PhotoError("Select an object that shows a movie or sequence, or open one in the Image Editor")
        nodes = {ob: node for ob, node in showing.items() if node is not None and node.image == image}
        user = space.image_user if space is not None and space.image == image else None
        user = user or next((node.image_user for node in nodes.values()), None)
        shown = timeline.Showing.of(user) if user else timeline.Showing(1, image.frame_duration, 0, cyclic=False)
        return image, shown, [ob.session_uid for ob in nodes]


class DEPTH_NODES_OT_movie_as_relief(EstimatingFrames, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of a movie over the frames of the scene, and add it as a relief"""

    bl_idname = "depth_nodes.movie_as_relief"
    bl_label = "Movie as Relief"
    bl_options = {"UNDO", "INTERNAL"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})

    def _wanted(self, _context: bpy.types.Context) -> tuple[bpy.types.Image, timeline.Showing, list[int]]:
        image = photo.load_movie(bpy.path.abspath(self.filepath))
        return image, timeline.Showing(1, image.frame_duration, 0, cyclic=False), []


def _finish(uids: list[int], shown: timeline.Showing, placement: Placement | None, depth: bpy.types.Image) -> None:
    """Have the objects follow the depth sequence, and add the relief that was asked for."""
    if placement is not None:
        picture = handover.source_of(depth)
        uids = [*uids, placement.add_relief(picture.session_uid, depth).session_uid]
    elif uids:
        relief.set_depth_of(uids, depth)
    for ob in bpy.data.objects:
        modifier = relief.find_modifier(ob) if ob.session_uid in uids else None
        if modifier is not None:
            texture = photo.shown_by(ob)
            timeline.follow(modifier, depth, timeline.Showing.of(texture.image_user) if texture else shown)
