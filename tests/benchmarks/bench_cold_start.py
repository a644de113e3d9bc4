"""From starting Python to the depth of one photo on disk: `python -m tests.benchmarks.bench_cold_start [ROUNDS]`.

Small with random weights, our command line and a script around the original implementation by turns, for a photo of
640 x 480 and one of 12 megapixels; and the same Python doing nothing, and importing torch, to see where the time goes.
The limit is importing torch and one run of the model, warm.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from inference.predict import Predictor
from tests.benchmarks.contender import prepare
from tests.benchmarks.measure import Row, Stopwatch

_ORIGINAL = """
import sys
import cv2
import torch
from depth_anything_v2.dpt import DepthAnythingV2
model = DepthAnythingV2("vits", 64, [48, 96, 192, 384])
model.load_state_dict(torch.load(sys.argv[1], map_location="cpu"))
depth = model.eval().infer_image(cv2.imread(sys.argv[2]))
depth = (depth - depth.min()) / (depth.max() - depth.min()) * 65535
cv2.imwrite(sys.argv[3], depth.astype("uint16"))
"""
PHOTOS = {"640 x 480": (480, 640), "4000 x 3000": (3000, 4000)}


def write_photo(path: Path, height: int, width: int) -> None:
    """Save a smooth random picture as JPEG."""
    small = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(path, quality=92)


def main() -> None:
    """Print the table of each photo."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = prepare("vits", 518, 518, folder)
        weights = str(folder / "weights.pth")
        predictor = Predictor.from_catalog("small", device="cpu", weights=Path(weights))
        for title, size in PHOTOS.items():
            photo, ours, theirs = (str(folder / file) for file in ("photo.jpg", "ours.png", "original.png"))
            write_photo(Path(photo), *size)
            pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
            command = [sys.executable, "-m", "inference", photo, "--weights", weights, "-o", ours]
            jobs = {
                "python": ([sys.executable, "-c", "pass"], None),
                "import torch": ([sys.executable, "-c", "import torch"], None),
                "ours": (command, None),
                "original": ([sys.executable, "-c", _ORIGINAL, weights, photo, theirs], environment),
            }
            times = watch.interleaved(
                {
                    what: watch.of(lambda job=job: subprocess.run(job[0], check=True, capture_output=True, env=job[1]))
                    for what, job in jobs.items()
                }
                | {"the model alone, warm": watch.of(lambda pixels=pixels: predictor.predict(pixels))},
                rounds,
            )
            least = times["import torch"].median + times["the model alone, warm"].median
            rows = [
                Row(what, taken, least if what in ("ours", "original") else None, (words,))
                for what, taken in times.items()
                for words in (f"{taken.median / times['original'].median:.2f}",)
            ]
            watch.show(
                f"a photo of {title}, {rounds} rounds", "import torch, and the model", rows, ("of the original",)
            )


if __name__ == "__main__":
    main()
