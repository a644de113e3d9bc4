"""The family Depth Anything V2: the plain network with its weights on a device, in a precision, as a `Model`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..catalog import Device, Kind, ModelSpec, Precision
from ..memory import keep_freed_memory
from ..preprocess import input_size, to_input
from . import Rgb, cpu, devices, plain, quantize
from .weights import load_model


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> "DepthAnythingV2":
    """Load a model of this family: see `inference.model.load`."""
    place = devices.choose(device, precision)
    network = load_model(weights(), plain.CONFIGS[spec.encoder], spec.max_distance)
    keep_freed_memory()
    devices.set_threads(threads)
    return DepthAnythingV2(network, place, precision)


class DepthAnythingV2:
    """Depth Anything V2 as a `Model`."""

    def __init__(
        self, network: plain.DepthAnything, device: torch.device | str = "cpu", precision: Precision = "float32"
    ) -> None:
        """Take over a plain network in float32 on the CPU."""
        self._device = torch.device(device)
        self._dtype = torch.float32 if precision == "int8" else getattr(torch, precision)
        if self._device.type == "cpu" and self._dtype == torch.float32:
            cpu.accelerate(network)
        if precision == "int8":
            quantize.quantize(network)
        self._network = network.to(self._device, self._dtype)
        network.head.output.float()  # half precisions have too few steps for the depth itself
        self.kind: Kind = "disparity" if network.max_distance is None else "distance"
        self.device = self._device.type

    def sizes(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the rows and columns at which it sees a photo, multiples of 14."""
        return input_size(height, width, size, plain.PATCH)

    def output_size(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the size at which it sees the photo."""
        return self.sizes(height, width, size)

    def bytes_needed(self, rows: int, columns: int, photo_pixels: int) -> int:
        """Estimate from above what one photo takes: activations, and the output at the photo's size."""
        config = self._network.config
        tokens = rows * columns // plain.PATCH**2
        a_token = (
            8 * config.width + 64 * 3 * config.features + 9 * plain.PATCH**2
        )  # 64: the last maps are 8 times finer
        return 4 * (tokens * a_token + 3 * photo_pixels) + (32 << 20)

    def prepare(self, rgb: Rgb, rows: int, columns: int) -> Tensor:
        """Return the normalised pixels, (1, 3, rows, columns), on the device."""
        return torch.from_numpy(to_input(rgb, rows, columns)).to(self._device, self._dtype)

    def run(
        self, prepared: Tensor, size: tuple[int, int], progress: Callable[[float], None] | None
    ) -> NDArray[np.float32]:
        """Return the depth, float32 of that size."""
        with torch.inference_mode(), _watched(self._network, progress):
            depth = self._network(prepared).float()  # (1, rows, columns)
            depth = plain.resize(depth[None], *size)  # (1, 1, height, width)
            return depth[0, 0].cpu().numpy()


@contextmanager
def _watched(network: plain.DepthAnything, progress: Callable[[float], None] | None) -> Iterator[None]:
    """Report how much of the network is done, after each block of the encoder and each step of the head."""
    parts = [*network.encoder.blocks, *network.head.fusion]
    done = count(1)

    def report(*_: object) -> None:
        if progress is not None:
            progress(next(done) / len(parts))

    hooks = [part.register_forward_hook(report) for part in parts]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
