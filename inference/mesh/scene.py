"""A photo's scene outside of Blender: one or two surfaces, the picture of each, and the camera that took the photo."""

from dataclasses import dataclass, replace
from math import atan

import numpy as np
from numpy.typing import NDArray

from ..background import behind
from ..depth import SENSOR, Depth
from ..edges import Mask
from ..errors import MeshError
from ..picture import Photo
from .layers import layers
from .samples import valid
from .shape import PLANE, Layer, Shape

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """Who sees the photo. It looks along -Z, +Y up, from (0, 0, z).

    yfov: the vertical angle of view in radians, None with parallel rays. xmag, ymag: half of what those see, in metres.
    aspect: width over height. near, far: metres between which everything lies.
    """

    aspect: float
    z: float
    near: float
    far: float
    yfov: float | None = None
    xmag: float = 0.0
    ymag: float = 0.0


@dataclass(frozen=True, eq=False)
class Scene:
    """front, back: the surfaces, the background None where there is none. photo, fill: their pictures, uint8 sRGB."""

    front: Layer
    back: Layer | None
    photo: Pixels
    fill: Pixels | None
    camera: Camera

    def parts(self) -> list[tuple[str, Layer, Pixels]]:
        """Return each surface with its name and its picture."""
        parts = [("front", self.front, self.photo)]
        if self.back is not None and self.fill is not None:
            parts.append(("background", self.back, self.fill))
        return parts


def build(depth: Depth, photo: Photo, shape: Shape) -> Scene:
    """Return the scene of a photo and its depth map, of any size but the photo's aspect.

    Raises `MeshError` where the shapes differ, nothing is known or the cut leaves nothing.
    """
    aspect = photo.rgb.shape[1] / photo.rgb.shape[0]
    check_aspect(depth, photo)
    rgb, depth, opaque = to_8_bit(photo.rgb), *_with_opacity(depth, photo)
    known = valid(depth)
    if not known.any():
        raise MeshError("The depth map has no valid pixel. Check it, and the photo's transparency")
    back = behind(depth.values, known, depth.kind, rgb, opaque) if shape.background else None
    front, second = layers(depth, back, shape, aspect)
    if not len(front.quads):
        raise MeshError("The cut leaves nothing. Raise --threshold or --vertices, or lower --island")
    fill = back.colour if second is not None and back is not None else None
    return Scene(front, second, rgb, fill, _camera(front, second, shape, depth, aspect))


def _with_opacity(depth: Depth, photo: Photo) -> tuple[Depth, Mask | None]:
    """Return the depth that counts where the photo is opaque too, and where that is, None for everywhere."""
    if photo.validity is None:
        return depth, None
    rows, columns = (
        ((np.arange(there) + 0.5) * here / there).astype(int)
        for here, there in zip(photo.validity.shape, depth.values.shape, strict=True)
    )
    alpha = np.asarray(photo.validity[np.ix_(rows, columns)], np.float32)
    both = alpha if depth.validity is None else np.minimum(alpha, depth.validity)
    return replace(depth, validity=both), alpha > 0.0


def check_aspect(depth: Depth, photo: Photo) -> None:
    """Raise `MeshError` where a depth map is of another shape than its photo."""
    (height, width), (rows, columns) = photo.rgb.shape[:2], depth.values.shape
    if abs(width / height / (columns / rows) - 1) > 0.02 + 1 / min(rows, columns):
        raise MeshError(
            f"The depth map is {columns} x {rows}, the photo {width} x {height}, which is another shape. Take the "
            "depth map that was made from this photo, neither turned nor cropped"
        )


def to_8_bit(rgb: NDArray[np.uint8] | NDArray[np.float32]) -> Pixels:
    """Return colours of 0 to 255 from those, or from floats of 0 to 1."""
    if rgb.dtype == np.uint8:
        return np.asarray(rgb, np.uint8)
    return np.asarray(np.clip(rgb * np.float32(255.0) + np.float32(0.5), 0, 255), np.uint8)


def _camera(front: Layer, behind: Layer | None, shape: Shape, depth: Depth, aspect: float) -> Camera:
    away = -front.vertices[:, 2]
    nearest, farthest = float(away.min()), float(away.max())
    if behind is not None:
        farthest = max(farthest, float(-behind.vertices[:, 2].min()))
    sides = min(aspect, 1.0), min(1.0 / aspect, 1.0)
    if shape.projection == "camera":
        yfov = 2 * atan(sides[1] * SENSOR / shape.focal_length / 2)
        return Camera(aspect, 0.0, nearest / 10, farthest * 10, yfov)
    # A plane ends on the outermost pixel centres, and the picture half a pixel beyond.
    pixels = depth.values.shape
    beyond = [side / max(side - 1, 1) * PLANE / 2 for side in (pixels[1], pixels[0])]
    z = PLANE + max(abs(shape.scale), 0.0)
    return Camera(aspect, z, 0.01, z + abs(farthest) + PLANE, None, sides[0] * beyond[0], sides[1] * beyond[1])
