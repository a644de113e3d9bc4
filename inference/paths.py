"""What the system says of a path, files that are whole or not there, and names in UTF-8. For both sides."""

import os
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def unreadable(path: Path) -> str:
    """Return why a path can't be read as a file, in words that follow its name, or nothing."""
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
        if is_file:
            path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        return "is not a file: there is no file of that name. Check the path"
    except PermissionError as error:
        return f"can't be read ({error.strerror}). Change its permissions or its folder's"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        return f"can't be read ({getattr(error, 'strerror', None) or error}). Check its name and its disk"
    return "" if is_file else "is not a file. Check the path"


@contextmanager
def utf_8(path: Path) -> Iterator[str]:
    """Give a file a name in UTF-8 for as long as the block lasts: its own, or that of a link to it.

    Some libraries take no other, and a disk from another system or time holds names of any bytes.
    """
    if _is_utf_8(str(path)):
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="depth_nodes_") as folder:
        link = Path(folder, "file" + (path.suffix if _is_utf_8(path.suffix) else ""))
        link.symlink_to(path.absolute())
        yield str(link)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to, and put that file in its place once it is complete."""
    path = Path(os.path.realpath(path))  # a link stays one, and the file behind it is replaced
    part = path.with_name(f".{uuid.uuid4().hex[:12]}.part")
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(OSError):  # it couldn't be made at all
            part.unlink()


def _is_utf_8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that Python keeps as lone surrogates
        return False
    return True
