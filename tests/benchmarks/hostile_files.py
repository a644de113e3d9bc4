"""Photos and depth maps as they should never be, made from real ones, the same for the same seed.

Each file's name says how it was made: `0007_cut_0002.png` is the file `0002_whole_...` with its end cut off.
"""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import OpenEXR
import tifffile
from PIL import ExifTags, Image

from tests import maps, pictures

SMALL = 96  # pixels of the longer side of what is damaged; the time goes into the number of files
_ENDINGS = (".jpg", ".png", ".tif", ".webp", ".exr", ".npy", ".npz", ".pfm", ".bmp", ".gif", "")

Rng = np.random.Generator


def photos(folder: Path, count: int, real: Iterable[Path], seed: int = 1) -> list[Path]:
    """Write `count` files into the folder: whole ones, all orientations, and damaged ones. Return their paths."""
    kinds = folder / "kinds"
    kinds.mkdir(parents=True)
    whole = [pictures.write(kinds, name) for name in pictures.KINDS]
    whole += _turned(kinds, whole[0])
    whole += [path for path in real if path.is_file()]
    return _with_damage(folder, whole, count, np.random.default_rng(seed))


def depth_maps(folder: Path, count: int, seed: int = 2) -> list[Path]:
    """Write `count` depth maps into the folder: whole ones in every format, and damaged ones. Return their paths."""
    kinds = folder / "kinds"
    kinds.mkdir(parents=True)
    whole: list[Path] = []
    for name, values in (("sensor", maps.sensor()[0]), ("stereo", maps.stereo()[0]), ("model", maps.model_8bit())):
        small = values[:: -(-max(values.shape) // SMALL), :: -(-max(values.shape) // SMALL)]
        for suffix, write in _FORMATS.items():
            path = kinds / f"{name}{suffix}"
            write(path, small)
            whole.append(path)
    return _with_damage(folder, whole, count, np.random.default_rng(seed))


def _write_exr(path: Path, values: np.ndarray) -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"Y": np.ascontiguousarray(values, np.float32)}).write(str(path))


def _write_pfm(path: Path, values: np.ndarray) -> None:
    height, width = values.shape
    path.write_bytes(f"Pf\n{width} {height}\n-1.0\n".encode() + values[::-1].astype("<f4").tobytes())


def _integers(values: np.ndarray) -> np.ndarray:
    return values if values.dtype == np.uint8 else np.rint(values * 1000 % 65536).astype(np.uint16)


_FORMATS: dict[str, Callable[[Path, np.ndarray], object]] = {
    ".exr": _write_exr,
    ".pfm": _write_pfm,
    ".npy": np.save,
    ".npz": lambda path, values: np.savez_compressed(path, depth=values),
    ".png": lambda path, values: Image.fromarray(_integers(values)).save(path),
    ".tif": lambda path, values: tifffile.imwrite(path, values.astype(np.float32)),
    ".lzw.tif": lambda path, values: Image.fromarray(_integers(values)).save(path, compression="tiff_lzw"),
    ".int.tiff": lambda path, values: tifffile.imwrite(path, _integers(values).astype(np.int32), bigtiff=True),
    ".jpg": lambda path, values: Image.fromarray((_integers(values) >> 4).astype(np.uint8)).save(path),
    ".webp": lambda path, values: Image.fromarray((_integers(values) >> 4).astype(np.uint8)).convert("RGB").save(path),
}


def _turned(folder: Path, source: Path) -> list[Path]:
    """The same picture in each orientation, stored so that upright it looks the same: nothing may turn it twice."""
    paths = []
    with Image.open(source) as upright:
        for lies, way in enumerate((None, 0, 3, 1, 5, 2, 6, 4), 1):  # Pillow's numbers of what leads there
            stored = upright if way is None else upright.transpose(Image.Transpose(way))
            exif = Image.Exif()
            exif[ExifTags.Base.Orientation] = lies
            for suffix in (".jpg", ".png", ".tif", ".webp"):
                paths.append(folder / f"turned{lies}{suffix}")
                stored.save(paths[-1], exif=exif, quality=95, lossless=True)
    return paths


def _with_damage(folder: Path, whole: list[Path], count: int, rng: Rng) -> list[Path]:
    paths: list[Path] = []

    def place(how: str, name: str) -> Path:
        paths.append(folder / f"{len(paths):04}_{how}_{name}")
        return paths[-1]

    for source in whole:
        shutil.copy(source, place("whole", source.name))
    kept = [path for path in paths if path.stat().st_size < 2**18]  # many, so small ones
    ways = list(_DAMAGE)
    while len(paths) < count:
        source = kept[rng.integers(len(kept))]
        how = ways[len(paths) % len(ways)]
        number, suffix = source.name[:4], source.suffix
        if how == "renamed":
            suffix = _ENDINGS[rng.integers(len(_ENDINGS))]
        place(how, f"{number}{suffix}").write_bytes(_DAMAGE[how](source.read_bytes(), rng))
    return paths


def _cut(data: bytes, rng: Rng) -> bytes:
    return data[: rng.integers(len(data))]


def _changed(data: bytes, rng: Rng, *, within: int, most: int) -> bytes:
    changed = np.frombuffer(data, np.uint8).copy()
    number = rng.integers(1, most + 1)
    if len(changed):
        changed[rng.integers(0, min(len(changed), within), number)] = rng.integers(0, 256, number)
    return changed.tobytes()


def _zeroed(data: bytes, rng: Rng) -> bytes:
    start = int(rng.integers(len(data)))
    length = int(rng.integers(1, max(2, len(data) // 3)))
    return data[:start] + bytes(min(length, len(data) - start)) + data[start + length :]


def _shuffled(data: bytes, rng: Rng) -> bytes:
    first, second = sorted(rng.integers(0, len(data), 2))
    return data[:first] + data[second:] + data[first:second]


_DAMAGE: dict[str, Callable[[bytes, Rng], bytes]] = {
    "cut": _cut,
    "header": lambda data, rng: _changed(data, rng, within=64, most=2),
    "front": lambda data, rng: _changed(data, rng, within=600, most=6),
    "anywhere": lambda data, rng: _changed(data, rng, within=len(data), most=40),
    "zeroed": _zeroed,
    "shuffled": _shuffled,
    "renamed": lambda data, rng: data,
    "longer": lambda data, rng: data + rng.bytes(int(rng.integers(1, 400))),
    "noise": lambda data, rng: data[:16] + rng.bytes(len(data) // 2),
}
