"""The family MoGe-2: a DINOv2 encoder and stacks of convolutions that put out points in metres, as published.

Wang et al. 2025, https://arxiv.org/abs/2507.02546. In the comments on shapes, B is the batch, h and w the rows and
columns of patches.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from ..catalog import Device, Kind, ModelSpec, Precision
from ..depth import USUAL_LENS, Lens
from ..draft.resize import resize
from ..preprocess import MEAN, STD
from . import Output, Rgb, devices, pinhole, plain
from .depth_anything_v2 import watched
from .weights import ENCODER, Layout
from .weights import load as load_network

WIDTHS = (384, 256, 128, 64, 32)  # channels of the five levels, each twice as fine as the one before
CONFIG = plain.ModelConfig(width=384, depth=12, heads=6, taps=(5, 11), features=0, channels=())  # it has no DPT head

_STACKS = {"neck": "neck", "points": "points_head", "normals": "normal_head", "mask": "mask_head"}
_PARTS = {
    "input.{i}": "input_blocks.{i}",
    "enlarge.{i}": "resamplers.{i}.0",
    "smooth.{i}": "resamplers.{i}.1",
    "refine.{i}.conv1": "res_blocks.{n}.0.layers.2",
    "refine.{i}.conv2": "res_blocks.{n}.0.layers.5",
    "output": "output_blocks.4",
}
LAYOUT = Layout(
    "encoder.backbone.",
    {ours: f"encoder.backbone.{theirs}" for ours, theirs in ENCODER.items()}
    | {"project.{i}": "encoder.output_projections.{i}", "scale.{i}": "scale_head.{i}"}
    | {f"{ours}.{part}": f"{theirs}.{place}" for ours, theirs in _STACKS.items() for part, place in _PARTS.items()},
    unused_starts=("encoder.image_",),
    within="model",
)


class Stack(nn.Module):
    """Five levels, from the patch grid to one 16 times as fine. Each adds its input to the level before."""

    def __init__(self, inputs: tuple[int, ...], widths: tuple[int, ...], outputs: int | None) -> None:
        super().__init__()
        steps = tuple(pairwise(widths))
        self.input = nn.ModuleList(nn.Conv2d(i, w, 1) for i, w in zip(inputs, widths, strict=True))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, 2) for coarse, fine in steps[:-1])
        befores = (*widths[1:-1], widths[-2])  # the last step enlarges without a change of channels
        self.smooth = nn.ModuleList(
            nn.Conv2d(before, fine, 3, padding=1, padding_mode="replicate")
            for before, (_, fine) in zip(befores, steps, strict=True)
        )
        self.refine = nn.ModuleList(plain.ResidualUnit(width, "replicate") for width in widths[1:-1])
        self.output = None if outputs is None else nn.Conv2d(widths[-1], outputs, 1)

    def forward(self, inputs: list[Tensor]) -> list[Tensor]:
        """Turn five maps, (B, ..., h, w) to (B, ..., 16 h, 16 w), into five of our widths, or into the output alone."""
        levels = [self.input[0](inputs[0])]
        for level in range(1, 5):
            x = levels[-1]
            x = self.enlarge[level - 1](x) if level < 4 else F.interpolate(x, scale_factor=2, mode="bilinear")
            x = self.smooth[level - 1](x).add_(self.input[level](inputs[level]))
            levels.append(self.refine[level - 1](x) if level < 4 else x)
        return levels if self.output is None else [self.output(levels[-1])]


class Geometry(NamedTuple):
    """What the network puts out. points: (B, 3, 16 h, 16 w), x / z, y / z and log z. mask: (B, 1, 16 h, 16 w), above 0
    where there is a surface. scale: (B), from units of the points to metres. normals: (B, 3, 16 h, 16 w), any length,
    x to the right, y down, z away from the camera, or None.
    """

    points: Tensor
    mask: Tensor
    scale: Tensor
    normals: Tensor | None = None


class MoGe(nn.Module):
    """The whole network."""

    def __init__(self, config: plain.ModelConfig, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.encoder = plain.Encoder(config)
        self.project = nn.ModuleList(nn.Conv2d(config.width, widths[0], 1) for _ in config.taps)
        self.neck = Stack((widths[0] + 2, 2, 2, 2, 2), widths, None)
        self.points, self.normals, self.mask = (Stack(widths, widths, outputs) for outputs in (3, 3, 1))
        hidden = (nn.Linear(config.width, config.width), nn.ReLU(), nn.Linear(config.width, config.width), nn.ReLU())
        self.scale = nn.Sequential(*hidden, nn.Linear(config.width, 1))

    def forward(self, pixels: Tensor, aspect: float, with_normals: bool = False) -> Geometry:
        """Turn normalised pixels (B, 3, 14 h, 14 w) of photos, and their width over height, into their geometry."""
        levels, token = self.features(pixels, aspect)
        normals = self.normals(levels)[0] if with_normals else None
        return Geometry(self.points(levels)[0], self.mask(levels)[0], self.scale(token).exp()[:, 0], normals)

    def features(self, pixels: Tensor, aspect: float) -> tuple[list[Tensor], Tensor]:
        """Turn normalised pixels into the neck's five levels and the class token, (B, C)."""
        rows, columns = (side // plain.PATCH for side in pixels.shape[-2:])
        taps = [tap.float() for tap in self.encoder.with_class_token(pixels)]
        x = sum(
            project(tap[:, 1:].transpose(1, 2).unflatten(2, (rows, columns)))
            for project, tap in zip(self.project, taps, strict=True)
        )  # (B, widths[0], h, w)
        planes = [self._view_plane(x, rows << level, columns << level, aspect) for level in range(5)]
        return self.neck([torch.cat([x, planes[0]], dim=1), *planes[1:]]), taps[-1][:, 0]

    @staticmethod
    def _view_plane(like: Tensor, rows: int, columns: int, aspect: float) -> Tensor:
        plane = torch.from_numpy(pinhole.view_plane(rows, columns, aspect)).to(like)
        return plane.permute(2, 0, 1).expand(len(like), -1, -1, -1)


def load(
    spec: ModelSpec, weights: Callable[[], Path], *, device: Device, precision: Precision, threads: int | None
) -> "MoGe2":
    """Load a model of this family: see `inference.model.load`."""
    place = devices.choose(device, precision)
    network = build(spec, weights())
    devices.prepare(threads)
    return MoGe2(network, place, precision)


def build(_spec: ModelSpec, path: Path) -> MoGe:
    """Return the plain network of the model with the weights of a file."""
    return load_network(path, lambda: MoGe(CONFIG, WIDTHS), (LAYOUT,))


class Seen(NamedTuple):
    """A photo as the network takes it: normalised pixels (1, 3, rows, columns), and its own width over its height."""

    pixels: Tensor
    aspect: float


class MoGe2:
    """MoGe-2 as a `Model`."""

    kind: Kind = "distance"

    def __init__(self, network: MoGe, device: torch.device | str = "cpu", precision: Precision = "float32") -> None:
        """Take over a plain network in float32 on the CPU."""
        self._device = torch.device(device)
        self._dtype = devices.adapt(network, network.encoder, self._device, precision)
        self._network = network.to(self._device)
        network.encoder.to(self._dtype)  # half precisions have too few steps for the points themselves
        self.device = self._device.type

    def sizes(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the rows and columns at which it sees a photo, multiples of 14."""
        short, long = sorted((height, width))
        patches = max(1, round(size / plain.PATCH))
        sides = patches * plain.PATCH, max(1, round(patches * long / short)) * plain.PATCH
        return sides if height <= width else sides[::-1]

    def output_size(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Return the size at which it sees the photo."""
        return self.sizes(height, width, size)

    def bytes_needed(self, rows: int, columns: int, photo_pixels: int) -> int:
        """Estimate from above what one photo takes: maps of 256 pixels a token, and the points at the photo's size."""
        tokens = rows * columns // plain.PATCH**2
        return 4 * (tokens * 256 * 32 * 12 + 12 * photo_pixels) + (64 << 20)

    def prepare(self, rgb: Rgb, rows: int, columns: int) -> Seen:
        """Return the normalised pixels, on the device."""
        pixels = resize(rgb, rows, columns)  # (rows, columns, 3)
        scale = 1.0 / 255.0 if rgb.dtype == np.uint8 else 1.0
        pixels *= (scale / np.array(STD)).astype(np.float32)
        pixels -= (np.array(MEAN) / np.array(STD)).astype(np.float32)
        prepared = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]))
        return Seen(prepared.to(self._device, self._dtype), rgb.shape[1] / rgb.shape[0])

    def run(
        self,
        prepared: Seen,
        size: tuple[int, int],
        progress: Callable[[float], None] | None,
        lens: Lens | None = None,
    ) -> Output:
        """Return the distance, of that size, and the lens that fits it: the one that is known, or its own estimate."""
        return self._run(prepared, size, progress, lens, with_normals=False)

    def run_with_normals(
        self,
        prepared: Seen,
        size: tuple[int, int],
        progress: Callable[[float], None] | None,
        lens: Lens | None = None,
    ) -> Output:
        """Return what `run` does, and the normals."""
        return self._run(prepared, size, progress, lens, with_normals=True)

    def _run(
        self,
        prepared: Seen,
        size: tuple[int, int],
        progress: Callable[[float], None] | None,
        lens: Lens | None,
        *,
        with_normals: bool,
    ) -> Output:
        network = self._network
        parts = [*network.encoder.blocks, network.neck, network.points, network.mask]
        parts += [network.normals] if with_normals else []
        with torch.inference_mode(), watched(parts, progress):
            points, mask, scale, normals = network(*prepared, with_normals)
            if normals is not None:
                normals = _to_viewer(F.interpolate(normals, size, mode="bilinear")[0])
            points, mask = (F.interpolate(x, size, mode="bilinear")[0].cpu().numpy() for x in (points, mask))
        z = np.exp(points[2])
        surface = mask[0] > 0.0
        xyz = np.stack([points[0] * z, points[1] * z, z], axis=-1)
        known = pinhole.to_half_diagonals(lens.focal_length, prepared.aspect) if lens else None
        found = pinhole.focal_and_shift(xyz, surface, prepared.aspect, known)
        if found is None:  # no lens makes a photo of these points
            lens = lens or Lens(USUAL_LENS, "assumed")
            found = pinhole.to_half_diagonals(lens.focal_length, prepared.aspect), 0.0
        focal, shift = found
        z += np.float32(shift)
        surface &= z > 0.0
        z *= np.float32(scale[0].item())
        lens = lens or Lens(pinhole.to_millimetres(focal, prepared.aspect), "model")
        validity = None if surface.all() else surface.astype(np.float32)
        return Output(np.where(surface, z, np.float32(0.0)), validity, lens, normals)


def _to_viewer(normals: Tensor) -> NDArray[np.float32]:
    """Turn (3, H, W), y down and z away from the camera, into unit vectors (H, W, 3), y up and z towards it."""
    turned = F.normalize(normals, dim=0) * normals.new_tensor([1.0, -1.0, -1.0])[:, None, None]
    return np.ascontiguousarray(turned.permute(1, 2, 0).cpu().numpy())
