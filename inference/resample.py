"""Pictures and maps in another size, by numpy alone: each new sample is a weighted sum of old ones, side by side."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STRIP = 8  # rows at a time: what stays in a core's cache


@dataclass(frozen=True, eq=False)
class Taps:
    """Which old samples each new one reads along a side, and how much of each: both (taps, new)."""

    samples: NDArray[np.intp]
    weights: NDArray[np.float32]


def resample(image: NDArray[np.uint8] | NDArray[np.float32], rows: Taps, columns: Taps) -> NDArray[np.float32]:
    """Return (H, W, C) as float32 (new, new, C), in the image's own range. Only the rows that are named are read."""
    flat = image.reshape(len(image), -1)
    resized = np.empty((rows.samples.shape[1], columns.samples.shape[1], image.shape[2]), np.float32)

    def fill(top: int) -> None:
        strip = resized[top : top + _STRIP]
        tall = np.empty((len(strip), *image.shape[1:]), np.float32)
        for line, samples, weights in zip(tall, rows.samples.T[top:], rows.weights.T[top:], strict=False):
            taken = flat[samples].astype(np.float32, copy=False)
            # Not a matrix product: a BLAS with threads of its own is slow when several of ours ask it at once.
            np.einsum("i,ij->j", weights, taken, out=line.reshape(-1))
        strip[:] = 0.0
        for samples, weights in zip(columns.samples, columns.weights, strict=True):
            strip += tall.take(samples, 1) * weights[:, None]

    with ThreadPoolExecutor() as pool:  # numpy lets other threads run
        list(pool.map(fill, range(0, len(resized), _STRIP)))
    return resized
