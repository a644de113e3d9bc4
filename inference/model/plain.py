"""Depth Anything V2: a DINOv2 vision transformer and a DPT head, as published, for inference.

Yang et al. 2024, https://arxiv.org/abs/2406.09414; DINOv2: Oquab et al. 2023, https://arxiv.org/abs/2304.07193;
DPT: Ranftl et al. 2021, https://arxiv.org/abs/2103.13413.

In the comments on shapes, B is the batch, T the tokens, C the width of the encoder, h and w the rows and columns of
patches, F the features of the head. What makes the network quick on a CPU stands in `cpu.py`.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

PATCH = 14  # pixels that a token spans in each direction
GRID = 37  # patches a side in training, at 518 x 518 pixels


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of one encoder and its head. `taps` are the blocks, from 0, whose output the head reads."""

    width: int
    depth: int
    heads: int
    taps: tuple[int, ...]
    features: int
    channels: tuple[int, ...]
    swiglu: bool = False


VITS = ModelConfig(384, 12, 6, (2, 5, 8, 11), 64, (48, 96, 192, 384))
VITB = ModelConfig(768, 12, 12, (2, 5, 8, 11), 128, (96, 192, 384, 768))
VITL = ModelConfig(1024, 24, 16, (4, 11, 17, 23), 256, (256, 512, 1024, 1024))
VITG = ModelConfig(1536, 40, 24, (9, 19, 29, 39), 384, (1536, 1536, 1536, 1536), swiglu=True)
CONFIGS = {"vits": VITS, "vitb": VITB, "vitl": VITL, "vitg": VITG}


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.proj = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        qkv = self.qkv(x)  # (B, T, 3 C)
        qkv = qkv.unflatten(2, (3, self.heads, -1))  # (B, T, 3, heads, C / heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, T, C / heads)
        x = F.scaled_dot_product_attention(q, k, v)  # (B, heads, T, C / heads)
        x = x.transpose(1, 2).flatten(2)  # (B, T, C)
        return self.proj(x)


class Mlp(nn.Module):
    """Two linear layers around an exact GELU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        x = self.act(self.fc1(x))  # (B, T, 4 C)
        return self.fc2(x)


class SwiGlu(nn.Module):
    """The gated layer of the giant encoder (Shazeer 2020, https://arxiv.org/abs/2002.05202)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = (int(4 * width * 2 / 3) + 7) // 8 * 8
        self.w12 = nn.Linear(width, 2 * hidden)
        self.w3 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        gate, value = self.w12(x).chunk(2, dim=-1)  # each (B, T, hidden)
        return self.w3(F.silu(gate) * value)


class LayerScale(nn.Module):
    """One factor a channel (Touvron et al. 2021, https://arxiv.org/abs/2103.17239)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        return x * self.gamma


class Block(nn.Module):
    """One transformer block."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=1e-6)
        self.attn = Attention(config)
        self.scale1 = LayerScale(config.width)
        self.norm2 = nn.LayerNorm(config.width, eps=1e-6)
        self.mlp = SwiGlu(config.width) if config.swiglu else Mlp(config.width)
        self.scale2 = LayerScale(config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        x = self.scale1(self.attn(self.norm1(x))).add_(x)
        return self.scale2(self.mlp(self.norm2(x))).add_(x)


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
        """Turn (B, 3, 14 h, 14 w) into the taps, normalised, without the class token, each (B, h w, C)."""
        return [tap[:, 1:] for tap in self.with_class_token(pixels)]

    def with_class_token(self, pixels: Tensor) -> list[Tensor]:
        """Turn (B, 3, 14 h, 14 w) into the taps, normalised, each (B, 1 + h w, C)."""
        x = self.patch_embed(pixels)  # (B, C, h, w)
        rows, columns = x.shape[-2:]
        x = x.flatten(2).transpose(1, 2)  # (B, h w, C)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)  # (B, T, C), T = 1 + h w
        x = x + self.positions(rows, columns)
        taps = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in self.taps:
                taps.append(self.norm(x))
        return taps

    def positions(self, rows: int, columns: int) -> Tensor:
        """Return the position embedding for a grid of patches, (1, T, C).

        The published weights were trained and are used with an offset of 0.1 patches in the scale. Interpolating to the
        size instead moves the depth by up to 2 % of its range.
        """
        if (rows, columns) == (GRID, GRID):
            return self.pos_embed
        grid = self.pos_embed[:, 1:].transpose(1, 2).unflatten(2, (GRID, GRID))  # (1, C, 37, 37)
        scale = ((rows + 0.1) / GRID, (columns + 0.1) / GRID)
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic")  # (1, C, h, w)
        return torch.cat([self.pos_embed[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions, each after a ReLU, and a skip."""

    def __init__(self, features: int, padding: Literal["zeros", "replicate"] = "zeros") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1, padding_mode=padding)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1, padding_mode=padding)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, F, height, width) into the same shape."""
        return self.conv2(F.relu_(self.conv1(F.relu(x)))).add_(x)


class Fusion(nn.Module):
    """Adds a finer map to the coarser path, refines and projects. The coarsest has nothing to add."""

    def __init__(self, features: int, coarsest: bool) -> None:
        super().__init__()
        self.skip = None if coarsest else ResidualUnit(features)
        self.refine = ResidualUnit(features)
        self.out = nn.Conv2d(features, features, 1)

    def forward(self, path: Tensor, finer: Tensor | None = None) -> Tensor:
        """Turn (B, F, height, width), and a map of that shape, into that shape.

        Published, the 1x1 convolution comes after the interpolation to the next level. The two commute.
        """
        if self.skip is not None:
            path = self.skip(finer).add_(path)
        return self.out(self.refine(path))


class Output(nn.Module):
    """The last convolutions: from features to one number a pixel. `max_distance` (metres) makes it a distance."""

    maps = 1  # how many numbers a pixel a family has; each has a branch of its own in the last two layers

    def __init__(self, features: int, max_distance: float | None = None) -> None:
        super().__init__()
        self.max_distance = max_distance
        self.conv1 = nn.Conv2d(features, features // 2, 3, padding=1)
        self.conv2 = nn.Conv2d(features // 2, 32 * self.maps, 3, padding=1)
        self.conv3 = nn.Conv2d(32 * self.maps, self.maps, 1, groups=self.maps)

    def forward(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """Turn (B, F, 4 h, 4 w) into (B, 14 h, 14 w).

        These layers may stay in float32 where the rest is in half precision, whose steps would show as stairs.
        """
        x = x.to(self.conv1.weight.dtype)
        x = self.conv1(resize(x, 8 * rows, 8 * columns))  # (B, F / 2, 8 h, 8 w)
        x = resize(x, PATCH * rows, PATCH * columns)  # (B, F / 2, 14 h, 14 w)
        return self.activate(self.conv3(F.relu(self.conv2(x))))

    def activate(self, x: Tensor) -> Tensor:
        """Turn (B, 1, 14 h, 14 w) into disparity, at least 0, or a distance up to `max_distance`, (B, 14 h, 14 w)."""
        x = x[:, 0]
        return F.relu(x) if self.max_distance is None else self.max_distance * x.sigmoid()


class Head(nn.Module):
    """DPT: four taps of the encoder become four maps, from fine to coarse, which are fused from coarse to fine."""

    def __init__(self, config: ModelConfig, max_distance: float | None) -> None:
        super().__init__()
        features, channels = config.features, config.channels
        self.project = nn.ModuleList(nn.Conv2d(config.width, c, 1) for c in channels)
        self.enlarge4 = nn.ConvTranspose2d(channels[0], channels[0], 4, 4)
        self.enlarge2 = nn.ConvTranspose2d(channels[1], channels[1], 2, 2)
        self.reduce2 = nn.Conv2d(channels[3], channels[3], 3, 2, 1)
        self.narrow = nn.ModuleList(nn.Conv2d(c, features, 3, padding=1, bias=False) for c in channels)
        self.fusion = nn.ModuleList(Fusion(features, coarsest=level == 3) for level in range(4))
        self.output = Output(features, max_distance)

    def forward(self, taps: list[Tensor], rows: int, columns: int) -> Tensor:
        """Turn the four taps, each (B, h w, C), into (B, 14 h, 14 w)."""
        maps = self.reassemble(taps, rows, columns)
        maps = [narrow(x) for narrow, x in zip(self.narrow, maps, strict=True)]  # (B, F, ...)
        path = self.fusion[3](maps[3])
        for level in (2, 1, 0):
            path = self.fusion[level](resize(path, *maps[level].shape[-2:]), maps[level])
        return self.output(path, rows, columns)

    def reassemble(self, taps: list[Tensor], rows: int, columns: int) -> list[Tensor]:
        """Turn the four taps, each (B, h w, C), into four maps, from fine to coarse."""
        maps = [tap.transpose(1, 2).unflatten(2, (rows, columns)) for tap in taps]  # each (B, C, h, w)
        maps = [project(x) for project, x in zip(self.project, maps, strict=True)]  # (B, channels[level], h, w)
        return [
            self.enlarge4(maps[0]),  # (B, channels[0], 4 h, 4 w)
            self.enlarge2(maps[1]),  # (B, channels[1], 2 h, 2 w)
            maps[2],  # (B, channels[2], h, w)
            self.reduce2(maps[3]),  # (B, channels[3], h / 2, w / 2), rounded up
        ]


class DepthAnything(nn.Module):
    """The whole network. `max_distance` (metres) makes it a metric one."""

    def __init__(self, config: ModelConfig, max_distance: float | None = None) -> None:
        super().__init__()
        self.config = config
        self.max_distance = max_distance
        self.encoder = Encoder(config)
        self.head = Head(config, max_distance)

    def forward(self, pixels: Tensor) -> Tensor:
        """Turn normalised pixels (B, 3, H, W), H and W multiples of 14, into (B, H, W).

        A relative model gives disparity, at least 0, larger is nearer; a metric one distance in metres.
        """
        rows, columns = pixels.shape[-2] // PATCH, pixels.shape[-1] // PATCH
        return self.head(self.encoder(pixels), rows, columns)


def resize(x: Tensor, height: int, width: int) -> Tensor:
    """Resize (B, channels, ..., ...) to (B, channels, height, width): bilinear, with the corners of both aligned."""
    return F.interpolate(x, (height, width), mode="bilinear", align_corners=True)
