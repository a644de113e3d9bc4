"""The family Draft: the built-in network as a `Model`, run by torch where that is installed, else by numpy."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..catalog import Device, Kind, ModelSpec, Precision
from ..depth import Lens
from ..errors import DeviceError
from ..model import Output
from .architecture import DEVIATION, MEAN, input_size, output_size
from .numpy_network import NumpyDraft
from .resize import resize
from .sharpen import sharpen
from .weights_file import read_weights

Map = NDArray[np.float32]
Network = Callable[[list[Map]], list[Map]]  # normalised pixels, each (h, w, 3) -> disparities, each (h / 2, w / 2)


class Seen(NamedTuple):
    """A photo as the model sees it, RGB in 0 to 1: small (h, w, 3) by the network, large (H, W, 3) for the outlines."""

    small: Map
    large: Map


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> "Draft":
    """Load the model: see `inference.model.load`."""
    if precision != "float32":
        raise DeviceError(f"{spec.title} runs in float32 only, not in {precision}. Use float32")
    if find_spec("torch") is None:
        if device not in ("auto", "cpu"):
            raise DeviceError(f"Without PyTorch, {spec.title} runs on the CPU only. Choose auto or cpu")
        return Draft(by_numpy(weights()))
    from . import torch_model

    return Draft(*torch_model.load(weights(), device, threads))


def by_numpy(path: Path) -> Network:
    """Return the network by numpy alone, with the weights of a file. Each picture has a thread of its own."""
    network = NumpyDraft(read_weights(path))

    def run(pictures: list[Map]) -> list[Map]:
        with ThreadPoolExecutor(len(pictures)) as pool:
            return list(pool.map(network, pictures))

    return run


class Draft:
    """The built-in model as a `Model`."""

    kind: Kind = "disparity"

    def __init__(self, network: Network, device: str = "cpu") -> None:
        self.device = device
        self._network = network

    def sizes(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the rows and columns at which the network sees a photo, multiples of 32."""
        return input_size(height, width, size)

    def output_size(self, height: int, width: int, _size: int) -> tuple[int, int]:
        """Return the size of the sharpened map."""
        return output_size(height, width)

    def bytes_needed(self, rows: int, columns: int, photo_pixels: int) -> int:
        """Estimate from above what one photo takes beyond the weights."""
        return 4 * (2 * 400 * rows * columns + 40 * photo_pixels) + (32 << 20)

    def prepare(self, rgb: NDArray[np.uint8] | Map, rows: int, columns: int) -> Seen:
        """Return the photo in the two sizes that `run` needs."""
        large = resize(rgb, *output_size(*rgb.shape[:2]))
        if rgb.dtype == np.uint8:
            large /= np.float32(255.0)
        return Seen(resize(large, rows, columns), large)

    def run(
        self,
        prepared: Seen,
        size: tuple[int, int],
        progress: Callable[[float], None] | None,
        _lens: Lens | None = None,
    ) -> Output:
        """Return the disparity, of that size: the mean of what is seen straight and mirrored, sharpened."""
        report = progress or (lambda _share: None)
        small, large = prepared
        pixels = (small * np.float32(255.0) - np.float32(MEAN)) / np.float32(DEVIATION)
        straight, mirrored = self._network([pixels, np.ascontiguousarray(pixels[:, ::-1])])
        report(0.7)
        depth = resize((straight + mirrored[:, ::-1]) / np.float32(2.0), *small.shape[:2])
        sharp = sharpen(depth, small, large)
        report(1.0)
        return Output(sharp if sharp.shape == size else resize(sharp, *size))
