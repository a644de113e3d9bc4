"""The family Video Depth Anything: the network of Depth Anything V2 whose head also looks from frame to frame.

Chen et al. 2025, https://arxiv.org/abs/2501.12375; the attention over time is that of AnimateDiff, Guo et al. 2023,
https://arxiv.org/abs/2307.04725. In the comments on shapes, T is the frames, C the channels of a map, P its pixels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from ..catalog import TRAINED, Device, Kind, ModelSpec, Precision
from ..preprocess import input_size
from . import Rgb, devices, plain
from .depth_anything_v2 import DepthAnythingV2
from .weights import Layout, original
from .weights import load as load_network
from .windows import LENGTH, depths

HEADS = 8
_FLOATS = 1 << 24  # that the widest layer over time holds at once: 64 MiB
_WIDE, _WIDEST = 1.78, 1.777  # frames that are wider than the first are seen as if they were as wide as the second

_BLOCK = "head.motion_modules.{i}.temporal_transformer."
_INNER = f"{_BLOCK}transformer_blocks.0."
_TEMPORAL: dict[str, str | tuple[str, ...]] = {
    "norm": f"{_BLOCK}norm",
    "widen": f"{_BLOCK}proj_in",
    "narrow": f"{_BLOCK}proj_out",
    "norm3": f"{_INNER}ff_norm",
    "fc1": f"{_INNER}ff.net.0.proj",
    "fc2": f"{_INNER}ff.net.2",
}
for _number in (1, 2):
    _attention = f"{_INNER}attention_blocks.{_number - 1}."
    _TEMPORAL |= {
        f"norm{_number}": f"{_INNER}norms.{_number - 1}",
        f"attn{_number}.qkv": tuple(f"{_attention}to_{part}" for part in "qkv"),
        f"attn{_number}.proj": f"{_attention}to_out.0",
        f"attn{_number}.positions": f"{_attention}pos_encoder.pe",
    }
LAYOUT = Layout(
    "head.motion_modules.",
    original("pretrained.", "head.") | {f"head.over_time.{{i}}.{ours}": theirs for ours, theirs in _TEMPORAL.items()},
    ("head.scratch.refinenet4.resConfUnit1.",),
)

Maps = tuple[Tensor, Tensor, Tensor, Tensor]  # of the head, from fine to coarse, of one or more frames
Encoded = tuple[Maps, tuple[int, int]]  # with the height and width of the frame


class TemporalAttention(nn.Module):
    """Attention of each pixel to itself in the other frames."""

    positions: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.proj = nn.Linear(channels, channels)
        self.register_buffer("positions", torch.empty(1, LENGTH, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Turn (P, T, C) into (P, T, C)."""
        x = x + self.positions[:, : x.shape[1]]
        q, k, v = self.qkv(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)  # each (P, heads, T, C / heads)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).flatten(2))


class TemporalBlock(nn.Module):
    """One transformer block over time, between two linear layers, with a skip around all of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)  # of each frame by itself
        self.widen = nn.Linear(channels, channels)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.attn1, self.attn2 = TemporalAttention(channels), TemporalAttention(channels)
        self.fc1 = nn.Linear(channels, 8 * channels)
        self.fc2 = nn.Linear(4 * channels, channels)
        self.narrow = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Turn the maps of T frames in their order, (T, C, height, width), into the same shape.

        Pixels don't see each other, so they go through in parts.
        """
        frames, channels, height, width = x.shape
        pixels = self.norm(x).flatten(2).permute(2, 0, 1)  # (P, T, C)
        parts = pixels.split(max(1, _FLOATS // (8 * channels * frames)))
        out = torch.cat([self._transform(part) for part in parts])
        return out.permute(1, 2, 0).unflatten(2, (height, width)) + x

    def _transform(self, x: Tensor) -> Tensor:
        x = self.widen(x)
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x))
        value, gate = self.fc1(self.norm3(x)).chunk(2, dim=-1)
        return self.narrow(x + self.fc2(value * F.gelu(gate)))


class VideoHead(plain.Head):
    """DPT with four blocks over time: two before the coarse maps are fused, two on the way from coarse to fine."""

    def __init__(self, config: plain.ModelConfig, max_distance: float | None) -> None:
        super().__init__(config, max_distance)
        channels = (config.channels[2], config.channels[3], config.features, config.features)
        self.over_time = nn.ModuleList(TemporalBlock(count) for count in channels)

    def forward(self, taps: list[Tensor], rows: int, columns: int) -> Tensor:
        """Turn the four taps of T frames in their order, each (T, h w, C), into (T, 14 h, 14 w)."""
        return torch.cat(list(self.fuse(self.of_frames(taps, rows, columns), rows, columns)))

    def of_frames(self, taps: list[Tensor], rows: int, columns: int) -> Maps:
        """Return what each frame says by itself; the fine maps are narrowed already."""
        fine, finer, coarse, coarser = self.reassemble([tap.float() for tap in taps], rows, columns)
        return self.narrow[0](fine), self.narrow[1](finer), coarse, coarser

    def fuse(self, maps: Maps, rows: int, columns: int) -> Iterator[Tensor]:
        """Yield the depth of each frame, (1, 14 h, 14 w), from the maps of T frames in their order."""
        coarse = self.narrow[2](self.over_time[0](maps[2]))
        coarser = self.narrow[3](self.over_time[1](maps[3]))
        path = self.over_time[2](plain.resize(self.fusion[3](coarser), *coarse.shape[-2:]))
        path = self.over_time[3](plain.resize(self.fusion[2](path, coarse), *maps[1].shape[-2:]))
        for one, finer, fine in zip(path.split(1), maps[1].split(1), maps[0].split(1), strict=True):
            one = self.fusion[1](one, finer)
            one = self.fusion[0](plain.resize(one, *fine.shape[-2:]), fine)
            yield self.output(one, rows, columns)


def network(config: plain.ModelConfig) -> plain.DepthAnything:
    """Return the network of an encoder of that size."""
    made = plain.DepthAnything(config)
    made.head = VideoHead(config, None)
    return made


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> "VideoDepthAnything":
    """Load a model of this family: see `inference.model.load`."""
    place = devices.choose(device, precision)
    built = build(spec, weights())
    devices.prepare(threads)
    return VideoDepthAnything(built, place, precision, kind=spec.kind)


def build(spec: ModelSpec, path: Path) -> plain.DepthAnything:
    """Return the plain network of a model with the weights of a file."""
    return load_network(path, lambda: network(plain.CONFIGS[spec.encoder]), (LAYOUT,))


class VideoDepthAnything(DepthAnythingV2):
    """Video Depth Anything as a `Model` of single photos, and with `depths` for clips."""

    def __init__(
        self,
        network: plain.DepthAnything,
        device: torch.device | str = "cpu",
        precision: Precision = "float32",
        *,
        kind: Kind,
    ) -> None:
        """Take over a plain network in float32 on the CPU. Its head stays so: in half precision it overflows."""
        super().__init__(network, device, precision, kind=kind)
        self._head = cast(VideoHead, network.head.float())

    def sizes(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the rows and columns at which it sees a frame, multiples of 14; very wide ones get fewer."""
        ratio = max(height, width) / min(height, width)
        if ratio > _WIDE:
            size = round(int(size * _WIDEST / ratio) / plain.PATCH) * plain.PATCH
        return input_size(height, width, size, plain.PATCH)

    def bytes_of_window(self, rows: int, columns: int) -> int:
        """Estimate from above what a window takes: the maps of its frames, and the finest of them over time."""
        config = self._network.config
        tokens = rows * columns // plain.PATCH**2
        kept = 20 * config.features + config.channels[2] + config.channels[3] // 4  # the two finest are narrowed
        over_time = 24 * config.features + 4 * config.channels[2]
        held = 4 * LENGTH * tokens * (2 * kept + over_time) + 4 * LENGTH * rows * columns
        return held + self.bytes_needed(rows, columns, 0) + 12 * _FLOATS

    def depths(self, frames: Iterable[Rgb], size: int = TRAINED) -> Iterator[NDArray[np.float32]]:
        """Yield the depth of each frame of one shot, float32 (H, W), in the units of `kind` and one range for all.

        frames: all of one size, in their order, as `prepare` takes them; about 32 are held, however many there are.
        size: pixels of the shorter side inside the model. The depth of a frame comes when 8 to 30 more have been read.
        """
        yield from depths(
            frames, lambda frame: self.encode(frame, size), self.window, is_metric=self.kind == "distance"
        )

    def encode(self, frame: Rgb, size: int) -> Encoded:
        """Return what `window` takes of a frame: its maps, and its height and width."""
        height, width = frame.shape[:2]
        rows, columns = self.sizes(height, width, size)
        with torch.inference_mode():
            taps = self._network.encoder(self.prepare(frame, rows, columns))
            maps = self._head.of_frames(taps, rows // plain.PATCH, columns // plain.PATCH)
        return maps, (height, width)

    def window(
        self, encoded: Sequence[Encoded], *, enlarge: bool = True, progress: Callable[[float], None] | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the depth of the frames of a window: see `ClipModel.window`."""
        fine, finer, coarse, coarser = (torch.cat(level) for level in zip(*(maps for maps, _ in encoded), strict=True))
        rows, columns = coarse.shape[-2:]
        size = encoded[0][1] if enlarge else (rows * plain.PATCH, columns * plain.PATCH)
        found: list[NDArray[np.float32]] = []
        with torch.inference_mode():
            for depth in self._head.fuse((fine, finer, coarse, coarser), rows, columns):
                found.append(plain.resize(depth[None], *size)[0, 0].cpu().numpy())
                if progress is not None:
                    progress(len(found) / len(encoded))
        return found
