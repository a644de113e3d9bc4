"""Deleting engines that we made. An uninstall of the extension leaves them: another Blender may use them. No bpy."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from ..errors import EngineError, first_line


def remove(folders: Iterable[Path]) -> None:
    """Delete engines. Raises EngineError for what can't be deleted now.

    The files at the top go first, the stamp among them: what is left of an engine doesn't count as one.
    """
    left = []
    for folder in folders:
        try:
            for path in folder.iterdir():
                if path.is_file():
                    path.unlink()
            shutil.rmtree(folder)
        except OSError as error:
            left.append(f"{error.filename or folder} could not be deleted ({first_line(error)})")
    if left:
        raise EngineError(f"{left[0]}. Close other Blenders, which may use it, and remove it again")
