"""What becomes of the depth that a photo brings: the photo's own depth map, or the measure of an estimated one."""

import math
from dataclasses import dataclass, replace

import numpy as np

from ..catalog import EMBEDDED
from ..constraint import inverse_depth
from ..depth import Depth, Lens, valid_index
from ..draft.architecture import output_size
from ..draft.resize import resize
from ..draft.sharpen import extremes, sharpen
from ..errors import DatasetError, EmbeddedDepthError
from ..picture import Photo
from ..prior.fit import Alignment, align
from ..push_pull import push_pull
from .embedded import Embedded, Map

_MOST_POINTS = 50_000  # that an estimate is anchored to


@dataclass(frozen=True, eq=False)
class Made:
    """The depth of a photo, what the photo brought to it, and how well an estimate fits that; None where it did not."""

    depth: Depth
    own: Embedded | None = None
    alignment: Alignment | None = None


def made(photo: Photo, own: Embedded | None, estimate: Depth | None, *, enlarge: bool = True) -> Made:
    """Return a photo's depth: the estimate, the photo's own where there is none, or the one anchored to the other.

    Raises `EmbeddedDepthError` where an estimate can't be anchored.
    """
    if own is not None and estimate is not None:
        depth, alignment = anchored(estimate, own)
        return Made(depth, own, alignment)
    if own is not None:
        return Made(whole(own, photo, enlarge=enlarge), own)
    if estimate is None:
        raise EmbeddedDepthError("There is neither an estimate nor depth of the photo's own. Give one of them")
    return Made(estimate)


def whole(embedded: Embedded, photo: Photo, *, enlarge: bool = True) -> Depth:
    """Return the depth of a photo from what it brings: its holes filled, its outlines those of the photo.

    enlarge: to the photo's size; else it has the size of Draft's depth, in which the outlines were found.
    """
    like = Depth(embedded.values, embedded.known, embedded.kind, 0.0, 0.0, "", "")
    coarse = inverse_depth(like)  # which is linear on a plane: that is what goes on and is blended
    known = np.isfinite(coarse)
    coarse = push_pull(np.where(known, coarse, np.float32(0.0))[None], known.astype(np.float32))[0]
    height, width = photo.rgb.shape[:2]
    rows, columns = output_size(height, width)
    if coarse.shape[0] < rows:
        coarse = _raised(
            coarse, resize(photo.rgb, rows, columns) / np.float32(255 if photo.rgb.dtype == np.uint8 else 1)
        )
    if enlarge and coarse.shape != (height, width):
        coarse = resize(coarse, height, width)
    values = np.reciprocal(coarse) if embedded.kind == "distance" else coarse
    focal_length = embedded.focal_length or photo.focal_length
    validity = photo.validity if enlarge else None
    counted = values[valid_index(validity)]
    return Depth(
        values=values,
        validity=validity,
        kind=embedded.kind,
        raw_min=float(counted.min()),
        raw_max=float(counted.max()),
        model=EMBEDDED,
        revision=embedded.container,
        lens=Lens(focal_length, "photo") if focal_length else None,
    )


def _raised(coarse: Map, photo: Map) -> Map:
    """Return a map (h, w) in the size of its photo, RGB in 0 to 1, (H, W, 3), with steps at the photo's outlines.

    What is stored is finer than what Draft sees, and measured: nothing is moved beyond its neighbours, and over each
    stored pixel the mean goes back to what it was.
    """
    size = photo.shape[:2]
    low, high = (resize(extreme, *size) for extreme in extremes(coarse, 1))
    sharp = np.clip(sharpen(coarse, resize(photo, *coarse.shape), photo), low, high)
    return np.clip(sharp + resize(coarse - resize(sharp, *coarse.shape), *size), low, high)


def anchored(estimate: Depth, embedded: Embedded) -> tuple[Depth, Alignment]:
    """Return an estimate in metres along the view axis, and how it fits: it takes scale and shift from the photo's own.

    estimate: of the same photo, at any size. Nothing becomes farther than the photo's own depth says. Raises
    `EmbeddedDepthError` where that has no unit, or where the two don't agree.
    """
    embedded.check_metric()
    inverse = inverse_depth(estimate)
    rows, columns = embedded.values.shape
    step = math.ceil((rows * columns / _MOST_POINTS) ** 0.5)
    y, x = np.mgrid[step // 2 : rows : step, step // 2 : columns : step]
    counts = np.ones_like(x, bool) if embedded.known is None else embedded.known[y, x]
    y, x = y[counts], x[counts]
    places = np.stack([x + 0.5, y + 0.5], axis=1)
    try:
        alignment = align(inverse, places, 1.0 / embedded.values[y, x].astype(float), (rows, columns))
    except DatasetError as error:
        raise EmbeddedDepthError(
            f"an estimate can't be anchored to its own depth: it {error}. Estimate without an anchor"
        ) from error
    metres = _metres(inverse, alignment, embedded.far)
    counted = metres[np.isfinite(metres)]
    depth = replace(
        estimate,
        values=np.nan_to_num(metres, nan=embedded.far),
        kind="distance",
        raw_min=float(counted.min()),
        raw_max=float(counted.max()),
    )
    return depth, alignment


def _metres(inverse: Map, alignment: Alignment, farthest: float) -> Map:
    """Return distances, NaN where the inverse depth is."""
    scaled = inverse * np.float32(alignment.scale) + np.float32(alignment.offset)
    return np.reciprocal(np.maximum(scaled, np.float32(1.0 / farthest)))
