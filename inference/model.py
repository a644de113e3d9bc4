"""Depth Anything V2: a DINOv2 vision transformer and a DPT head, for inference.

Yang et al. 2024, https://arxiv.org/abs/2406.09414; DINOv2: Oquab et al. 2023, https://arxiv.org/abs/2304.07193;
DPT: Ranftl et al. 2021, https://arxiv.org/abs/2103.13413. The arithmetic is that of the published code, reordered only
where the result stays the same up to rounding:

- LayerScale is a factor on the output of a linear layer, so `weights.py` multiplies it into that layer.
- A 1x1 convolution commutes with bilinear interpolation, so it runs on the small map.
- The maps of the head are channels-last, so the tokens of the encoder are such maps already.
- A transposed convolution without overlap is a linear layer whose output is put in another order.
- Where that is quicker, oneDNN makes the matrix products in the place of MKL, to which torch gives them, and which uses
  half the width of some processors that are not Intel's. Elsewhere fused attention wins.
- The last stages, the largest maps, run in strips, which fit into the cache and into memory that is reused.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

PATCH = 14  # pixels a token spans in each direction
GRID = 37  # patches a side in training, at 518 x 518 pixels
_STRIP = 74  # rows of the last stage that are computed at once: a seventh of 518
_SCORES = 1 << 21  # attention scores that are held at once on the CPU: 8 MiB, a cacheful
_TOO_LARGE = 2.0**100  # times values of up to 2 ** 27, the weights of attention still sum up without an overflow


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of one encoder and its head. `taps` are the blocks, from 0, whose output the head reads."""

    width: int
    depth: int
    heads: int
    taps: tuple[int, int, int, int]
    features: int
    channels: tuple[int, int, int, int]
    swiglu: bool = False


VITS = ModelConfig(384, 12, 6, (2, 5, 8, 11), 64, (48, 96, 192, 384))
VITB = ModelConfig(768, 12, 12, (2, 5, 8, 11), 128, (96, 192, 384, 768))
VITL = ModelConfig(1024, 24, 16, (4, 11, 17, 23), 256, (256, 512, 1024, 1024))
VITG = ModelConfig(1536, 40, 24, (9, 19, 29, 39), 384, (1536, 1536, 1536, 1536), swiglu=True)
CONFIGS = {"vits": VITS, "vitb": VITB, "vitl": VITL, "vitg": VITG}


def _by_onednn(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32 and onednn_is_quicker()


@cache
def onednn_is_quicker() -> bool:
    """Measure, once and in some 20 ms, whether oneDNN clearly outruns torch's own choice on this CPU.

    One thread measures: two would wait for each other while other processes have the cores.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    x, weight = torch.randn(512, 384), torch.randn(384, 384)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        turns = [(_seconds(_product, x, weight), _seconds(F.linear, x, weight)) for _ in range(10)]
    finally:
        torch.set_num_threads(threads)
    by_onednn, by_choice = (min(seconds) for seconds in zip(*turns, strict=True))
    return 1.25 * by_onednn < by_choice


def _seconds(run: Callable[[Tensor, Tensor], Tensor], x: Tensor, weight: Tensor) -> float:
    start = time.perf_counter()
    run(x, weight)
    return time.perf_counter() - start


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x weight' + bias by oneDNN, called as torch's compiler calls it.

    Either the weight or its transpose has to be contiguous: others oneDNN multiplies a thousand times as slowly.
    """
    return torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, "none", [], "")


class Linear(nn.Linear):
    """A linear layer by the quicker of two libraries. In its first run oneDNN puts the weight in its order."""

    def forward(self, x: Tensor) -> Tensor:
        if not _by_onednn(x):
            return super().forward(x)
        if not self.weight.is_mkldnn:
            reordered = torch.ops.mkldnn._reorder_linear_weight(self.weight)
            self.weight = nn.Parameter(reordered, requires_grad=False)
        return _product(x, self.weight, self.bias)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return softmax(q k') v for each head, without a scale; all are (batch, tokens, heads, width of a head)."""
    if _by_onednn(q) and (attended := _attend_by_onednn(q, k, v)) is not None:
        return attended
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, scale=1.0).transpose(1, 2)


def _attend_by_onednn(q: Tensor, k: Tensor, v: Tensor) -> Tensor | None:
    """Attend without the search for the largest score of each query, or return None where the scores are too large.

    The softmax stays the same when all scores of a query change by one number: with the mean of the keys taken off
    them, the mean of the scores is 0. The mean of their powers is at least 1 then (Jensen), so what vanishes does not
    count, and one look at the sums of the powers tells whether any came near an overflow.
    """
    batch, tokens, heads, _ = q.shape
    queries, keys, values = (x.transpose(1, 2) for x in (q, k, v))
    bits = math.log2(math.e)  # of a power of e
    shift = keys.mean(2, keepdim=True).mul_(-bits)
    keys = torch.add(shift, keys, alpha=bits, out=k.new_empty(keys.shape))
    out = torch.empty_like(q, memory_format=torch.contiguous_format)
    rows = -(-tokens // -(-(tokens**2) // _SCORES))  # as few blocks as _SCORES allows, all alike
    sums = []
    for picture, head in product(range(batch), range(heads)):
        key, value = keys[picture, head], values[picture, head].contiguous()
        parts = zip(queries[picture, head].split(rows), out[picture, :, head].split(rows), strict=True)
        sums += [_weigh(query, key, value, part) for query, part in parts]
    return out if torch.cat(sums).amax() < _TOO_LARGE else None


def _weigh(query: Tensor, key: Tensor, value: Tensor, out: Tensor) -> Tensor:
    """Write the means of the values, weighted with 2 to the power of the scores, and return the sums of the weights."""
    powers = _product(query, key).exp2_()
    sums = powers.sum(-1, keepdim=True)
    torch.div(_product(powers, value.T), sums, out=out)
    return sums


class Enlarge(nn.Module):
    """A transposed convolution whose steps are as wide as its kernel, so that the patches it writes do not overlap."""

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, factor, factor))
        self.bias = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        factor = self.weight.shape[-1]
        weight = self.weight.permute(2, 3, 1, 0).flatten(0, 2)  # (factor * factor * channels, channels)
        x = x.permute(0, 2, 3, 1).flatten(1, 2)
        multiply = _product if _by_onednn(x) else F.linear
        x = multiply(x, weight, self.bias.repeat(factor * factor))
        x = x.view(batch, height, width, factor, factor, channels).transpose(2, 3)
        return x.reshape(batch, height * factor, width * factor, channels).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """Two linear layers around an exact GELU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = Linear(width, 4 * width)
        self.fc2 = Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        # In place, for which torch.nn.functional has no name: the widest map of the encoder stays in the cache.
        return self.fc2(torch.ops.aten.gelu_(self.fc1(x)))


class SwiGlu(nn.Module):
    """The gated layer of the giant encoder (Shazeer 2020, https://arxiv.org/abs/2002.05202)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = (int(4 * width * 2 / 3) + 7) // 8 * 8
        self.w12 = Linear(width, 2 * hidden)
        self.w3 = Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(gate) * value)


class Block(nn.Module):
    """One transformer block.

    The LayerScale factors are inside `proj` and the last layer of `mlp`, the scale of the attention inside `qkv`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm1 = nn.LayerNorm(config.width, eps=1e-6)
        self.qkv = Linear(config.width, 3 * config.width)
        self.proj = Linear(config.width, config.width)
        self.norm2 = nn.LayerNorm(config.width, eps=1e-6)
        self.mlp = SwiGlu(config.width) if config.swiglu else Mlp(config.width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        x = self.proj(attend(*qkv.unbind(2)).flatten(2)).add_(x)
        return self.mlp(self.norm2(x)).add_(x)


class Encoder(nn.Module):
    """DINOv2 without registers."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.taps = config.taps
        self.patch_embed = nn.Conv2d(3, config.width, PATCH, PATCH)
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + GRID * GRID, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=1e-6)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Return the four taps, normalised, without the class token, each (batch, rows * columns, width)."""
        x = self.patch_embed(pixels)  # (batch, width, rows, columns)
        rows, columns = x.shape[-2:]
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], dim=1)
        x = x + self.positions(rows, columns)
        taps = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in self.taps:
                taps.append(self.norm(x[:, 1:]))
        return taps

    def positions(self, rows: int, columns: int) -> Tensor:
        """Return the position embedding for a grid of patches, (1, 1 + rows * columns, width).

        The published weights were trained and are used with an offset of 0.1 patches in the scale. Interpolating to the
        size instead moves the depth by up to 2 % of its range.
        """
        if (rows, columns) == (GRID, GRID):
            return self.pos_embed
        grid = self.pos_embed[:, 1:].unflatten(1, (GRID, GRID)).permute(0, 3, 1, 2)
        scale = ((rows + 0.1) / GRID, (columns + 0.1) / GRID)
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic")
        return torch.cat([self.pos_embed[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions, each after a ReLU, and a skip."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(F.relu_(self.conv1(F.relu(x)))).add_(x)


class Fusion(nn.Module):
    """Adds a finer map to the coarser path, refines and projects. The coarsest has nothing to add."""

    def __init__(self, features: int, coarsest: bool) -> None:
        super().__init__()
        self.skip = None if coarsest else ResidualUnit(features)
        self.refine = ResidualUnit(features)
        self.out = nn.Conv2d(features, features, 1)

    def forward(self, path: Tensor, finer: Tensor | None = None) -> Tensor:
        if self.skip is not None:
            path = self.skip(finer).add_(path)
        return self.out(self.refine(path))


class Head(nn.Module):
    """DPT: four taps of the encoder become four maps, from fine to coarse, which are fused from coarse to fine."""

    def __init__(self, config: ModelConfig, max_distance: float | None) -> None:
        super().__init__()
        width, features, channels = config.width, config.features, config.channels
        self.max_distance = max_distance
        self.project = nn.ModuleList(nn.Conv2d(width, c, 1) for c in channels)
        self.enlarge4 = Enlarge(channels[0], 4)
        self.enlarge2 = Enlarge(channels[1], 2)
        self.reduce2 = nn.Conv2d(channels[3], channels[3], 3, 2, 1)
        self.narrow = nn.ModuleList(nn.Conv2d(c, features, 3, padding=1, bias=False) for c in channels)
        self.fusion = nn.ModuleList(Fusion(features, coarsest=level == 3) for level in range(4))
        self.out1 = nn.Conv2d(features, features // 2, 3, padding=1)
        self.out2 = nn.Conv2d(features // 2, 32, 3, padding=1)
        self.out3 = nn.Conv2d(32, 1, 1)

    def forward(self, taps: list[Tensor], rows: int, columns: int) -> Tensor:
        """Return (batch, rows * 14, columns * 14)."""
        maps = [tap.unflatten(1, (rows, columns)).permute(0, 3, 1, 2) for tap in taps]
        maps = [project(x) for project, x in zip(self.project, maps, strict=True)]
        maps = [self.enlarge4(maps[0]), self.enlarge2(maps[1]), maps[2], self.reduce2(maps[3])]
        maps = [narrow(x) for narrow, x in zip(self.narrow, maps, strict=True)]
        path = self.fusion[3](maps[3])
        for level in (2, 1, 0):
            path = self.fusion[level](_resize(path, maps[level].shape[-2:]), maps[level])
        path = _enlarge(path, (8 * rows, 8 * columns), self.out1)
        path = _enlarge(path, (PATCH * rows, PATCH * columns), self.finish)[:, 0]
        return F.relu_(path) if self.max_distance is None else path.sigmoid_().mul_(self.max_distance)

    def finish(self, x: Tensor) -> Tensor:
        """Turn the last map into one channel."""
        return self.out3(F.relu_(self.out2(x)))


def _enlarge(x: Tensor, size: tuple[int, int], convolve: Callable[[Tensor], Tensor]) -> Tensor:
    """Return `convolve(_resize(x, size))`, strip by strip, for a 3x3 convolution that pads."""
    strips = []
    for start in range(0, size[0], _STRIP):
        stop = min(start + _STRIP, size[0])
        first, last = max(start - 1, 0), min(stop + 1, size[0])  # a row more for the convolution
        strip = convolve(_resize_rows(x, size, first, last)).permute(0, 2, 3, 1)  # channels last
        strips.append(strip[:, start - first :][:, : stop - start])
    return torch.cat(strips, 1).permute(0, 3, 1, 2)


def _resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=True)


def _resize_rows(x: Tensor, size: tuple[int, int], start: int, stop: int) -> Tensor:
    """Return the rows from `start` to before `stop` of `_resize(x, size)`."""
    height = x.shape[2]
    position = torch.arange(start, stop, device=x.device) * ((height - 1) / (size[0] - 1))
    above = position.long()
    below = (above + 1).clamp_(max=height - 1)
    x = x.permute(0, 2, 3, 1)  # channels last
    weight = (position - above).to(x.dtype)[:, None, None]
    rows = torch.lerp(x.index_select(1, above), x.index_select(1, below), weight)
    return _resize(rows.permute(0, 3, 1, 2), (stop - start, size[1]))


class DepthAnything(nn.Module):
    """The whole network. `max_distance` (metres) makes it a metric one."""

    def __init__(self, config: ModelConfig, max_distance: float | None = None) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.head = Head(config, max_distance)

    def forward(self, pixels: Tensor) -> Tensor:
        """Turn normalised pixels (batch, 3, H, W), H and W multiples of 14, into float (batch, H, W).

        A relative model gives disparity, at least 0, larger is nearer; a metric one distance in metres.
        """
        rows, columns = pixels.shape[-2] // PATCH, pixels.shape[-1] // PATCH
        return self.head(self.encoder(pixels), rows, columns)
