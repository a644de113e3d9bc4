"""Strips of a photo, its depth and its relief from aside, for a look at what a model makes.

    python -m tools.relief_strips FOLDER OUT

reads every NAME.photo.jpg beside a NAME.depth.png in FOLDER and writes OUT/NAME.jpg.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from . import demo, rendering

HEIGHT = 240  # of a strip, in pixels
SAMPLES = 12


def render_relief(photo: Path, depth: Path, out: Path) -> Image.Image:
    """Build the relief as the demo does, render it from aside as tall as a strip, and return the picture."""
    demo.build(photo, depth)
    aside = demo.look_from_aside()
    with Image.open(photo) as file:
        rendering.render(out, aside, round(HEIGHT * file.width / file.height), HEIGHT, samples=SAMPLES)
    with Image.open(out) as file:
        return file.convert("RGB")


def join(pictures: list[Image.Image]) -> Image.Image:
    """Return pictures side by side, all of one height."""
    fitted = [
        one.resize((round(one.width * HEIGHT / one.height), HEIGHT), Image.Resampling.LANCZOS) for one in pictures
    ]
    joined = Image.new("RGB", (sum(one.width for one in fitted) + 4 * (len(fitted) - 1), HEIGHT), "white")
    left = 0
    for one in fitted:
        joined.paste(one, (left, 0))
        left += one.width + 4
    return joined


def main() -> None:
    """Make a strip of each photo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for photo in sorted(given.folder.glob("*.photo.jpg")):
        name = photo.name.removesuffix(".photo.jpg")
        depth = photo.with_name(f"{name}.depth.png")
        relief = render_relief(photo, depth, given.folder / f"{name}.relief.png")
        with Image.open(depth) as file:
            grey = Image.fromarray((np.asarray(file) >> 8).astype(np.uint8)).convert("RGB")
        with Image.open(photo) as file:
            join([file.convert("RGB"), grey, relief]).save(given.out / f"{name}.jpg", quality=85)
        print(given.out / f"{name}.jpg", flush=True)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender can hang at exit
