"""Writes Small with numbers from a seed, in the published layout: `python -m tests.seeded_weights FILE.safetensors`.

It runs in the environment that has torch; the suites that have none call it as a process.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from inference.model.plain import CONFIGS, DepthAnything
from inference.model.weights import HF, published_names


def write(path: Path, encoder: str = "vits") -> None:
    """Write the file of one encoder."""
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in DepthAnything(CONFIGS[encoder]).state_dict().items()}
    generator = torch.Generator().manual_seed(5)
    tensors = {}
    for ours, (rows, *others) in shapes.items():
        names = published_names(ours, HF)
        for name in names:
            tensors[name] = 0.05 * torch.randn(rows // len(names), *others, generator=generator)
    save_file(tensors, path)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
