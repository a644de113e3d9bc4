"""One smooth picture in every kind of file that photos come in, written by Pillow when a test asks for it."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SMOOTH = np.stack(np.broadcast_arrays(*np.ogrid[0:200:48j, 0:200:64j], 90), axis=2).astype(np.uint8)  # (48, 64, 3)

EXACT: dict[str, dict[str, Any]] = {
    "bitmap.bmp": {},
    "device.dib": {},
    "texture.dds": {},
    "wavelets.jp2": {},
    "brush.pcx": {},
    "portable.png": {},
    "plain.ppm": {},
    "quick.qoi": {},
    "silicon.sgi": {},
    "targa.tga": {},
    "run_length.tga": {"compression": "tga_rle"},
    "uncompressed.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "deflate.tiff": {"compression": "tiff_adobe_deflate"},
    "big.tif": {"big_tiff": True},
    "lossless.webp": {"lossless": True},
}
NEAR: dict[str, dict[str, Any]] = {
    "baseline.jpg": {"quality": 95},
    "progressive.jpeg": {"quality": 95, "progressive": True},
    "small.webp": {"quality": 90},
    "video.avif": {"quality": 90},
    "palette.gif": {},
    "rounded.jp2": {"irreversible": True, "quality_layers": [20]},
    "inside.tif": {"compression": "jpeg", "quality": 95},
}
KINDS = {**EXACT, **NEAR}


def write(folder: Path, name: str) -> Path:
    """Write SMOOTH as one of `KINDS` into the folder."""
    path = folder / name
    Image.fromarray(SMOOTH).save(path, **KINDS[name])
    return path
