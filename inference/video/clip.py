"""A clip: frames by their numbers, from a movie or from files that are numbered."""

from pathlib import Path
from typing import Protocol

from ..errors import PhotoError, first_line
from ..picture import Photo
from .frames import Pattern, source_of

MOVIE_SUFFIXES = frozenset((".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".mxf", ".ogv", ".ts"))


class Clip(Protocol):
    """Where frames come from.

    numbers: of the frames that there are, in order; those of a movie count from 1. fps: frames a second, None where
    nothing says so. uneven: whether frames last differently long.
    """

    numbers: tuple[int, ...]
    fps: float | None
    uneven: bool

    def read(self, frame: int) -> Photo:
        """Return a frame. Raises PhotoError for one that is not there or can't be read."""

    def source(self, frame: int) -> str:
        """Return what a frame comes from: by name, size in bytes, and time of writing. Raises PhotoError as `read`."""


def open_clip(name: str) -> Clip:
    """Return the clip of a movie's name, or of a pattern such as `shot_%04d.png` or `shot_####.png`.

    Raises PhotoError where there is nothing of that name.
    """
    path = Path(name)
    if path.is_file():
        if path.suffix.lower() not in MOVIE_SUFFIXES:
            raise PhotoError(f"{name}: one picture is not a clip. Name its sequence as a pattern such as shot_####.png")
        from .movie import Movie

        return Movie(path)
    pattern = Pattern.of(name)
    if pattern is None:
        raise PhotoError(f"{name}: no such movie. Name a sequence by a pattern such as shot_%04d.png or shot_####.png")
    return Sequence(pattern)


class Sequence:
    """Picture files that are numbered."""

    fps: float | None = None
    uneven = False

    def __init__(self, pattern: Pattern) -> None:
        """Look which frames there are. Raises PhotoError if none."""
        self._pattern = pattern
        try:
            self.numbers = pattern.numbers()
        except OSError as error:
            raise PhotoError(f"{pattern.folder}: can't be read ({first_line(error)})") from error
        if not self.numbers:
            raise PhotoError(f"{pattern.path(1)}: no file of this sequence is there. Check the folder and the digits")

    def read(self, frame: int) -> Photo:
        """Return a frame."""
        from ..photo import read_photo

        return read_photo(self._pattern.path(frame))

    def source(self, frame: int) -> str:
        """Return the name, bytes and time of its file."""
        return source_of(self._pattern.path(frame))
