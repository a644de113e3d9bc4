"""The family Depth Anything V1: the network of V2, except that its head reads the last four blocks of the encoder.

Yang et al. 2024, https://arxiv.org/abs/2401.10891.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..catalog import Device, ModelSpec, Precision
from . import devices, plain
from .depth_anything_v2 import DepthAnythingV2
from .weights import load_model


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> DepthAnythingV2:
    """Load a model of this family: see `inference.model.load`."""
    place = devices.choose(device, precision)
    network = build(spec, weights())
    devices.prepare(threads)
    return DepthAnythingV2(network, place, precision)


def build(spec: ModelSpec, path: Path) -> plain.DepthAnything:
    """Return the plain network of a model with the weights of a file."""
    config = plain.CONFIGS[spec.encoder]
    last = tuple(range(config.depth - 4, config.depth))
    return load_model(path, replace(config, taps=last), spec.max_distance)
