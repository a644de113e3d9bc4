"""Batches of pictures: cut out, scaled, mirrored, and harmed as photos are, at random."""

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from inference.draft.architecture import DEVIATION, MEAN

from .pictures import Source

FILTERED = 0.3  # share of the pictures through a random filter


class Batches:
    """Draws from several sources, each by its share."""

    def __init__(self, sources: Sequence[tuple[Source, float]], seed: int) -> None:
        self.sources = [source for source, _ in sources]
        shares = np.array([share for _, share in sources])
        self.shares = shares / shares.sum()
        self.rng = np.random.default_rng(seed)

    def look(self) -> None:
        """Find what has been written since the last look."""
        for source in self.sources:
            source.look()

    def draw(self, count: int, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Return pictures (count, 3, height, width) as the network takes them, and their inverse depths.

        Those are (count, height, width), and `pictures.UNKNOWN` where they are not known.
        """
        drawn = [self._one(height, width) for _ in range(count)]
        photos, depths = (torch.cat(part) for part in zip(*drawn, strict=True))
        return normalised(photos).to(memory_format=torch.channels_last), depths[:, 0]

    def _one(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        rng = self.rng
        photo, depth = self.sources[int(rng.choice(len(self.sources), p=self.shares))].draw(rng)
        rows, columns = depth.shape
        share = rng.uniform(0.6, 1) * min(rows / height, columns / width)
        stretch = np.exp(rng.normal(0, 0.06))
        h, w = min(round(share * height * stretch), rows), min(round(share * width / stretch), columns)
        top, left = int(rng.integers(rows - h + 1)), int(rng.integers(columns - w + 1))
        window = slice(top, top + h), slice(left, left + w)
        step = int(rng.choice([1, -1]))
        pixels = torch.from_numpy(photo[window][:, ::step].transpose(2, 0, 1).astype(np.float32) / 255)[None]
        inverse = torch.from_numpy(depth[window][:, ::step].copy())[None, None]
        pixels = F.interpolate(pixels, (height, width), mode="bilinear", antialias=True)
        return harmed(pixels, rng), F.interpolate(inverse, (height, width), mode="nearest-exact")


def normalised(photos: Tensor) -> Tensor:
    """Return RGB (n, 3, H, W) in 0 to 1 as the network takes it."""
    return (photos * 255 - MEAN) / DEVIATION


def harmed(photo: Tensor, rng: np.random.Generator) -> Tensor:
    """Return a picture (1, 3, H, W) in 0 to 1 as worse cameras, other lights and other materials would show it."""
    if rng.random() < FILTERED:
        photo = _filtered(photo, rng)
    photo = _tinted(photo, rng)
    if rng.random() < 0.2:
        photo = _softened(photo, rng)
    if rng.random() < 0.25:
        noise = rng.normal(0, rng.uniform(0.005, 0.05), tuple(photo.shape)).astype(np.float32)
        photo = (photo + torch.from_numpy(noise)).clamp(0, 1)
    if rng.random() < 0.3:
        photo = _compressed(photo, rng)
    return _holed(photo, rng) if rng.random() < 0.1 else photo


def _filtered(photo: Tensor, rng: np.random.Generator) -> Tensor:
    """Return a picture through a random 3 x 3 filter across its colours, which keeps forms and changes the rest.

    Xu et al. 2021, "Robust and generalizable visual representation learning via random convolutions".
    """
    kernel = torch.tensor(rng.normal(0, 1, (3, 3, 3, 3)), dtype=torch.float32)
    other = F.conv2d(F.pad(photo, (1, 1, 1, 1), mode="replicate"), kernel)
    other = (other - other.mean()) / (other.std() + 1e-4) * photo.std() + photo.mean()
    return torch.lerp(photo, other, float(rng.uniform(0.2, 1))).clamp(0, 1)


def _tinted(photo: Tensor, rng: np.random.Generator) -> Tensor:
    """Return a picture with other colours, contrast and brightness."""
    grey = photo.mean(1, keepdim=True)
    photo = grey + (photo - grey) * (float(rng.uniform(0.3, 1.3)) if rng.random() < 0.85 else 0.0)
    photo = photo.clamp(0, 1) ** float(np.exp(rng.normal(0, 0.25)))
    gain = torch.tensor(np.exp(rng.normal(0, 0.06, 3)), dtype=torch.float32).view(3, 1, 1)
    middle = photo.mean()
    return ((photo - middle) * float(rng.uniform(0.6, 1.2)) + middle + float(rng.normal(0, 0.06))).mul(gain).clamp(0, 1)


def _softened(photo: Tensor, rng: np.random.Generator) -> Tensor:
    """Return a picture as if enlarged from a smaller one."""
    size = photo.shape[-2:]
    share = rng.uniform(0.4, 0.9)
    small = [max(round(share * side), 8) for side in size]
    return F.interpolate(F.interpolate(photo, small, mode="bilinear", antialias=True), size, mode="bilinear")


def _compressed(photo: Tensor, rng: np.random.Generator) -> Tensor:
    """Return a picture after a lossy JPEG."""
    pixels = (photo[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(25, 90)))
        pixels = np.asarray(Image.open(file))
    return torch.from_numpy(pixels.transpose(2, 0, 1).astype(np.float32) / 255)[None]


def _holed(photo: Tensor, rng: np.random.Generator) -> Tensor:
    """Return a picture with a rectangle of one grey, which the rest has to explain."""
    rows, columns = photo.shape[-2:]
    h, w = int(rng.integers(rows // 8, rows // 3)), int(rng.integers(columns // 8, columns // 3))
    top, left = int(rng.integers(rows - h)), int(rng.integers(columns - w))
    photo = photo.clone()
    photo[..., top : top + h, left : left + w] = float(rng.random())
    return photo
