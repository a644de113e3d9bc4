"""Environments that only benchmarks need and that cost much: several GB, or a compiler and some minutes.

    python3 -m tools.optional_environments NAME ...

makes the named ones. `tools.bench` makes the one for a graphics card itself, and uses the one without BLAS if it is
there.
"""

from __future__ import annotations

import sys

from .environments import INFERENCE, ORIGINALS, PYTORCH, TORCH, Environment, EnvironmentMissingError, make

# PyTorch's builds for graphics cards, and their indexes, as in the extension's own engines; PyPI has the first.
GRAPHICS = {"cuda": "cu130" if sys.platform == "win32" else "", "rocm": "rocm7.2", "xpu": "xpu"}


def _for_graphics(build: str) -> Environment:
    index = ("--extra-index-url", PYTORCH + GRAPHICS[build]) if GRAPHICS[build] else ()
    return Environment(f"bench-{build}", "3.11", (*index, *INFERENCE), "import torch", (TORCH, *ORIGINALS), index)


WITHOUT_BLAS = Environment(
    "no-blas",
    "3.11",
    (
        "--no-binary=numpy",
        *(f"-Csetup-args=-D{option}" for option in ("allow-noblas=true", "blas=none", "lapack=none")),
        "numpy==1.26.4",
    ),
    "import numpy",
)
OPTIONAL = {row.name: row for row in (*map(_for_graphics, GRAPHICS), WITHOUT_BLAS)}


def main() -> None:
    """Make the environments named on the command line, and print the Python of each."""
    names = sys.argv[1:]
    if not names or any(name not in OPTIONAL for name in names):
        raise SystemExit(f"name some of {', '.join(OPTIONAL)}")
    try:
        print("\n".join(str(make(OPTIONAL[name])) for name in names))
    except EnvironmentMissingError as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
