"""Run by bench_draft.py, or by any Python with numpy: the built-in model on pixels of the largest size that it reads.

Tells for each round the seconds of wall time and of processor time, of all threads together. The last words are this
numpy's name, and the processor's seconds that its convolutions take at the best rate of a product of matrices.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from inference.cache import place
from inference.catalog import get
from inference.draft import layers
from inference.draft.architecture import SHARP, input_size
from inference.draft.model import Draft, by_numpy
from tests.benchmarks.machine import quickest
from tests.benchmarks.processes import serve

SIZE = (SHARP, SHARP * 4 // 3)
SIDES = (64, 256, 1024)  # of the products: without BLAS a large one leaves the cache


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the products and sums of the convolutions, which are nearly all that the network computes."""
    work: list[int] = []
    pointwise, convolution = layers.pointwise, layers.convolution

    def count_pointwise(x: layers.Map, weight: layers.Map, bias: layers.Map) -> layers.Map:
        work.append(2 * weight.size * (x.size // x.shape[-1]))
        return pointwise(x, weight, bias)

    def count_convolution(x: layers.Map, weight: layers.Map, bias: layers.Map) -> layers.Map:
        work.append(2 * weight.size * (x.size // x.shape[-1]))
        return convolution(x, weight, bias)

    layers.pointwise, layers.convolution = count_pointwise, count_convolution
    try:
        yield work
    finally:
        layers.pointwise, layers.convolution = pointwise, convolution


def main() -> None:
    """Answer rounds."""
    model = Draft(by_numpy(place(get("draft"))))
    photo = np.random.default_rng(0).random((*SIZE, 3), np.float32)

    def run() -> list[float]:
        wall, processor = time.perf_counter(), time.process_time()
        model.run(model.prepare(photo, *input_size(*SIZE)), SIZE, None)
        return [time.perf_counter() - wall, time.process_time() - processor]

    def last_words() -> list[object]:
        squares = [np.ones((side, side), np.float32) for side in SIDES]
        rate = max(2 * len(a) ** 3 / quickest(lambda a=a: a @ a, 3, time.process_time) for a in squares)
        with counted() as work:
            run()
        library = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
        return [f"numpy {np.__version__}, BLAS: {library}", sum(work) / rate]

    serve(run, last_words)


if __name__ == "__main__":
    main()
