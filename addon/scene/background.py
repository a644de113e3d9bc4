"""What lies behind the edges of a depth map, in the colours of its photo: the second layer, made beside Blender."""

from concurrent.futures import Future, ThreadPoolExecutor

import bpy
import numpy as np
from numpy.typing import NDArray

from ...inference import background as filling  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..depth import image as depth_image
from ..depth.stored import Layer, Stored
from ..errors import DepthImageError, EstimateError
from . import photo


class Background:
    """A second layer to be made. It is set up on the main thread; `made` may run on another one."""

    def __init__(self, stored: Stored, picture: bpy.types.Image, opacity: NDArray[np.float32] | None) -> None:
        """opacity: the photo's alpha at the pixels of the depth map, float32 (H, W), or None where it has none."""
        self.stored = stored
        self._opaque = None if opacity is None else opacity > 0.0
        self._colours = photo.colours(picture)

    def made(self) -> Layer:
        """Return the layer, in the values that are stored; where the photo is transparent there is none."""
        front = self.stored.front
        known = np.ones(front.shape, bool) if self.stored.alpha is None else self.stored.alpha > 0.0
        back = filling.behind(front, known, self.stored.kind, self._colours, self._opaque)
        return Layer(back.depth, back.presence, back.colour)


class Filling:
    """The background of a depth image that has none, being made in a thread."""

    def __init__(self, depth: bpy.types.Image, background: Background) -> None:
        self._uid, self._packed = depth.session_uid, _packed(depth)
        pool = ThreadPoolExecutor(1, "background")
        self._work: Future[tuple[bytes, NDArray[np.uint8]]] = pool.submit(_file, background)
        pool.shutdown(wait=False)

    @classmethod
    def of(cls, depth: bpy.types.Image, picture: bpy.types.Image) -> "Filling":
        """Begin with what an image holds. Raises DepthImageError for one that `is_missing` says no to."""
        if not is_missing(depth):
            raise DepthImageError(f"{depth.name!r} has a background, or can't be given one. Choose another depth image")
        stored = depth_image.stored_of(depth)
        return cls(depth, Background(stored, picture, photo.opacity(picture, stored.front.shape)))

    @property
    def is_over(self) -> bool:
        """Whether `finish` doesn't wait."""
        return self._work.done()

    def finish(self) -> bpy.types.Image:
        """Wait for the background, put it into its image, and return that. On the main thread.

        Raises DepthImageError if the image is gone or holds other depth now, EstimateError if memory ran out.
        """
        try:
            data, colour = self._work.result()
        except MemoryError as error:
            raise EstimateError(
                "There is not enough memory to fill in the background. Close other programs and fill it in again"
            ) from error
        depth = depth_image.find(self._uid)
        known = depth_image.info(depth) if depth is not None else None
        if depth is None or known is None or not depth.is_editable or _packed(depth) != self._packed:
            raise DepthImageError("The depth image was changed or removed meanwhile, so its background was dropped")
        depth_image.pack(depth, data, known, colour)
        return depth


def is_missing(depth: bpy.types.Image | None) -> bool:
    """Return whether a depth image of ours has no background and can be given one."""
    if depth is None or depth.source == "SEQUENCE" or not depth.is_editable or depth.packed_file is None:
        return False
    known = depth_image.info(depth)
    return known is not None and not known.background


def _file(background: Background) -> tuple[bytes, NDArray[np.uint8]]:
    behind = background.made()
    return background.stored.file(behind), behind.colour


def _packed(depth: bpy.types.Image) -> int:
    """Return what tells one depth from another in the same image: the size of its file."""
    return depth.packed_file.size if depth.packed_file else 0
