"""Linear layers of the encoder in int8, for CPUs whose instructions multiply bytes.

Each row of a weight has a scale of its own and no offset; the input of a layer gets one scale and one offset, from its
range, each time (Krishnamoorthi 2018, https://arxiv.org/abs/1806.08342). A scale for each token would nearly halve the
error of a layer, but finding the ranges of rows takes torch most of the time that int8 saves. The products are
oneDNN's, called as torch's compiler calls them, with plain byte tensors: torch's own quantised tensors and layers are
on their way out.
"""

import torch
from torch import Tensor, nn

from ..errors import DeviceError, WeightsError
from .plain import Encoder

_LEVELS = 255  # of a byte, beside 0


class Int8Linear(nn.Module):
    """What stands in for a linear layer."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        largest = layer.weight.abs().amax(dim=1)  # (out,)
        self.scales = largest.clamp(min=torch.finfo(torch.float32).tiny) / 127
        rounded = torch.round(layer.weight / self.scales[:, None]).to(torch.int8)
        self.weight = torch.ops.onednn.qlinear_prepack(rounded, None)
        self.offsets = torch.zeros(len(rounded), dtype=torch.int32)
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """Turn float32 (..., in) into float32 (..., out)."""
        low, high = (float(bound) for bound in torch.aminmax(x))
        low, high = min(low, 0.0), max(high, 0.0)  # so that 0 stays 0
        scale = max(high - low, torch.finfo(torch.float32).tiny) / _LEVELS
        offset = int(-low / scale)
        levels = (x * (1.0 / scale)).add_(offset + 0.5).to(torch.uint8)  # a cast cuts off: this rounds
        return _product(levels, scale, offset, self.weight, self.scales, self.offsets, self.bias)


def check_int8() -> None:
    """Raise `DeviceError` where torch has no product of bytes for this CPU, or one whose sums overflow.

    Processors without VNNI add pairs of products in 16 bits, where the largest ones do not fit.
    """
    try:
        weight = torch.ops.onednn.qlinear_prepack(torch.full((64, 64), 127, dtype=torch.int8), None)
        largest = torch.full((64, 64), 255, dtype=torch.uint8)
        found = _product(largest, 1.0, 0, weight, torch.ones(64), torch.zeros(64, dtype=torch.int32), None)
        right = bool((found == 64 * 255 * 127).all())
    except (AttributeError, RuntimeError):
        right = False
    if not right:
        raise DeviceError("int8 needs a CPU with VNNI and a PyTorch with oneDNN. Use float32")


def quantize(encoder: Encoder) -> None:
    """Put int8 layers in the place of all linear layers of an encoder; `WeightsError` where a weight is no number."""
    for block in encoder.blocks:
        for parent in list(block.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, nn.Linear):
                    if not layer.weight.isfinite().all():
                        raise WeightsError("Some weights are not finite numbers, which int8 can't hold. Use float32")
                    setattr(parent, name, Int8Linear(layer))


def _product(
    levels: Tensor, scale: float, offset: int, weight: Tensor, scales: Tensor, offsets: Tensor, bias: Tensor | None
) -> Tensor:
    """Return scale * (levels - offset) times scales * weight, plus bias, in float32."""
    # The last six: scale and offset of the result, were it bytes; its type; and no function to apply to it.
    return torch.ops.onednn.qlinear_pointwise(
        levels, scale, offset, weight, scales, offsets, bias, 1.0, 0, torch.float32, "none", [], ""
    )
