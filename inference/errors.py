"""The errors that a user can meet, on both sides. Every message says what happened and what to do next."""

import errno
import re

_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")  # NumPy's words, which hide those of the system
_WINDOWS_FULL = (39, 112)  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


def first_line(error: BaseException) -> str:
    """Return what an exception says, in one line: its first one, or its name where it says nothing."""
    lines = [line.strip() for line in str(getattr(error, "strerror", None) or error).splitlines()]
    said = next((line for line in lines if line), type(error).__name__)
    return "the disk took only a part of it, so it may be full" if _SHORT_WRITE.fullmatch(said) else said


def is_full(error: BaseException) -> bool:
    """Tell whether an exception means that a disk, or a user's share of it, is full."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) if isinstance(error, OSError) else False
    return full or getattr(error, "winerror", None) in _WINDOWS_FULL


def printable(text: str) -> str:
    """Return a text in one line that Blender takes; letters of a file's name that are not UTF-8 become "?"."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split("\n"))


class DepthNodesError(Exception):
    """Root of every error that a user can meet. Its text is shown as it stands, in one line."""

    def __str__(self) -> str:
        return printable(super().__str__())


class PhotoError(DepthNodesError):
    """A photo is missing, damaged, or not a picture that the model can take, or no depth map was found for it."""


class EmbeddedDepthError(DepthNodesError):
    """A photo brings no depth of its own, or none that can be used."""


class DepthFileError(DepthNodesError):
    """A depth file is missing or damaged, holds no depth that can be read without loss, or can't be written."""


class MeshError(DepthNodesError):
    """No surface can be made of a depth map, or its file can't be written."""


class DatasetError(DepthNodesError):
    """A set of photos with cameras can't be read, or depth can't be aligned to it."""


class ModelNameError(DepthNodesError):
    """No model of that name is in the catalog."""


class WeightsError(DepthNodesError):
    """A weight file is damaged, or does not hold the tensors of a Depth Anything V2 model."""


class DownloadError(DepthNodesError):
    """Weights could not be fetched from the hub, or what arrived is not what is pinned."""


class LicenceError(DepthNodesError):
    """The weights' licence has to be accepted first."""


class DeviceError(DepthNodesError):
    """The device asked for is unknown, absent, or unable to run the precision asked for."""


class OutOfMemoryError(DepthNodesError):
    """The picture does not fit into memory at this size."""
