"""A photo as Blender loads it: refused when damaged; which one an object shows; its colours and its transparency."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...inference import png  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.first_picture import not_the_photo  # type: ignore[import-not-found]
from ...inference.orientation import UPRIGHT, upright  # type: ignore[import-not-found]  # as the extension's root
from ...inference.paths import unreadable  # type: ignore[import-not-found]
from ...inference.picture import encode_srgb  # type: ignore[import-not-found]
from ..depth import image as depth_image
from ..depth import picture as picture_file
from ..depth.colour import to_rec709
from ..errors import PhotoError, first_line, printable

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")  # of photos that Blender opens
FOREIGN = (".heic", ".heif", ".avif")  # of photos that it doesn't: a dialog shows them, and an error says what to do

MOVIE_SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")

_FITS, _BETTER = 0.25, 0.15  # correlations of edges
_WITHOUT_ALPHA = (8, 24)  # bits per pixel in a file of bytes: one channel, three channels


def load(path: str | Path) -> bpy.types.Image:
    """Load a photo upright, or return the image that shows this file already.

    A phone notes in the file how it was held, and Blender ignores that: the pixels of such a photo are turned, and
    packed into the .blend as an image of their own.

    Raises PhotoError for a file that is missing, no picture, or cut off; nothing is left behind then.
    """
    image = _begun(Path(path), by_engine=False)
    complete(image, path)
    return image


def begin(path: str | Path) -> bpy.types.Image:
    """Return the image that `complete` has show a photo. Nothing is decoded yet, and an engine can have the file.

    For a photo that the engine alone opens it stands until that has answered. Raises PhotoError as `load` does.
    """
    return _begun(Path(path), by_engine=True)


def _begun(path: Path, *, by_engine: bool) -> bpy.types.Image:
    with _in_words(path):
        all_made = (one for one in bpy.data.images if by_engine or one.packed_file is not None)
        if (made := next((one for one in all_made if depth_image.made_from(one) == path), None)) is not None:
            return made
        if preview := not_the_photo(path):
            raise PhotoError(f"{path.name} {preview}")
        if picture_file.orientation(path) != UPRIGHT or (by_engine and picture_file.foreign(path)):
            stand_in = bpy.data.images.new(printable(path.name), 1, 1)
            depth_image.note_origin(stand_in, path)
            return stand_in
        try:
            before = set(bpy.data.images)
            image = bpy.data.images.load(str(path), check_existing=True)
        except RuntimeError as error:
            raise PhotoError(f"{path.name} can't be read. Choose another image file") from error
        if image in before and not image.is_dirty and image.packed_file is None:
            image.reload()  # another program may have written the file since
        return image


def complete(image: bpy.types.Image, path: str | Path) -> None:
    """Have an image of `begin` show its photo. Raises PhotoError for a photo that is no picture, or cut off.

    The image is removed then, unless something uses it.
    """
    path = Path(path)
    is_made = depth_image.made_from(image) == path
    if is_made and (image.packed_file is not None or picture_file.foreign(path)):
        return
    try:
        with _in_words(path):
            if damage := picture_file.damage(path):
                raise PhotoError(f"{path.name} is incomplete or damaged ({damage}). Copy or export the photo again")
            if is_made:
                _turn(image, path)
            _check_size(image, path)
    except PhotoError:
        if image.users == 0:
            bpy.data.images.remove(image)
        raise


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Say in words where a file can't be read."""
    if problem := unreadable(path):
        raise PhotoError(f"The photo {path} {problem}. Choose an image file")
    try:
        yield
    except OSError as error:
        reason = first_line(error)
        raise PhotoError(f"{path.name} can't be read ({reason}). Check the disk that it is on") from error


def _check_size(image: bpy.types.Image, path: Path) -> None:
    if min(image.size) == 0:
        reason = (
            picture_file.foreign(path)
            or "is not an image that Blender can open, or is damaged. Open it in another program and export it again"
        )
        raise PhotoError(f"{path.name} {reason}")


def _turn(image: bpy.types.Image, path: Path) -> None:
    """Have an image show a photo that lies in its file."""
    lying = bpy.data.images.load(str(path))
    try:
        _check_size(lying, path)
        depth_image.show_file(image, _upright_file(lying, picture_file.orientation(path)))
        image.colorspace_settings.name = lying.colorspace_settings.name
    finally:
        bpy.data.images.remove(lying)
    depth_image.note_origin(image, path)


def load_movie(path: str | Path) -> bpy.types.Image:
    """Load a movie, or return the image that shows this file already. Raises PhotoError where it can't be read."""
    path = Path(path)
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise PhotoError(f"{path.name} can't be read. Choose another movie") from error
    if image.source != "MOVIE" or min(image.size) == 0:
        if image.users == 0:
            bpy.data.images.remove(image)
        raise PhotoError(f"{path.name} is not a movie that Blender reads. Convert it to MP4, or to an image sequence")
    return image


def from_picture(name: str, picture: bytes, orientation: int) -> bpy.types.Image:
    """Return a new image of a JPEG or PNG file that lies so, upright and packed."""
    image = bpy.data.images.new(name, 1, 1)
    depth_image.show_file(image, picture)
    if orientation != UPRIGHT:
        depth_image.show_file(image, _upright_file(image, orientation))
    return image


def _upright_file(lying: bpy.types.Image, orientation: int) -> bytes:
    """Return a file of an image's pixels, turned upright."""
    if not lying.is_float and lying.depth in _WITHOUT_ALPHA:
        data: bytes = png.encode(np.ascontiguousarray(upright(colours(lying), orientation)))
        return data  # in a third of the time that Blender's own takes
    pixels = upright(depth_image.pixels(lying), orientation)  # (H, W, C)
    height, width, channels = pixels.shape
    turned = bpy.data.images.new(lying.name, width, height, alpha=channels == 4, float_buffer=lying.is_float)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :channels] = pixels
    turned.colorspace_settings.name = lying.colorspace_settings.name
    turned.pixels.foreach_set(rgba[::-1].ravel())
    turned.pack()
    data = turned.packed_file.data
    bpy.data.images.remove(turned)
    return data


def shown_by(ob: bpy.types.Object) -> bpy.types.ShaderNodeTexImage | None:
    """Return the texture with the image that an object's active material shows: the active one, or else the first."""
    material = ob.active_material if ob.type == "MESH" else None
    if material is None or material.node_tree is None:
        return None
    active = material.node_tree.nodes.active
    textures = [node for node in (active, *material.node_tree.nodes) if node and node.bl_idname == "ShaderNodeTexImage"]
    return next((node for node in textures if node.image is not None), None)


def frame_shown(user: bpy.types.ImageUser, scene_frame: int) -> int:
    """Return which frame of a movie or sequence is shown at a frame of the scene, by a texture's start and offset."""
    length = user.frame_duration
    if length < 1:
        return scene_frame
    frame = scene_frame - user.frame_start + 1
    frame = (frame - 1) % length + 1 if user.use_cyclic else min(max(frame, 0), length)
    return frame + user.frame_offset


def shown_by_all(
    objects: Sequence[bpy.types.Object], scene_frame: int
) -> dict[bpy.types.Image, tuple[list[bpy.types.Object], int]]:
    """Return the photos that objects of this file show, each with those objects and the frame that they show.

    Objects that share a photo share its depth. Raises PhotoError where none shows any.
    """
    photos: dict[bpy.types.Image, tuple[list[bpy.types.Object], int]] = {}
    for ob in objects:
        texture = shown_by(ob) if ob.is_editable else None
        if texture is not None and texture.image is not None:
            frame = frame_shown(texture.image_user, scene_frame)
            photos.setdefault(texture.image, ([], frame))[0].append(ob)
    if not photos:
        raise PhotoError("Select a mesh of this file whose material shows a photo, or open a photo in the Image Editor")
    return photos


def opacity(photo: bpy.types.Image, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return the photo's alpha at the pixels of a depth map, or None if it has none.

    shape: (H, W) of the depth map. Returns float32 (H, W) in [0, 1], top row first, nearest neighbour.
    """
    if photo.depth in ((32, 96) if photo.is_float else _WITHOUT_ALPHA):
        return None
    _, alpha = depth_image.read(photo)  # (h, w), the photo's own size
    rows, columns = (
        ((np.arange(wanted) + 0.5) * present / wanted).astype(int)
        for wanted, present in zip(shape, alpha.shape, strict=True)
    )
    return alpha[np.ix_(rows, columns)]


def colours(photo: bpy.types.Image) -> NDArray[np.uint8]:
    """Return the photo's colours, uint8 (H, W, 3), sRGB, top row first; those of a float image are clipped."""
    path = Path(bpy.path.abspath(photo.filepath_raw))
    if photo.source == "FILE" and photo.packed_file is None and not photo.is_dirty and not unreadable(path):
        in_file = picture_file.colours(path)  # a quarter of the time and memory of Blender's floats
        if in_file is not None and in_file.shape[:2] == (photo.size[1], photo.size[0]):
            return np.repeat(in_file[..., :1], 3, axis=2) if in_file.shape[2] < 3 else in_file[..., :3]
    stored = depth_image.pixels(photo)
    rgb = np.repeat(stored, 3, axis=2) if stored.shape[2] == 1 else stored[..., :3]
    if photo.is_float:  # scene-linear
        rgb = encode_srgb(np.clip(np.nan_to_num(to_rec709(rgb), posinf=1.0, neginf=0.0), 0.0, 1.0))
    return (rgb * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)


def check_orientation(picture: bpy.types.Image, shape: tuple[int, ...]) -> None:
    """Raise PhotoError if the depth map was made from the photo as it lies in its file, and not upright."""
    photo_aspect, depth_aspect = picture.size[0] / picture.size[1], shape[1] / shape[0]
    turned = abs(photo_aspect * depth_aspect - 1) < 0.02
    if turned and abs(photo_aspect / depth_aspect - 1) > 0.1:
        raise PhotoError(
            f"The depth map lies on its side compared with {picture.name}, which is shown upright. Rotate the depth "
            "map as the photo is rotated"
        )


def orientation_notes(path: str | Path, picture: bpy.types.Image, depth: NDArray[np.float32]) -> tuple[str, ...]:
    """Return a sentence where a depth map (H, W) seems to be that of a photo as it lies in its file, else none.

    Only of photos whose file says how they lie. What tells is where both have their edges: of 15 photos with measured
    depth, in six wrong orientations each, 52 of 90 are found, and none that is right is taken for wrong.
    """
    lies = picture_file.orientation(Path(path))
    turned = upright(depth, lies)
    if lies == UPRIGHT or turned.shape != depth.shape:
        return ()
    seen = _edges(colours(picture).mean(axis=2))
    as_stored, as_shown = (float(np.corrcoef(seen, _edges(values))[0, 1]) for values in (turned, depth))
    if not (as_stored > _FITS and as_stored > as_shown + _BETTER):
        return ()
    return (f"It seems to lie as {picture.name} does in its file, which is shown upright: turn it the same way.",)


def _edges(values: NDArray[Any]) -> NDArray[Any]:
    """Return how much the values change in each of 32 x 32 cells, flat; the strongest edges count little more."""
    rows, columns = (((np.arange(96) + 0.5) * count / 96).astype(int) for count in values.shape)
    small = values[np.ix_(rows, columns)].astype(np.float64)
    steepness = np.hypot(*np.gradient(np.clip(small, *np.quantile(small, (0.02, 0.98)))))
    cells: NDArray[Any] = np.sqrt(steepness.reshape(32, 3, 32, 3).mean(axis=(1, 3)))
    return cells.ravel() + np.linspace(0.0, 1e-9, cells.size)  # nowhere flat, so that it correlates with something
