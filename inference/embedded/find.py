"""Whether a photo's file brings depth, and where in it. numpy at most: Blender asks this too."""

import mmap
import os
from pathlib import Path

from ..errors import EmbeddedDepthError, first_line
from . import apple_heic, apple_jpeg, dynamic_depth, gdepth, huawei, samsung
from .stored import BrokenDepthError, Container, Stored

_CONTAINERS = (apple_heic, apple_jpeg, dynamic_depth, gdepth, samsung, huawei)
WAY_OUT = "Copy the photo from its phone again, or have its depth estimated"


def container_of(path: str | os.PathLike[str]) -> Container | None:
    """Return whose format a photo brings its depth in; None where it brings none, or none that can be read."""
    try:
        found = stored(path)
    except EmbeddedDepthError:
        return None
    return found.container if found else None


def stored(path: str | os.PathLike[str]) -> Stored | None:
    """Return the depth of a photo's file as it lies there; None where it brings none.

    Gain maps, mattes, thumbnails and the second picture of a stereo pair are none. Raises `EmbeddedDepthError` where
    the file announces depth and then breaks off or contradicts itself, or can't be opened.
    """
    path = Path(path)
    try:
        with path.open("rb") as opened:
            if not os.fstat(opened.fileno()).st_size:
                return None
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as file:
                found = (container.find(file) for container in _CONTAINERS)
                return next(filter(None, found), None)
    except BrokenDepthError as error:
        raise EmbeddedDepthError(f"The depth in {path} {error}. {WAY_OUT}") from error
    except OSError as error:
        said = f"{path} can't be read ({first_line(error)}). Check its permissions and its disk"
        raise EmbeddedDepthError(said) from error
    except Exception as error:  # whatever a damaged file leads to
        raise EmbeddedDepthError(f"The depth in {path} is damaged ({first_line(error)}). {WAY_OUT}") from error
