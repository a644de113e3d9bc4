"""The pictures that a mesh's file carries or lies beside."""

from io import BytesIO

from .scene import Pixels

_QUALITY = 92


def jpeg(picture: Pixels) -> bytes:
    """Return a picture, uint8 (H, W, 3), as a JPEG file without chroma subsampling."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return file.getvalue()
