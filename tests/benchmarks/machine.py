"""What this machine can do at best, beside which every benchmark is read: `python -m tests.benchmarks.machine`.

Prints the processor, the instruction sets that matter, the rate of a large matrix product, and how quickly memory is
read and written. It ends with a warning where other programs use the cores: the times that follow are too long then.
"""

import os
import platform
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

INSTRUCTIONS = ("avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimd", "sve")
SIDE = 4096  # of the matrices
BYTES = 1 << 28  # that are copied: far more than any cache holds
BUSY = 0.1  # of a core, used by other programs


def processor() -> str:
    """Return the processor's name as the system gives it, and which of INSTRUCTIONS it knows, where that is told."""
    cpuinfo = Path("/proc/cpuinfo")
    told = cpuinfo.read_text("utf-8", "replace") if cpuinfo.is_file() else ""
    fields = dict(re.findall(r"^(model name|model|stepping|flags|Features)\s*: (.*)$", told, re.MULTILINE))
    name = fields.get("model name") or platform.processor() or platform.machine()
    number = f" (model {fields['model']}, stepping {fields['stepping']})" if "stepping" in fields else ""
    known = set((fields.get("flags") or fields.get("Features") or "").split())
    return ", ".join([name + number, *(word for word in INSTRUCTIONS if word in known)])


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quickest(run: Callable[[], object], times: int = 5) -> float:
    """Return the seconds of the quickest of some runs."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def matrix_peak() -> float:
    """Return the rate of a product of two large float32 matrices by numpy, on all cores, in GFLOP/s."""
    a, b, out = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
    return 2 * SIDE**3 / quickest(lambda: np.matmul(a, b, out=out), 3) / 1e9


def bandwidth() -> float:
    """Return how much one core reads and writes while it copies, in GB/s."""
    a, b = np.zeros(BYTES, np.uint8), np.ones(BYTES, np.uint8)
    return 2 * BYTES / quickest(lambda: np.copyto(b, a)) / 1e9


def others(seconds: float = 1.0) -> float | None:
    """Return how many cores other programs use while this one waits, or None where the system doesn't tell."""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return None

    def busy() -> float:
        user, nice, system, _, _, irq, softirq, steal = map(int, stat.read_text().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    before = busy()
    time.sleep(seconds)
    return (busy() - before) / seconds


def main() -> None:
    """Print what the machine is and can do, and whether it is at rest."""
    used = others()
    print(f"{processor()}; {cores()} cores, {platform.system()}, Python {platform.python_version()}")
    print(f"a product of {SIDE} x {SIDE} matrices by numpy {np.__version__}: {matrix_peak():.0f} GFLOP/s")
    print(f"one core copies: {bandwidth():.1f} GB/s read and written")
    if used is None:
        print("Whether other programs use the cores is not known here.")
    elif used > BUSY:
        print(f"TOO LOADED TO JUDGE: other programs use {used:.1f} cores. End them and run this again.")


if __name__ == "__main__":
    main()
