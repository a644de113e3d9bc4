"""Batches of rendered pictures: those that are like photos more often; cut out, scaled, mirrored, tinted at random."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from inference.preprocess import MEAN, STD

Shard = tuple[NDArray[np.uint8], NDArray[np.float16]]


class Batches:
    """Draws from the shards of a folder, which may still be growing."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.rng = np.random.default_rng(seed)
        self.shards: dict[str, Shard] = {}
        self.likely: dict[str, NDArray[np.float64]] = {}
        self.look()

    def look(self) -> None:
        """Open the shards that have been written since the last look."""
        for path in sorted(self.folder.glob("*.rgb.npy")):
            if path.name not in self.shards:
                depth = path.with_name(path.name.replace("rgb", "disparity"))
                self.shards[path.name] = np.load(path, "r"), np.load(depth, "r")
                self.likely[path.name] = likeness(self.shards[path.name][1])

    def draw(self, count: int, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Return pictures (count, 3, height, width) as the model takes them, and disparities (count, height, width)."""
        drawn = [self._one(height, width) for _ in range(count)]
        photos, depths = (torch.cat(part) for part in zip(*drawn, strict=True))
        return normalised(photos).to(memory_format=torch.channels_last), depths[:, 0]

    def _one(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        rng = self.rng
        name = list(self.shards)[int(rng.integers(len(self.shards)))]
        photos, depths = self.shards[name]
        frame = int(rng.choice(len(photos), p=self.likely[name]))
        rows, columns = photos.shape[1:3]
        share = rng.uniform(0.6, 1) * min(rows / height, columns / width)
        h, w = min(round(share * height), rows), min(round(share * width), columns)
        top, left = int(rng.integers(rows - h + 1)), int(rng.integers(columns - w + 1))
        window = slice(top, top + h), slice(left, left + w)
        step = int(rng.choice([1, -1]))
        photo = torch.from_numpy(photos[frame][window][:, ::step].transpose(2, 0, 1).astype(np.float32) / 255)[None]
        depth = torch.from_numpy(depths[frame][window][:, ::step].astype(np.float32))[None, None]
        photo = F.interpolate(photo, (height, width), mode="bilinear", antialias=True)
        if rng.random() < 0.25:
            photo = _filtered(photo, rng)
        return _tinted(photo, rng), F.interpolate(depth, (height, width), mode="nearest-exact")


def likeness(depths: NDArray[np.float16]) -> NDArray[np.float64]:
    """Return how often each picture of a shard (n, H, W) is to be drawn, as shares (n,).

    That what is lower in the picture is nearer holds more often, and further, in photos than in scenes thrown together
    by chance: photographers stand upright. Pictures where it holds are drawn more often, until it is as true as in
    photos: 0.79 of the pairs in order, 0.7 of the pixels within a quarter.
    """
    small = depths[:, 4::8, 4::8].astype(np.float64) + 1e-3
    count, height, width = small.shape
    rows, flat = np.repeat(np.arange(height), width), small.reshape(count, -1)
    one, other = np.random.default_rng(0).integers(0, height * width, (2, 2000))
    ratio = flat[:, one] / flat[:, other]
    apart = np.maximum(ratio, 1 / ratio) > 1.15
    ordered = (((rows[one] > rows[other]) == (ratio > 1)) & apart).sum(1) / np.maximum(apart.sum(1), 1)
    centred = rows - rows.mean()
    slope = ((flat - flat.mean(1, keepdims=True)) * centred).mean(1, keepdims=True) / rows.var()
    quotient = np.maximum(flat.mean(1, keepdims=True) + slope * centred, 1e-9) / flat
    within = (np.maximum(quotient, 1 / quotient) < 1.25).mean(1)
    weights = np.exp(3 * ordered + 2.5 * within)
    return weights / weights.sum()


def normalised(photos: Tensor) -> Tensor:
    """Return RGB (n, 3, H, W) in 0 to 1 as the models take it."""
    return (photos - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


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
