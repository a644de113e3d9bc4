"""Writes Small with numbers from a seed, in the published layout: `python -m tests.seeded_weights FILE.safetensors`.

With `video` behind it, the Small model for clips. It runs in the environment that has torch; the suites that have none
call it as a process.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from inference.model.plain import CONFIGS, DepthAnything
from inference.model.weights import HF, Layout, published_names


def write(path: Path, encoder: str = "vits") -> None:
    """Write the file of one encoder."""
    _write(path, lambda: DepthAnything(CONFIGS[encoder]), HF)


def write_video(path: Path) -> None:
    """Write the file of Video Depth Anything Small."""
    from inference.model.video_depth_anything import LAYOUT, network

    _write(path, lambda: network(CONFIGS["vits"]), LAYOUT)


def _write(path: Path, network: Callable[[], nn.Module], layout: Layout) -> None:
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in network().state_dict().items()}
    generator = torch.Generator().manual_seed(5)
    tensors = {}
    for ours, (rows, *others) in shapes.items():
        names = published_names(ours, layout)
        for name in names:
            tensors[name] = 0.05 * torch.randn(rows // len(names), *others, generator=generator)
    save_file(tensors, path)


if __name__ == "__main__":
    (write_video if "video" in sys.argv[2:] else write)(Path(sys.argv[1]))
