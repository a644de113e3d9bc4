"""From starting Python to the depth of one photo on disk: `python -m tests.benchmarks.bench_cold_start [ROUNDS]`.

Small with random weights, our command line and a script around the original implementation by turns, for a photo of
640 x 480 and one of 12 megapixels; and the same Python doing nothing, and importing torch, to see where the time goes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.contender import stand_in

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


def seconds(command: list[str], environment: dict[str, str] | None) -> float:
    """Return how long a command takes as a whole process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Print the medians for both photos."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = os.environ | {"PYTHONPATH": str(stand_in(folder))}
        prepare = [sys.executable, "-m", "tests.benchmarks.contender", "prepare", "vits", "518", "518", name]
        subprocess.run(prepare, check=True, capture_output=True, env=environment)
        weights = str(folder / "weights.pth")
        for title, size in PHOTOS.items():
            photo, ours, theirs = (str(folder / file) for file in ("photo.jpg", "ours.png", "original.png"))
            write_photo(Path(photo), *size)
            commands = {
                "python": ([sys.executable, "-c", "pass"], None),
                "import torch": ([sys.executable, "-c", "import torch"], None),
                "ours": ([sys.executable, "-m", "inference", photo, "--weights", weights, "-o", ours], None),
                "original": ([sys.executable, "-c", _ORIGINAL, weights, photo, theirs], environment),
            }
            taken: dict[str, list[float]] = {what: [] for what in commands}
            for _ in range(rounds + 1):
                for what, (command, variables) in commands.items():
                    Path(ours).unlink(missing_ok=True)
                    taken[what].append(seconds(command, variables))
            medians = {what: statistics.median(times[1:]) for what, times in taken.items()}
            print(f"\na photo of {title}, {rounds} rounds, medians")
            for what, median in medians.items():
                print(f"{what:14}{median:7.2f} s   {median / medians['original']:5.2f} of the original")


if __name__ == "__main__":
    main()
