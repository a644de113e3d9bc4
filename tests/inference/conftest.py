"""Seeded weights and the original's output for them, from the test material."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inference.model.plain import CONFIGS, ModelConfig
from tests.material import material

TINY = ModelConfig(width=32, depth=4, heads=2, taps=(0, 1, 2, 3), features=16, channels=(8, 16, 24, 32))


@dataclass(frozen=True, eq=False)
class Reference:
    """What the original computed with seeded weights: see the README of the material."""

    arrays: dict[str, NDArray[Any]]
    config: ModelConfig
    max_distance: float | None
    tensors: dict[str, torch.Tensor]  # in the original layout
    stride: int
    seed: int


def _seeding() -> ModuleType:
    spec = importlib.util.spec_from_file_location("seeded", material("reference", "seeded.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Reference]:
    """Return a function that reads one of the references by name, once a session."""
    read: dict[str, Reference] = {}

    def get(name: str) -> Reference:
        if name not in read:
            with np.load(material("reference", f"{name}.npz")) as file:
                arrays = dict(file)
            meta = json.loads(str(arrays.pop("meta")))
            seeded_array = _seeding().seeded_array
            tensors = {
                key: torch.from_numpy(np.ascontiguousarray(seeded_array(key, shape, meta["seed"], meta["mode"])))
                for key, shape in meta["keys"]
            }
            config = TINY if meta["enc"] == "tiny" else CONFIGS[meta["enc"]]
            read[name] = Reference(arrays, config, meta["metric"], tensors, meta["stride"], meta["seed"])
        return read[name]

    return get


@pytest.fixture(scope="session")
def pixels() -> Callable[..., torch.Tensor]:
    """Return a function that makes a seeded, normalised input: height, width, seed, batch -> (batch, 3, H, W)."""

    def make(height: int, width: int, seed: int = 0, batch: int = 1) -> torch.Tensor:
        return torch.from_numpy(_seeding().seeded_input(height, width, seed, batch))

    return make
