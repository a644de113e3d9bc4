"""What a camera makes of light: exposure, white balance, focus, noise, and a file that lost something."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .solids import Array


def photograph(colour: Array, distance: Array, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return an sRGB photo of linear `colour` (H, W, 3); `distance` (H, W) decides what is out of focus."""
    level = np.percentile(colour.mean(-1), rng.uniform(50, 95)) + 1e-4
    picture = colour * (rng.uniform(0.2, 0.8) / level)
    picture = picture * np.exp(rng.normal(0, 0.07, 3)).astype(np.float32)  # white balance
    picture = picture * _vignette(picture.shape[:2], rng.uniform(0, 0.5))
    if rng.random() < 0.25:
        picture = _defocus(picture, distance, rng)
    if rng.random() < 0.2:
        picture = _blur(picture, int(rng.integers(1, 3)))
    gain = np.exp(rng.uniform(np.log(0.002), np.log(0.03)))
    noise = rng.standard_normal(picture.shape, np.float32)
    picture = picture + gain * noise * (0.3 + np.sqrt(np.clip(picture, 0, 1)))
    toe = np.clip(picture, 0, None)
    if rng.random() < 0.5:
        toe = toe * (1 + toe / 4) / (1 + toe)  # highlights roll off as film's do
    encoded = np.clip(toe, 0, 1) ** (1 / rng.uniform(1.8, 2.6))
    photo = np.round(255 * encoded).astype(np.uint8)
    if rng.random() < 0.6:
        with io.BytesIO() as file:
            Image.fromarray(photo).save(file, "JPEG", quality=int(rng.integers(30, 96)))
            photo = np.asarray(Image.open(file).convert("RGB"))
    return photo


def _vignette(shape: tuple[int, int], strength: float) -> Array:
    rows, columns = (np.linspace(-1, 1, length, dtype=np.float32) ** 2 for length in shape)
    return (1 - strength * 0.5 * (rows[:, None] + columns))[..., None]


def _blur(picture: Array, reach: int) -> Array:
    """Return (H, W, 3) averaged over squares, twice: nearly a Gaussian of sigma 0.8 reach."""
    size = 2 * reach + 1
    for _ in range(2):
        for axis in (0, 1):
            pad = [(0, 0)] * 3
            pad[axis] = (reach + 1, reach)
            total = np.pad(picture, pad, mode="edge").cumsum(axis)
            length = picture.shape[axis]
            picture = (total.take(range(size, size + length), axis) - total.take(range(length), axis)) / size
    return picture


def _defocus(picture: Array, distance: Array, rng: np.random.Generator) -> Array:
    """Return the picture with what is far from the plane of focus blurred, in three steps."""
    near = 1 / distance
    focus = near[tuple(rng.integers(0, length) for length in near.shape)]
    circle = np.abs(near - focus) / (np.percentile(near, 95) + 1e-6) * rng.uniform(1, 5)
    result = picture
    for reach in (1, 2, 4):
        amount = np.clip(circle[..., None] - (reach - 1), 0, 1)
        result = result * (1 - _blur(amount, reach)) + _blur(picture, reach) * _blur(amount, reach)
    return result
