"""What this machine is and can do at best, beside which every benchmark is read: `python -m tests.benchmarks.machine`.

Prints the processor, the instruction sets that matter, the rate of a large matrix product by each library that is
there, how quickly memory is read and written, and whether other programs use the cores.
"""

import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tests.benchmarks.measure import LEAST, Stopwatch, cores, duration, probe, too_loaded

INSTRUCTIONS = ("avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimd", "sve")
SIDE = 4096  # of the matrices
BYTES = 1 << 28  # that are copied: far more than any cache holds


def processor() -> str:
    """Return the processor's name as the system gives it, and which instruction sets it knows."""
    cpuinfo = Path("/proc/cpuinfo")
    told = cpuinfo.read_text("utf-8", "replace") if cpuinfo.is_file() else ""
    fields = dict(re.findall(r"^(model name|model|stepping|flags|Features)\s*: (.*)$", told, re.MULTILINE))
    name = fields.get("model name") or _brand() or platform.processor() or platform.machine()
    number = f" (model {fields['model']}, stepping {fields['stepping']})" if "stepping" in fields else ""
    known = set((fields.get("flags") or fields.get("Features") or "").split())
    return ", ".join([name + number, *([word for word in INSTRUCTIONS if word in known] or _known_to_numpy())])


def _brand() -> str:
    """Return the processor's name on macOS, which `platform` calls arm or i386."""
    if sys.platform != "darwin":
        return ""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _known_to_numpy() -> list[str]:
    """Return the instruction sets that numpy finds, by its names: for systems without /proc."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]
    return [*found["baseline"], *found["found"]]


def quickest(run: Callable[[], object], times: int = 5, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds of the quickest of some runs."""
    watch = Stopwatch(clock).of(run)
    return min(watch() for _ in range(times))


def rates(side: int = SIDE) -> dict[str, float]:
    """Return the rate of a product of two large float32 matrices on all cores, in GFLOP/s, by library."""
    a, b, out = (np.ones((side, side), np.float32) for _ in range(3))
    work = 2 * side**3 / 1e9
    found = {f"numpy {np.__version__}": work / quickest(lambda: np.matmul(a, b, out=out), 3)}
    try:
        import torch
    except ModuleNotFoundError:
        return found
    return found | torch_rates("cpu", torch.from_numpy(a), torch.from_numpy(b))


def torch_rates(device: str, a: "torch.Tensor", b: "torch.Tensor") -> dict[str, float]:  # noqa: F821
    """Return torch's rates of a product (N, N) x (N, N): on the CPU those of both libraries that it has there."""
    import torch

    a, b = a.to(device), b.to(device)
    work = 2 * len(a) ** 3 / 1e9
    ways: dict[str, Callable[[], torch.Tensor]] = {"torch": lambda: a @ b}
    if device == "cpu" and torch.backends.mkldnn.is_available():
        image, weight = a[None, None].permute(0, 3, 1, 2), b[:, :, None, None]
        ways["oneDNN"] = lambda: torch.nn.functional.conv2d(image, weight)
    with torch.inference_mode():  # the last number is fetched: a card computes on while Python goes on
        return {name: work / quickest(lambda way=way: way().flatten()[-1].item(), 3) for name, way in ways.items()}


def matrix_peak() -> float:
    """Return the quickest library's rate, in GFLOP/s."""
    return max(rates().values())


def bandwidth(threads: int = 1) -> float:
    """Return how much so many cores together read and write while they copy, in GB/s."""
    pairs = [(np.ones(BYTES // threads, np.uint8), np.zeros(BYTES // threads, np.uint8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = quickest(lambda: list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs)))
    return 2 * (BYTES // threads) * threads / seconds / 1e9


def main() -> None:
    """Print what the machine is and can do, and whether it is at rest."""
    share, seconds = probe()
    print(f"{processor()}; {cores()} cores, {platform.system()}, Python {platform.python_version()}")
    told = ", ".join(f"{name} {rate:.0f}" for name, rate in rates().items())
    print(f"a product of {SIDE} x {SIDE} matrices in float32, GFLOP/s: {told}")
    print(f"copying, GB/s read and written: one core {bandwidth():.1f}, all of them {bandwidth(cores()):.1f}")
    print(f"the probe that stands below each table: {duration(seconds)}")
    if share < LEAST:
        print(too_loaded(share))


if __name__ == "__main__":
    main()
