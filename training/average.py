"""Averages the weights of several runs: `python -m training.average OUT.safetensors RUN.safetensors ...`.

Wortsman et al. 2022, "Model soups": runs that started from the same weights share a valley, and its middle does at
least as well as any of them, at no cost.
"""

import argparse
from pathlib import Path

import torch

from inference.draft.torch_network import Draft, load

from .train import save


def average(paths: list[Path]) -> Draft:
    """Return the network with the mean of the weights of the files."""
    networks = [load(path) for path in paths]
    with torch.no_grad():
        for mean, *others in zip(*(network.parameters() for network in networks), strict=True):
            mean.copy_(torch.stack([mean, *others]).mean(0))
    return networks[0]


def main() -> None:
    """Read the arguments, average and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    arguments = parser.parse_args()
    save(average(arguments.runs), arguments.out)


if __name__ == "__main__":
    main()
