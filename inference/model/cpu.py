"""What makes the plain network quick on a CPU, put over it in place: the result stays the same up to rounding.

- LayerScale is a factor on the output of a linear layer, so it is multiplied into that layer.
- Where that is quicker, oneDNN makes the matrix products in the place of MKL, to which torch gives them, and which uses
  half the width of some processors that are not Intel's. Elsewhere fused attention wins.
- A transposed convolution without overlap is a linear layer whose output is put in another order.
- The last stages, the largest maps, run in strips, which fit into the cache and into memory that is reused.
- GELU overwrites its input, the widest map of the encoder, which so stays in the cache.
"""

import logging
import math
import time
from collections.abc import Callable
from functools import cache
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from ..errors import first_line
from . import plain

log = logging.getLogger(__name__)

_STRIP = 74  # rows of the last stage that are computed at once: a seventh of 518
_SCORES = 1 << 21  # attention scores that are held at once: 8 MiB, a cacheful
_TOO_LARGE = 2.0**100  # times values of up to 2 ** 27, the weights of attention still sum up without an overflow


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
        case plain.Attention() if onednn_is_quicker():
            return OneDnnAttention(layer)
        case nn.Linear() if onednn_is_quicker():
            return OneDnnLinear(layer)
    return None


# --- oneDNN -------------------------------------------------------------------------------------------------------


@cache
def onednn_is_quicker() -> bool:
    """Measure, once and in some 20 ms, whether oneDNN clearly outruns torch's own choice on this CPU.

    One thread measures: two would wait for each other while other processes have the cores. A torch without these
    operators, which are not public, and one where they fail or differ, keeps its own choice.
    """
    x, weight = torch.randn(512, 384), torch.randn(384, 384)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        reordered = torch.ops.mkldnn._reorder_linear_weight(weight)
        if not torch.allclose(_product(x, reordered), F.linear(x, weight), rtol=1e-3, atol=1e-3):
            return False
        turns = [(_seconds(_product, x, weight), _seconds(F.linear, x, weight)) for _ in range(10)]
    except (AttributeError, RuntimeError) as error:
        log.info("oneDNN's own operators are left out: %s", first_line(error))
        return False
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


class OneDnnLinear(nn.Linear):
    """A linear layer by oneDNN, which in the first run puts the weight in its own order."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer.in_features, layer.out_features, device="meta")
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """Turn (..., in) into (..., out)."""
        if not self.weight.is_mkldnn:
            reordered = torch.ops.mkldnn._reorder_linear_weight(self.weight)
            self.weight = nn.Parameter(reordered, requires_grad=False)
        return _product(x, self.weight, self.bias)


class OneDnnAttention(nn.Module):
    """Attention by oneDNN's matrix products, block by block of queries."""

    def __init__(self, attention: plain.Attention) -> None:
        super().__init__()
        self.heads = attention.heads
        self.qkv, self.proj = attention.qkv, attention.proj

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, T, C) into (B, T, C)."""
        qkv = self.qkv(x).unflatten(2, (3, self.heads, -1))  # (B, T, 3, heads, C / heads)
        return self.proj(attend(*qkv.permute(2, 0, 3, 1, 4)).flatten(2))


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return the attention of q, k and v, each (B, heads, T, channels), as (B, T, heads, channels).

    This does without the search for the largest score of each query. The softmax stays the same when all scores of a
    query change by one number: with the mean of the keys taken off them, the mean of the scores is 0. The mean of their
    powers is at least 1 then (Jensen), so what vanishes does not count, and one look at the sums of the powers tells
    whether any came near an overflow; if so, torch's own attention does the work.
    """
    batch, heads, tokens, channels = q.shape
    bits = math.log2(math.e) / math.sqrt(channels)  # to a power of 2, and the scale of the scores
    shift = k.mean(2, keepdim=True).mul_(-bits)
    keys = torch.add(shift, k, alpha=bits, out=k.new_empty(k.shape))
    out = q.new_empty(batch, tokens, heads, channels)
    rows = -(-tokens // -(-(tokens**2) // _SCORES))  # as few blocks as _SCORES allows, all alike
    sums = []
    for picture, head in product(range(batch), range(heads)):
        key, value = keys[picture, head], v[picture, head].contiguous()
        parts = zip(q[picture, head].split(rows), out[picture, :, head].split(rows), strict=True)
        sums += [_weigh(query, key, value, part) for query, part in parts]
    if torch.cat(sums).amax() < _TOO_LARGE:
        return out
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)


def _weigh(query: Tensor, key: Tensor, value: Tensor, out: Tensor) -> Tensor:
    """Write the means of the values, weighted with 2 to the power of the scores, and return the sums of the weights."""
    powers = _product(query, key).exp2_()
    sums = powers.sum(-1, keepdim=True)
    torch.div(_product(powers, value.T), sums, out=out)
    return sums


# --- Layers that torch's libraries need no help with --------------------------------------------------------------


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

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, ..., h, w) into (B, ..., factor h, factor w)."""
        batch, _, height, width = x.shape
        multiply = _product if onednn_is_quicker() else F.linear
        x = multiply(
            x.permute(0, 2, 3, 1).flatten(1, 2), self.weight, self.bias
        )  # (B, h w, factor * factor * channels)
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
