"""From RGB arrays to depth: one model, kept warm, with the size at which it sees photos."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import catalog, model
from .depth import Depth, Lens, Validity, valid_index
from .errors import DeviceError, ModelNameError, OutOfMemoryError, PhotoError, first_line
from .hub import Progress, fetch
from .memory import available_memory, is_out_of_memory
from .model import ClipModel, Model, NormalsModel, Output, Rgb

__all__ = ["Depth", "Predictor", "Rgb", "Validity"]

_MAX_AREA = 16  # times the trained one; beyond 1.5 times a side the parts of a picture already lose their relation


class Predictor:
    """A model of the catalog, loaded. Make one with `from_catalog`."""

    def __init__(self, loaded: Model, spec: catalog.ModelSpec, *, revision: str, size: int | None = None) -> None:
        self.spec = spec
        self.revision = revision
        self.size = size or spec.trained
        self._model = loaded

    @classmethod
    def from_catalog(
        cls,
        name: str = "small",
        *,
        device: catalog.Device = "auto",
        size: int | None = None,
        threads: int | None = None,
        dtype: catalog.Precision = "float32",
        accept_license: bool = False,
        progress: Progress | None = None,
        weights: Path | None = None,
    ) -> "Predictor":
        """Load a model of the catalog, fetching its weights where they are not on disk yet.

        device: "auto" takes the first of CUDA, XPU, MPS and the CPU that is there.
        size: pixels of the photo's shorter side inside the model; None is the size at which it was trained.
        threads: of the CPU; None is one for each physical core.
        dtype: half precisions are for GPUs, int8 is for CPUs; what they cost on a photo `compare.difference` tells.
        progress: called with the bytes downloaded so far and in all.
        weights: a local .safetensors or .pth file of that model, in place of the hub's.

        Raises `ModelNameError`, `DeviceError`, `WeightsError`, `DownloadError`, `LicenceError` or `OutOfMemoryError`.
        """
        spec = catalog.get(name)

        def file() -> Path:
            return Path(weights) if weights else fetch(spec, accept_license=accept_license, progress=progress)

        try:
            loaded = model.load(spec, file, device=device, precision=dtype, threads=threads)
        except (MemoryError, RuntimeError, OSError) as error:
            if not is_out_of_memory(error):
                raise
            raise OutOfMemoryError(
                f"There is not enough memory to load {spec.title}. Choose a smaller model, or close other programs"
            ) from error
        return cls(loaded, spec, revision="local" if weights else spec.revision, size=size)

    def predict(
        self,
        rgb: Rgb,
        validity: Validity | None = None,
        *,
        enlarge: bool = True,
        focal_length: float | None = None,
        normals: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Depth:
        """Return the depth of one photo at the photo's size.

        rgb: sRGB, (H, W, 3) uint8, or float32 in 0 to 1, top row first.
        validity: (H, W) bool, or float32 in 0 to 1; where it is 0, values don't count in the range.
        enlarge: False leaves the depth at the size in which the model puts it out; a photo with validity can't be.
        focal_length: of the photo, in millimetres on a sensor whose longer side is 36 mm, where it is known.
        normals: whether to return them too.
        progress: called after each part of the network with the share that is done; what it raises ends the prediction.

        Raises `PhotoError` for an array of another form, or one so long that the model would see far more than it can
        compare, `OutOfMemoryError` where the photo does not fit, `DeviceError` where the device can't run the
        model or what it gives is not a number, and `ModelNameError` for a model without normals.
        """
        _check(rgb, validity, enlarge)
        run = self._run_with_normals() if normals else self._model.run
        height, width = rgb.shape[:2]
        rows, columns = self._model.sizes(height, width, self.size)
        self._check_extent(height, width)
        self._check_memory(self._model.bytes_needed(rows, columns, height * width), rows, columns)
        with self._in_words(rows, columns):
            prepared = self._model.prepare(rgb, rows, columns)
            size = (height, width) if enlarge else self._model.output_size(height, width, self.size)
            lens = Lens(focal_length, "photo") if focal_length else None
            output = run(prepared, size, progress, lens)
        validity = _both(validity, output.validity)
        if output.validity is not None and validity is not None and not validity.any():
            raise PhotoError(f"{self.spec.title} sees nothing but sky in the photo. Choose another model")
        low, high = self._range(output.values[valid_index(validity)])
        return Depth(
            values=output.values,
            validity=validity,
            kind=self._model.kind,
            raw_min=low,
            raw_max=high,
            model=self.spec.name,
            revision=self.revision,
            lens=lens or output.lens,
            normals=output.normals,
        )

    def predict_many(self, photos: Iterable[Rgb]) -> Iterator[Depth]:
        """Yield the depth of each photo in order, taking the next only when it is asked for.

        Photos go through the model one by one: they may differ in size, and a batch is no quicker.
        """
        return map(self.predict, photos)

    def predict_clip(self, frames: Iterable[Rgb]) -> Iterator[Depth]:
        """Yield the depth of each frame of one shot, by a model that looks from frame to frame: one range for all.

        frames: all of one size, in their order; as many as a window are held. A frame's depth comes some frames later.
        Raises `ModelNameError` for a model that sees single photos.
        """
        for values in self._of_clips().depths(frames, self.size):
            low, high = self._range(values)
            yield Depth(values, None, self._model.kind, low, high, self.spec.name, self.revision)

    def _run_with_normals(self) -> Callable[..., Output]:
        if not isinstance(self._model, NormalsModel):
            raise ModelNameError(f"{self.spec.title} gives no normals. Choose moge-small")
        return self._model.run_with_normals

    def check_clip(self, height: int, width: int) -> None:
        """Raise `OutOfMemoryError` or `PhotoError` where a window of frames of that size doesn't fit the model."""
        self._check_extent(height, width)
        rows, columns = self.seen(height, width)
        self._check_memory(self._of_clips().bytes_of_window(rows, columns), rows, columns)

    def seen(self, height: int, width: int) -> tuple[int, int]:
        """Return the (rows, columns) of pixels at which the model sees a photo of that size."""
        return self._model.sizes(height, width, self.size)

    def encode(self, rgb: Rgb) -> Any:
        """Return what `predict_window` takes of a frame. Raises as `predict`, and `ModelNameError` as `predict_clip`.

        rgb: (H, W, 3), of one size for all frames of a shot.
        """
        model = self._of_clips()
        _check(rgb, None, enlarge=True)
        with self._in_words(*self.seen(*rgb.shape[:2])):
            return model.encode(rgb, self.size)

    def predict_window(
        self, encoded: Sequence[Any], progress: Callable[[float], None] | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the depth of the frames of a window, as `model.windows` lays it out, at the size that the model sees.

        encoded: by `encode`, in order. progress: called after each frame with the share that is done.
        """
        with self._in_words():
            frames = self._of_clips().window(encoded, enlarge=False, progress=progress)
        for values in frames:
            self._range(values)
        return frames

    def _of_clips(self) -> ClipModel:
        if not isinstance(self._model, ClipModel):
            raise ModelNameError(f"{self.spec.title} sees single photos. Choose video-small for a clip")
        return self._model

    def _check_extent(self, height: int, width: int) -> None:
        """Refuse inputs whose attention, quadratic in their area, would take minutes for depth without consistency."""
        most = _MAX_AREA * self.spec.trained**2
        rows, columns = self._model.sizes(height, width, self.size)
        if rows * columns <= most:
            return
        fits = (size for size in range(self.size, 0, -1) if math.prod(self._model.sizes(height, width, size)) <= most)
        fitting = next(fits, None)
        raise PhotoError(
            f"The model would see the photo at {columns} x {rows} pixels, {rows * columns / self.spec.trained**2:.0f} "
            f"times the area it was trained with; the limit is {_MAX_AREA} times. Crop the photo"
            + (f", or use a smaller size, at most {fitting}" if fitting else "")
        )

    def _range(self, values: NDArray[np.float32]) -> tuple[float, float]:
        """Return the least and the greatest value. Raises `DeviceError` where one is not a finite number."""
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise DeviceError(
                f"{self.spec.title} gives values that are not finite numbers on the device {self._model.device}. "
                "Choose another device or float32, or get its weights again"
            )
        return low, high

    def _check_memory(self, needed: int, rows: int, columns: int) -> None:
        available = available_memory() if self._model.device == "cpu" else None
        if available is not None and needed > available:
            raise self._too_large(f" at {columns} x {rows} pixels")

    @contextmanager
    def _in_words(self, rows: int = 0, columns: int = 0) -> Iterator[None]:
        """Say in words where memory ran out, or where a device lacks an operator that the network needs."""
        try:
            yield
        except NotImplementedError as error:
            raise DeviceError(
                f"The device {self._model.device} can't run {self.spec.title} ({first_line(error)}). Choose another"
            ) from error
        except (MemoryError, RuntimeError, OSError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._too_large(f" at {columns} x {rows} pixels" if rows else "") from error

    def _too_large(self, at: str) -> OutOfMemoryError:
        return OutOfMemoryError(
            f"There is not enough memory on {self._model.device} to see the photo{at}. "
            f"Use a smaller size, below {self.size}, or a smaller model, or crop the photo"
        )


def _both(photo: Validity | None, model: Validity | None) -> Validity | None:
    """Return where both the photo and the model have something to show."""
    if photo is None or model is None:
        return model if photo is None else photo
    return (photo * model).astype(np.float32)


def _check(rgb: Rgb, validity: Validity | None, enlarge: bool) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0 or rgb.dtype not in (np.uint8, np.float32):
        raise PhotoError(f"A photo is (H, W, 3) of uint8 or float32, not {rgb.shape} of {rgb.dtype}. Convert it first")
    if validity is not None and validity.shape != rgb.shape[:2]:
        raise PhotoError(f"The validity is {validity.shape}, the photo {rgb.shape[:2]}. Give one value for each pixel")
    if validity is not None and not enlarge:
        raise PhotoError("Validity has the photo's size, and so must its depth. Enlarge it")
