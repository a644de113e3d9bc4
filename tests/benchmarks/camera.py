"""A photo as large as a camera's, for the benchmarks."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_photo(path: Path, width: int, height: int) -> Path:
    """Write noise of several sizes: what a camera's JPEG of this size takes to decode."""
    random = np.random.default_rng(0)
    layers = [Image.fromarray(random.integers(0, 255, (height // n, width // n, 3), np.uint8)) for n in (2, 16, 128)]
    sized = [np.asarray(layer.resize((width, height), Image.Resampling.BILINEAR), np.float32) for layer in layers]
    Image.fromarray((sum(sized) / 3).astype(np.uint8)).save(path, quality=92)
    return path
