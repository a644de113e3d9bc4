"""What the training lessens: errors of disparity after scale and shift, of its edges, of distance, and of order.

Disparity is normalised as in MiDaS (Ranftl et al., 2020) and Depth Anything (Yang et al., 2024), but the true one only:
a guess that is left at its own scale may shrink towards the median where the picture doesn't tell. The gradients over
several scales are those of MegaDepth (Li and Snavely, 2018), the pairs those of Chen et al. (2016). The term of
distance compares logarithms after the best scale and shift, which is what delta1 counts.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

SCALES = 4
PAIRS = 2048  # a picture
APART = 1.15
CAP = 1.0  # of an error of distance, as a logarithm: a few pixels far off don't outweigh the rest
LEAST = 0.02  # of the median inverse depth: what is farther counts as being there


def loss(found: Tensor, true: Tensor, edges: float = 0.5) -> Tensor:
    """Return one number for disparities (n, H, W), larger is nearer; true ones below 0 are unknown.

    A picture needs at least one pixel that is known. `edges` weighs the gradients.
    """
    known = (true >= 0).float()
    true = true.clamp(min=0)
    error = (found - _normalised(true, known)) * known
    absolute = error.abs().flatten(1).sum(1) / known.flatten(1).sum(1)
    return (
        absolute.clamp(max=4).mean()
        + edges * _gradients(error, known)
        + 0.5 * _order(found, true, known)
        + 0.5 * _distance(found, true, known)
    )


def _normalised(disparity: Tensor, known: Tensor) -> Tensor:
    """Return (n, H, W) with a median of 0 and a mean deviation from it of 1 in what is known of each picture."""
    flat, weights = disparity.flatten(1), known.flatten(1)
    median = torch.where(weights > 0, flat, torch.nan).nanmedian(1, keepdim=True).values
    deviation = ((flat - median).abs() * weights).sum(1, keepdim=True) / weights.sum(1, keepdim=True)
    return ((flat - median) / (deviation + 1e-4 * median + 1e-9)).reshape(disparity.shape)


def _gradients(error: Tensor, known: Tensor) -> Tensor:
    total = error.new_zeros(())
    for _ in range(SCALES):
        for axis in (1, 2):
            length = error.shape[axis] - 1
            both = known.narrow(axis, 0, length) * known.narrow(axis, 1, length)
            total = total + (error.diff(dim=axis).abs() * both).sum() / both.sum().clamp(min=1)
        weights = F.avg_pool2d(known[:, None], 2)[:, 0]
        error = F.avg_pool2d(error[:, None], 2)[:, 0] / weights.clamp(min=0.25)
        known = (weights > 0).float()
    return total / SCALES


def _order(found: Tensor, true: Tensor, known: Tensor) -> Tensor:
    """Return how far pairs of random pixels, whose disparities differ enough, are from being in the right order."""
    flat, exact, weights = found.flatten(1), true.flatten(1), known.flatten(1)
    exact = exact + 1e-3 * exact.mean(1, keepdim=True) + 1e-9
    one, other = torch.randint(flat.shape[1], (2, len(flat), PAIRS), device=flat.device)
    ratio = exact.gather(1, one) / exact.gather(1, other)
    sign = (ratio > APART).float() - (ratio < 1 / APART).float()
    sign = sign * weights.gather(1, one) * weights.gather(1, other)
    gap = flat.gather(1, one) - flat.gather(1, other)
    return (F.softplus(-4 * sign * gap) * sign.abs()).sum() / sign.abs().sum().clamp(min=1)


def _distance(found: Tensor, true: Tensor, known: Tensor) -> Tensor:
    """Return the mean error of log distance after the least-squares scale and shift, without the sky."""
    flat, exact = found.flatten(1), true.flatten(1)
    counted = known.flatten(1) * (exact > 0)
    number = counted.sum(1, keepdim=True).clamp(min=1)
    exact = exact / ((exact * counted).sum(1, keepdim=True) / number + 1e-9)
    x, y = ((value * counted).sum(1, keepdim=True) / number for value in (flat, exact))
    covariance = ((flat - x) * (exact - y) * counted).sum(1, keepdim=True) / number
    variance = ((flat - x) ** 2 * counted).sum(1, keepdim=True) / number
    fit = y + (covariance / (variance + 1e-3)).clamp(min=0.02) * (flat - x)
    error = (fit.clamp(min=LEAST).log() - exact.clamp(min=LEAST).log()).abs().clamp(max=CAP)
    return (error * counted).sum() / counted.sum().clamp(min=1)
