"""A depth map read at the vertices of a grid, its blurred edges as steps: what the group Depth Samples does.

Grids are (rows, columns) with the top row first, as pictures are. Vertices lie from the first pixel centre to the last.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..background import FAR, NEAR, Background
from ..depth import Depth
from ..edges import Mask, snap
from .shape import Floats, Shape

LATTICE = 128  # the range is that of so many pixels along each side
SNAP_FROM = 0.5  # the share of the threshold from which on an edge is sharpened, and its mixed colours give way
_WHOLE = np.float32(0.99999)  # the validity of a blend of known pixels, rounding aside


@dataclass(frozen=True, eq=False)
class Samples:
    """What a grid carries, (rows, columns) each.

    depth: in the units of the map, after Edge Snap. known: whether it counts. behind: the depth of the background, the
    front's own where there is none. presence: as in `Background`, 0 without one, and no more than 1 on the near side of
    an edge. span: how many pixels of the map lie between two vertices, along the side where it is more.
    has_background: whether something shows through a hole.
    """

    depth: Floats
    known: Mask
    behind: Floats
    presence: Floats
    span: float
    has_background: bool


@dataclass(frozen=True)
class Scale:
    """What the values of a depth map stand for: `low` and `high` are the ends of its range."""

    metric: bool
    low: float
    high: float
    near_distance: float
    far_distance: float

    def height(self, depth: Floats) -> Floats:
        """Return 0 at the farthest point to 1 at the nearest, as Normalize Depth does."""
        if self.high == self.low:
            return np.zeros_like(depth)
        share = np.clip((depth - np.float32(self.low)) / np.float32(self.high - self.low), 0.0, 1.0)
        return np.float32(1.0) - share if self.metric else share

    def inverse(self, depth: Floats) -> Floats:
        """Return inverse distances, in 1 / metres, as Disparity to Distance has them."""
        if self.metric:
            return np.reciprocal(np.maximum(depth, np.float32(1e-6)))
        b = 1 / self.far_distance
        return self.height(depth) * np.float32(1 / self.near_distance - b) + np.float32(b)


def counts(height: int, width: int, vertices: int) -> tuple[int, int]:
    """Return the rows and columns of a grid with so many vertices along the longer side, at least 2 along each."""
    longer = max(height, width) - 1
    if longer == 0:
        return 2, 2
    rows, columns = (int(np.floor((vertices - 1) * (side - 1) / longer + 0.5)) + 1 for side in (height, width))
    return max(rows, 2), max(columns, 2)


def sample(depth: Depth, back: Background | None, shape: Shape) -> tuple[Samples, Scale]:
    """Return the grid of a depth map and of what lies behind it, and what its values stand for."""
    height, width = depth.values.shape
    rows, columns = counts(height, width, shape.vertices)
    finite = _finite(depth)
    alpha = finite if depth.validity is None else np.where(finite, np.asarray(depth.validity, np.float32), 0.0)
    values = np.where(finite, depth.values, np.float32(0.0))
    scale = scale_of(depth, shape)
    grid, known = _blended(values, alpha.astype(np.float32), rows, columns)
    presence = np.zeros_like(grid) if back is None else linear(back.presence, rows, columns)
    if shape.edge_snap and shape.cutoff and max(height, width) > 1:
        radius = int(np.floor(shape.snap_radius * (shape.vertices - 1) / (max(height, width) - 1) + 0.5))
        grid, near = snap(grid, known, scale.inverse, radius, shape.threshold * SNAP_FROM)
        presence = np.where(near, np.minimum(presence, np.float32(1.0)), presence)
    if shape.cutoff and shape.projection == "camera":
        grid = _soften(grid, known, scale.inverse(grid), shape.soften_steps, shape.threshold * SNAP_FROM)
    behind = grid if back is None else np.where(presence >= 0.5, linear(back.depth, rows, columns), grid)
    span = max((height - 1) / (rows - 1), (width - 1) / (columns - 1))
    return Samples(grid, known, behind, presence, span, back is not None), scale


def _soften(depth: Floats, known: Mask, inverse: Floats, steps: int, threshold: float) -> Floats:
    """Return the depth with small steps spread over about so many vertices, as the group Smooth Depth does it.

    Along the columns, then along the rows, each vertex takes the mean of itself and of two on its surface, first far
    away, last the next ones. inverse: inverse distances, which tell by `threshold` where a surface ends.
    """
    wider, third = np.float32(1 + threshold), np.float32(1 / 3)
    for stride in _strides((steps + 1) // 2):
        for axis in (0, 1):
            place = np.arange(depth.shape[axis])
            softer = depth.copy()
            for step in (-stride, stride):
                beside = np.clip(place + step, 0, len(place) - 1)
                other = inverse.take(beside, axis)
                same = (np.maximum(inverse, other) <= np.minimum(inverse, other) * wider) & known
                same &= known.take(beside, axis)
                softer += np.where(same, (depth.take(beside, axis) - depth) * third, np.float32(0.0))
            depth = softer
    return depth


def _strides(reach: int) -> list[int]:
    """Return how far away the neighbours are: `reach`, then what makes means of three one mean of all up to there."""
    strides, left = [reach], reach
    while left:
        strides.append((2 * left + 1) // 3)
        left -= strides[-1]
    return strides[:reach]


def scale_of(depth: Depth, shape: Shape) -> Scale:
    """Return what the values of a depth map stand for."""
    known = _finite(depth) if depth.validity is None else _finite(depth) & (depth.validity >= 0.5)
    low, high = _range(depth.values, known)
    # A relief has no distances to choose: there they only scale what tears.
    ends = (shape.near_distance, shape.far_distance) if shape.projection == "camera" else (NEAR, FAR)
    return Scale(depth.kind == "distance", low, high, *ends)


def valid(depth: Depth) -> Mask:
    """Return where a depth map says something, bool (H, W)."""
    return _finite(depth) if depth.validity is None else _finite(depth) & (depth.validity > 0)


def _finite(depth: Depth) -> Mask:
    finite = np.isfinite(depth.values)
    return finite & (depth.values > 0.0) if depth.kind == "distance" else finite


def _range(values: Floats, known: Mask) -> tuple[float, float]:
    """Return the lowest and the highest known value of a lattice of pixels; 0 and 0 where none is known."""
    rows, columns = (((np.arange(LATTICE) + 0.5) / LATTICE * side).astype(int) for side in values.shape)
    at = np.ix_(values.shape[0] - 1 - rows, columns)
    counted = values[at][known[at]]
    return (float(counted.min()), float(counted.max())) if counted.size else (0.0, 0.0)


def _blended(values: Floats, alpha: Floats, rows: int, columns: int) -> tuple[Floats, Mask]:
    """Return the values at the grid's vertices; where a blend holds an unknown pixel, the closest pixel's alone."""
    grid = linear(values, rows, columns)
    if alpha.min() >= 1.0:
        return grid, np.ones(grid.shape, bool)
    whole = linear(alpha, rows, columns) >= _WHOLE
    down, across = (_places(side, count) for side, count in zip(values.shape, (rows, columns), strict=True))
    at = np.ix_(np.ceil(down - 0.5).astype(int), np.floor(across + 0.5).astype(int))
    return np.where(whole, grid, values[at]), whole | (alpha[at] >= 0.5)


def linear(picture: Floats, rows: int, columns: int) -> Floats:
    """Return a picture (H, W) or (H, W, C) at the vertices of a grid, blended from the four pixels around each."""
    for axis, count in ((0, rows), (1, columns)):
        if picture.shape[axis] != count:
            at = _places(picture.shape[axis], count)
            first = np.minimum(at.astype(np.intp), max(picture.shape[axis] - 2, 0))
            share = (at - first).astype(np.float32)
            share = share.reshape([-1 if place == axis else 1 for place in range(picture.ndim)])
            after = np.minimum(first + 1, picture.shape[axis] - 1)
            picture = picture.take(first, axis) * (1 - share) + picture.take(after, axis) * share
    return picture


def _places(side: int, count: int) -> NDArray[np.float64]:
    """Return where a grid's vertices lie along a side, in pixels from the centre of the first one."""
    return np.linspace(0.0, side - 1.0, count)
