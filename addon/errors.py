"""The errors of the extension: those of the inference half that it can raise too, and its own, of the same family.

Operators report them as they stand, in one line.
"""

from ..inference.errors import (  # type: ignore[import-not-found]  # the checkout's root is the extension's
    DepthFileError,
    DepthNodesError,
    EmbeddedDepthError,
    PhotoError,
    printable,
)

__all__ = (
    "AssetError",
    "DepthFileError",
    "DepthImageError",
    "DepthNodesError",
    "EmbeddedDepthError",
    "EngineError",
    "EstimateError",
    "FreezeError",
    "ModifierError",
    "PhotoError",
    "ViewError",
    "in_one_line",
    "printable",
)


def in_one_line(error: BaseException) -> str:
    """Return the name of somebody else's exception and the first line that it says, if any."""
    lines = [line.strip() for line in str(getattr(error, "strerror", None) or error).splitlines()]
    said = next((line for line in lines if line), "").removeprefix("Error: ")  # what Blender's operators begin with
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


class DepthImageError(DepthNodesError):
    """A depth array or the image that should carry it cannot be used."""


class ViewError(DepthNodesError):
    """What a camera sees can't become a depth map, or a picture can't be laid over it."""


class ModifierError(DepthNodesError):
    """A modifier has no such input, or the input does not take this value."""


class AssetError(DepthNodesError):
    """The asset file of the extension is missing, or lacks what was asked for."""


class CameraError(DepthNodesError):
    """A relief has no camera that it could be seen or moved by."""


class AnchorError(DepthNodesError):
    """Two points don't tell how far away a scene is."""


class PresetError(DepthNodesError):
    """A preset of a relief can't be read or written."""


class FreezeError(DepthNodesError):
    """A relief cannot be frozen or unfrozen as it is."""


class ConvertError(DepthNodesError):
    """A relief cannot become a plain mesh as it is."""


class BakeError(DepthNodesError):
    """A relief cannot become maps as it is, or they cannot be saved."""


class EngineError(DepthNodesError):
    """The Python that estimates depth is missing, incomplete, or cannot be made."""


class EstimateError(DepthNodesError):
    """A depth could not be estimated."""
