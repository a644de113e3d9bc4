"""From RGB arrays to depth: one model on one device, kept warm."""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from . import catalog
from .depth import Depth, Validity, counting
from .errors import DeviceError, OutOfMemoryError, PhotoError
from .memory import available_memory, keep_freed_memory
from .model import CONFIGS, PATCH, DepthAnything, ModelConfig
from .preprocess import input_size, to_input, to_photo_size
from .quantize import check_int8, quantize
from .weights import load_model

__all__ = ["Depth", "Predictor", "Rgb", "Validity"]

Device = Literal["auto", "cpu", "cuda", "mps", "xpu"]
Precision = Literal["float32", "float16", "bfloat16", "int8"]
Rgb = NDArray[np.uint8] | NDArray[np.float32]
Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where known

_MAX_AREA = 16  # times the trained one; beyond 1.5 times a side the parts of a picture already lose their relation


class Predictor:
    """A model on a device, with the size at which it sees photos. Make one with `from_catalog`."""

    def __init__(
        self,
        model: DepthAnything,
        spec: catalog.ModelSpec,
        *,
        revision: str,
        device: Device = "auto",
        size: int = catalog.TRAINED,
        threads: int | None = None,
        dtype: Precision = "float32",
    ) -> None:
        self.spec = spec
        self.revision = revision
        self.size = size
        self.device = _device(device, dtype)
        keep_freed_memory()
        if (cores := threads or _physical_cores()) is not None:
            torch.set_num_threads(cores)
        self._model = model.to(self.device)
        self._dtype = torch.float32
        self._reduce(dtype)

    @classmethod
    def from_catalog(
        cls,
        name: str = "small",
        *,
        device: Device = "auto",
        size: int = catalog.TRAINED,
        threads: int | None = None,
        dtype: Precision = "float32",
        accept_license: bool = False,
        progress: Progress | None = None,
        weights: Path | None = None,
    ) -> "Predictor":
        """Load a model of the catalog, fetching its weights where they are not on disk yet.

        device: "auto" takes the first of CUDA, XPU, MPS and the CPU that is there.
        size: pixels of the photo's shorter side inside the model; the weights were trained at 518.
        threads: of the CPU; None is one for each physical core.
        dtype: half precisions are for GPUs, int8 is for CPUs; what they cost on a photo `compare.difference` tells.
        progress: called with the bytes downloaded so far and in all.
        weights: a local .safetensors or .pth file of that model, in place of the hub's.

        Raises `ModelNameError`, `DeviceError`, `WeightsError`, `DownloadError` or `LicenceError`.
        """
        spec = catalog.get(name)
        _device(device, dtype)  # before anything is downloaded
        if weights is None:
            from .hub import fetch

            path, revision = fetch(spec, accept_license=accept_license, progress=progress), spec.revision
        else:
            path, revision = Path(weights), "local"
        model = load_model(path, CONFIGS[spec.encoder], spec.max_distance)
        return cls(model, spec, revision=revision, device=device, size=size, threads=threads, dtype=dtype)

    def predict(
        self,
        rgb: Rgb,
        validity: Validity | None = None,
        *,
        enlarge: bool = True,
        progress: Callable[[float], None] | None = None,
    ) -> Depth:
        """Return the depth of one photo at the photo's size.

        rgb: sRGB, (H, W, 3) uint8, or float32 in 0 to 1, top row first.
        validity: (H, W) bool, or float32 in 0 to 1; where it is 0, values don't count in the range.
        enlarge: False leaves the depth at the size at which the model saw the photo; a photo with validity can't be.
        progress: called after each part of the network with the share that is done; what it raises ends the prediction.

        Raises `PhotoError` for an array of another form, or one so long that the model would see far more than it can
        compare, and `OutOfMemoryError` where the photo does not fit.
        """
        _check(rgb, validity, enlarge)
        height, width = rgb.shape[:2]
        rows, columns = input_size(height, width, self.size)
        _check_extent(rows, columns)
        self._check_memory(rows, columns, height * width)
        try:
            with torch.inference_mode(), _watched(self._model, progress):
                pixels = to_input(rgb, rows, columns).to(self.device, self._dtype)
                size = (height, width) if enlarge else (rows, columns)
                values = to_photo_size(self._model(pixels)[0], *size)
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            raise self._too_large(rows, columns) from error
        counted = values[counting(validity)]
        return Depth(
            values=values,
            validity=validity,
            kind=self.spec.kind,
            raw_min=float(counted.min()),
            raw_max=float(counted.max()),
            model=self.spec.name,
            revision=self.revision,
        )

    def predict_many(self, photos: Iterable[Rgb]) -> Iterator[Depth]:
        """Yield the depth of each photo in order, taking the next only when it is asked for.

        Photos go through the model one by one: they may differ in size, and a batch is no quicker.
        """
        return map(self.predict, photos)

    def _reduce(self, dtype: Precision) -> None:
        if dtype == "int8":
            quantize(self._model)
        elif dtype != "float32":
            self._dtype = getattr(torch, dtype)
            self._model.to(self._dtype)

    def _check_memory(self, rows: int, columns: int, photo_pixels: int) -> None:
        if self.device.type != "cpu":
            return
        available = available_memory()
        if available is not None and _bytes_needed(self._model.config, rows, columns, photo_pixels) > available:
            raise self._too_large(rows, columns)

    def _too_large(self, rows: int, columns: int) -> OutOfMemoryError:
        return OutOfMemoryError(
            f"not enough memory on {self.device} to see the photo at {columns} x {rows} pixels: "
            f"take a smaller size (--size below {self.size}), a smaller model, or crop the photo"
        )


def _device(name: Device, dtype: Precision) -> torch.device:
    """Return the device, on which that precision makes sense."""
    device = _find_device(name)
    if dtype not in get_args(Precision):
        raise DeviceError(f"no precision is called {dtype!r}: choose one of {', '.join(get_args(Precision))}")
    if dtype == "int8":
        if device.type != "cpu":
            raise DeviceError(f"int8 is for CPUs, where it is quicker; on {device} take float16")
        check_int8()
    elif dtype != "float32" and device.type == "cpu":
        raise DeviceError(f"{dtype} is for GPUs, where it is quicker; on the CPU take float32, or int8")
    return device


def _find_device(name: Device) -> torch.device:
    present = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in present.items() if there))
    if name not in get_args(Device):
        raise DeviceError(f"no device is called {name!r}: choose one of {', '.join(get_args(Device))}")
    if not present[name]:
        there = ", ".join(device for device, there in present.items() if there)
        raise DeviceError(f"this torch finds no {name} device: choose one of auto, {there}")
    return torch.device(name)


@contextmanager
def _watched(model: DepthAnything, progress: Callable[[float], None] | None) -> Iterator[None]:
    """Report how much of the network is done, after each block of the encoder and each step of the head."""
    parts = [*model.encoder.blocks, *model.head.fusion]
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


def _physical_cores() -> int | None:
    """Return how many cores this process may use, or None to leave it to torch, which counts them on other systems."""
    cores = set()
    for cpu in os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ():
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        if not siblings.is_file():
            return None
        cores.add(siblings.read_text())
    return len(cores) or None


def _bytes_needed(config: ModelConfig, rows: int, columns: int, photo_pixels: int) -> int:
    """Estimate from above what one photo takes beyond the weights: activations, and the output at the photo's size."""
    tokens = rows * columns // PATCH**2
    a_token = 8 * config.width + 64 * 3 * config.features + 9 * PATCH**2  # 64: the last maps are 8 times finer
    return 4 * (tokens * a_token + 3 * photo_pixels) + (32 << 20)


def _check(rgb: Rgb, validity: Validity | None, enlarge: bool) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0 or rgb.dtype not in (np.uint8, np.float32):
        raise PhotoError(f"a photo is (H, W, 3) of uint8 or float32, not {rgb.shape} of {rgb.dtype}: convert it first")
    if validity is not None and validity.shape != rgb.shape[:2]:
        raise PhotoError(f"the validity is {validity.shape}, the photo {rgb.shape[:2]}: give one value a pixel")
    if validity is not None and not enlarge:
        raise PhotoError("validity has the photo's size, and so must its depth: enlarge it")


def _check_extent(rows: int, columns: int) -> None:
    """Refuse inputs whose attention, quadratic in their area, would take minutes for depth without consistency."""
    times = rows * columns / catalog.TRAINED**2
    if times > _MAX_AREA:
        aspect = max(rows, columns) / min(rows, columns)
        fitting = int(math.sqrt(_MAX_AREA / aspect) * catalog.TRAINED) // PATCH * PATCH
        raise PhotoError(
            f"the model would see the photo at {columns} x {rows} pixels, {times:.0f} times the area it was trained "
            f"with, and more than {_MAX_AREA} times make no sense: crop the photo"
            + (f", or take a smaller size (--size {fitting})" if fitting else "")
        )


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "not enough memory" in text or "allocate" in text
