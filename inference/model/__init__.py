"""The networks, and what a family of networks is to the rest of the program: `Model`.

A family is a module with a function `load` like the one here, and a case in `family`. Importing this package needs
numpy alone.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..catalog import Device, Kind, ModelSpec, Precision
from ..depth import Lens
from ..memory import exempt_from_gc

Rgb = NDArray[np.uint8] | NDArray[np.float32]

_SPINS = "10000"  # about half a millisecond


@dataclass(frozen=True, eq=False)
class Output:
    """What a network says of one photo.

    values: the depth, float32 (h, w), in the units of the model's kind. validity: float32 of that shape, 0 where it
    sees no surface, or None where it tells none apart. lens: of the photo, as the model used or estimated it, or None.
    normals: see `Depth`; None unless asked for.
    """

    values: NDArray[np.float32]
    validity: NDArray[np.float32] | None = None
    lens: Lens | None = None
    normals: NDArray[np.float32] | None = None


class Model(Protocol):
    """A network with its weights, on a device."""

    kind: Kind
    device: str

    def sizes(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the (rows, columns) of pixels at which it sees a photo whose shorter side it is to see at `size`."""

    def output_size(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the (height, width) of its depth of that photo, before it is enlarged."""

    def bytes_needed(self, rows: int, columns: int, photo_pixels: int) -> int:
        """Estimate from above what one photo takes on the CPU beyond the weights, its own pixels included."""

    def prepare(self, rgb: Rgb, rows: int, columns: int) -> Any:
        """Return what `run` takes, from sRGB (H, W, 3), uint8 or float32 in 0 to 1, top row first."""

    def run(
        self, prepared: Any, size: tuple[int, int], progress: Callable[[float], None] | None, lens: Lens | None = None
    ) -> Output:
        """Return the depth, of the (height, width) asked for.

        progress: called after each part of the network with the share that is done; what it raises ends the run.
        lens: of the photo, where it is known.
        """


@runtime_checkable
class NormalsModel(Model, Protocol):
    """A `Model` that tells how each surface is turned, too."""

    def run_with_normals(
        self, prepared: Any, size: tuple[int, int], progress: Callable[[float], None] | None, lens: Lens | None = None
    ) -> Output:
        """Return what `run` does, and the normals."""


@runtime_checkable
class ClipModel(Model, Protocol):
    """A `Model` that looks from frame to frame, too."""

    def depths(self, frames: Iterable[Rgb], size: int) -> Iterator[NDArray[np.float32]]:
        """Yield the depth of each frame of a shot, (H, W), seen with its shorter side at `size`, in one range."""

    def encode(self, frame: Rgb, size: int) -> Any:
        """Return what `window` takes of a frame, which it keeps for as long as windows hold the frame."""

    def window(
        self, encoded: Sequence[Any], *, enlarge: bool = True, progress: Callable[[float], None] | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the depth of each frame of a window (see `windows`), before the windows are laid over each other.

        enlarge: to the size of the frames. progress: called after each frame with the share that is done.
        """

    def bytes_of_window(self, rows: int, columns: int) -> int:
        """Estimate from above what a window of frames takes on the CPU beyond the weights."""


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> Model:
    """Load a model of the catalog.

    weights: returns the file, perhaps after a download; called once the device and the precision are known to do.
    threads: of the CPU; None is one for each physical core.

    Raises `DeviceError`, `WeightsError` and what `weights` raises.
    """
    return family(spec).load(spec, weights, device=device, precision=precision, threads=threads)


@cache
def family(spec: ModelSpec) -> Any:
    """Import the module that runs a model, once; where that is torch, it takes a second or two."""
    _share_cores()
    with exempt_from_gc():
        match spec.family:
            case "depth_anything_v1":
                from . import depth_anything_v1

                return depth_anything_v1
            case "depth_anything_v2":
                from . import depth_anything_v2

                return depth_anything_v2
            case "depth_anything_3":
                from . import depth_anything_3

                return depth_anything_3
            case "moge_2":
                from . import moge_2

                return moge_2
            case "video_depth_anything":
                from . import video_depth_anything

                return video_depth_anything
            case "draft":
                from ..draft import model

                return model


def _share_cores() -> None:
    """Have a thread that waits for another give up its core soon, if torch comes with GNU's OpenMP, as on Linux.

    By default it goes on asking for milliseconds, and so keeps from the core the very thread that it waits for where
    other programs, Blender among them, want cores too. Torch reads this when it is imported. A user's choice stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
