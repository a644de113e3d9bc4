"""What makes the plain network quick on a CPU, put over it in place: the result stays the same up to rounding.

- LayerScale is a factor on the output of a linear layer, so it is multiplied into that layer.
- The factors and the bias of a norm, and the bias of the linear layer after it, are put into that layer's weight.
- The last products of attention and MLP add to the tokens themselves, without a pass of their own for the sum.
- oneDNN takes the matrix products of those layers in which it is quicker than torch's own choice (`onednn.py`).
- A 1x1 convolution is a linear layer over pixels whose channels lie side by side, as oneDNN wants them later.
- A transposed convolution without overlap is a linear layer whose output is put in another order.
- The last stages, the largest maps, run in strips, which fit into the cache and into memory that is reused.
- A strip gets its rows from the smaller map's by a product of matrices, the columns by torch.
- GELU overwrites its input, the widest map of the encoder, which so stays in the cache.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from . import onednn, plain

_SHIFT = 0.125  # of normalised tokens: with more, their small numbers lose digits; with less, the weights do
_STRIP = 74  # rows of the last stage that are computed at once: a seventh of 518


def accelerate(network: nn.Module, *, exact: bool = True) -> None:
    """Put the quicker layers in the place of the plain ones. The network stays on the CPU, in float32.

    exact: False keeps what goes into linear layers as the network was trained, for layers that will round it.
    """
    blocks = {name: layer for name, layer in network.named_modules() if isinstance(layer, plain.Block)}
    for block in blocks.values():
        first, last = (getattr(block.mlp, name) for name in _ends(block.mlp))
        _fold(block.scale1, block.attn.proj)
        _fold(block.scale2, last)
        if exact:
            _absorb(block.norm1, block.attn.qkv)
            _absorb(block.norm2, first)
    for name, layer in list(network.named_modules()):
        if (quicker := _quicker(layer)) is not None:
            network.set_submodule(name, quicker)
    for name, block in blocks.items():
        network.set_submodule(name, Block(block))


def _ends(mlp: nn.Module) -> tuple[str, str]:
    """Return the names of the first and the last layer."""
    return ("w12", "w3") if isinstance(mlp, plain.SwiGlu) else ("fc1", "fc2")


def _fold(scale: plain.LayerScale, layer: nn.Linear) -> None:
    """Multiply the factors into the layer before them."""
    with torch.no_grad():
        layer.weight.mul_(scale.gamma[:, None])
        layer.bias.mul_(scale.gamma)


def _absorb(norm: nn.LayerNorm, layer: nn.Linear) -> None:
    """Put the factors of a norm, and its bias and that of the layer after it, into that layer's weight.

    A normalised token sums up to 0. So a number that is added to a row of the weight changes nothing there, and becomes
    a bias where the norm adds a number to all of the token.
    """
    with torch.no_grad():
        bias = layer(norm.bias)  # (out,)
        layer.weight.mul_(norm.weight)
        layer.weight.add_((bias / _SHIFT - layer.weight.sum(1))[:, None] / layer.in_features)
        layer.register_parameter("bias", None)
        norm.weight.fill_(1.0)
        norm.bias.fill_(_SHIFT)


def _quicker(layer: nn.Module) -> nn.Module | None:
    """Return what takes the place of a layer, or None where it stays."""
    match layer:
        case nn.GELU():
            return GeluInPlace()
        case nn.Conv2d(kernel_size=(1, 1)):
            return Pointwise(layer)
        case nn.ConvTranspose2d():
            return Enlarge(layer)
        case plain.Output():
            return StripOutput(layer)
        case plain.Attention():
            return Attention(layer)
        case nn.Linear() if onednn.is_quicker_linear(layer.in_features, layer.out_features):
            return onednn.Linear(layer)
    return None


class Attention(nn.Module):
    """Multi-head self-attention, by what is quickest here."""

    def __init__(self, attention: plain.Attention) -> None:
        super().__init__()
        self.heads = attention.heads
        self.qkv, self.proj = attention.qkv, attention.proj
        by_onednn = onednn.is_quicker_attention(self.qkv.in_features // self.heads)
        self.attend = onednn.attend if by_onednn else _attend

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        qkv = self.qkv(x).unflatten(2, (3, self.heads, -1))  # (B, T, 3, heads, C / heads)
        return self.proj(self.attend(*qkv.permute(2, 0, 3, 1, 4)).flatten(2))


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return the attention of q, k and v, each (B, heads, T, channels), as (B, T, heads, channels)."""
    x = F.scaled_dot_product_attention(q.contiguous(), k.contiguous(), v.contiguous())  # rows side by side pay
    return x.transpose(1, 2)


class Block(nn.Module):
    """A transformer block whose last products add to the tokens, which it overwrites."""

    def __init__(self, block: plain.Block) -> None:
        super().__init__()
        self.norm1, self.attn, self.norm2, self.mlp = block.norm1, block.attn, block.norm2, block.mlp
        _, last = _ends(self.mlp)
        self.proj, self.out = self.attn.proj, getattr(self.mlp, last)
        self.attn.set_submodule("proj", nn.Identity())
        self.mlp.set_submodule(last, nn.Identity())

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        x = _add(x, self.attn(self.norm1(x)), self.proj)
        return _add(x, self.mlp(self.norm2(x)), self.out)


def _add(x: Tensor, y: Tensor, layer: nn.Module) -> Tensor:
    """Return x + layer(y), in the place of x."""
    if type(layer) is not nn.Linear:  # oneDNN's and int8's products add nothing
        return x.add_(layer(y))
    x.view(-1, x.shape[-1]).add_(layer.bias).addmm_(y.flatten(0, 1), layer.weight.T)
    return x


class GeluInPlace(nn.Module):
    """An exact GELU that overwrites its input, for which torch.nn.functional has no name."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn any shape into itself."""
        return torch.ops.aten.gelu_(x)


class Pointwise(nn.Module):
    """A 1x1 convolution, which keeps the channels of a pixel side by side."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        weight = torch.block_diag(*layer.weight.flatten(1).chunk(layer.groups))  # (out, in)
        self.weight, self.bias = nn.Parameter(weight, requires_grad=False), layer.bias
        self.multiply = _multiply(weight)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, in, h, w) into (B, out, h, w)."""
        return self.multiply(x.permute(0, 2, 3, 1), self.weight, self.bias).permute(0, 3, 1, 2)


class Enlarge(nn.Module):
    """A transposed convolution whose steps are as wide as its kernel, so that the patches it writes do not overlap."""

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.factor = layer.kernel_size[0]
        weight = layer.weight.permute(2, 3, 1, 0).flatten(0, 2).contiguous()  # (factor * factor * channels, channels)
        self.weight = nn.Parameter(weight, requires_grad=False)
        bias = layer.bias.repeat(self.factor**2)  # type: ignore[union-attr]  # this one has a bias
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.multiply = _multiply(weight)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, ..., h, w) into (B, ..., factor h, factor w)."""
        batch, _, height, width = x.shape
        tokens = x.permute(0, 2, 3, 1).flatten(1, 2)
        x = self.multiply(tokens, self.weight, self.bias)  # (B, h w, factor * factor * channels)
        x = x.view(batch, height, width, self.factor, self.factor, -1).transpose(2, 3)
        return x.reshape(batch, height * self.factor, width * self.factor, -1).permute(0, 3, 1, 2)


def _multiply(weight: Tensor) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """Return what makes a linear layer with such a weight, (out, in), quickest."""
    return onednn.product if onednn.is_quicker_linear(weight.shape[1], weight.shape[0]) else F.linear


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
    position = torch.arange(start, stop).mul(last / (height - 1)).clamp_(max=last)
    first, behind = int(position[0]), min(int(position[-1]) + 2, last + 1)
    shares = (1 - (position[:, None] - torch.arange(first, behind)).abs()).clamp_(min=0)  # of each row that is read
    x = x.permute(0, 2, 3, 1)[:, first:behind]  # channels last
    resized = (shares @ x.flatten(2)).unflatten(2, x.shape[2:])  # (B, rows, W, channels)
    lines = resized.flatten(0, 1).transpose(1, 2)[:, :, None]  # each row as a picture, for torch shares out pictures
    lines = plain.resize(lines, 1, width)[:, :, 0].transpose(1, 2)
    return lines.unflatten(0, (-1, stop - start)).permute(0, 3, 1, 2)
