"""Raw windows: what a model that looks from frame to frame says of a clip, on disk between the passes.

A window's frames follow from its number alone, so that windows are made in any order and on any machine, to the same
bytes as in one run; only scale and shift from one to the next need all of them, and are measured afterwards.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import catalog
from ..draft.resize import resize
from ..errors import DepthFileError, PhotoError
from ..model import windows
from ..orientation import as_stored
from ..picture import Photo
from . import raw
from .clip import Clip
from .gauge import Map
from .record import Record
from .shots import Correction, Shot
from .split import Framed, Split

if TYPE_CHECKING:
    from ..predict import Predictor

Pictures = Callable[[Sequence[int]], Iterator[tuple[int, Callable[[], Photo]]]]


@dataclass(frozen=True)
class Window:
    """A window of a shot, by its number, and the frames that it is the last to show."""

    shot: tuple[Framed, ...]
    number: int
    frames: tuple[int, ...]

    @property
    def slots(self) -> list[int]:
        """The places in the shot of its frames."""
        return windows.slots(self.number, len(self.shot))

    def note(self, making: raw.Making, split: Split) -> raw.Note:
        """Return what its file is to say of it."""
        source = "\n".join(self.shot[place].source for place in self.slots)
        return raw.Note(making, catalog.get(making.model).kind, source, split.height, split.width)

    def path(self, folder: Path) -> Path:
        """Return where its raw depth lies."""
        return path_of(folder, self.shot[0].frame, self.number)


def path_of(folder: Path, first: int, window: int) -> Path:
    """Return where a window of the shot that begins with a frame lies."""
    return folder / f"{first:04d}-{window:03d}.npz"


def needed(split: Split, frames: Collection[int]) -> list[Window]:
    """Return the windows that show any of the frames, in order."""
    wanted = set(frames)
    found: list[Window] = []
    for shot in split.shots:
        shown: dict[int, list[int]] = {}
        for place, one in enumerate(shot):
            if one.frame in wanted:
                parts = windows.parts(place, len(shot))
                for part in parts:
                    shown.setdefault(part.window, [])
                shown[parts[-1].window].append(one.frame)
        found += [Window(shot, number, tuple(shown[number])) for number in sorted(shown)]
    return found


class Maker:
    """Makes windows one after the other. A frame goes through the encoder once, and is held while windows need it.

    clip: read by `pictures`. stored: depth lies as the files do, not upright (see `Photo`).
    """

    def __init__(self, predictor: "Predictor", clip: Clip, pictures: Pictures, *, stored: bool) -> None:
        self._predictor, self._clip, self._pictures, self._stored = predictor, clip, pictures, stored
        self._shot: tuple[Framed, ...] = ()
        self._held: dict[int, tuple[Any, Photo]] = {}  # by the place in the shot

    def make(self, window: Window, note: raw.Note, progress: Callable[[float], None]) -> raw.Raw:
        """Return the raw depth of a window. Raises PhotoError for a frame that can't be read.

        progress: called with the share of it that is done.
        """
        if window.shot is not self._shot:
            self._shot, self._held = window.shot, {}
        slots = window.slots
        self._held = {place: one for place, one in self._held.items() if place in slots}
        self._encode(sorted(set(slots) - set(self._held)), progress)
        depths = self._predictor.predict_window(
            [self._held[place][0] for place in slots], lambda share: progress(0.5 + 0.5 * share)
        )
        photos = [self._held[place][1] for place in slots]
        return raw.Raw(
            np.stack([self._lying(depth, photo) for depth, photo in zip(depths, photos, strict=True)]),
            np.stack([self._lying(photo.rgb, photo) for photo in photos]),
            _validity([self._lying(_known(photo), photo) for photo in photos]),
            note,
        )

    def _encode(self, places: Sequence[int], progress: Callable[[float], None]) -> None:
        frames = [self._shot[place].frame for place in places]
        for done, (place, (frame, picture)) in enumerate(zip(places, self._pictures(frames), strict=True)):
            photo = picture()
            if self._clip.source(frame) != self._shot[place].source:
                raise PhotoError(f"frame {frame}: its file was changed since the clip was split. Split the clip again")
            encoded = self._predictor.encode(photo.rgb)
            size = self._predictor.seen(*photo.rgb.shape[:2])
            validity = None if photo.validity is None else resize(photo.validity, *size)
            self._held[place] = encoded, Photo(raw.pixels_at(photo.rgb, *size), validity, photo.orientation)
            progress(0.5 * (done + 1) / len(places))

    def _lying(self, array: NDArray[Any], photo: Photo) -> NDArray[Any]:
        return np.asarray(as_stored(array, photo.orientation)) if self._stored else array


def measure(folder: Path, split: Split, making: raw.Making) -> Record:
    """Return the record of raw windows, which lie in `folder`: scale and shift of each, and the range of each shot.

    Raises DepthFileError for a window that is not there, or made in another way.
    """
    kind = catalog.get(making.model).kind
    shots: list[Shot] = []
    for shot in split.shots:
        stitch = windows.Stitch(is_metric=kind == "distance")
        low, high = np.inf, -np.inf
        for depth in _depths(folder, shot, making, stitch):
            low, high = min(low, float(depth.min())), max(high, float(depth.max()))
        corrections = tuple(Correction(one.frame, 1.0, 0.0, one.source) for one in shot)
        shots.append(Shot(low, high, corrections, ((1.0, 0.0), *stitch.fits)))
    return Record(kind, making, split.clip, split.fps, split.height, split.width, split.cuts, False, tuple(shots))


def _depths(folder: Path, shot: Sequence[Framed], making: raw.Making, stitch: windows.Stitch) -> Iterator[Map]:
    left = len(shot)
    for number in range(windows.count(len(shot))):
        found = raw.read(path_of(folder, shot[0].frame, number))
        if found.note.making != making:
            raise DepthFileError(f"Frames from {shot[0].frame} on were estimated in another way. Estimate them again")
        decided = stitch.add(list(found.values))[:left]
        yield from decided
        left -= len(decided)
    yield from stitch.held[:left]


def laid(parts: Sequence[windows.Part], found: Sequence[raw.Raw], shot: Shot) -> tuple[raw.Raw, Map]:
    """Return a frame, and its depth laid over the other windows: one window's, or two that fade into each other."""
    terms = [
        np.float32(part.weight) * windows.aligned(window.values[part.slot], *shot.windows[part.window])
        for part, window in zip(parts, found, strict=True)
    ]
    slot, last = parts[-1].slot, found[-1]
    validity = None if last.validity is None else last.validity[slot]
    return raw.Raw(last.values[slot], last.rgb[slot], validity, last.note), np.asarray(sum(terms), np.float32)


def _known(photo: Photo) -> NDArray[np.float32]:
    return np.ones(photo.rgb.shape[:2], np.float32) if photo.validity is None else photo.validity


def _validity(of_frames: Sequence[NDArray[np.float32]]) -> NDArray[np.float32] | None:
    found = np.stack(of_frames)
    return None if (found == 1.0).all() else found
