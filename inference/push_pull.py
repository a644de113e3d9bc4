"""Fills the gaps of a picture smoothly, over a pyramid of ever smaller pictures; numpy alone."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]


def push_pull(values: Picture, weight: Picture) -> Picture:
    """Return `values`, (C, H, W), where `weight`, (H, W), is 1, and what goes on smoothly from there elsewhere.

    Weights between 0 and 1 count for less. Gortler, Grzeszczuk, Szeliski and Cohen, The Lumigraph, 1996, section 3.4.
    """
    if weight.shape == (1, 1) or (weight == 1.0).all():
        return values
    own = values * weight
    coarse_weight = _halved(weight[None])[0]
    coarse = _halved(own) / np.maximum(coarse_weight, np.float32(1e-12))
    coarse = push_pull(coarse, np.minimum(coarse_weight, np.float32(1.0)))
    up = doubled(coarse, *weight.shape)
    up *= 1 - weight
    up += own
    return up


def _halved(array: Picture) -> Picture:
    """Return the sums of blocks of 2 x 2, (C, H / 2, W / 2)."""
    array = np.pad(array, ((0, 0), (0, array.shape[1] % 2), (0, array.shape[2] % 2)))
    rows = array[:, ::2] + array[:, 1::2]
    return rows[:, :, ::2] + rows[:, :, 1::2]


def doubled(array: Picture, height: int, width: int) -> Picture:
    """Return (C, height, width) of (C, H, W) at twice the size, linear between the blocks' centres."""
    for axis, wanted in ((1, height), (2, width)):
        shape = list(array.shape)
        shape[axis] *= 2
        double = np.empty(shape, np.float32)
        # The axis comes first in what is a view each; what lies in memory as the map does is quick to go on with.
        quarter, rest = (np.moveaxis(array * np.float32(share), axis, 0) for share in (0.25, 0.75))
        lines = np.moveaxis(double, axis, 0)
        np.add(rest[1:], quarter[:-1], out=lines[2::2])
        np.add(rest[:-1], quarter[1:], out=lines[1:-1:2])
        lines[[0, -1]] = rest[[0, -1]] + quarter[[0, -1]]
        array = np.moveaxis(lines[:wanted], 0, axis)
    return array


def resized(rgb: NDArray[np.uint8], height: int, width: int) -> Picture:
    """Return a photo (h, w, 3) at another size, as float32 (3, height, width) from 0 to 255: means of whole blocks."""
    step = max(1, int(1.01 * min(rgb.shape[0] / height, rgb.shape[1] / width)))  # of 4000 to 1334 pixels, 3
    rows, columns = rgb.shape[0] // step, rgb.shape[1] // step
    lines = np.zeros((rows, columns * step, 3), np.float32)
    for down in range(step):  # whole rows first, for they are quick to add
        lines += rgb[down : rows * step : step, : columns * step]
    small = lines[:, ::step].copy()
    for right in range(1, step):
        small += lines[:, right::step]
    small /= np.float32(step * step)
    for axis, wanted in ((0, height), (1, width)):
        small = _interpolated(small, axis, wanted)
    return np.ascontiguousarray(np.moveaxis(small, 2, 0))


def _interpolated(array: Picture, axis: int, wanted: int) -> Picture:
    present = array.shape[axis]
    if present == wanted:
        return array
    at = np.clip((np.arange(wanted, dtype=np.float32) + 0.5) * present / wanted - 0.5, 0, present - 1)
    first = np.minimum(at.astype(np.intp), max(present - 2, 0))
    share = (at - first).astype(np.float32).reshape([-1 if place == axis else 1 for place in range(array.ndim)])
    after = np.minimum(first + 1, present - 1)
    return array.take(first, axis) * (1 - share) + array.take(after, axis) * share
