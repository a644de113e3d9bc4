"""Pictures and maps in another size, by numpy alone."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

_STRIP = 8  # rows at a time: what stays in a core's cache


def resize(image: NDArray[np.uint8] | NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Return (H, W) or (H, W, C) as float32 of that height and width, in the image's own range.

    Bilinear with half-pixel centres, the filter as wide as the step where it shrinks: as Pillow's BILINEAR, and torch's
    with antialias.
    """
    planes = image[..., None] if image.ndim == 2 else image
    if planes.shape[:2] == (height, width):
        return image.astype(np.float32)
    rows = planes.reshape(len(planes), -1)
    first_row, row_weights = _taps(planes.shape[0], height)
    first_column, column_weights = _taps(planes.shape[1], width)
    resized = np.empty((height, width, planes.shape[2]), np.float32)

    def fill(top: int) -> None:
        strip = resized[top : top + _STRIP]
        tall = np.empty((len(strip), *planes.shape[1:]), np.float32)
        for line, first, weights in zip(tall, first_row[top:], row_weights[top:], strict=False):
            taken = rows[first : first + len(weights)].astype(np.float32, copy=False)
            # Not a matrix product: a BLAS with threads of its own is slow when several of ours ask it at once.
            np.einsum("i,ij->j", weights, taken, out=line.reshape(-1))
        strip[:] = 0.0
        for tap, weights in enumerate(column_weights.T):
            strip += tall.take(first_column + tap, 1) * weights[:, None]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(0, height, _STRIP)))
    return resized[..., 0] if image.ndim == 2 else resized


def _taps(old: int, new: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the first of the samples that each new one reads, (new,), and how much of each, (new, taps)."""
    scale = old / new
    reach = max(scale, 1.0)
    count = min(int(np.ceil(2 * reach)) + 1, old)
    centre = (np.arange(new) + 0.5) * scale
    first = np.clip(np.ceil(centre - reach - 0.5).astype(np.intp), 0, old - count)
    places = first[:, None] + np.arange(count) + 0.5
    weights = np.maximum(1.0 - np.abs(places - centre[:, None]) / reach, 0.0)
    return first, (weights / weights.sum(1, keepdims=True)).astype(np.float32)
