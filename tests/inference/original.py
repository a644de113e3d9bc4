"""The original Depth Anything V2, as its package has it, with numbers from a seed: what ours is held against."""

import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.model.plain import CONFIGS, VITS, ModelConfig

TINY = ModelConfig(width=32, depth=4, heads=2, taps=(0, 1, 2, 3), features=16, channels=(8, 16, 24, 32))

# name -> encoder, sizes, metres at most
MODELS: dict[str, tuple[str, ModelConfig, float | None]] = {
    "tiny": ("vits", TINY, None),
    "small": ("vits", VITS, None),
    "small_metric20": ("vits", VITS, 20.0),
    "base": ("vitb", CONFIGS["vitb"], None),
}


class Original:
    """One model of the original code, and what it computes; each picture once."""

    def __init__(self, name: str) -> None:
        encoder, self.config, self.max_distance = MODELS[name]
        with stand_in_for_torchvision():
            from depth_anything_v2.dinov2 import DinoVisionTransformer
            from depth_anything_v2.dinov2_layers import MemEffAttention
            from depth_anything_v2.dinov2_layers import NestedTensorBlock as Block
            from depth_anything_v2.dpt import DepthAnythingV2, DPTHead

        model = DepthAnythingV2(encoder, self.config.features, list(self.config.channels))
        if self.config is TINY:
            model.pretrained = DinoVisionTransformer(
                img_size=518,
                patch_size=14,
                embed_dim=TINY.width,
                depth=TINY.depth,
                num_heads=TINY.heads,
                init_values=1.0,
                block_chunks=0,
                block_fn=partial(Block, attn_class=MemEffAttention),
                interpolate_offset=0.1,
            )
            model.depth_head = DPTHead(TINY.width, TINY.features, out_channels=list(TINY.channels))
            model.intermediate_layer_idx = {encoder: list(TINY.taps)}
        self.tensors = {key: seeded(key, tuple(tensor.shape)) for key, tensor in model.state_dict().items()}
        if self.max_distance is not None:  # the published metric code ends so
            model.depth_head.scratch.output_conv2[3] = nn.Sigmoid()
            self.tensors["depth_head.scratch.output_conv2.2.bias"] -= 4
        model.load_state_dict(self.tensors)
        self._model = model.eval()
        self._depths: dict[tuple[int, int], NDArray[np.float32]] = {}

    def depth(self, height: int, width: int) -> NDArray[np.float32]:
        """Return what it makes of `pixels(height, width)`, (height, width)."""
        if (height, width) not in self._depths:
            with torch.inference_mode():
                self._depths[height, width] = self._model(pixels(height, width))[0].numpy() * (self.max_distance or 1)
        return self._depths[height, width]

    def taps(self, height: int, width: int) -> list[NDArray[np.float32]]:
        """Return the four maps of the encoder, each (h w, C)."""
        with torch.inference_mode():
            taps = self._model.pretrained.get_intermediate_layers(pixels(height, width), list(self.config.taps))
        return [tap[0].numpy() for tap in taps]

    def of_picture(self, bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the depth of a picture (H, W, 3), from its bytes to the depth at its size."""
        return self._model.infer_image(bgr)


def pixels(height: int, width: int, seed: int = 0, batch: int = 1) -> torch.Tensor:
    """Return smooth random pictures with noise, normalised, (batch, 3, height, width)."""
    rng = np.random.default_rng([seed, height, width])
    waves = [np.cos(np.pi * np.arange(12)[:, None] * np.linspace(0, 1, side)) for side in (height, width)]
    picture = np.einsum("ih,jw,ncij->nchw", *waves, rng.standard_normal((batch, 3, 12, 12))) / 12
    picture = np.clip(0.45 + 0.6 * picture + 0.05 * rng.standard_normal(picture.shape), 0, 1)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return torch.from_numpy(((picture - mean[:, None, None]) / std[:, None, None]).astype(np.float32))


def seeded(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Return numbers for a tensor that keep the activations in a trained network's range."""
    x = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype=np.float32)
    if name.endswith("gamma"):
        x = 0.3 + 0.2 * np.abs(x)
    elif "norm" in name and name.endswith("weight"):
        x = 1 + 0.1 * x
    elif name.endswith("bias"):
        x = 0.05 * x + (4 if name.endswith("output_conv2.2.bias") else 0)  # keeps the last ReLU open
    elif name.endswith(("cls_token", "pos_embed", "mask_token")):
        x = 0.3 * x
    elif ".resize_layers." in name and shape[-1] in (2, 4):  # transposed convolutions
        x = x / np.sqrt(shape[0])
    else:
        x = x / np.sqrt(np.prod(shape[1:])) * (0.2 if name.endswith("output_conv2.2.weight") else 1)
    return torch.from_numpy(np.asarray(x, np.float32))


@contextmanager
def stand_in_for_torchvision() -> Iterator[None]:
    """Give the original the one class that it takes from torchvision, which chains its preprocessing.

    Nothing else may meet the stand-in: transformers asks what torchvision is there.
    """

    class Compose:
        def __init__(self, steps: list[Any]) -> None:
            self.steps = steps

        def __call__(self, sample: Any) -> Any:
            for step in self.steps:
                sample = step(sample)
            return sample

    package, transforms = ModuleType("torchvision"), ModuleType("torchvision.transforms")
    transforms.Compose = Compose
    stand_ins = {"torchvision": package, "torchvision.transforms": transforms}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
