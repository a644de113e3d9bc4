"""Writes photos and their depth side by side, for a look: `python -m training.show FOLDER OUT --weights FILE`.

FOLDER holds photos as `score.py` reads them, of which `--only` names some. OUT gets NAME.photo.jpg and NAME.depth.png,
16 bits, the nearest 65535: what `tools.relief_strips` makes reliefs of.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.draft.torch_network import load

from .score import Array, guess_of, truths

LONGER_SIDE = 640  # of the photos that are written


def grey(disparity: Array) -> NDArray[np.uint16]:
    """Return disparities as whole numbers of 16 bits, the nearest 65535."""
    low, high = float(disparity.min()), float(disparity.max())
    return np.round(65535 * (disparity - low) / max(high - low, 1e-9)).astype(np.uint16)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="names of photos; none given: all")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    guess = guess_of(load(arguments.weights))
    for name, truth in truths(arguments.folder):
        if name in (arguments.only or [name]):
            photo = Image.fromarray(truth.rgb)
            photo.thumbnail((LONGER_SIDE, LONGER_SIDE))
            photo.save(arguments.out / f"{name}.photo.jpg", quality=92)
            Image.fromarray(grey(guess(np.asarray(photo)))).save(arguments.out / f"{name}.depth.png")


if __name__ == "__main__":
    main()
