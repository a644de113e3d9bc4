"""The sky as a clean backdrop: flat, where a depth map puts it next to infinitely far or leaves it out. numpy alone.

For what becomes geometry in Blender or in a mesh file. A depth file, a clip and a dataset keep what the model says.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .catalog import MODELS
from .depth import Depth, Validity, valid_index

WIDE = 0.05  # of what is known: less of it is a gap between leaves, where a backdrop would be a hole of its own
NEXT_TO = 0.01  # of the greatest disparity: what a network's noise and 8 bits make of infinitely far

_MODELS = {spec.name for spec in MODELS}


def flat(disparity: NDArray[np.float32], validity: Validity | None) -> NDArray[np.float32]:
    """Return a disparity in which all that is next to infinitely far is just that, if it is wide.

    disparity, validity: (H, W), larger is nearer, any unit; 0 is infinitely far. Below 1 % of the greatest it becomes
    0, and from there to 2 % it rises twice as steeply, so that no step appears. All else stays. The whole map stays
    where less than 5 % of what is known is so far, or where numbers below 0 show that 0 is no such thing.
    """
    known = disparity[valid_index(validity)]
    if not known.size or known.min() < 0.0:
        return disparity
    limit = np.float32(NEXT_TO) * known.max()
    if np.mean(known < limit) < WIDE:
        return disparity
    return np.minimum(disparity, np.maximum(2 * disparity - 2 * limit, np.float32(0.0)))


def with_backdrop(depth: Depth, opacity: Validity | None) -> Depth:
    """Return the depth map of a photo with a clean sky.

    opacity: the photo's, (H, W), None where all of it counts. As a disparity, the sky is made `flat`. As a distance, it
    is what a model leaves out of an opaque photo, and lies as far away as the farthest of what the model sees. What the
    photo's own depth or a map of no known model leaves out is unknown, and stays so.
    """
    if depth.kind == "disparity":
        values = flat(depth.values, depth.validity)
        return replace(depth, values=values, raw_min=float(values[valid_index(depth.validity)].min()))
    if depth.validity is None or depth.model not in _MODELS:
        return depth
    seen = depth.validity > 0
    return replace(depth, values=np.where(seen, depth.values, np.float32(depth.raw_max)), validity=opacity)
