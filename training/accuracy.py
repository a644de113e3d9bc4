"""How far a relative depth is from the true one, by numpy alone: order, and closeness after a fit of scale and shift.

Everything here takes inverse depths, larger is nearer, of the same valid pixels, float64 (N,).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

PAIRS = 50_000
APART = 1.15  # a pair counts where one inverse depth is larger than the other by this factor
WITHIN = 1.25  # delta1's


def ordinal(found: Array, true: Array) -> float:
    """Return the share of random pairs of pixels that are in the right order, or nan where no pair is apart."""
    one, other = np.random.default_rng(0).integers(0, len(true), (2, PAIRS))
    ratio = true[one] / true[other]
    counted = (ratio > APART) | (ratio < 1 / APART)
    ordered = (found[one] > found[other]) == (ratio > 1)
    return float(ordered[counted].mean()) if counted.any() else float("nan")


def fit(found: Array, true: Array) -> tuple[float, float]:
    """Return the scale and shift by which `found` comes closest to `true`, by least squares."""
    scale, shift = np.linalg.lstsq(np.stack([found, np.ones_like(found)], 1), true, rcond=None)[0]
    return float(scale), float(shift)


def delta1(fitted: Array, true: Array) -> float:
    """Return the share of pixels whose distance is within 25 % of the true one."""
    quotient = np.maximum(fitted, 1e-9) / true
    return float((np.maximum(quotient, 1 / quotient) < WITHIN).mean())
