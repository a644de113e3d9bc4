"""Which file is the depth map of a photo: told by what depth tools, and those who use them, call their files."""

import re
from pathlib import Path

from ..depth import files
from ..errors import PhotoError, first_line
from .photo import SUFFIXES

_DEPTH = {"depth", "depthmap", "disparity", "disp", "dpt", "midas", "zdepth"}
_PHOTO = {"photo", "image", "img", "rgb", "color", "colour"}  # what a depth map's name has not, where the photo's has
_MODELS = {"vits", "vitb", "vitl", "vitg", "small", "base", "large", "metric", "relative"}
_ONLY_DEPTH = {".npy", ".npz", ".pfm"}

# The names that are meant for it, of which the most exact file is taken: `photo_depth.png`, `photo.depth.exr`.
_WORDS, _JOINTS = ("depth", "disparity", "depthmap", "depth_map"), "_.- "


def is_depth_name(path: str | Path) -> bool:
    """Return whether a file's name says that it is a depth map and not a photo."""
    path = Path(path)
    return path.suffix.lower() in _ONLY_DEPTH or any(_is_depth_word(word) for word in _split(path.stem))


def tell_apart(first: Path, second: Path) -> tuple[Path, Path]:
    """Return a photo and its depth map, of two files in any order. Raises PhotoError where their names don't say."""
    fits = _belongs(second, first), _belongs(first, second)
    if fits[0] == fits[1]:
        fits = is_depth_name(second), is_depth_name(first)
    if fits[0] == fits[1]:
        raise PhotoError(
            f"{first.name} or {second.name} may be the depth map. Select the photo, and choose its Depth Map"
        )
    return (first, second) if fits[0] else (second, first)


def find_depth(path: str | Path) -> Path | None:
    """Return the depth map beside a photo, or None.

    Raises PhotoError where several might be it, and for a folder that can't be listed.
    """
    path = Path(path)
    there = _files_beside(path)
    by_name = {file.name.lower(): file for file in there}
    meant = [
        f"{name}{joint}{word}{suffix}".lower()
        for suffix in files.SUFFIXES
        for name in (path.stem, path.name)
        for joint in _JOINTS
        for word in _WORDS
    ]
    if exact := next((by_name[name] for name in meant if name in by_name), None):
        return exact
    photos = [file for file in there if file.suffix.lower() in SUFFIXES and not is_depth_name(file)]
    found = [file for file in there if file.suffix.lower() in files.SUFFIXES and _nearest(file, photos) == path]
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise PhotoError(
            f"Several files may be the depth map of {path.name}: {names}. Select the photo and one of them"
        )
    return next(iter(found), None)


def _files_beside(path: Path) -> list[Path]:
    try:
        return sorted(path.parent.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise PhotoError(
            f"The folder of {path.name} can't be searched for its depth map ({first_line(error)}). Choose the Depth Map"
        ) from error


def _nearest(depth: Path, photos: list[Path]) -> Path | None:
    """Return the photo whose name a depth map shares most of, or None."""
    fitting = [photo for photo in photos if photo != depth and _belongs(depth, photo)]
    return max(fitting, key=lambda photo: len(_split(photo.stem)), default=None)


def _belongs(depth: Path, photo: Path) -> bool:
    """Whether a depth map's name is a photo's with a word for depth before or behind it."""
    words, own = _split(depth.stem), _split(photo.stem)
    stems = [own, [*own, photo.suffix.lower().strip(".")]]
    if len(own) > 1 and own[-1] in _PHOTO:
        stems.append(own[:-1])
    for stem in stems:
        count = len(stem)
        if words[:count] == stem and _is_about_depth(words[count:], depth):
            return True
        if words[-count:] == stem and _is_about_depth(words[:-count][::-1], depth):
            return True
    return False


def _is_about_depth(rest: list[str], depth: Path) -> bool:
    """Whether what a name has more begins with depth, or with a model that makes it."""
    if not rest:
        return depth.suffix.lower() in _ONLY_DEPTH
    begins = _is_depth_word(rest[0]) or rest[0] in _MODELS
    return begins and (depth.suffix.lower() in _ONLY_DEPTH or any(_is_depth_word(word) for word in rest))


def _is_depth_word(word: str) -> bool:
    return word.rstrip("0123456789") in _DEPTH


def _split(stem: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", stem.lower()) if word]
