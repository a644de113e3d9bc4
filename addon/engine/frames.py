"""The frames of a movie or an image sequence under way: one estimate after the other, then one that makes them steady.

What is whole stays on disk, so that a clip that was given up goes on where it stopped.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.video import layers  # type: ignore[import-not-found]
from ...inference.video import raw as raw_frames
from ...inference.worker.protocol import Stabilise, Stabilised  # type: ignore[import-not-found]
from ..depth import image as depth_image
from ..depth import sequence
from ..errors import DepthNodesError, EstimateError, PhotoError
from . import handover, jobs, settings

_AT_ONCE = 2  # frames that the worker has: one at work, one that waits
_RAW = "raw"
_begun: list["Clip"] = []  # the last one


@dataclass
class Clip:
    """A clip under way. frames: the numbers of its files, or of a movie's frames, in order.

    on_depth: called with the depth sequence once its files are there.
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
    _todo: list[int] = field(default_factory=list)
    _at_work: list[jobs.Job] = field(default_factory=list)
    _seconds: list[float] = field(default_factory=list)  # that frames took, on the wall
    _begun: float = 0.0
    _last: jobs.Job | None = None

    @property
    def raw(self) -> Path:
        """The folder of the raw frames."""
        return self.folder / _RAW

    @property
    def text(self) -> str:
        """How far it is, for people: frames, and the time left."""
        total = len(self.frames)
        if self._last is not None:
            return f"Stabilising {total} frames"
        done = total - len(self._todo) - len(self._at_work)
        if not self._seconds:
            return f"Frame {done + 1} of {total}"
        left = (total - done) * sum(self._seconds) / len(self._seconds)
        return f"Frame {done + 1} of {total}, {_duration(left)} left"

    @property
    def fraction(self) -> float:
        """The share that is done."""
        if self._last is not None:
            return 0.9 + 0.1 * (self._last.fraction or 0.0)
        return 0.9 * (1.0 - (len(self._todo) + len(self._at_work)) / max(len(self.frames), 1))


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
        raise EstimateError(f"{folder} can't be made ({error.strerror}). Choose another folder") from error
    clip._todo = [frame for frame in frames if not _is_whole(clip, image, frame)]
    _begun[:] = [clip]
    _feed(clip)
    return clip


def under_way() -> Clip | None:
    """Return the clip that is being made, if any."""
    return next((clip for clip in _begun if clip.state == "waiting"), None)


def advance(clip: Clip) -> None:
    """Take in what has come since the last call, after `jobs.poll`, and ask for what comes next."""
    if clip.state != "waiting":
        return
    for job in [job for job in clip._at_work if job.state != "waiting"]:
        clip._at_work.remove(job)
        if job.state != "done":
            _end(clip, job)
            return
        now = time.monotonic()
        clip._seconds.append(now - clip._begun)
        clip._begun = now
    if clip._last is not None and clip._last.state != "waiting":
        _end(clip, clip._last)
    else:
        _feed(clip)


def cancel(clip: Clip) -> None:
    """Give it up; what is whole stays."""
    for job in [*clip._at_work, *([clip._last] if clip._last else [])]:
        jobs.cancel(job)
    clip._todo.clear()
    clip.state = "cancelled"


def wait(clip: Clip) -> None:
    """Block until it is over: for scripts and background mode. Ctrl-C gives it up."""
    try:
        while clip.state == "waiting":
            jobs.poll()
            advance(clip)
            time.sleep(0.01)
    except KeyboardInterrupt:
        cancel(clip)
        raise


def _feed(clip: Clip) -> None:
    """Ask for the next frames, or for the whole once all are there."""
    image = depth_image.find(clip.image_uid)
    try:
        if image is None:
            raise PhotoError(f"{clip.name} was removed while its depth was estimated. Nothing was changed")
        while clip._todo and len(clip._at_work) < _AT_ONCE:
            frame = clip._todo.pop(0)
            clip._begun = clip._begun or time.monotonic()
            where, source = str(raw_frames.path_of(clip.raw, frame)), handover.source(image, frame)
            clip._at_work.append(jobs.submit(image, clip.settings, frame=frame, raw=where, source=source))
        if not clip._todo and not clip._at_work and clip._last is None:
            asked = Stabilise(0, str(clip.raw), str(clip.folder), clip.frames, True, clip.fixed_camera)
            clip._last = jobs.submit_clip(
                image, clip.settings, asked, lambda answer: clip.on_depth(_loaded(clip, answer))
            )
    except DepthNodesError as error:
        cancel(clip)
        clip.state, clip.error = "failed", str(error)


def _loaded(clip: Clip, answer: Stabilised) -> bpy.types.Image:
    """Return the clip's files as one image: the one that the movie or sequence has already, or a new one."""
    image = depth_image.find(clip.image_uid)
    if image is None:
        raise PhotoError(f"{clip.name} was removed while its depth was estimated. Its files are in {clip.folder}")
    info = depth_image.DepthInfo(
        answer.kind, answer.raw_min, answer.raw_max, source=image.name, model=answer.model, revision=answer.revision
    )
    before = handover.depth_of(image)
    depth = sequence.load(
        before if before is not None and sequence.is_sequence(before) else f"{Path(image.name).stem} Depth",
        layers.depth_path(clip.folder, clip.frames[0]),
        info,
        answer.shots,
        layers.colour_path(clip.folder, clip.frames[0]),
    )
    handover.keep(image, depth)
    return depth


def _end(clip: Clip, job: jobs.Job) -> None:
    cancel(clip)
    clip.state, clip.error = job.state, job.error
    if job.state == "done":
        shutil.rmtree(clip.raw, ignore_errors=True)


def _is_whole(clip: Clip, image: bpy.types.Image, frame: int) -> bool:
    """Whether a raw frame is there, from the same file and by the same model."""
    note = raw_frames.note_of(raw_frames.path_of(clip.raw, frame))
    if note is None or note.source != handover.source(image, frame):
        return False
    spec = catalog.get(clip.settings.model)
    revision = "local" if clip.settings.weights else spec.revision
    wanted = (spec.name, revision, clip.settings.size or spec.trained)
    return bool((note.making.model, note.making.revision, note.making.size) == wanted)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
