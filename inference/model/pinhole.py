"""The lens of a photo, and how far its points lie from it, from a map of points that knows neither. numpy alone.

A network that puts out points (Wang et al. 2025, https://arxiv.org/abs/2507.02546) gives them up to a shift along the
view. The photo is a projection of them: the lens and the shift are those that project each point to its pixel.
"""

import numpy as np
from numpy.typing import NDArray

from ..depth import SENSOR

Array = NDArray[np.floating]

SIDE = 64  # so many samples a side are enough
_STEPS = 50
_PRECISE = 1e-9  # of the cost, by which it still has to fall


def view_plane(rows: int, columns: int, aspect: float) -> NDArray[np.float32]:
    """Return where the centres of pixels lie on the view plane, (rows, columns, 2): x to the right and y down.

    The corners are one unit from the centre. aspect: width over height.
    """
    diagonal = (1.0 + aspect**2) ** 0.5
    x, y = ((2 * np.arange(count) + 1 - count) / count for count in (columns, rows))
    grid = np.stack(np.meshgrid(x * aspect / diagonal, y / diagonal), axis=-1)
    return grid.astype(np.float32)


def focal_and_shift(
    points: Array, valid: NDArray[np.bool_], aspect: float, focal: float | None = None
) -> tuple[float, float] | None:
    """Return the focal length and the shift that project points to their pixels; None where nothing does.

    points: (H, W, 3), x to the right, y down, z along the view, z known up to a shift. valid: bool (H, W), which count.
    aspect: the photo's width over its height. focal: the focal length, where it is known, in half diagonals of the
    photo, as the one returned.
    The sum of |focal (x, y) / (z + shift) - pixel| squared is least: by Levenberg and Marquardt's steps in the shift,
    from 0, each with the focal length that is best for it.
    """
    height, width = points.shape[:2]
    rows, columns = (np.arange(SIDE) * side // SIDE for side in (height, width))
    here = np.ix_(rows, columns)
    seen = valid[here]
    if seen.sum() < 2:
        return None
    pixels = view_plane(height, width, aspect)[here][seen].astype(np.float64)  # (N, 2)
    xyz = points[here][seen].astype(np.float64)  # (N, 3)
    shift = _best_shift(pixels, xyz[:, :2], xyz[:, 2:], focal)
    found = focal or _best_focal(pixels, xyz[:, :2] / (xyz[:, 2:] + shift))
    return (found, shift) if np.isfinite(found) and found > 0.0 and np.isfinite(shift) else None


def _best_focal(pixels: Array, rays: Array) -> float:
    return float(np.vdot(rays, pixels) / np.vdot(rays, rays))


def _best_shift(pixels: Array, xy: Array, z: Array, focal: float | None) -> float:
    shift, damping = 0.0, 1e-3
    error, slope = _residual(pixels, xy, z, shift, focal)
    cost = float(np.vdot(error, error))
    for _ in range(_STEPS):
        step = -float(np.vdot(slope, error) / (np.vdot(slope, slope) * (1.0 + damping)))
        tried, tried_slope = _residual(pixels, xy, z, shift + step, focal)
        tried_cost = float(np.vdot(tried, tried))
        if not tried_cost < cost:
            damping *= 10.0
            continue
        done = cost - tried_cost <= _PRECISE * cost
        shift, error, slope, cost, damping = shift + step, tried, tried_slope, tried_cost, damping / 10.0
        if done:
            break
    return shift


def _residual(pixels: Array, xy: Array, z: Array, shift: float, focal: float | None) -> tuple[Array, Array]:
    """Return how far points are from their pixels, (N, 2), and how that changes with the shift."""
    rays = xy / (z + shift)
    change = -rays / (z + shift)
    if focal is not None:
        return focal * rays - pixels, focal * change
    square, product = np.vdot(rays, rays), np.vdot(rays, pixels)
    best = product / square
    best_change = (np.vdot(change, pixels) - 2.0 * best * np.vdot(rays, change)) / square
    return best * rays - pixels, best_change * rays + best * change


def to_half_diagonals(focal_length: float, aspect: float) -> float:
    """Turn millimetres on a sensor whose longer side is 36 mm into half diagonals of a photo of that aspect."""
    return focal_length / to_millimetres(1.0, aspect)


def to_millimetres(focal: float, aspect: float) -> float:
    """Turn half diagonals of a photo of that aspect into millimetres on a sensor whose longer side is 36 mm."""
    return focal * float(np.hypot(1.0, aspect)) / 2.0 / max(1.0, aspect) * SENSOR
