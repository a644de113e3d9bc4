"""What the XMP beside an auxiliary picture of Apple's says of it, in HEIC and JPEG alike."""

from typing import cast, get_args

from ..depth import SENSOR
from . import xmp
from .stored import Accuracy, Container, Law, Stored

_PIXELS = "http://ns.apple.com/pixeldatainfo/1.0/"
_DEPTH = "http://ns.apple.com/depthData/1.0/"


def described(packet: bytes, container: Container, picture: bytes = b"") -> Stored | None:
    """Return the depth that a packet describes; None where it is of a matte, a gain map or anything else.

    Disparity is 1 / metres, depth is metres; both lie between FloatMinValue and FloatMaxValue.
    """
    root = xmp.parse(packet)
    said = xmp.properties(root, _PIXELS)
    low, high = xmp.number(said, "FloatMinValue"), xmp.number(said, "FloatMaxValue")
    kind = said.get("AuxiliaryImageType")
    if kind not in ("disparity", "depth") or low is None or high is None:
        return None
    more = xmp.properties(root, _DEPTH)
    accuracy = more.get("Accuracy", "")
    return Stored(
        container,
        Law("inverse" if kind == "disparity" else "distance", low, high, metric=True),
        picture,
        focal_length=_focal_length(root, more),
        accuracy=cast(Accuracy, accuracy) if accuracy in get_args(Accuracy) else "",
    )


def _focal_length(root: xmp.Element, said: dict[str, str]) -> float | None:
    """Return the focal length of the intrinsic matrix, whose pixels are those of a picture of the reference's size."""
    matrix = xmp.numbers(root, _DEPTH + "}IntrinsicMatrix")  # by columns
    sides = [xmp.number(said, f"IntrinsicMatrixReference{side}") or 0.0 for side in ("Width", "Height")]
    if len(matrix) != 9 or matrix[0] <= 0.0 or max(sides) <= 0.0:
        return None
    return matrix[0] / max(sides) * SENSOR
