"""The depth of a movie or an image sequence under way.

The engine reads the clip itself where it can. Else, and for the built-in model, it gets one frame after the other, and
then makes them steady. What is whole stays on disk, so that a clip that was given up goes on where it stopped.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.video import frames as numbering  # type: ignore[import-not-found]
from ...inference.video import layers
from ...inference.video import raw as raw_frames
from ...inference.worker.protocol import Stabilise, Stabilised  # type: ignore[import-not-found]
from ..depth import image as depth_image
from ..depth import sequence
from ..errors import DepthImageError, DepthNodesError, EstimateError, PhotoError, first_line
from . import handover, jobs, settings

_AT_ONCE = 2  # frames that the worker has: one at work, one that waits
_RAW = "raw"
_EVEN = "Convert it to a constant frame rate first if it is"
_begun: list["Clip"] = []  # the last one


@dataclass
class Clip:
    """A clip under way. frames: the numbers of its files, or of a movie's frames, in order.

    on_depth: called with the depth sequence once its files are there. failed: why a frame has none; it costs itself
    alone. notes: what else is to be said.
    """

    image_uid: int
    name: str
    frames: list[int]
    folder: Path
    settings: settings.Settings
    fixed_camera: bool
    on_depth: Callable[[bpy.types.Image], object]
    state: jobs.State = "waiting"
    error: str = ""
    failed: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _todo: list[int] = field(default_factory=list)
    _at_work: dict[int, jobs.Job] = field(default_factory=dict)  # by the frame
    _since: tuple[float, int] | None = None  # when it was first looked at, and how many frames were there then
    _whole: jobs.Job | None = None  # what makes all frames, or makes them steady once they are there

    @property
    def raw(self) -> Path:
        """The folder of the raw frames."""
        return self.folder / _RAW

    @property
    def is_at_work(self) -> bool:
        """Whether it goes on, or the engine has not let go of it yet."""
        under_way = [*self._at_work.values(), *([self._whole] if self._whole else [])]
        return self.state == "waiting" or any(job.state == "waiting" for job in under_way)

    @property
    def text(self) -> str:
        """How far it is, for people: frames, and the time left."""
        total, done = len(self.frames), self._done
        if self._whole is not None and done is None:
            return self._whole.text if self._whole.text != "Stabilising" else f"Stabilising {total} frames"
        done = done or 0
        begun, before = self._since or (0.0, done)
        left = _duration((total - done) * (time.monotonic() - begun) / (done - before)) if done > before else ""
        return f"Frame {done + 1} of {total}" + (f", {left} left" if left else "")

    @property
    def fraction(self) -> float:
        """The share that is done."""
        done = self._done
        if self._whole is not None and done is None:
            return 0.9 + 0.1 * (self._whole.fraction or 0.0) if self._whole.text == "Stabilising" else 0.0
        return 0.9 * (done or 0) / max(len(self.frames), 1)

    @property
    def warning(self) -> str:
        """What is to be said of a clip that is done, for people, or nothing."""
        if not self.failed:
            return " ".join(self.notes)
        frames, why = numbering.written(sorted(self.failed)), next(iter(self.failed.values()))
        again = "Run Estimate Frames again to make them"
        return " ".join([f"Frames {frames} of {self.name} have no depth ({why}). {again}", *self.notes])

    @property
    def _done(self) -> int | None:
        """How many frames are estimated, or None before the first and after the last."""
        if self._whole is None:
            return len(self.frames) - len(self._todo) - len(self._at_work)
        if self._whole.text != "Estimating":
            return None
        return min(int((self._whole.fraction or 0.0) * len(self.frames)), len(self.frames) - 1)


def begin(
    image: bpy.types.Image,
    frames: Sequence[int],
    folder: Path,
    wanted: settings.Settings,
    *,
    fixed_camera: bool,
    on_depth: Callable[[bpy.types.Image], object],
) -> Clip:
    """Begin, or go on with, the depth of an image's frames. Raises DepthNodesError for what can't be begun."""
    if not frames:
        raise PhotoError(f"{image.name} shows none of its frames in this range. Choose another range of the scene")
    if wanted.invert:
        raise EstimateError("Invert can't be used for frames. Switch it off in the preferences of Depth Nodes")
    clip = Clip(image.session_uid, image.name, list(frames), folder, wanted, fixed_camera, on_depth)
    try:
        clip.raw.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EstimateError(f"{folder} can't be made ({first_line(error)}). Choose another folder") from error
    spec, name = catalog.get(wanted.model), handover.clip_of(image, frames)
    if name and not spec.built_in:
        steadier = fixed_camera and not spec.sees_clips  # what looks from frame to frame sees that by itself
        asked = settings.request_clip(wanted, name, clip.frames, clip.raw, folder, fixed_camera=steadier)
        clip._whole = jobs.submit_clip(image, wanted, asked, lambda answer: _take(clip, answer))
    elif spec.sees_clips:
        raise EstimateError(
            f"{spec.title} reads movies, and sequences of PNG, JPEG and TIFF files, from the disk. {image.name} is "
            "neither. Choose another model"
        )
    else:
        clip._todo = [frame for frame in frames if _is_lacking(clip, image, frame)]
        if len(clip.failed) == len(frames):
            raise PhotoError(next(iter(clip.failed.values())))
        _feed(clip)
    _begun[:] = [clip]
    return clip


def under_way() -> Clip | None:
    """Return the clip that is being made, if any."""
    return next((clip for clip in _begun if clip.state == "waiting"), None)


def advance(clip: Clip) -> None:
    """Take in what has come since the last call, after `jobs.poll`, and ask for what comes next."""
    if clip.state != "waiting":
        return
    for frame, job in [(frame, job) for frame, job in clip._at_work.items() if job.state != "waiting"]:
        del clip._at_work[frame]
        if job.state == "failed" and job.fault == "photo":
            clip.failed[frame] = job.error
        elif job.state != "done":
            _end(clip, job)
            return
    if clip._since is None and clip._done is not None:
        clip._since = time.monotonic(), clip._done
    if clip._whole is not None and clip._whole.state != "waiting":
        _end(clip, clip._whole)
    elif clip._whole is None:
        _feed(clip)


def cancel(clip: Clip) -> None:
    """Give it up; what is whole stays. `jobs.poll` until it is not at work any more, or have somebody else do so."""
    for job in [*clip._at_work.values(), *([clip._whole] if clip._whole else [])]:
        jobs.cancel(job)
    clip._todo.clear()
    clip.state = "cancelled"


def wait(clip: Clip) -> None:
    """Block until it is over: for scripts and background mode. Ctrl-C gives it up."""
    try:
        while clip.is_at_work:
            jobs.poll()
            advance(clip)
            time.sleep(0.01)
    except KeyboardInterrupt:
        cancel(clip)
        raise


def _feed(clip: Clip) -> None:
    """Ask for the next frames, or for the whole once all are there. One that can't be read is left out."""
    image = depth_image.find(clip.image_uid)
    try:
        if image is None:
            raise PhotoError(f"{clip.name} was removed while its depth was estimated. Nothing was changed")
        while clip._todo and len(clip._at_work) < _AT_ONCE:
            frame = clip._todo.pop(0)
            where = str(raw_frames.path_of(clip.raw, frame))
            try:
                source = handover.source(image, frame)
                clip._at_work[frame] = jobs.submit(image, clip.settings, frame=frame, raw=where, source=source)
            except (PhotoError, DepthImageError) as error:
                clip.failed[frame] = str(error)
        if not clip._todo and not clip._at_work:
            left = [frame for frame in clip.frames if frame not in clip.failed]
            if not left:
                raise PhotoError(next(iter(clip.failed.values())))
            asked = Stabilise(0, str(clip.raw), str(clip.folder), left, True, clip.fixed_camera)
            clip._whole = jobs.submit_clip(image, clip.settings, asked, lambda answer: _take(clip, answer))
    except DepthNodesError as error:
        cancel(clip)
        clip.state, clip.error = "failed", str(error)


def _take(clip: Clip, answer: Stabilised) -> None:
    """Hand the depth sequence on."""
    clip.failed.update((frame, why) for frame, why in answer.failed)
    if answer.uneven:
        clip.notes.append(f"Frames of {clip.name} last differently long: depth may be frames off. {_EVEN}")
    clip.on_depth(_loaded(clip, answer))


def _loaded(clip: Clip, answer: Stabilised) -> bpy.types.Image:
    """Return the clip's files as one image: the one that the movie or sequence has already, or a new one."""
    image = depth_image.find(clip.image_uid)
    if image is None:
        raise PhotoError(f"{clip.name} was removed while its depth was estimated. Its files are in {clip.folder}")
    info = depth_image.DepthInfo(
        answer.kind, answer.raw_min, answer.raw_max, source=image.name, model=answer.model, revision=answer.revision
    )
    before = handover.depth_of(image)
    first = int(answer.shots[0][0])
    depth = sequence.load(
        before if before is not None and sequence.is_sequence(before) else f"{Path(image.name).stem} Depth",
        layers.depth_path(clip.folder, first),
        info,
        answer.shots,
        layers.colour_path(clip.folder, first),
    )
    handover.keep(image, depth)
    return depth


def _end(clip: Clip, job: jobs.Job) -> None:
    cancel(clip)
    clip.state, clip.error = job.state, job.error
    if job.state == "done" and not clip.failed:
        shutil.rmtree(clip.raw, ignore_errors=True)


def _is_lacking(clip: Clip, image: bpy.types.Image, frame: int) -> bool:
    """Whether a frame is to be estimated: no raw one is there, from the same file and by the same model."""
    try:
        source = handover.source(image, frame)
    except PhotoError as error:
        clip.failed[frame] = str(error)
        return False
    note = raw_frames.note_of(raw_frames.path_of(clip.raw, frame))
    spec = catalog.get(clip.settings.model)
    revision = "local" if clip.settings.weights else spec.revision
    wanted = (spec.name, revision, clip.settings.size or spec.trained, source)
    return note is None or (note.making.model, note.making.revision, note.making.size, note.source) != wanted


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
