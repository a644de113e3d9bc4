"""The family Depth Anything V2: the plain network with its weights on a device, in a precision, as a `Model`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..catalog import Device, Kind, ModelSpec, Precision
from ..depth import Lens
from ..preprocess import input_size, to_input
from . import Output, Rgb, devices, plain
from .weights import load_model


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> "DepthAnythingV2":
    """Load a model of this family: see `inference.model.load`."""
    place = devices.choose(device, precision)
    network = build(spec, weights())
    devices.prepare(threads)
    return DepthAnythingV2(network, place, precision)


def build(spec: ModelSpec, path: Path) -> plain.DepthAnything:
    """Return the plain network of a model with the weights of a file."""
    return load_model(path, plain.CONFIGS[spec.encoder], spec.max_distance)


class DepthAnythingV2:
    """Depth Anything V2 as a `Model`."""

    def __init__(
        self,
        network: plain.DepthAnything,
        device: torch.device | str = "cpu",
        precision: Precision = "float32",
        *,
        kind: Kind | None = None,
    ) -> None:
        """Take over a plain network in float32 on the CPU. kind: as its greatest distance says, if not given."""
        self._device = torch.device(device)
        self._dtype = devices.adapt(network, network.encoder, self._device, precision)
        self._network = network.to(self._device, self._dtype)
        network.head.output.float()  # half precisions have too few steps for the depth itself
        self.kind: Kind = kind or ("disparity" if network.max_distance is None else "distance")
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
        self,
        prepared: Tensor,
        size: tuple[int, int],
        progress: Callable[[float], None] | None,
        _lens: Lens | None = None,
    ) -> Output:
        """Return the depth, of that size."""
        return Output(self.maps(prepared, size, progress)[0])

    def maps(
        self, prepared: Tensor, size: tuple[int, int], progress: Callable[[float], None] | None
    ) -> NDArray[np.float32]:
        """Return what the network puts out, enlarged to that size: float32 (maps, height, width)."""
        parts = [*self._network.encoder.blocks, *self._network.head.fusion]
        with torch.inference_mode(), watched(parts, progress):
            maps = self._network(prepared).float()  # (1, rows, columns), or (1, maps, rows, columns)
            maps = plain.resize(maps.reshape(1, -1, *maps.shape[-2:]), *size)
            return maps[0].cpu().numpy()


@contextmanager
def watched(parts: Sequence[nn.Module], progress: Callable[[float], None] | None) -> Iterator[None]:
    """Report how much of a network is done, after each of its parts."""
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
