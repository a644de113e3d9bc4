"""A whole clip for Blender: its frames read here, estimated, and made into the files that Blender shows."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from .. import catalog
from ..errors import DepthNodesError
from ..predict import Predictor
from ..video import layers, raw, run, stabilise, windowed
from ..video.clip import Clip, open_clip
from ..video.record import Record
from . import answer
from .protocol import EstimateClip, Stabilised, Stage

Report = Callable[[Stage, float], None]


def estimated(request: EstimateClip, load: Callable[[], Predictor], report: Report) -> Stabilised:
    """Make a clip's files, and return the answer; a frame that can't be read costs itself alone.

    load: loads the model, once a frame was read. Raises what that raises, PhotoError where no frame can be read, and
    DepthFileError.
    """
    clip = open_clip(request.clip)
    made = _Making(request, clip, load, report)
    found = made.before()
    if found is None:
        found = made.in_windows() if catalog.get(request.model).sees_clips else made.one_by_one()
    told = answer.finished(request, found, lambda share: report("stabilising", share))
    failed = [(frame, " ".join(str(made.failed[frame]).split())) for frame in sorted(made.failed)]
    return replace(told, failed=failed, uneven=clip.uneven)


class _Making:
    """Estimates the frames, and measures them. failed: the frames that came to nothing."""

    def __init__(self, request: EstimateClip, clip: Clip, load: Callable[[], Predictor], report: Report) -> None:
        weights = Path(request.weights) if request.weights else None
        self._request, self._clip, self._load, self._report = request, clip, load, report
        self._making = raw.Making.of(catalog.get(request.model), weights, request.size, request.precision)
        self._folder = Path(request.raw)
        self._frames, missing = run.chosen(clip, request.frames)
        self.failed: dict[int, DepthNodesError] = {one.frame: one.error for one in missing}
        self._check()

    def before(self) -> Record | None:
        """Return the record of an earlier request for the same, whose files are all there."""
        output, fixed = Path(self._request.output), self._request.fixed_camera
        found = run.known(output, self._clip, self._frames, self._making, None, fixed)
        there = found is not None and all(
            layers.is_whole(found, frame, output, with_background=self._request.background) for frame in self._frames
        )
        return found if there else None

    def in_windows(self) -> Record:
        """Let a model look from frame to frame, shot by shot."""
        shots = run.split_clip(
            self._clip,
            self._request.clip,
            self._frames,
            None,
            self.failed.__setitem__,
            lambda share: self._report("finding cuts", share),
        )
        shots.save(self._folder)
        self._follow(
            run.estimate_windows(
                self._clip,
                shots,
                self._left(),
                self._folder,
                self._making,
                self._load,
                stored=True,
                progress=lambda share: self._report("estimating", share),
            )
        )
        return windowed.measure(self._folder, shots, self._making)

    def one_by_one(self) -> Record:
        """Let a model look at each frame by itself, and steady what it says."""
        results = run.estimate(self._clip, self._frames, self._folder, self._making, self._load, stored=True)
        for done, result in enumerate(results):
            self._follow([result])
            self._report("estimating", (done + 1) / len(self._frames))
        self._check()
        return stabilise.measure(
            self._folder,
            self._left(),
            clip=self._request.clip,
            fps=self._clip.fps,
            fixed_camera=self._request.fixed_camera,
        )

    def _left(self) -> list[int]:
        return [frame for frame in self._frames if frame not in self.failed]

    def _follow(self, results: Iterable[run.Made | run.Failed]) -> None:
        for result in results:
            if isinstance(result, run.Failed):
                self.failed[result.frame] = result.error

    def _check(self) -> None:
        if not self._left():
            raise next(iter(self.failed.values()))
