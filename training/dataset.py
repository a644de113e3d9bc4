"""Renders the training pictures to disk, in shards of one size of picture each: `python -m training.dataset FOLDER`."""

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .photograph import photograph
from .render import render
from .scenes import random_scene
from .textures import make_bank

FRAMES = 128  # in a shard
SIZES = ((192, 256), (192, 256), (192, 256), (256, 192), (224, 224), (176, 288))


def frames(shard: int, count: int = FRAMES) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float16]]]:
    """Yield the photos, sRGB (H, W, 3), of a shard and their disparities (H, W), 1 where nearest and 0 in the sky."""
    bank = make_bank(shard)
    for frame in range(count):
        rng = np.random.default_rng((shard, frame))
        colour, distance = render(random_scene(rng, len(bank)), *SIZES[shard % len(SIZES)], bank, rng)
        disparity = distance.min() / distance
        yield photograph(colour, distance, rng), disparity.astype(np.float16)


def write(folder: Path, shard: int) -> Path:
    """Write one shard where it isn't yet, as two .npy files, and return the path of its photos."""
    photos, depths = folder / f"{shard:04d}.rgb.npy", folder / f"{shard:04d}.disparity.npy"
    if not photos.exists():
        pictures, disparities = zip(*frames(shard), strict=True)
        np.save(depths, np.stack(disparities))
        unfinished = folder / f"{shard:04d}.unfinished.npy"
        np.save(unfinished, np.stack(pictures))
        unfinished.rename(photos)
    return photos


def main() -> None:
    """Render shards, as many at a time as there are processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=160, help=f"of {FRAMES} pictures each")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(arguments.processes) as pool:
        for path in pool.map(write, repeat(arguments.folder), range(arguments.shards)):
            print(path)


if __name__ == "__main__":
    main()
