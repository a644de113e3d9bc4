"""How far one depth of a photo is from another, for what is quicker and less exact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .depth import Depth, valid_index

_COMMON = 0.99  # the share of the pixels that differ by no more than `Difference.most`


@dataclass(frozen=True)
class Difference:
    """Between the values of two depths of one photo, in parts of the exact one's range.

    mean: of all pixels that count. most: of all but one in a hundred, which leaves out the edges that moved a little.
    """

    mean: float
    most: float

    def __str__(self) -> str:
        return f"{self.mean:.2%} of the range on average, {self.most:.2%} at most in 99 of 100 pixels"


def difference(depth: Depth, exact: Depth) -> Difference:
    """Compare two depths of one photo and one model, pixel by pixel, where they are valid.

    Disparity has neither scale nor offset, so `depth` is first laid over `exact` with those of the least squares.
    """
    here = valid_index(exact.validity)
    ours, theirs = depth.values[here].ravel(), exact.values[here].ravel()
    span = float(np.ptp(theirs))
    if span == 0.0:
        return Difference(0.0, 0.0)
    if exact.kind == "disparity":
        ours = _fitted(ours, theirs)
    apart = np.abs(ours - theirs) / np.float32(span)
    return Difference(float(apart.mean()), float(np.quantile(apart, _COMMON)))


def _fitted(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return scale * ours + offset, as near to `theirs` as it gets in least squares; both (N,)."""
    x, y = ours - ours.mean(), theirs - theirs.mean()
    scale = np.vdot(x, y) / max(np.vdot(x, x), np.finfo(np.float32).tiny)
    return scale * x + theirs.mean()
