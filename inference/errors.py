"""The error family of the inference package. Every message says what is wrong and what to do next."""

import errno

_WINDOWS_FULL = (39, 112)  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


def first_line(error: BaseException) -> str:
    """Return what an exception says, in one line: its first one, or its name where it says nothing."""
    lines = [line.strip() for line in str(getattr(error, "strerror", None) or error).splitlines()]
    return next((line for line in lines if line), type(error).__name__)


def is_full(error: BaseException) -> bool:
    """Tell whether an exception means that a disk, or a user's share of it, is full."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) if isinstance(error, OSError) else False
    return full or getattr(error, "winerror", None) in _WINDOWS_FULL


class DepthNodesError(Exception):
    """Root of every error that a user can meet; its text is shown as it stands, in one line."""


class PhotoError(DepthNodesError):
    """A photo cannot be read or is not a picture that the model can take."""


class DepthFileError(DepthNodesError):
    """A depth file cannot be read or written."""


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
