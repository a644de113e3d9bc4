"""Draft by numpy alone: what `torch_network.py` computes, from the same weights."""

from collections.abc import Mapping

import numpy as np

from . import layers
from .architecture import BLOCKS, DECODER, EPSILON, HEADS, STAGES, TAKEN
from .layers import Map


class NumpyDraft:
    """The network with its weights: float32 arrays by the names of the file."""

    def __init__(self, weights: Mapping[str, Map]) -> None:
        self._weights = weights

    def __call__(self, pixels: Map) -> Map:
        """Return disparities, float32 (H / 2, W / 2), for `pixels` (H, W, 3): see `torch_network.py`."""
        *beside, x = self._trunk(pixels)
        x = self._attention(x)
        for level in range(len(DECODER)):
            x = self._level(f"decoder.{level}", x, beside.pop())
        return layers.convolution(layers.relu(x), *self._of("head"))[..., 0]

    def _of(self, name: str) -> tuple[Map, Map]:
        return self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]

    def _trunk(self, pixels: Map) -> list[Map]:
        x, maps = layers.strided(pixels, *self._of("trunk.stem")), []
        for number, (_, stride, _, repeats) in enumerate(STAGES):
            for block in range(repeats):
                x = self._inverted_residual(f"trunk.stages.{number}.{block}", x, 1 if block else stride)
            maps.append(x)
        return [maps[number] for number in TAKEN]

    def _inverted_residual(self, name: str, x: Map, stride: int) -> Map:
        wide = x
        if f"{name}.expand.weight" in self._weights:
            wide = layers.relu6(layers.pointwise(x, *self._of(f"{name}.expand")))
        wide = layers.depthwise(wide, *self._of(f"{name}.depthwise"), stride)
        y = layers.pointwise(wide, *self._of(f"{name}.project"))
        if y.shape == x.shape:
            y += x
        return y

    def _attention(self, x: Map) -> Map:
        height, width, _ = x.shape
        x = layers.pointwise(np.concatenate([x, _place(height, width)], -1), *self._of("embed"))
        tokens = x.reshape(height * width, -1)
        for number in range(BLOCKS):
            tokens = self._block(f"blocks.{number}", tokens)
        return layers.layer_norm(tokens, *self._of("norm"), EPSILON).reshape(height, width, -1)

    def _block(self, name: str, x: Map) -> Map:
        places, channels = x.shape
        joined = layers.pointwise(layers.layer_norm(x, *self._of(f"{name}.norm1"), EPSILON), *self._of(f"{name}.qkv"))
        q, k, v = joined.reshape(places, 3, HEADS, -1).transpose(1, 2, 0, 3)  # each (HEADS, places, channels / HEADS)
        scores = layers.softmax(q @ k.swapaxes(1, 2) / np.float32((channels / HEADS) ** 0.5))
        x = x + layers.pointwise((scores @ v).swapaxes(0, 1).reshape(places, channels), *self._of(f"{name}.proj"))
        hidden = layers.pointwise(layers.layer_norm(x, *self._of(f"{name}.norm2"), EPSILON), *self._of(f"{name}.fc1"))
        return x + layers.pointwise(layers.relu(hidden), *self._of(f"{name}.fc2"))

    def _level(self, name: str, below: Map, beside: Map) -> Map:
        x = layers.double(layers.pointwise(below, *self._of(f"{name}.down")))
        x += layers.pointwise(beside, *self._of(f"{name}.skip"))
        inner = layers.convolution(layers.relu(x), *self._of(f"{name}.conv1"))
        return x + layers.convolution(layers.relu(inner), *self._of(f"{name}.conv2"))


def _place(height: int, width: int) -> Map:
    """Return where each pixel of a map lies, (height, width, 4): row, its square, column, its magnitude."""
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None].repeat(width, 1)
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None].repeat(height, 0)
    return np.stack([rows, rows**2, columns, np.abs(columns)], -1)
