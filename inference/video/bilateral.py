"""A bilateral filter over time, without motion: frames around are averaged where picture and depth agree with them."""

from collections.abc import Mapping

import numpy as np

from .gauge import Map, Mask

REACH = 3  # frames to either side

_LUMA, _RANGE = np.float32(0.04), 0.03  # sigma of the luma, 0 to 1, and of the depth in shares of the shot's range


def smoothed(around: Mapping[int, tuple[Map, Map, Mask]], extent: float) -> Map:
    """Return the frame in the middle of those around it, float32 (H, W).

    around: of each offset in frames, -3 to 3, that there is, values (H, W) in one gauge, luma in 0 to 1, and where the
    values count; 0 is the frame itself, which always counts. extent: the range of the shot, in the values' unit.

    Where a texture moves, the weight of the others vanishes and the frame stays as it is.
    """
    own, light, _ = around[0]
    width = np.float32(max(_RANGE * extent, 1e-12))
    total, weights = own.copy(), np.ones_like(own)
    for offset in sorted(around, key=lambda offset: (abs(offset), offset)):
        if offset == 0:
            continue
        values, other_light, known = around[offset]
        window = np.float32(0.5 + 0.5 * np.cos(np.pi * offset / (REACH + 1)))
        apart = ((other_light - light) / _LUMA) ** 2 + ((values - own) / width) ** 2
        weight = np.where(known, window * np.exp(-apart), np.float32(0.0))
        total += weight * np.where(known, values, np.float32(0.0))
        weights += weight
    return total / weights
