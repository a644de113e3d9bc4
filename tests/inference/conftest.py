"""The original's model and output, computed in the test run, once a session."""

from collections.abc import Callable
from functools import cache

import pytest
import torch

from tests.inference import original
from tests.inference.original import TINY, Original

__all__ = ["TINY"]


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Original]:
    """Return a function that makes one of `original.MODELS` by its name."""
    return cache(Original)


@pytest.fixture(scope="session")
def pixels() -> Callable[..., torch.Tensor]:
    """Return the function that makes seeded, normalised input."""
    return original.pixels
