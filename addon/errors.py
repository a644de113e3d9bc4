"""The errors of the extension: those of the inference half that it can raise too, and its own, of the same family.

Operators report them as they stand, in one line.
"""

from ..inference.errors import (  # type: ignore[import-not-found]  # the checkout's root is the extension's
    DepthFileError,
    DepthNodesError,
    EmbeddedDepthError,
    PhotoError,
    first_line,
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
    "first_line",
    "in_one_line",
    "printable",
)


def in_one_line(error: BaseException) -> str:
    """Return the name of somebody else's exception and the first line that it says, if any."""
    name, said = type(error).__name__, first_line(error).removeprefix("Error: ")  # what Blender's operators begin with
    return name if said in ("", name) else f"{name}: {said}"


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
