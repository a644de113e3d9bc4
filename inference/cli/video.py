"""The command for movies and image sequences: `video`."""

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from .. import catalog
from ..errors import DepthFileError, DepthNodesError, PhotoError, first_line
from ..video import frames as numbering
from ..video import raw, record, run, stabilise, windowed
from ..video import split as splitting
from ..video.clip import Clip, open_clip
from .options import add_model_options, load
from .report import FAILED, OK, PROGRAM, bar, complain

if TYPE_CHECKING:
    from ..predict import Predictor

_EPILOG = """\
steps, each on as many machines as there are (a run without --step does them all):
  split             for a model of clips: all frames at once, into shots that begin at cuts
  estimate          the frames of --frames by the model, into FOLDER/raw
  measure           all frames at once: cuts, scale and range, into FOLDER/depth.json
  finish            the frames of --frames, into FOLDER
"""


def run_video(arguments: Sequence[str]) -> int:
    """Make the depth of a clip, or one step of it."""
    options = _parser().parse_args(arguments)
    spec = catalog.get(options.model)
    folder = _folder(options.output)
    clip = open_clip(options.clip)
    if clip.uneven:
        print("note: frames of this movie last differently long; each becomes one file", file=sys.stderr)
    frames, missing = run.chosen(clip, options.frames)
    job = _Job(options, spec, folder, clip, frames)
    for failed in missing:
        job.tell(failed)
    if frames:
        steps = {"split": job.split, "estimate": job.estimate, "measure": job.measure, "finish": job.finish}
        steps.get(options.step, job.all)()
    return FAILED if job.failures or not frames else OK


class _Job:
    """One call of the command: its steps, and what they tell."""

    def __init__(
        self,
        options: argparse.Namespace,
        spec: catalog.ModelSpec,
        folder: Path,
        clip: Clip,
        frames: Sequence[int],
    ) -> None:
        self._options, self._folder, self._clip, self._frames = options, folder, clip, frames
        self._raw = folder / run.RAW
        self._making = raw.Making.of(spec, options.weights, options.size, options.precision)
        self._spec, self._cuts = spec, _cuts(options.cuts)
        if spec.sees_clips and options.fixed_camera:
            print(f"note: --fixed-camera has no effect on {spec.name}, which sees that by itself", file=sys.stderr)
            options.fixed_camera = False
        self.failures = 0
        self._lost: set[int] = set()  # frames that could not be estimated

    def all(self) -> None:
        """Do all steps, as far as they aren't done yet."""
        same = self._clip, self._frames, self._making, self._cuts, self._options.fixed_camera
        found = run.known(self._folder, *same)
        todo = run.unfinished(found, self._frames, self._folder, self._options.format) if found else self._frames
        if self._spec.sees_clips:
            shots = splitting.of_record(found) if found else self._split()
            self._estimate(todo, shots)
        else:
            needed = {one.frame for frame in todo for one in found.around(frame).values()} if found else todo
            self._estimate(sorted(needed))
        if found is None:
            found = self._measure()
        self._finish(found, self._frames)
        if not self.failures and not self._options.keep_raw:
            shutil.rmtree(self._raw, ignore_errors=True)

    def split(self) -> None:
        """Find the shots, where the model needs them first."""
        if self._spec.sees_clips:
            self._split()
        else:
            print(f"note: {self._spec.name} sees single frames: there is nothing to split", file=sys.stderr)

    def estimate(self) -> None:
        """Estimate the frames."""
        self._estimate(self._frames, splitting.load(self._raw) if self._spec.sees_clips else None)

    def measure(self) -> None:
        """Measure the frames."""
        self._measure()

    def finish(self) -> None:
        """Finish the frames."""
        self._finish(record.load(self._folder / record.NAME), self._frames)

    def tell(self, result: run.Made | run.Failed, *, finished: bool = False) -> None:
        """Tell what came of a frame: finished ones and failures each in a line."""
        if isinstance(result, run.Failed):
            self.failures += 1
            self._lost.add(result.frame)
            complain(result.error)
            if self._options.json:
                print(json.dumps({"frame": result.frame, "error": str(result.error)}), flush=True)
        elif finished and self._options.json:
            told = {"frame": result.frame, "output": str(result.path)}
            print(json.dumps(told | ({"skipped": True} if result.seconds is None else {})), flush=True)
        elif finished:
            print(f"{result.path}{': there already' if result.seconds is None else ''}", flush=True)

    def _split(self) -> splitting.Split:
        def failed(frame: int, error: DepthNodesError) -> None:
            self.tell(run.Failed(frame, error))

        self._raw.mkdir(exist_ok=True)
        shots = run.split_clip(self._clip, self._options.clip, self._frames, self._cuts, failed)
        shots.save(self._raw)
        return shots

    def _estimate(self, frames: Sequence[int], shots: splitting.Split | None = None) -> None:
        self._raw.mkdir(exist_ok=True)
        if shots is None:
            results = run.estimate(self._clip, frames, self._raw, self._making, self._load)
        else:
            frames = [frame for frame in frames if frame not in self._lost]
            results = run.estimate_windows(self._clip, shots, frames, self._raw, self._making, self._load)
        self._follow("estimating", results, len(frames))

    def _measure(self) -> record.Record:
        found = windowed.measure(self._raw, splitting.load(self._raw), self._making) if self._spec.sees_clips else None
        found = found or self._stabilised()
        found.save(self._folder / record.NAME)
        begun = numbering.written(shot.frames[0].frame for shot in found.shots[1:])
        said = f"{len(found.shots)} shots, cut at frames {begun}" if begun else "one shot"
        print(f"{self._folder / record.NAME}: {len(found.frames)} frames, {said}", file=sys.stderr)
        return found

    def _stabilised(self) -> record.Record:
        there = [one for one in self._frames if one not in self._lost and raw.path_of(self._raw, one).is_file()]
        if self._options.step and len(there) < len(self._frames):
            lacking = numbering.written(sorted(set(self._frames) - set(there)))
            raise DepthFileError(f"Frames {lacking} are not estimated. Estimate them first, or leave them out")
        return stabilise.measure(
            self._raw,
            there,
            clip=self._options.clip,
            fps=self._clip.fps,
            cuts=self._cuts,
            fixed_camera=self._options.fixed_camera,
        )

    def _finish(self, found: record.Record, frames: Sequence[int]) -> None:
        file_format = self._options.format
        todo = set(run.unfinished(found, [one for one in frames if one in found.frames], self._folder, file_format))
        for frame in frames:
            if frame in found.frames and frame not in todo:
                self.tell(run.Made(frame, run.depth_path(self._folder, frame, file_format), None), finished=True)
        left = sorted(todo) if self._options.step is None else sorted(todo | (set(frames) - set(found.frames)))
        self._follow("finishing", run.finish(found, left, self._folder, file_format), len(left), finished=True)

    def _follow(
        self, name: str, results: Iterable[run.Made | run.Failed], count: int, *, finished: bool = False
    ) -> None:
        with bar(count, desc=name, unit="frame") as shown:
            for done, result in enumerate(results, 1):
                if shown:
                    shown.clear()
                self.tell(result, finished=finished)
                if shown:
                    shown.update()
                if self._options.openjd:
                    print(f"openjd_progress: {100.0 * done / count:.1f}", flush=True)

    def _load(self) -> "Predictor":
        return load(self._options, self._options.size, self._options.precision)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} video",
        description="Estimate the depth of a movie or an image sequence without flicker: one EXR a frame, one range a "
        "shot. Running it again goes on where it stopped.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("clip", metavar="CLIP", help="a movie, or a pattern such as shot_%%04d.png or shot_####.png")
    parser.add_argument("-o", "--output", metavar="FOLDER", required=True, help="where the depth files go")
    parser.add_argument(
        "--frames", type=_frames, metavar="RANGES", help="such as 1-100,120-200:2; default: all there are"
    )
    parser.add_argument("--format", choices=run.SUFFIXES, default="exr", help="what to write; default: exr")
    parser.add_argument(
        "--cuts", type=Path, metavar="FILE", help="the frames that begin a shot, one a line; default: they are found"
    )
    parser.add_argument("--fixed-camera", action="store_true", help="the camera doesn't move: steadier depth")
    parser.add_argument("--keep-raw", action="store_true", help="keep FOLDER/raw, to try other cuts without the model")
    parser.add_argument("--step", choices=get_args(run.Step), help="do only one step; default: all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line in place of text")
    parser.add_argument("--openjd", action="store_true", help="tell progress as Open Job Description reads it")
    add_model_options(parser)
    return parser


def _frames(text: str) -> tuple[int, ...]:
    try:
        return numbering.parse(text)
    except PhotoError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _folder(output: str) -> Path:
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DepthFileError(f"-o {output}: this folder can't be made ({first_line(error)}). Choose another") from error
    return folder


def _cuts(path: Path | None) -> tuple[int, ...] | None:
    """Read frame numbers, one a line; what follows a # is a comment."""
    if path is None:
        return None
    try:
        lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
        return tuple(sorted({int(line) for line in lines if line}))
    except (OSError, ValueError) as error:
        raise DepthNodesError(
            f"--cuts {path} can't be used ({first_line(error)}). Write one frame number a line"
        ) from error
