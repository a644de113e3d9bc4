"""Writes Draft with numbers from a seed, as its file lies in `weights/`: `python -m tests.seeded_draft FILE`."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from inference.draft.torch_network import Draft


def write(path: Path) -> None:
    """Write the file, in half precision."""
    torch.manual_seed(5)
    save_file({name: value.half().contiguous() for name, value in Draft().state_dict().items()}, path)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
