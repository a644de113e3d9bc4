"""What makes the plain network quick on a CPU, put over it in place: the result stays the same up to rounding.

- LayerScale is a factor on the output of a linear layer, so it is multiplied into that layer.
- oneDNN takes the matrix products of those layers in which it is quicker than torch's own choice (`onednn.py`).
- A transposed convolution without overlap is a linear layer whose output is put in another order.
- The last stages, the largest maps, run in strips, which fit into the cache and into memory that is reused.
- GELU overwrites its input, the widest map of the encoder, which so stays in the cache.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from . import onednn, plain

_STRIP = 74  # rows of the last stage that are computed at once: a seventh of 518


def accelerate(network: nn.Module) -> None:
    """Put the quicker layers in the place of the plain ones. The network stays on the CPU, in float32."""
    layers = list(network.named_modules())
    for _, layer in layers:
        if isinstance(layer, plain.Block):
            _fold(layer.scale1, layer.attn.proj)
            _fold(layer.scale2, layer.mlp.w3 if isinstance(layer.mlp, plain.SwiGlu) else layer.mlp.fc2)
    for name, layer in layers:
        if (quicker := _quicker(layer)) is not None:
            network.set_submodule(name, quicker)


def _fold(scale: plain.LayerScale, layer: nn.Linear) -> None:
    """Multiply the factors into the layer before them."""
    with torch.no_grad():
        layer.weight.mul_(scale.gamma[:, None])
        layer.bias.mul_(scale.gamma)


def _quicker(layer: nn.Module) -> nn.Module | None:
    """Return what takes the place of a layer, or None where it stays."""
    match layer:
        case plain.LayerScale():
            return nn.Identity()
        case nn.GELU():
            return GeluInPlace()
        case nn.ConvTranspose2d():
            return Enlarge(layer)
        case plain.Output():
            return StripOutput(layer)
        case plain.Attention() if onednn.is_quicker_attention(layer.qkv.in_features // layer.heads):
            return onednn.Attention(layer)
        case nn.Linear() if onednn.is_quicker_linear(layer.in_features, layer.out_features):
            return onednn.Linear(layer)
    return None


class GeluInPlace(nn.Module):
    """An exact GELU that overwrites its input, for which torch.nn.functional has no name."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn any shape into itself."""
        return torch.ops.aten.gelu_(x)


class Enlarge(nn.Module):
    """A transposed convolution whose steps are as wide as its kernel, so that the patches it writes do not overlap."""

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.factor = layer.kernel_size[0]
        weight = layer.weight.permute(2, 3, 1, 0).flatten(0, 2).contiguous()  # (factor * factor * channels, channels)
        self.weight = nn.Parameter(weight, requires_grad=False)
        bias = layer.bias.repeat(self.factor**2)  # type: ignore[union-attr]  # this one has a bias
        self.bias = nn.Parameter(bias, requires_grad=False)
        by_onednn = onednn.is_quicker_linear(weight.shape[1], weight.shape[0])
        self.multiply = onednn.product if by_onednn else F.linear

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, ..., h, w) into (B, ..., factor h, factor w)."""
        batch, _, height, width = x.shape
        tokens = x.permute(0, 2, 3, 1).flatten(1, 2)
        x = self.multiply(tokens, self.weight, self.bias)  # (B, h w, factor * factor * channels)
        x = x.view(batch, height, width, self.factor, self.factor, -1).transpose(2, 3)
        return x.reshape(batch, height * self.factor, width * self.factor, -1).permute(0, 3, 1, 2)


class StripOutput(nn.Module):
    """The last convolutions, strip by strip."""

    def __init__(self, output: plain.Output) -> None:
        super().__init__()
        self.output = output

    def forward(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """Turn (B, F, 4 h, 4 w) into (B, 14 h, 14 w)."""
        output = self.output
        x = _in_strips(x, 8 * rows, 8 * columns, output.conv1)  # (B, F / 2, 8 h, 8 w)

        def finish(strip: Tensor) -> Tensor:
            return output.conv3(F.relu_(output.conv2(strip)))

        x = _in_strips(x, plain.PATCH * rows, plain.PATCH * columns, finish)  # (B, maps, 14 h, 14 w)
        return output.activate(x)


def _in_strips(x: Tensor, height: int, width: int, convolve: Callable[[Tensor], Tensor]) -> Tensor:
    """Return `convolve(resize(x, height, width))`, strip by strip, for a 3x3 convolution that pads."""
    strips = []
    for start in range(0, height, _STRIP):
        stop = min(start + _STRIP, height)
        first, last = max(start - 1, 0), min(stop + 1, height)  # a row more for the convolution
        strip = convolve(_resize_rows(x, height, width, first, last)).permute(0, 2, 3, 1)  # channels last
        strips.append(strip[:, start - first :][:, : stop - start])
    return torch.cat(strips, 1).permute(0, 3, 1, 2)


def _resize_rows(x: Tensor, height: int, width: int, start: int, stop: int) -> Tensor:
    """Return the rows from `start` to before `stop` of `resize(x, height, width)`."""
    last = x.shape[2] - 1
    position = torch.arange(start, stop) * (last / (height - 1))
    above = position.long()
    below = (above + 1).clamp_(max=last)
    x = x.permute(0, 2, 3, 1)  # channels last
    weight = (position - above).to(x.dtype)[:, None, None]
    rows = torch.lerp(x.index_select(1, above), x.index_select(1, below), weight)
    return plain.resize(rows.permute(0, 3, 1, 2), stop - start, width)
