"""Run by bench_draft.py, or by any Python with numpy: the built-in model on pixels of the largest size that it reads.

Prints the numpy, and the median seconds of wall time and of processor time, of all threads together.
"""

import statistics
import time

import numpy as np

from inference.cache import place
from inference.catalog import get
from inference.draft.architecture import SHARP, input_size
from inference.draft.model import Draft, by_numpy

ROUNDS = 5
SIZE = (SHARP, SHARP * 4 // 3)


def main() -> None:
    """Print the line."""
    model = Draft(by_numpy(place(get("draft"))))
    photo = np.random.default_rng(0).random((*SIZE, 3), np.float32)
    rounds = []
    for _ in range(ROUNDS + 1):  # the first one warms up
        wall, processor = time.perf_counter(), time.process_time()
        model.run(model.prepare(photo, *input_size(*SIZE)), SIZE, None)
        rounds.append((time.perf_counter() - wall, time.process_time() - processor))
    wall, processor = (statistics.median(part) for part in zip(*rounds[1:], strict=True))
    print(f"the model alone, numpy {np.__version__}: {wall:.2f} s, processor {processor:.2f} s", flush=True)


if __name__ == "__main__":
    main()
