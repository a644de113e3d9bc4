"""The model against other implementations: `python -m tests.benchmarks.bench_model [ROUNDS]`.

Each implementation lives in a process of its own, as its users have it, and they take turns: a round is one run of
each. ROUNDS are those of the smallest case; larger ones get fewer, but at least three. All compute from the same random
weights, except that those of transformers are its own, and in float32, except for a row that says otherwise. The limit
is the time that the products and sums take at the rate of a large product of matrices. Columns: how many times as long
as ours the median takes, peak memory, largest difference from the original's output in parts of its range.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from inference.model.plain import CONFIGS, DepthAnything
from tests.benchmarks.contender import names, prepare
from tests.benchmarks.machine import rates, torch_rates
from tests.benchmarks.measure import Row, Stopwatch
from tests.benchmarks.processes import Served

CASES = (("vits", 518, 518), ("vits", 518, 686), ("vitb", 518, 518), ("vits", 1036, 1036), ("vitl", 518, 518))
WARMUPS = 2

watch = Stopwatch()


def gflop(encoder: str, height: int, width: int) -> float:
    """Count the products and sums of one run, in 1e9."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        DepthAnything(CONFIGS[encoder])(torch.empty(1, 3, height, width))
    return counter.get_total_flops() / 1e9


def race(case: tuple[str, int, int], rounds: int, peak: float, device: str, who: list[str]) -> None:
    """Let contenders run one case on a device, and print the table. peak: of a large matrix product, in GFLOP/s."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with_stand_in = prepare(*case, folder, device)
        contenders = {}
        for name in who:  # each loads and runs once alone: some choose by a measurement how to compute
            environment = with_stand_in if name == "original" else None
            contenders[name] = Served(
                "tests.benchmarks.contender", name, *case, folder, device, environment=environment
            )
        times = watch.interleaved({name: each.turn for name, each in contenders.items()}, rounds, WARMUPS)
        memory = {name: contender.leave() for name, contender in contenders.items()}
        outputs = {name: np.load(folder / f"{name}.npy") for name in contenders}
    encoder, height, width = case
    work = gflop(*case)
    rows = []
    for name, taken in times.items():
        error = np.abs(outputs[name] - outputs["original"]).max() / np.ptp(outputs["original"])
        told = "" if name == "transformers" else f"{error:.1e}"
        to_ours = f"{taken.median / times['ours'].median:.2f}"
        rows.append(Row(name, taken, work / peak, (to_ours, f"{memory[name] / 2**20:.0f} MB", told)))
    title = f"{encoder} at {height} x {width}, {work:.0f} GFLOP, {rounds} rounds"
    watch.show(title, f"at {peak:.0f} GFLOP/s", rows, ("to ours", "memory", "error"))


def main(device: str = "cpu") -> None:
    """Run all cases on a device."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    found = rates() if device == "cpu" else torch_rates(device, *torch.randn(2, 4096, 4096))
    told = ", ".join(f"{library} {rate:.0f} GFLOP/s" for library, rate in found.items())
    print(f"a product of 4096 x 4096 matrices: {told}; {torch.get_num_threads()} threads, torch {torch.__version__}")
    for case in CASES:
        fewer = max(3, round(rounds * gflop(*CASES[0]) / gflop(*case)))
        race(case, fewer, max(found.values()), device, names(device))


if __name__ == "__main__":
    main()
