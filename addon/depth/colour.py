"""Scene-linear colours, which a file of Blender 5 may keep in another space than Rec. 709."""

import numpy as np
from mathutils import Color
from numpy.typing import NDArray


def to_rec709(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return scene-linear colours (..., 3) in linear Rec. 709, unclipped."""
    primaries = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    matrix = np.array([Color(one).from_scene_linear_to_rec709_linear() for one in primaries], np.float32)
    if np.allclose(matrix, np.eye(3), atol=1e-5):
        return rgb
    converted: NDArray[np.float32] = rgb @ matrix
    return converted
