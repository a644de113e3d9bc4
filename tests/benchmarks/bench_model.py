"""The model against other implementations: `python -m tests.benchmarks.bench_model [ROUNDS]`.

Each implementation lives in a process of its own, as its users have it, and they take turns: a round is one run of
each. All compute from the same random weights, except that those of transformers are its own, and in float32, except
for the row that says int8. Columns: median and fastest run, how many times as long as ours the median takes, peak
memory of the process, largest difference from the original's output in parts of its range.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)
from torch.utils.flop_counter import FlopCounterMode

from inference.model.plain import CONFIGS, DepthAnything
from tests.benchmarks.contender import names, stand_in
from tests.benchmarks.machine import quickest

CASES = (("vits", 518, 518), ("vits", 518, 686), ("vitb", 518, 518))
WARMUPS = 2


class Contender:
    """A process of `tests.benchmarks.contender`."""

    def __init__(self, name: str, case: tuple[str, int, int], folder: Path, environment: dict[str, str] | None) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.contender", name, *map(str, case), str(folder)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.seconds: list[float] = []

    def turn(self) -> None:
        """Run once and note the time."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.process.stdout.readline()))

    def leave(self) -> int:
        """End the process and return the bytes it needed at most."""
        self.process.stdin.close()
        return int(self.process.stdout.readline())


def gflop(encoder: str, height: int, width: int) -> float:
    """Count the products and sums of one run, in 1e9."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        DepthAnything(CONFIGS[encoder])(torch.empty(1, 3, height, width))
    return counter.get_total_flops() / 1e9


def peak_gflops() -> dict[str, float]:
    """Return the rate of a large matrix product, in GFLOP/s, by each of torch's libraries."""
    a, b = torch.randn(4096, 4096), torch.randn(4096, 4096)
    image, weight = a[None, None].permute(0, 3, 1, 2), b[:, :, None, None]
    return {
        "MKL": 2 * 4.096**3 / quickest(lambda: a @ b),
        "oneDNN": 2 * 4.096**3 / quickest(lambda: F.conv2d(image, weight)),
    }


def race(case: tuple[str, int, int], rounds: int, peak: float) -> None:
    """Let all contenders run one case, and print the table. peak: of a large matrix product, in GFLOP/s."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with_stand_in = os.environ | {"PYTHONPATH": str(stand_in(folder))}
        command = [sys.executable, "-m", "tests.benchmarks.contender", "prepare", *map(str, case), name]
        subprocess.run(command, check=True, capture_output=True, env=with_stand_in)
        contenders = {}
        for name in names():  # each loads and runs once alone: some choose by a measurement how to compute
            contenders[name] = Contender(name, case, folder, with_stand_in if name == "original" else None)
            contenders[name].turn()
        for _ in range(WARMUPS - 1 + rounds):
            for contender in contenders.values():
                contender.turn()
        memory = {name: contender.leave() for name, contender in contenders.items()}
        outputs = {name: np.load(folder / f"{name}.npy") for name in contenders}
    medians = {name: statistics.median(contender.seconds[WARMUPS:]) for name, contender in contenders.items()}
    encoder, height, width = case
    work = gflop(*case)
    rate = work / medians["ours"]
    print(
        f"\n{encoder} at {height} x {width}, {work:.0f} GFLOP, {rounds} rounds; "
        f"ours: {rate:.0f} GFLOP/s, {100 * rate / peak:.0f} % of the large product's"
    )
    print(f"{'':14}{'median':>9}{'fastest':>9}{'to ours':>9}{'memory':>9}{'error':>10}")
    for name, contender in contenders.items():
        times = f"{1e3 * medians[name]:6.0f} ms{1e3 * min(contender.seconds[WARMUPS:]):6.0f} ms"
        error = np.abs(outputs[name] - outputs["original"]).max() / np.ptp(outputs["original"])
        told = "" if name == "transformers" else f"{error:10.1e}"
        print(f"{name:14}{times}{medians[name] / medians['ours']:9.2f}{memory[name] / 2**20:6.0f} MB{told}")


def main() -> None:
    """Run all cases."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    rates = peak_gflops()
    told = ", ".join(f"{library} {rate:.0f} GFLOP/s" for library, rate in rates.items())
    print(f"a product of 4096 x 4096 matrices: {told}; {torch.get_num_threads()} threads, torch {torch.__version__}")
    for case in CASES:
        race(case, rounds, max(rates.values()))


if __name__ == "__main__":
    main()
