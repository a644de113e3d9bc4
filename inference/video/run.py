"""A clip to depth files: which frames are to be made, and making them, step by step.

split      the shots, for a model that looks from frame to frame   once, into `raw/split.json`
estimate   each frame by the model, into `raw/`                    in any order, on any machine
measure    all raw frames: cuts, the path of the gauge, the range  once, into `depth.json`
finish     each frame by the record and its raw neighbours         in any order, on any machine
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import DepthFileError, DepthNodesError, PhotoError
from ..io import Format, making_of, write_depth
from ..picture import Photo
from . import raw, record, split, windowed
from .clip import Clip
from .record import Record
from .stabilise import Finisher

if TYPE_CHECKING:
    from ..predict import Predictor

Step = Literal["split", "estimate", "measure", "finish"]
RAW = "raw"  # the folder of raw frames, in the folder of the depth files
SUFFIXES: dict[Format, str] = {"exr": ".exr", "png16": ".png", "preview": ".preview.png"}


@dataclass(frozen=True)
class Made:
    """A frame that is on disk, raw or finished; seconds: that it took, or None where it was there already."""

    frame: int
    path: Path
    seconds: float | None


@dataclass(frozen=True)
class Failed:
    """A frame that came to nothing."""

    frame: int
    error: DepthNodesError


def depth_path(folder: Path, frame: int, file_format: Format) -> Path:
    """Return the file of a finished frame: `depth_0001.exr`."""
    return folder / f"depth_{frame:04d}{SUFFIXES[file_format]}"


def chosen(clip: Clip, wanted: Collection[int] | None) -> tuple[list[int], list[Failed]]:
    """Return the frames of a clip that are wanted, all of them by default, and those that it hasn't."""
    there = set(clip.numbers)
    frames = sorted(clip.numbers if wanted is None else wanted)
    missing = [Failed(frame, PhotoError(f"frame {frame}: the clip has no such frame")) for frame in frames]
    return [frame for frame in frames if frame in there], [one for one in missing if one.frame not in there]


def known(
    folder: Path, clip: Clip, frames: Sequence[int], making: raw.Making, cuts: Collection[int] | None, fixed: bool
) -> Record | None:
    """Return the record of an earlier run, if it is of just these frames, made in just this way."""
    try:
        found = record.load(folder / record.NAME)
        sources = [one.source for shot in found.shots for one in shot.frames]
        same = found.frames == tuple(frames) and sources == [clip.source(frame) for frame in frames]
    except DepthNodesError:
        return None
    told = None if cuts is None else tuple(sorted(cuts))
    return found if same and (found.making, found.cuts, found.fixed_camera) == (making, told, fixed) else None


def unfinished(found: Record, frames: Sequence[int], folder: Path, file_format: Format) -> list[int]:
    """Return the frames whose file is not there, not whole, or not made by this record."""
    return [
        frame
        for frame in frames
        if making_of(depth_path(folder, frame, file_format)) != found.digest(frame, file_format)
    ]


def split_clip(
    clip: Clip,
    name: str,
    frames: Sequence[int],
    cuts: Collection[int] | None,
    failed: Callable[[int, DepthNodesError], object],
    progress: Callable[[float], None] | None = None,
) -> split.Split:
    """Return the shots of some frames of a clip: see `split.find`. progress: called with the share that is read."""

    def read() -> Iterator[tuple[int, Callable[[], Photo]]]:
        for place, one in enumerate(_read_ahead(clip, frames)):
            yield one
            if progress is not None:
                progress((place + 1) / len(frames))

    return split.find(clip, name, read(), cuts, failed)


def estimate_windows(
    clip: Clip,
    shots: split.Split,
    frames: Collection[int],
    folder: Path,
    making: raw.Making,
    load: Callable[[], "Predictor"],
    *,
    stored: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Made | Failed]:
    """Make the raw windows of frames that aren't there, whole and by this making; yield each frame once it has all.

    stored: see `windowed.Maker`. progress: called with the share of the windows that is done.
    """
    needed = windowed.needed(shots, frames)
    known = {frame for one in needed for frame in one.frames}
    for frame in sorted(set(frames) - known):
        yield Failed(frame, PhotoError(f"frame {frame}: the clip was split without it. Split the clip again"))
    tell = progress or (lambda _share: None)
    maker: windowed.Maker | None = None
    for place, window in enumerate(needed):
        start = time.perf_counter()
        path, note = window.path(folder), window.note(making, shots)
        there = raw.note_of(path) == note
        if not there:
            if maker is None:
                predictor = load()
                predictor.check_clip(shots.height, shots.width)
                maker = windowed.Maker(predictor, clip, partial(_read_ahead, clip), stored=stored)
            raw.write(maker.make(window, note, _part_of(tell, place, len(needed))), path)
        tell((place + 1) / len(needed))
        seconds = None if there else (time.perf_counter() - start) / max(len(window.frames), 1)
        for frame in window.frames:
            yield Made(frame, path, seconds)


def _part_of(progress: Callable[[float], None], place: int, count: int) -> Callable[[float], None]:
    return lambda share: progress((place + share) / count)


def estimate(
    clip: Clip,
    frames: Sequence[int],
    folder: Path,
    making: raw.Making,
    load: Callable[[], "Predictor"],
    *,
    stored: bool = False,
) -> Iterator[Made | Failed]:
    """Make the raw frames that aren't there, whole and by this making, and yield what came of each.

    load: loads the model; called once, when the first frame has been read. The next frame is read meanwhile. stored:
    depth lies as the files do, not upright (see `Photo`).
    """
    todo: list[int] = []
    for frame in frames:
        path = raw.path_of(folder, frame)
        note = raw.note_of(path)
        try:
            there = note is not None and note.making == making and note.source == clip.source(frame)
        except PhotoError as error:
            yield Failed(frame, error)
            continue
        if there:
            yield Made(frame, path, None)
        else:
            todo.append(frame)
    predictor: Predictor | None = None
    for frame, picture in _read_ahead(clip, todo):
        start = time.perf_counter()
        try:
            photo = picture()
            predictor = predictor or load()
            depth = predictor.predict(photo.rgb, photo.validity, enlarge=photo.validity is not None)
            path = raw.path_of(folder, frame)
            made = raw.raw_of(depth, photo.rgb, making, clip.source(frame))
            raw.write(made.turned(photo.orientation) if stored else made, path)
        except (PhotoError, DepthFileError) as error:
            yield Failed(frame, type(error)(f"frame {frame}: {error}"))
        else:
            yield Made(frame, path, time.perf_counter() - start)


def finish(found: Record, frames: Sequence[int], folder: Path, file_format: Format) -> Iterator[Made | Failed]:
    """Write the finished frames, and yield what came of each."""
    finisher = Finisher(found, folder / RAW)
    for frame in frames:
        path = depth_path(folder, frame, file_format)
        start = time.perf_counter()
        try:
            write_depth(finisher.depth(frame, file_format), path, file_format)
        except DepthFileError as error:
            yield Failed(frame, DepthFileError(f"frame {frame}: {error}"))
        else:
            yield Made(frame, path, time.perf_counter() - start)


def _read_ahead(clip: Clip, frames: Sequence[int]) -> Iterator[tuple[int, Callable[[], Photo]]]:
    """Yield each frame with what returns it, or raises; the next one is read meanwhile."""
    with ThreadPoolExecutor(1, "read") as reader:
        following = [reader.submit(clip.read, frame) for frame in frames[:1]]
        for place, frame in enumerate(frames):
            picture = following.pop()
            following += [reader.submit(clip.read, after) for after in frames[place + 1 : place + 2]]
            yield frame, picture.result
