"""From RGB arrays to depth: one model on one device, kept warm."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .depth import Depth

__all__ = ["Depth", "Predictor"]

Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where known


class Predictor:
    """A model, its device and its working size. Make one with `from_catalog`."""

    @classmethod
    def from_catalog(
        cls,
        name: str = "small",
        *,
        device: str = "auto",
        size: int = 518,
        threads: int | None = None,
        dtype: str = "float32",
        accept_license: bool = False,
        progress: Progress | None = None,
        weights: Path | None = None,
    ) -> "Predictor":
        """Load a model of the catalog, fetching its weights where they are not on disk yet."""
        raise NotImplementedError

    def predict(
        self,
        rgb: NDArray[np.uint8] | NDArray[np.float32],
        validity: NDArray[np.bool_] | NDArray[np.float32] | None = None,
    ) -> Depth:
        """Return the depth of one photo."""
        raise NotImplementedError

    def predict_many(self, photos: Iterable[NDArray[np.uint8] | NDArray[np.float32]]) -> Iterator[Depth]:
        """Yield the depth of each photo, in order, one in memory at a time."""
        raise NotImplementedError
