"""A folder of the session's own in the system's temporary one, which may be swept under a session of days. No bpy."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path


class PrivateFolder:
    """A temporary folder that nobody else can read, made anew where it is gone or is not the one that we made."""

    def __init__(self) -> None:
        """Make it."""
        self._make()

    def path(self) -> Path:
        """Return where it is.

        Systems that empty their temporary folder take it away. Somebody else may then make one of that name, and hope
        that we read from it: such a one is never used.
        """
        if self._seen() != self._identity:
            self.remove.detach()
            self._make()
        return self._path

    def _make(self) -> None:
        self._path = Path(tempfile.mkdtemp(prefix="depth_nodes_"))
        self._identity = self._seen()
        self.remove = weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)  # called, or at the end

    def _seen(self) -> tuple[int, int] | None:
        try:
            found = os.lstat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino


def look_at_disk() -> str:
    """Return which disk to check where temporary files can't be written, as a sentence without its full stop."""
    try:
        return f"Check the disk that holds {tempfile.gettempdir()}"
    except OSError:  # none of the system's candidates can be written to
        return "Check the disk that holds temporary files"
