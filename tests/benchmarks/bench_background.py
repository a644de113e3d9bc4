"""How good the made-up background is, on the sample scene rendered again without what stands in front.

    python -m tools.sample_scene --behind --draft        with bpy, a few minutes, into build/sample/
    python -m tests.benchmarks.bench_background          with OpenEXR and Pillow

PSNR of the colour and relative error of the depth over the pixels behind which the true scene goes on, and the time.
"""

from pathlib import Path
from time import process_time

import numpy as np
import OpenEXR
from PIL import Image

from inference import background
from inference.push_pull import resized

ROOT = Path(__file__).parents[2]
STOOD = 1.03  # what is farther than the front by more was hidden by something


def distance(path: Path) -> np.ndarray:
    """Return the distances of a file of the sample scene, (H, W) float32, metres."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return np.array(file.channels()["Z"].pixels, np.float32)


def colours(path: Path) -> np.ndarray:
    """Return a photo as (H, W, 3) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of two 8-bit pictures in decibels."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def main() -> None:
    """Print the figures."""
    truth = ROOT / "build" / "sample" / "behind_depth.exr"
    if not truth.exists():
        print("The truth is not there: run `python -m tools.sample_scene --behind --draft` first.")
        return
    front, photo = distance(ROOT / "assets" / "sample_depth.exr"), colours(ROOT / "assets" / "sample_photo.jpg")
    start = process_time()
    back = background.behind(front, np.ones(front.shape, bool), "distance", photo)
    seconds = process_time() - start
    y, x = background.margins(*front.shape)
    wanted, wanted_photo = distance(truth), colours(truth.with_name("behind_photo.jpg"))
    height, width = wanted.shape
    rows, columns = (
        ((np.arange(there) + 0.5) * here / there).astype(int)
        for there, here in zip(wanted.shape, front.shape, strict=True)
    )
    at = np.ix_(rows, columns)
    hidden = wanted > front[at] * STOOD
    made = hidden & (back.presence[at] == 1.0)
    filled = np.moveaxis(resized(np.ascontiguousarray(back.colour[y:-y, x:-x]), height, width), 0, 2)
    error = np.abs(back.depth[at][made] / wanted[made] - 1)
    print(f"made up          {made.sum() / hidden.sum():.1%} of the pixels that something hides")
    print(f"colour           PSNR {psnr(filled[made], wanted_photo[made]):.1f} dB")
    print(f"depth            relative error: median {np.median(error):.2%}, mean {error.mean():.2%}")
    print(f"depth before     relative error: median {np.median(np.abs(front[at][made] / wanted[made] - 1)):.2%}")
    print(f"time             {seconds / front.size * 1e6:.2f} s a megapixel, on one core")


if __name__ == "__main__":
    main()
