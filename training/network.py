"""The draft model: a small network of convolutions and a little attention, trained from nothing on rendered pictures.

Residual blocks down to a sixteenth of the picture, attention over all of it there, and a light way back up that takes
the finer maps in by addition, as in DPT (Ranftl et al., 2021). It runs in a fraction of the time of Depth Anything V2
and knows a fraction of what that knows.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

STRIDE = 16  # sides of the picture are multiples of it
SIZE = 128  # pixels of a photo's shorter side: more would show it detail, and hide from it the whole
WIDTHS = (40, 80, 160)  # channels at a quarter, an eighth and a sixteenth
BLOCKS = (1, 2, 2)
TOKENS = 224  # channels of the attention
DEPTH = 5
HEADS = 7
NARROW = (64, 48)  # channels on the way up, at an eighth and a quarter


class Draft(nn.Module):
    """RGB (n, 3, H, W), normalised as for Depth Anything, sides multiples of 16 -> disparity (n, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_Conv(3, 24, 2), _Conv(24, WIDTHS[0], 2))
        inputs = (WIDTHS[0], *WIDTHS[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(
                _Conv(before, width, 2) if level else nn.Identity(), *(_Residual(width) for _ in range(blocks))
            )
            for level, (before, width, blocks) in enumerate(zip(inputs, WIDTHS, BLOCKS, strict=True))
        )
        self.embed = nn.Conv2d(WIDTHS[-1] + 4, TOKENS, 1)
        self.blocks = nn.ModuleList(_Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(TOKENS)
        self.deepen = nn.Conv2d(TOKENS, NARROW[0], 1)
        self.skips = nn.ModuleList((nn.Conv2d(WIDTHS[1], NARROW[0], 1), nn.Conv2d(WIDTHS[0], NARROW[1], 1)))
        self.refine = nn.ModuleList((_Residual(NARROW[0]), _Residual(NARROW[1])))
        self.lessen = nn.Conv2d(NARROW[0], NARROW[1], 1)
        self.out = nn.Sequential(_Conv(NARROW[1], 24), nn.Conv2d(24, 1, 3, padding=1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return float disparities, larger is nearer, that mean something only up to a scale and a shift."""
        maps = [self.stem(pixels)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        _, quarter, eighth, deep = maps
        x = self.embed(torch.cat([deep, _place(deep)], 1))
        n, channels, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)  # (n, h w, TOKENS)
        for block in self.blocks:
            tokens = block(tokens)
        x = self.norm(tokens).transpose(1, 2).reshape(n, channels, h, w)
        x = self.refine[0](_double(self.deepen(x)) + self.skips[0](eighth))
        x = self.refine[1](_double(self.lessen(x)) + self.skips[1](quarter))
        x = self.out(_double(x))  # (n, 1, H / 2, W / 2)
        return F.interpolate(x.float(), pixels.shape[-2:], mode="bilinear")[:, 0]


def load(path: Path) -> Draft:
    """Return the model with the weights of a file, in float32; a file of another model raises `RuntimeError`."""
    model = Draft()
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    return model


class _Conv(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _Conv(width, width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


class _Block(nn.Module):
    """A transformer block over all places of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(TOKENS), nn.LayerNorm(TOKENS)
        self.qkv, self.proj = nn.Linear(TOKENS, 3 * TOKENS), nn.Linear(TOKENS, TOKENS)
        self.mlp = nn.Sequential(nn.Linear(TOKENS, 3 * TOKENS), nn.GELU(), nn.Linear(3 * TOKENS, TOKENS))

    def forward(self, x: Tensor) -> Tensor:
        n, count, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, count, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, count, TOKENS))
        return x + self.mlp(self.norm2(x))


def _place(x: Tensor) -> Tensor:
    """Return where each place of a map (n, c, h, w) lies: height, squared height, side and distance from the middle."""
    n, _, h, w = x.shape
    rows = torch.linspace(-1, 1, h, dtype=x.dtype, device=x.device)[:, None].expand(h, w)
    columns = torch.linspace(-1, 1, w, dtype=x.dtype, device=x.device)[None].expand(h, w)
    return torch.stack([rows, rows**2, columns, columns.abs()])[None].expand(n, 4, h, w)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear")
