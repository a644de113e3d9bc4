"""Where a shot ends, by the pictures alone: for models that look from frame to frame, which get one shot at a time."""

import numpy as np

from ..draft.resize import resize
from .gauge import Map

_SIZE = 48  # pixels of both sides of what is compared
# Crops of 15 photographs: 0.77 or more where one is a sixth of its width aside, or a tenth larger. Of two photographs
# 0.45 or less, but for 2 of 210 pairs.
_LIKE = 0.45  # correlation, -1 to 1


def reduced(light: Map) -> Map:
    """Return what `is_cut` compares of a frame's luma (H, W): its details of a few pixels, zero on average."""
    small = resize(light, _SIZE, _SIZE)
    coarse = resize(resize(small, _SIZE // 8, _SIZE // 8), _SIZE, _SIZE)
    fade = np.hanning(_SIZE + 2)[1:-1].astype(np.float32)  # what leaves the picture counts little
    detail = (small - coarse) * np.outer(fade, fade)
    return np.asarray(detail - detail.mean(), np.float32)


def is_cut(before: Map, after: Map) -> bool:
    """Return whether another shot begins between two reduced frames: no shift lays one over the other.

    The correlation over all shifts follows a camera that pans, and doesn't see a flash or a fade.
    """
    return likeness(before, after) < _LIKE


def likeness(before: Map, after: Map) -> float:
    """Return the largest correlation over all shifts, by the Fourier transform (Lewis 1995)."""
    found = np.fft.irfft2(np.fft.rfft2(before).conj() * np.fft.rfft2(after), s=before.shape)
    scale = float(np.sqrt((before**2).sum() * (after**2).sum()))
    return float(found.max()) / scale if scale > 0.0 else 1.0
