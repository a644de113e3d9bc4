"""From the samples of a grid to surfaces: the front with its cut, and the background behind it and beyond the border.

What happens is what Depth Relief does: Unproject or Displace, Edge-Aware Cutoff, Background Layer.
"""

from dataclasses import dataclass

import numpy as np

from ..background import MARGIN, Background, margins
from ..depth import SENSOR, Depth
from ..edges import Mask
from .cut import corners, kept
from .samples import Samples, Scale, sample
from .shape import PLANE, Floats, Layer, Quads, Shape

OUTLINE = 128  # vertices of the border along each side of the picture


@dataclass(frozen=True)
class View:
    """Where each point of the picture lies: as `shape` says, for a photo of this aspect, width over height.

    pixels: height and width of the depth map, on whose pixel centres the grid's corners lie.
    """

    shape: Shape
    aspect: float
    pixels: tuple[int, int]

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of the picture in shares of its longer side."""
        return min(self.aspect, 1.0), min(1.0 / self.aspect, 1.0)

    def placed(self, uv: Floats, depth: Floats, scale: Scale) -> Floats:
        """Return vertices (..., 3) at the places `uv` (..., 2) of the picture, of that depth (...)."""
        sides = np.array(self.sides, np.float32)
        if self.shape.projection == "camera":
            distance = np.reciprocal(scale.inverse(depth))
            spread = np.float32(SENSOR / self.shape.focal_length)
            across = (uv - np.float32(0.5)) * (sides * spread) * distance[..., None]
            return np.concatenate([across, -distance[..., None]], axis=-1)
        size = np.array(self.pixels[::-1], np.float32)
        share = (uv * size - np.float32(0.5)) / np.maximum(size - 1, np.float32(1.0))  # 0 at the first pixel centre
        across = (share - np.float32(0.5)) * (sides * np.float32(PLANE))
        return np.concatenate([across, scale.height(depth)[..., None] * np.float32(self.shape.scale)], axis=-1)


def layers(depth: Depth, back: Background | None, shape: Shape, aspect: float) -> tuple[Layer, Layer | None]:
    """Return the front of a depth map, and the background where there is one."""
    samples, scale = sample(depth, back, shape)
    view = View(shape, aspect, depth.values.shape)
    uv = _grid_uv(*samples.depth.shape, *depth.values.shape)
    vertices = view.placed(uv, samples.depth, scale)
    front = _layer(vertices, uv, kept(vertices, scale.inverse(samples.depth), samples, shape))
    return front, None if back is None else _behind(depth, back, samples, scale, view)


def _grid_uv(rows: int, columns: int, height: int, width: int) -> Floats:
    """Return where the vertices lie, (rows, columns, 2): from the first pixel centre to the last, upwards."""
    u = (np.linspace(0.0, width - 1.0, columns) + 0.5) / width
    v = 1.0 - (np.linspace(0.0, height - 1.0, rows) + 0.5) / height
    return np.stack(np.broadcast_arrays(u, v[:, None]), axis=-1).astype(np.float32)


def _layer(vertices: Floats, uv: Floats, faces: Mask) -> Layer:
    """Return those faces of a grid, with the vertices that they use."""
    rows, columns = vertices.shape[:2]
    number = np.arange(rows * columns, dtype=np.uint32).reshape(rows, columns)
    quads = np.stack([corner[faces] for corner in corners(number)], axis=1)
    return compact(vertices.reshape(-1, 3), uv.reshape(-1, 2), quads)


def compact(vertices: Floats, uv: Floats, quads: Quads) -> Layer:
    """Return a layer without the vertices that no face uses."""
    used = np.zeros(len(vertices), bool)
    used[quads] = True
    place = np.cumsum(used, dtype=np.uint32) - np.uint32(1)
    return Layer(vertices[used], uv[used], place[quads])


def _behind(depth: Depth, back: Background, samples: Samples, scale: Scale, view: View) -> Layer | None:
    """Return the faces of which a corner has a background, and those beyond the border; None where there is none."""
    a, b, c, d = corners(samples.presence >= 0.5)
    uv = _grid_uv(*samples.depth.shape, *depth.values.shape)
    inner = _layer(view.placed(uv, samples.behind, scale), uv, a | b | c | d)
    if view.shape.projection == "camera" and view.shape.border > 0.0:
        border = _border(depth, back, scale, view)
        quads = np.concatenate([inner.quads, border.quads + np.uint32(len(inner.vertices))])
        vertices, place = np.concatenate([inner.vertices, border.vertices]), np.concatenate([inner.uv, border.uv])
        inner = Layer(vertices, place, quads)
    if not len(inner.quads):
        return None
    height, width = depth.values.shape
    size, margin = np.array([width, height], np.float32), np.array(margins(height, width)[::-1], np.float32)
    return Layer(inner.vertices, (inner.uv * size + margin) / (size + 2 * margin), inner.quads)


def _border(depth: Depth, back: Background, scale: Scale, view: View) -> Layer:
    """Return a frame around the picture and a little inside it, at the depth of the picture's outermost pixels."""
    total = 1.0 + 2.0 * view.shape.border
    share = np.linspace(-0.5, 0.5, OUTLINE) * total
    apart = np.stack(np.broadcast_arrays(share, -share[:, None]), axis=-1)  # from the picture's middle; top row first
    uv = (apart + 0.5).astype(np.float32)
    height, width = depth.values.shape
    column = np.clip(np.floor(uv[..., 0] * width), 0, width - 1).astype(int)
    row = height - 1 - np.clip(np.floor(uv[..., 1] * height), 0, height - 1).astype(int)
    behind = back.presence[row, column] >= 0.5
    values = np.where(behind, back.depth[row, column], depth.values[row, column])
    known = np.isfinite(values) & (behind | (True if depth.validity is None else depth.validity[row, column] >= 0.5))
    there = known & (np.abs(apart).max(axis=-1) >= 0.5 - total * (2.0 / OUTLINE))
    a, b, c, d = corners(there)
    vertices = view.placed(uv, np.where(known, values, np.float32(1.0)), scale)
    return _layer(vertices, _stretched(uv, view.shape.border), a & b & c & d)


def _stretched(uv: Floats, border: float) -> Floats:
    """Return which places of the picture a border shows: its margin, stretched where that is narrower."""
    rim = np.clip(uv, 0.0, 1.0)
    out = uv - rim
    return rim + out / (1 + np.abs(out) * np.float32(max(1 / MARGIN - 1 / border, 0.0)))
