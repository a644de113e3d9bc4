"""The model from a quarter of a megapixel to eight: `python -m tests.benchmarks.bench_sizes [ROUNDS]`.

Small with random weights on the CPU. First photos of these sizes, which the model sees at the size of training: the
limit is the network alone, and beyond it is making the photo smaller and its depth larger. Then what the network sees
itself has these sizes: the limit is the time of the products and sums at the rate of a large product of matrices. The
program refuses eight megapixels there, since they are more than 16 times the area of training.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from inference.predict import Predictor
from tests.benchmarks.bench_model import gflop
from tests.benchmarks.contender import prepare
from tests.benchmarks.machine import matrix_peak
from tests.benchmarks.measure import Row, Stopwatch

MEGAPIXELS = (0.25, 0.5, 1, 2, 4, 8)
SEEN = (504, 714, 1008, 1414, 1988)  # a side of what the network sees: multiples of 14, to four megapixels
FEW = 3  # rounds of what takes seconds


def noise(height: int, width: int) -> np.ndarray:
    """Return a photo, (height, width, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def photos(predictor: Predictor, rounds: int) -> None:
    """Print the table of photos."""
    watch, rows = Stopwatch(), []
    for megapixels in MEGAPIXELS:
        height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
        photo = noise(height, height * 4 // 3)
        seen = noise(*predictor.seen(*photo.shape[:2]))
        jobs = {
            "alone": watch.of(lambda seen=seen: predictor.predict(seen)),
            "photo": watch.of(lambda photo=photo: predictor.predict(photo)),
        }
        times = watch.interleaved(jobs, rounds)
        title = f"{megapixels} megapixels, seen at {seen.shape[1]} x {seen.shape[0]}"
        rows.append(Row(title, times["photo"], times["alone"].median))
    watch.show("photos, from pixels to depth of the photo's size", "the network alone", rows)


def networks(predictor: Predictor, rounds: int) -> None:
    """Print the table of what the network sees."""
    watch, rows, peak = Stopwatch(), [], matrix_peak()
    for side in SEEN:
        predictor.size = side
        work, pixels = gflop("vits", side, side), noise(side, side)
        run = watch.of(lambda pixels=pixels: predictor.predict(pixels))
        [taken] = watch.interleaved({"": run}, rounds if side < 1000 else FEW).values()
        rows.append(Row(f"{side} x {side}, {work:.0f} GFLOP", taken, work / peak))
    watch.show("what the network sees", f"at {peak:.0f} GFLOP/s", rows)


def main() -> None:
    """Print both tables."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as name:
        prepare("vits", 518, 518, Path(name))
        predictor = Predictor.from_catalog("small", device="cpu", weights=Path(name, "weights.pth"))
        photos(predictor, rounds)
        networks(predictor, rounds)


if __name__ == "__main__":
    main()
