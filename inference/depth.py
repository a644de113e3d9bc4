"""What a model says about one photo: the value that crosses from the predictor to files, messages and Blender."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .catalog import Kind

SENSOR = 36.0  # millimetres: the longer side of the sensor that focal lengths are given for

Validity = NDArray[np.bool_] | NDArray[np.float32]

LensSource = Literal["photo", "model", "assumed"]

USUAL_LENS = 27.0  # millimetres; the main camera of most phones, where a model needs a lens and nothing says which


@dataclass(frozen=True)
class Lens:
    """The lens of a photo, seen from its centre.

    focal_length: in millimetres on a sensor whose longer side is 36 mm. source: whether the photo says so (or whoever
    had it estimated), a model estimated it, or it is `USUAL_LENS`.
    """

    focal_length: float
    source: LensSource


@dataclass(frozen=True, eq=False)
class Depth:
    """A depth map of the photo's size, in the units of the model that made it.

    values: float32 (H, W), top row first. `disparity`: inverse depth up to scale and shift, larger is nearer, no unit.
        `distance`: metres along the view axis, larger is farther.
    validity: bool or float32 (H, W) in 0 to 1, from the photo's alpha, and 0 where the model sees no surface, as in the
        sky; None where all of it counts.
    raw_min, raw_max: range of the values that count.
    model, revision: the catalog's name and the hub's revision, or a file's name and "local".
    making: of a video's frame, a digest of all that its values depend on, by which it is known again.
    lens: of the photo, or None where nothing is known of it.
    normals: unit vectors, float32 (H, W, 3), in the camera's space: x to the right, y up, z towards the camera; None
        unless they were asked for.
    """

    values: NDArray[np.float32]
    validity: Validity | None
    kind: Kind
    raw_min: float
    raw_max: float
    model: str
    revision: str
    making: str = ""
    lens: Lens | None = None
    normals: NDArray[np.float32] | None = None

    @property
    def near(self) -> float:
        """The value of the nearest point."""
        return self.raw_max if self.kind == "disparity" else self.raw_min

    @property
    def far(self) -> float:
        """The value of the farthest point."""
        return self.raw_min if self.kind == "disparity" else self.raw_max

    def nearness(self) -> NDArray[np.float32]:
        """Return the values as float32 (H, W) from 0 at the farthest point to 1 at the nearest, linear in the values.

        A flat map is 0 everywhere. Values outside the counted range are clipped.
        """
        if self.near == self.far:
            return np.zeros_like(self.values)
        scaled = (self.values - np.float32(self.far)) / np.float32(self.near - self.far)
        return np.clip(scaled, 0.0, 1.0, out=scaled)


def valid_index(validity: Validity | None) -> NDArray[np.bool_] | slice:
    """Return an index of the valid pixels; of all pixels where validity is None, or where no pixel is valid."""
    return slice(None) if validity is None or not validity.any() else validity > 0


def along_axis(distances: NDArray[np.float32], focal_length: float) -> NDArray[np.float32]:
    """Return distances along the view axis, (H, W), from those along the ray of each pixel of a pinhole camera.

    focal_length: in millimetres on a sensor whose longer side is 36 mm.
    """
    height, width = distances.shape
    pixels = focal_length / SENSOR * max(height, width)
    x, y = ((np.arange(count, dtype=np.float32) + 0.5 - count / 2) / pixels for count in (width, height))
    return distances / np.sqrt(1.0 + np.square(x) + np.square(y)[:, None]).astype(np.float32)
