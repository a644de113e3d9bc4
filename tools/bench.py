"""Runs the benchmarks one after the other, each in a process of its own; each prints its tables.

    python3 -m tools.bench [NAME ...] [--torch cuda|rocm|xpu]

The modules are tests/benchmarks/bench_NAME.py. Those of the model run beside the other implementations that they are
compared with, all others in the oldest supported Blender. What the machine is and can do at best is printed first.
`gpu` needs a PyTorch for the graphics card: several GB, fetched when its driver says that it can run it, or when
--torch names the build. On a Mac the usual one is for the card too.
"""

from __future__ import annotations

import argparse
import subprocess

from . import environments
from .environments import Environment
from .optional_environments import GRAPHICS, OPTIONAL

OF_THE_MODEL = (
    "bench_model",
    "bench_sizes",
    "bench_networks",
    "bench_cold_start",
    "bench_folder",
    "bench_mesh",
    "bench_clips",
)


def environment(name: str, build: str | None) -> Environment:
    """Return the environment that a benchmark runs in. build: of PyTorch, for a graphics card; None asks the driver."""
    if name == "bench_gpu":
        build = build or suggested_build()
        if build in GRAPHICS:
            return OPTIONAL[f"bench-{build}"]
    return environments.ENVIRONMENTS["bench" if name in (*OF_THE_MODEL, "bench_gpu") else "bpy-4.5"]


def suggested_build() -> str:
    """Return the build of PyTorch that the extension would suggest here: "cpu" without a card whose driver it knows."""
    question = [str(environments.ensure("bpy-4.5")), "-m", "tests.benchmarks.suggested_build"]
    answer = subprocess.run(question, cwd=environments.ROOT, capture_output=True, text=True, check=True)
    return answer.stdout.strip().splitlines()[-1]


def main() -> None:
    """Run the benchmarks named on the command line, or all; leave with an error if one failed."""
    found = sorted(path.stem for path in (environments.ROOT / "tests" / "benchmarks").glob("bench_*.py"))
    parser = argparse.ArgumentParser(description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--torch", choices=GRAPHICS, help="build of PyTorch for gpu; default: what the driver says")
    arguments = parser.parse_args()
    wanted = [f"bench_{name}" for name in arguments.names] or found
    unknown = [name for name in wanted if name not in found]
    if unknown or not found:
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(found)}")
    failed = []
    try:
        places = {name: environment(name, arguments.torch) for name in wanted}
        # The machine's rates are those of the libraries that the benchmarks compute by, PyTorch's among them.
        usual = environment("machine", None)
        machine = next((place for place in places.values() if place != usual), usual)
        for name, place in {"machine": machine, **places}.items():
            python = environments.make(place)
            print(f"\n=== {name}", flush=True)
            command = [str(python), "-m", f"tests.benchmarks.{name}"]
            if subprocess.run(command, cwd=environments.ROOT, check=False).returncode:
                failed.append(name)
    except environments.EnvironmentMissingError as problem:
        raise SystemExit(str(problem)) from None
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
