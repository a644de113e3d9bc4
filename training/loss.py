"""What the training lessens: errors of disparity after scale and shift, of its edges, and of the order of pairs.

Disparity is normalised as in MiDaS (Ranftl et al., 2020) and Depth Anything (Yang et al., 2024), but the true one only:
a guess that is left at its own scale may shrink towards the median where the picture doesn't tell, which steadies a
training from nothing. The gradients over several scales are those of MegaDepth (Li and Snavely, 2018), the pairs those
of Chen et al. (2016).
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

SCALES = 4
PAIRS = 1024  # a picture
APART = 1.15


def loss(found: Tensor, true: Tensor) -> Tensor:
    """Return one number for disparities (n, H, W), larger is nearer; the true ones are known at every pixel."""
    error = found - _normalised(true)
    return error.abs().mean() + 0.5 * _gradients(error) + 0.3 * _order(found, true)


def _normalised(disparity: Tensor) -> Tensor:
    """Return (n, H, W) with a median of 0 and a mean deviation from it of 1, in each picture."""
    flat = disparity.flatten(1)
    centred = flat - flat.median(1, keepdim=True).values
    return (centred / (centred.abs().mean(1, keepdim=True) + 1e-4)).reshape(disparity.shape)


def _gradients(error: Tensor) -> Tensor:
    total = error.new_zeros(())
    for _ in range(SCALES):
        total = total + error.diff(dim=1).abs().mean() + error.diff(dim=2).abs().mean()
        error = F.avg_pool2d(error[:, None], 2)[:, 0]
    return total / SCALES


def _order(found: Tensor, true: Tensor) -> Tensor:
    """Return how far pairs of random pixels, whose disparities differ enough, are from being in the right order."""
    flat, exact = found.flatten(1), true.flatten(1) + 1e-3
    one, other = torch.randint(flat.shape[1], (2, len(flat), PAIRS), device=flat.device)
    ratio = exact.gather(1, one) / exact.gather(1, other)
    sign = (ratio > APART).float() - (ratio < 1 / APART).float()
    gap = flat.gather(1, one) - flat.gather(1, other)
    return (F.softplus(-4 * sign * gap) * sign.abs()).sum() / sign.abs().sum().clamp(min=1)
