"""The depth that a photo brings, as numbers: the value that crosses from its file to its uses. numpy alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..catalog import Kind
from ..errors import EmbeddedDepthError
from .stored import Accuracy, Container

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Embedded:
    """The depth that a photo brings, as coarse as it is stored.

    values: float32 (h, w), upright as the photo is, top row first; 0 where nothing is known. `distance`: metres along
        the view axis. `disparity`: inverse depth up to scale and shift, larger is nearer.
    known: bool (h, w), or None where every pixel counts.
    container: whose format it is. accuracy: what Apple says of the metres, "relative" or "absolute"; empty for others.
    focal_length: of the photo, in millimetres on a sensor whose longer side is 36 mm, where the depth says it.
    sharp: a JPEG or PNG file of the photo before its background was blurred; empty where there is none.
    """

    values: Map
    known: Mask | None
    kind: Kind
    container: Container
    accuracy: Accuracy = ""
    focal_length: float | None = None
    sharp: bytes = b""

    @property
    def near(self) -> float:
        """The value of the nearest point."""
        return float(self._counted.min() if self.kind == "distance" else self._counted.max())

    @property
    def far(self) -> float:
        """The value of the farthest point."""
        return float(self._counted.max() if self.kind == "distance" else self._counted.min())

    def check_metric(self) -> None:
        """Raise `EmbeddedDepthError` where the values have no unit, so that no estimate gets metres from them."""
        if self.kind != "distance":
            raise EmbeddedDepthError(
                f"its own depth ({self.container}) has no unit, so that no metres follow from it. Use it as it is, or "
                "estimate without an anchor"
            )

    @property
    def _counted(self) -> Map:
        return self.values if self.known is None else self.values[self.known]
