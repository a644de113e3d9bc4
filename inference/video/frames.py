"""Frame numbers as people and render farms write them, and names of files with a frame number in them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import PhotoError, first_line

_PART = re.compile(r"(-?\d+)(?:-(-?\d+)(?::(\d+))?)?")
_PLACE = re.compile(r"%0(\d+)d|%d|(#+)")
_MOST = 10_000_000  # frames of a clip


def parse(text: str) -> tuple[int, ...]:
    """Return the numbers of an expression such as `1-100,120-200:2`, each once, in order.

    Raises PhotoError for anything else.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        first, last, step = (None if g is None else int(g) for g in found.groups()) if found else (None, None, None)
        last = first if last is None else last
        if first is None or last is None or last < first or step == 0 or (last - first) // (step or 1) > _MOST:
            raise PhotoError(f"No frames are {text!r}. Write numbers and ranges such as 1-100,120-200:2")
        numbers.update(range(first, last + 1, step or 1))
    return tuple(sorted(numbers))


def written(numbers: Iterable[int]) -> str:
    """Return numbers, in order, as an expression of ranges."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)


@dataclass(frozen=True)
class Pattern:
    """The names of a sequence's files: `before`, the number of at least `digits` digits, `after`."""

    folder: Path
    before: str
    digits: int
    after: str

    @classmethod
    def of(cls, name: str) -> "Pattern | None":
        """Return the pattern that a name such as `shot_%04d.png` or `shot_####.png` is, or None if it is none."""
        path = Path(name)
        found = _PLACE.search(path.name)
        if found is None or _PLACE.search(path.name, found.end()):
            return None
        digits = int(found[1]) if found[1] else len(found[2] or "")
        return cls(path.parent, path.name[: found.start()], max(digits, 1), path.name[found.end() :])

    def path(self, frame: int) -> Path:
        """Return the file of a frame."""
        return self.folder / f"{self.before}{frame:0{self.digits}d}{self.after}"

    def numbers(self) -> tuple[int, ...]:
        """Return the frames that are on disk, in order. Raises OSError where the folder can't be read."""
        name = re.compile(rf"{re.escape(self.before)}(-?\d+){re.escape(self.after)}")
        found = (name.fullmatch(path.name) for path in self.folder.iterdir())
        numbers = (int(match[1]) for match in found if match)
        return tuple(sorted(number for number in numbers if self.path(number).is_file()))


def source_of(path: Path) -> str:
    """Return the name, bytes and time of a file. Raises PhotoError where it is not there."""
    try:
        found = path.stat()
    except OSError as error:
        raise PhotoError(f"{path} can't be read ({first_line(error)})") from error
    return f"{path.name} {found.st_size} {int(found.st_mtime)}"
