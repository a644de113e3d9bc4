"""A folder of 32 photos: `python -m tests.benchmarks.bench_folder`.

How much longer the whole run takes than the predictor alone, which is what reading and writing beside it fail to hide.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inference.cli import batch
from inference.photo import read_photo
from inference.predict import Predictor
from tests.benchmarks.bench_cold_start import write_photo
from tests.benchmarks.contender import stand_in

PHOTOS, HEIGHT, WIDTH = 32, 1500, 2000


def main() -> None:
    """Print the seconds of both, and their difference."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare = [sys.executable, "-m", "tests.benchmarks.contender", "prepare", "vits", "518", "518", name]
        environment = os.environ | {"PYTHONPATH": str(stand_in(folder))}
        subprocess.run(prepare, check=True, capture_output=True, env=environment)
        for i in range(PHOTOS):
            write_photo(folder / f"{i:02}.jpg", HEIGHT, WIDTH)
        predictor = Predictor.from_catalog("small", device="cpu", weights=folder / "weights.pth")
        photo = read_photo(folder / "00.jpg").rgb
        predictor.predict(photo)
        start = time.perf_counter()
        for _ in range(PHOTOS):
            predictor.predict(photo)
        alone = time.perf_counter() - start

        jobs, _ = batch.plan([str(folder / "*.jpg")], str(folder / "depth"), "exr")
        start = time.perf_counter()
        done = list(batch.make_all(jobs, predictor.spec, lambda: predictor))
        together = time.perf_counter() - start
        if not all(isinstance(result, batch.Done) for result in done):
            raise SystemExit(f"not every photo came through: {done}")
    print(
        f"{PHOTOS} photos of {WIDTH} x {HEIGHT}: the predictor alone {alone:.1f} s, from disk to disk {together:.1f} s,"
    )
    print(f"{100 * (together / alone - 1):.1f} % more")


if __name__ == "__main__":
    main()
