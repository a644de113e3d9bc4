"""Runs the benchmarks one after the other, each in a process of its own; each prints its table.

    python3 -m tools.bench [NAME ...]

The modules are tests/benchmarks/bench_NAME.py. Those of the model run beside the other implementations that they are
compared with, all others in the oldest supported Blender. What the machine is and can do at best is printed first.
"""

from __future__ import annotations

import subprocess
import sys

from . import environments

OF_THE_MODEL = ("bench_model", "bench_networks", "bench_cold_start", "bench_folder", "bench_mesh", "bench_clips")


def main() -> None:
    """Run the benchmarks named on the command line, or all; leave with an error if one failed."""
    found = sorted(path.stem for path in (environments.ROOT / "tests" / "benchmarks").glob("bench_*.py"))
    wanted = [f"bench_{name}" for name in sys.argv[1:]] or found
    unknown = [name for name in wanted if name not in found]
    if unknown or not found:
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(found)}")
    failed = []
    for name in ("machine", *wanted):
        try:
            python = environments.ensure("bench" if name in OF_THE_MODEL else "bpy-4.5")
        except environments.EnvironmentMissingError as problem:
            raise SystemExit(str(problem)) from None
        print(f"\n=== {name}", flush=True)
        if subprocess.run(
            [str(python), "-m", f"tests.benchmarks.{name}"], cwd=environments.ROOT, check=False
        ).returncode:
            failed.append(name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
