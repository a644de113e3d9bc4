"""Movies and sequences over time: which of their frames the scene shows, and reliefs and textures that follow."""

from collections.abc import Iterable
from dataclasses import dataclass

import bpy

from ..depth import image as depth_image
from ..depth import sequence
from ..errors import ModifierError
from . import inputs, material

FRAME = "Frame"


@dataclass(frozen=True)
class Showing:
    """How a movie or sequence is shown over time, as a texture's image user says: see Blender's manual."""

    start: int
    duration: int
    offset: int
    cyclic: bool

    @classmethod
    def of(cls, user: bpy.types.ImageUser) -> "Showing":
        """Return what an image user says."""
        return cls(user.frame_start, user.frame_duration, user.frame_offset, user.use_cyclic)

    def frames(self, image: bpy.types.Image, scene_frames: Iterable[int]) -> list[int]:
        """Return the frames of an image that frames of the scene show, in order: files by number, or a movie's."""
        shown = {self._frame(frame) for frame in scene_frames}
        if image.source == "MOVIE":
            shown = {frame for frame in shown if 1 <= frame <= image.frame_duration}
        return sorted(shown)

    def expression(self, first: int, last: int) -> str:
        """Return a driver's expression for the frame that is shown, from the first to the last that there is."""
        since = f"frame - {self.start}"
        if self.cyclic and self.duration > 0:
            shown = f"fmod(fmod({since}, {self.duration}) + {self.duration}, {self.duration}) + {self.offset + 1}"
        else:
            shown = f"min(max({since} + 1, 1), {max(self.duration, 1)}) + {self.offset}"
        return f"min(max({shown}, {first}), {last})"

    def _frame(self, scene_frame: int) -> int:
        since = scene_frame - self.start
        length = max(self.duration, 1)
        return (since % length if self.cyclic else min(max(since, 0), length - 1)) + 1 + self.offset

    def apply(self, user: bpy.types.ImageUser) -> None:
        """Have another image user say the same."""
        user.frame_start, user.frame_duration = self.start, self.duration
        user.frame_offset, user.use_cyclic = self.offset, self.cyclic
        user.use_auto_refresh = True


def follow(modifier: bpy.types.NodesModifier, depth: bpy.types.Image, shown: Showing) -> None:
    """Have a relief of a depth sequence show the frame that its picture shows, in one range for all of them.

    Raises ModifierError for a modifier of an older release.
    """
    if FRAME not in inputs.input_names(modifier):
        raise ModifierError(f"{modifier.id_data.name!r} has a group of an older release. Use Update Depth Groups first")
    known, shots = depth_image.info(depth), sequence.shots(depth)
    frames = [frame for first, last, _, _ in shots for frame in (first, last)]
    inputs.drive(modifier, FRAME, shown.expression(min(frames), max(frames)))
    metric = known is not None and known.kind == "distance"
    inputs.set_input(modifier, "Fixed Range", True)
    inputs.set_input(modifier, "Range Low", known.raw_min if metric else 0.0)
    inputs.set_input(modifier, "Range High", known.raw_max if metric else 1.0)
    picture = depth_image.colour(depth)
    if picture is not None:
        texture = material.texture_of(material.background_material(picture))
        shown.apply(texture.image_user)
