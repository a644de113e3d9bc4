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
        source = array.swapaxes(1, axis)
        quarter, rest = source * np.float32(0.25), source * np.float32(0.75)
        double = np.empty((source.shape[0], 2 * source.shape[1], source.shape[2]), np.float32)
        double[:, ::2] = double[:, 1::2] = rest
        double[:, 2::2] += quarter[:, :-1]
        double[:, 1:-1:2] += quarter[:, 1:]
        double[:, 0] += quarter[:, 0]
        double[:, -1] += quarter[:, -1]
        array = double[:, :wanted].swapaxes(1, axis)
    return array


def resized(rgb: NDArray[np.uint8], height: int, width: int) -> Picture:
    """Return a photo (h, w, 3) at another size, as float32 (3, height, width) from 0 to 255: means of whole blocks."""
    step = max(1, min(rgb.shape[0] // height, rgb.shape[1] // width))
    rows, columns = rgb.shape[0] // step, rgb.shape[1] // step
    blocks = rgb[: rows * step, : columns * step].reshape(rows, step, columns, step, 3)
    small = blocks.mean(axis=(1, 3), dtype=np.float32) if step > 1 else rgb.astype(np.float32)
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
