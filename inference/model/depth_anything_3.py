"""The family Depth Anything 3, its models for one photo: the network of V2 that puts out depth and a sky.

Lin et al. 2025, https://arxiv.org/abs/2511.10647. What the published code does is written beside each step; the sky,
which it gives the depth of the far end, is no surface here.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from ..catalog import Device, ModelSpec, Precision
from ..depth import SENSOR, USUAL_LENS, Lens
from . import Output, devices, plain
from .depth_anything_v2 import DepthAnythingV2
from .weights import Layout, original
from .weights import load as load_network

SKY = 0.3  # from here on a pixel is sky
LEAST = 10  # pixels: where no more of them are sky, or no more are not, the network tells nothing apart
CANONICAL = 300.0  # pixels: the focal length at which the metric model's numbers are metres

_HEAD = "model.head."
_BRANCHES = ("output_conv2", "sky_output_conv2")
LAYOUT = Layout(
    _HEAD,
    original("model.backbone.pretrained.", _HEAD)
    | {
        f"head.output.conv{ours}": tuple(f"{_HEAD}scratch.{branch}.{theirs}" for branch in _BRANCHES)
        for ours, theirs in ((2, 0), (3, 2))
    },
)


class DepthAndSky(plain.Output):
    """The last convolutions: from features to a depth and a sky a pixel."""

    maps = 2

    def activate(self, x: Tensor) -> Tensor:
        """Turn (B, 2, 14 h, 14 w) into depth, above 0, and sky, at least 0, of that shape."""
        return torch.stack([x[:, 0].exp(), F.relu(x[:, 1])], dim=1)


def network(config: plain.ModelConfig) -> plain.DepthAnything:
    """Return the network of an encoder of that size."""
    made = plain.DepthAnything(config)
    made.encoder.norm.eps = 1e-5
    made.head.output = DepthAndSky(config.features)
    return made


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> "DepthAnything3":
    """Load a model of this family: see `inference.model.load`."""
    place = devices.choose(device, precision)
    built = build(spec, weights())
    devices.prepare(threads)
    return DepthAnything3(built, place, precision, kind=spec.kind)


def build(spec: ModelSpec, path: Path) -> plain.DepthAnything:
    """Return the plain network of a model with the weights of a file."""
    return load_network(path, lambda: network(plain.CONFIGS[spec.encoder]), (LAYOUT,))


class DepthAnything3(DepthAnythingV2):
    """Depth Anything 3 as a `Model`: MONO gives disparity, METRIC a distance."""

    def run(
        self,
        prepared: Tensor,
        size: tuple[int, int],
        progress: Callable[[float], None] | None,
        lens: Lens | None = None,
    ) -> Output:
        """Return the depth, of that size.

        As a disparity, the sky is 0, as far as can be. As a distance it is not valid, and the lens, without which there
        are no metres, is the usual one where it is not known.
        """
        depth, sky = self.maps(prepared, size, progress)
        surface = sky < SKY
        if min(surface.sum(), surface.size - surface.sum()) <= LEAST:
            surface[:] = True
        if self.kind == "disparity":
            return Output(np.where(surface, np.reciprocal(depth), np.float32(0.0)))
        lens = lens or Lens(USUAL_LENS, "assumed")
        metres = depth * np.float32(lens.focal_length / SENSOR * max(prepared.shape[-2:]) / CANONICAL)
        return Output(metres, None if surface.all() else surface.astype(np.float32), lens)
