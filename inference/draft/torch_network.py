"""Draft in torch: an EfficientNet-Lite trunk, attention at 1/32, and additions on the way up, as in DPT.

What another implementation needs to know; sizes and channels are in `architecture.py`:

- Input: float32 (n, 3, H, W), RGB, sRGB-encoded, (8-bit value - 127) / 128; H and W are multiples of 32. A photo is
  made smaller with a bilinear filter that is as wide as the step (antialiased, as Pillow's BILINEAR does).
- Output: float32 (n, H / 2, W / 2), disparity without scale or shift, larger is nearer.
- `trunk.stem`: 3x3, stride 2, then ReLU6. A stage is a row of blocks `trunk.stages.S.B`: `expand` (1x1, ReLU6; stage 0
  has none), `depthwise` (k x k, ReLU6), `project` (1x1, linear), plus the block's input where neither stride nor
  channels changed. With stride 1 the padding is k // 2 zeros on every side. With stride 2 it is (k - 2) // 2 zeros at
  the top and left and one more at the bottom and right (TensorFlow's SAME).
- `embed` (1x1) takes the map at 1/32 and four more channels, in this order: row r in -1 to 1 (first and last row are
  -1 and 1), r^2, column c likewise, |c|. Its pixels in reading order are the tokens.
- `blocks.N`: x += proj(attention(norm1(x))), x += fc2(relu(fc1(norm2(x)))). `qkv` puts out queries, keys and values
  one after another, each as 6 heads of 32; the scores are divided by sqrt(32). Then `norm`.
- `decoder.L`, at 1/16, 1/8, 1/4 and 1/2: `down` (1x1) of the map below, made twice as large (bilinear, half-pixel
  centres, edges repeated), plus `skip` (1x1) of the trunk's map of that size, then x += conv2(relu(conv1(relu(x)))),
  both 3x3.
- `head`: 3x3 of relu(x) to one channel, at 1/2.

Every layer has `weight` and `bias`. The file is safetensors in half precision, computed in float32.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from .architecture import BLOCKS, DECODER, EPSILON, EXPANSION, HEADS, HIDDEN, STAGES, STEM, TAKEN, TOKENS


class Conv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME pads even sides, then ReLU6 where `active`."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, *, active: bool = True
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups)
        before = (kernel - 2) // 2
        after = kernel - 2 - before
        self.around = (before, after, before, after) if stride == 2 else None
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h / stride, w / stride)."""
        x = F.pad(x, self.around) if self.around else x
        x = super().forward(x)
        return F.relu6(x) if self.active else x


class InvertedResidual(nn.Module):
    """MobileNetV2's block (Sandler et al. 2018): widen, filter each channel, narrow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = Conv(inputs, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = Conv(wide, wide, kernel, stride, wide)
        self.project = Conv(wide, outputs, 1, active=False)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h / stride, w / stride)."""
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class Trunk(nn.Module):
    """Input (n, 3, H, W) -> maps at 1/2, 1/4, 1/8, 1/16 and 1/32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(3, STEM, 3, 2)
        self.stages = nn.ModuleList()
        inputs = STEM
        for number, (kernel, stride, channels, repeats) in enumerate(STAGES):
            blocks = []
            for block in range(repeats):
                expansion = EXPANSION if number else 1
                blocks.append(InvertedResidual(inputs, channels, kernel, 1 if block else stride, expansion))
                inputs = channels
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Return the five maps, the largest first."""
        x, maps = self.stem(pixels), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return [maps[number] for number in TAKEN]


class Block(nn.Module):
    """A transformer block over all places of the picture: (n, places, TOKENS) -> the same."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(TOKENS, EPSILON), nn.LayerNorm(TOKENS, EPSILON)
        self.qkv, self.proj = nn.Linear(TOKENS, 3 * TOKENS), nn.Linear(TOKENS, TOKENS)
        self.fc1, self.fc2 = nn.Linear(TOKENS, HIDDEN), nn.Linear(HIDDEN, TOKENS)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, places, TOKENS)."""
        n, places, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, places, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, places, TOKENS))
        return x + self.fc2(F.relu(self.fc1(self.norm2(x))))


class Level(nn.Module):
    """One step up: a map from below at half the size, and the trunk's map, into one of `channels`."""

    def __init__(self, below: int, beside: int, channels: int) -> None:
        super().__init__()
        self.down, self.skip = nn.Conv2d(below, channels, 1), nn.Conv2d(beside, channels, 1)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, below: Tensor, beside: Tensor) -> Tensor:
        """Return (n, channels, h, w), h and w being those of `beside`."""
        x = F.interpolate(self.down(below), scale_factor=2, mode="bilinear") + self.skip(beside)
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class Draft(nn.Module):
    """The whole network; see the module."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        *beside, deepest = (STAGES[number][2] for number in TAKEN)
        self.embed = nn.Conv2d(deepest + 4, TOKENS, 1)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(TOKENS, EPSILON)
        below = (TOKENS, *DECODER[:-1])
        self.decoder = nn.ModuleList(map(Level, below, reversed(beside), DECODER))
        self.head = nn.Conv2d(DECODER[-1], 1, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return disparities, float32 (n, H / 2, W / 2), for `pixels` (n, 3, H, W)."""
        *beside, x = self.trunk(pixels)
        x = self.embed(torch.cat([x, place(x)], 1))
        n, channels, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)  # (n, h w, channels)
        for block in self.blocks:
            tokens = block(tokens)
        x = self.norm(tokens).transpose(1, 2).reshape(n, channels, h, w)
        for level, skip in zip(self.decoder, reversed(beside), strict=True):
            x = level(x, skip)
        return self.head(F.relu(x)).float()[:, 0]


def place(x: Tensor) -> Tensor:
    """Return where each pixel of a map (n, c, h, w) lies, (n, 4, h, w): row, its square, column, its magnitude."""
    n, _, h, w = x.shape
    rows = torch.linspace(-1, 1, h, dtype=x.dtype, device=x.device)[:, None].expand(h, w)
    columns = torch.linspace(-1, 1, w, dtype=x.dtype, device=x.device)[None].expand(h, w)
    return torch.stack([rows, rows**2, columns, columns.abs()])[None].expand(n, 4, h, w)


def load(path: Path) -> Draft:
    """Return the network with the weights of a file, in float32; a file of another network raises `RuntimeError`."""
    network = Draft()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    return network.eval()
