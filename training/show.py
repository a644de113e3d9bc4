"""Strips of photo, depth and relief from aside: `python -m training.show FOLDER OUT --weights FILE --blender PYTHON`.

FOLDER holds photos as `score.py` reads them, of which `--only` names some. The relief is what `tools.demo` makes in
PYTHON, one with the module bpy; it also stays in OUT, with the depth as a PNG of 16 bits.
"""

import argparse
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.draft.torch_network import load

from .score import Array, guess_of, truths

HEIGHT = 240  # of a strip, in pixels
DEMO = Path("build/demo/demo.png")  # where tools.demo leaves its render


def grey(disparity: Array) -> NDArray[np.uint16]:
    """Return disparities as whole numbers of 16 bits, the nearest 65535."""
    low, high = float(disparity.min()), float(disparity.max())
    return np.round(65535 * (disparity - low) / max(high - low, 1e-9)).astype(np.uint16)


def strip(pictures: list[Image.Image]) -> Image.Image:
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
    """Make the strips."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--blender", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    guess = guess_of(load(arguments.weights))
    for name, truth in truths(arguments.folder):
        if arguments.only and name not in arguments.only:
            continue
        photo, depth = arguments.out / f"{name}.photo.jpg", arguments.out / f"{name}.depth.png"
        Image.fromarray(truth.rgb).save(photo, quality=92)
        values = grey(guess(truth.rgb))
        Image.fromarray(values).save(depth)
        command = [arguments.blender, "-m", "tools.demo", "--photo", photo, "--depth", depth]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        with Image.open(DEMO) as relief:
            relief.convert("RGB").save(arguments.out / f"{name}.relief.png")
            shown = [Image.fromarray(truth.rgb), Image.fromarray((values >> 8).astype(np.uint8)), relief.convert("RGB")]
            strip(shown).save(arguments.out / f"{name}.jpg", quality=85)
        print(arguments.out / f"{name}.jpg")


if __name__ == "__main__":
    main()
