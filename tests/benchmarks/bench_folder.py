"""Folders of 1 to 64 photos: `python -m tests.benchmarks.bench_folder [ROUNDS]`.

How much longer the whole run takes than the model alone, which is what reading and writing beside it fail to hide. The
program is warm: a cold start has a table of its own. The model alone is each photo's share of a run of all.
"""

import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from inference.cli import batch
from inference.photo import read_photo
from inference.predict import Predictor
from tests.benchmarks.bench_cold_start import write_photo
from tests.benchmarks.contender import prepare
from tests.benchmarks.measure import Row, Stopwatch

COUNTS, HEIGHT, WIDTH = (1, 4, 16, 64), 1500, 2000
ROUNDS = 3


def from_disk_to_disk(folder: Path, count: int, predictor: Predictor) -> None:
    """Estimate so many photos as the command line does; end the benchmark if one fails."""
    jobs, _ = batch.plan([str(folder / f"{i:02}.jpg") for i in range(count)], f"{folder / 'depth'}/", "exr")
    done = list(batch.make_all(jobs, predictor.spec, lambda: predictor))
    if len(done) != count or not all(isinstance(result, batch.Done) for result in done):
        raise SystemExit(f"not every photo came through: {done}")
    shutil.rmtree(folder / "depth")


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    watch, rows = Stopwatch(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare("vits", 518, 518, folder)
        write_photo(folder / "00.jpg", HEIGHT, WIDTH)
        for i in range(1, max(COUNTS)):
            shutil.copy(folder / "00.jpg", folder / f"{i:02}.jpg")
        predictor = Predictor.from_catalog("small", device="cpu", weights=folder / "weights.pth")
        photo = read_photo(folder / "00.jpg").rgb
        for count in COUNTS:
            jobs = {
                "alone": watch.of(lambda count=count: [predictor.predict(photo) for _ in range(count)]),
                "all": watch.of(partial(from_disk_to_disk, folder, count, predictor)),
            }
            times = watch.interleaved(jobs, rounds if count > 4 else 3 * rounds, warmups=1 if count == 1 else 0)
            alone, taken = times["alone"].median, times["all"]
            more = f"{100 * (taken.median / alone - 1):.1f} %"
            rows.append(Row(f"{count} photo{'s' * (count > 1)}", taken, alone, (more,)))
    watch.show(f"photos of {WIDTH} x {HEIGHT}, from disk to disk", "the model alone", rows, ("more than it",))


if __name__ == "__main__":
    main()
