"""Depth files: a `Depth` written whole or not at all in six formats, and read back from the lossless one."""

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from . import constraint, exr, png
from .background import Background
from .catalog import Kind
from .constraint import Frame
from .depth import Depth, Lens
from .errors import DepthFileError, first_line
from .paths import replacing, unreadable, utf_8

if TYPE_CHECKING:
    from PIL import PngImagePlugin

# OpenEXR and Pillow are imported where they are used: the start of the command line waits for neither.

Format = Literal["exr", "png16", "npy", "preview", "colormap", "controlnet"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, str] = {
    "exr": ".depth.exr",
    "png16": ".depth.png",
    "npy": ".depth.npy",
    "preview": ".preview.png",
    "colormap": ".colormap.png",
    "controlnet": ".controlnet.png",
}

# How Pillow packs a PNG. What the row filters leave of depth is noise with runs of zeros in it: looking for other
# repetitions takes half as long again, and makes the file larger as often as smaller.
_PACKED = {"compress_level": 1, "compress_type": zlib.Z_RLE}
_PNG_END = b"IEND\xaeB`\x82"
BACKGROUND_SUFFIX = ".background.png"
SHARP_SUFFIXES = (".sharp.jpg", ".sharp.png")
NORMALS_SUFFIX = ".normals.exr"


def background_picture(path: Path) -> Path:
    """Return where the picture of a depth file's background lies: beside it."""
    return _beside(path, BACKGROUND_SUFFIX)


def sharp_picture(path: Path, picture: bytes) -> Path:
    """Return where a photo's sharp original, a JPEG or PNG file, lies: beside its depth file."""
    return _beside(path, SHARP_SUFFIXES[picture.startswith(b"\x89PNG")])


def write_sharp(picture: bytes, path: Path) -> None:
    """Write a photo's sharp original as the file that it is, beside its depth file; raises `DepthFileError`."""
    target = sharp_picture(path, picture)
    try:
        with replacing(target) as part:
            part.write_bytes(picture)
    except OSError as error:
        said = f"{target} can't be written ({first_line(error)}). Choose another place with -o"
        raise DepthFileError(said) from error


def normals_map(path: Path) -> Path:
    """Return where the normals that belong to a depth file lie: beside it."""
    return _beside(path, NORMALS_SUFFIX)


def _beside(path: Path, suffix: str) -> Path:
    stem = next((path.name.removesuffix(own) for own in SUFFIXES.values() if path.name.endswith(own)), path.stem)
    return path.with_name(stem + suffix)


def write_depth(
    depth: Depth,
    path: str | os.PathLike[str],
    file_format: Format = "exr",
    *,
    inside: Frame | None = None,
    background: Background | None = None,
) -> None:
    """Write a depth file; on any failure `DepthFileError`, and what was at `path` before is still there.

    exr: 32-bit float, lossless. The values as they are in channel Y, validity in A where there is one, and the header
        attributes depthKind, depthModel, depthRevision, depthRawMin and depthRawMax; where the lens is known,
        OpenEXR's own pinholeFocalLength, for a sensor whose longer side is 36 mm, and depthLens, which says by whom.
    npy: float32 (H, W), the values as they are, and nothing else.
    png16: 16-bit grey, from 0 at the farthest point to 65535 at the nearest, linear in the values. Its text chunks hold
        the attributes of the EXR; validity has no place in it.
    preview, colormap: 8-bit PNG of the same range in grey or in colour, with validity as alpha. To look at, not to use.
    controlnet: 8-bit RGB PNG for diffusion models, white where near, linear in inverse depth, black where nothing is
        known. `inside` says its size, by default `constraint.frame` does; a text chunk says where the photo lies in it.
    background: what lies behind, in an EXR alone: its depth in channel background.Y, its presence in background.A, and
        its picture, which has margins, as a PNG at `background_picture(path)`, written first.

    Normals that the depth comes with go to `normals_map(path)`: a 32-bit EXR, red, green and blue from 0 to 1, as in
    normal maps: half the vector, plus a half. x is to the right, y up, z towards the camera.
    """
    path = Path(path)
    if background is not None and file_format != "exr":
        raise DepthFileError(f"{path}: only an EXR holds a background. Leave --format out, or --background")
    try:
        if background is not None:
            with replacing(background_picture(path)) as part:
                _save_picture(background.colour, part)
        if depth.normals is not None:
            with replacing(normals_map(path)) as part:
                part.write_bytes(exr.encode(_normal_channels(depth), compress=False))
        with replacing(path) as part:
            match file_format:
                case "exr":
                    part.write_bytes(exr.encode(_channels(depth, background), _attributes(depth), compress=False))
                case "npy":
                    with part.open("wb") as file:
                        np.save(file, depth.values)
                case "png16":
                    _write_png16(depth, part)
                case "preview":
                    _write_8_bit(depth, part, _to_8_bit(depth.nearness()))
                case "colormap":
                    _write_8_bit(depth, part, cubehelix()[_to_8_bit(depth.nearness())])
                case "controlnet":
                    said = {name: str(value) for name, value in _attributes(depth).items()}
                    inside = inside or constraint.frame(*depth.values.shape[::-1])
                    part.write_bytes(constraint.png(depth, inside, said))
    except OSError as error:
        reason = first_line(error)
        raise DepthFileError(f"{path} can't be written ({reason}). Choose another place with -o") from error


def read_depth(path: str | os.PathLike[str]) -> Depth:
    """Read an EXR written by `write_depth`, bit for bit. Any other file raises `DepthFileError`."""
    import OpenEXR

    path = Path(path)
    if problem := unreadable(path):
        raise DepthFileError(f"{path} {problem}")
    try:
        with (
            utf_8(path) as name,
            OpenEXR.File(name, separate_channels=True) as file,
        ):  # the header is empty again once this is left
            header, channels = file.header(), file.channels()
            return Depth(
                values=channels["Y"].pixels,
                validity=channels["A"].pixels if "A" in channels else None,
                kind=cast(Kind, header["depthKind"]),
                raw_min=header["depthRawMin"],
                raw_max=header["depthRawMax"],
                model=header["depthModel"],
                revision=header["depthRevision"],
                making=header.get("depthMaking", ""),
                lens=_lens(header),
            )
    except (RuntimeError, ValueError, KeyError) as error:
        raise DepthFileError(f"{path} is not a depth file of this program, or is damaged. Make it again") from error


def making_of(path: str | os.PathLike[str]) -> str | None:
    """Return the `making` that an EXR or a PNG of this program names; None where it names none, is cut or not there."""
    path = Path(path)
    try:
        if path.suffix.lower() == ".exr":
            made = (exr.attributes(path) or {}).get("depthMaking")
        else:
            made = _png_text(path).get("depthMaking")
    except OSError:
        return None
    return made if isinstance(made, str) else None


def _png_text(path: Path) -> dict[str, str]:
    from PIL import Image

    with Image.open(path) as image:
        image.load()  # fails where the pixels are cut
        text = dict(getattr(image, "text", {}))
    return text if path.read_bytes().endswith(_PNG_END) else {}


def _lens(header: dict[str, Any]) -> Lens | None:
    if "depthLens" not in header:
        return None
    return Lens(header["pinholeFocalLength"], header["depthLens"])


def _attributes(depth: Depth) -> dict[str, str | float]:
    found: dict[str, str | float] = {
        "depthKind": depth.kind,
        "depthModel": depth.model,
        "depthRevision": depth.revision,
        "depthRawMin": depth.raw_min,
        "depthRawMax": depth.raw_max,
    }
    if depth.making:
        found["depthMaking"] = depth.making
    if depth.lens is not None:
        found |= {"pinholeFocalLength": depth.lens.focal_length, "depthLens": depth.lens.source}
    return found


def _channels(depth: Depth, background: Background | None) -> dict[str, NDArray[np.float32]]:
    """Return what an EXR holds. The last bits of a model's output are noise: ZIP would save 1 to 7 % of the file."""
    channels = {"Y": np.asarray(depth.values, np.float32)}
    if depth.validity is not None:
        channels["A"] = np.asarray(depth.validity, np.float32)
    if background is not None:
        channels |= {"background.Y": background.depth, "background.A": background.presence}
    return channels


def _normal_channels(depth: Depth) -> dict[str, NDArray[np.float32]]:
    encoded = np.float32(0.5) * np.asarray(depth.normals, np.float32) + np.float32(0.5)
    channels = {name: encoded[..., place] for place, name in enumerate("RGB")}
    return channels if depth.validity is None else channels | {"A": np.asarray(depth.validity, np.float32)}


def _write_png16(depth: Depth, path: Path) -> None:
    samples = np.rint(depth.nearness() * np.float32(65535)).astype(np.uint16)
    path.write_bytes(png.encode(samples, {name: str(value) for name, value in _attributes(depth).items()}))


def _text(depth: Depth) -> "PngImagePlugin.PngInfo":
    from PIL import PngImagePlugin

    text = PngImagePlugin.PngInfo()
    for name, value in _attributes(depth).items():
        text.add_text(name, str(value))
    return text


def _to_8_bit(nearness: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(nearness * np.float32(255)), dtype=np.uint8)


def _write_8_bit(depth: Depth, path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write grey (H, W) or colour (H, W, 3)."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if depth.validity is not None:
        image.putalpha(Image.fromarray(_to_8_bit(depth.validity.astype(np.float32))))
    image.save(path, "PNG", pnginfo=_text(depth), **_PACKED)


def _save_picture(rgb: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    Image.fromarray(rgb).save(path, "PNG", compress_level=1)


def cubehelix() -> NDArray[np.uint8]:
    """Return 256 colours, uint8 (256, 3), black to white through the hues with steadily growing brightness.

    D. A. Green, "A colour scheme for the display of astronomical intensity images", Bulletin of the Astronomical
    Society of India 39, 2011, with its standard parameters: start 0.5, rotations -1.5, hue 1, gamma 1.
    """
    brightness = np.linspace(0.0, 1.0, 256)
    angle = 2.0 * np.pi * (0.5 / 3.0 + 1.0 - 1.5 * brightness)
    amplitude = brightness * (1.0 - brightness) / 2.0
    basis = np.array([[-0.14861, 1.78277], [-0.29227, -0.90649], [1.97294, 0.0]])
    turn = np.stack([np.cos(angle), np.sin(angle)])  # (2, 256)
    rgb = brightness + amplitude * (basis @ turn)  # (3, 256)
    return np.asarray(np.rint(np.clip(rgb.T, 0.0, 1.0) * 255.0), dtype=np.uint8)
