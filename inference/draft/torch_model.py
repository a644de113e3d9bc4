"""Draft on the devices of torch."""

from pathlib import Path

import numpy as np
import torch

from ..catalog import Device
from ..model import devices
from .model import Map, Network
from .torch_network import load as load_network


def load(path: Path, device: Device, threads: int | None) -> tuple[Network, str]:
    """Return the network with the weights of a file, and the device on which it computes."""
    place = devices.choose(device, "float32")
    devices.set_threads(threads)
    network = load_network(path).to(place)

    def run(pictures: list[Map]) -> list[Map]:
        with torch.inference_mode():
            pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(place)
            return list(network(pixels).cpu().numpy())

    return run, place.type
