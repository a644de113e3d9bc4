"""A depth map as large as a camera's photo becomes a relief: `python -m tests.benchmarks.bench_import`.

In Blender, 4000 x 3000 pixels of which 30 % are holes, as a 16-bit PNG of whole millimetres and as an NPY of float32
with a sensor's noise: from the files to the depth image and its relief, one layer and with its background, at once or
later, as the window does. The limit is decoding the map's file alone.
"""

import tempfile
from pathlib import Path
from time import perf_counter

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402  Blender's user folder is set first
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from tests.benchmarks.camera import write_photo  # noqa: E402
from tests.benchmarks.measure import Row, Stopwatch  # noqa: E402

relief = extension.module("addon.scene.relief")
files = extension.module("addon.depth.files")

WIDTH, HEIGHT, HOLES, NOISE = 4000, 3000, 0.3, 0.002  # metres
ROUNDS = 3
_LAYERS = {"one layer": False, "with its background": True, "until the relief stands, its background later": "later"}


def write_maps(folder: Path) -> dict[str, Path]:
    """Write a wavy ground with a nearer disc, and return both files by their titles."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    depth = 2 + 3 * (1 - y / HEIGHT) + 0.5 * np.sin(x / 200) * np.cos(y / 150)
    depth -= (x - WIDTH / 2) ** 2 + (y - HEIGHT / 2) ** 2 < 700**2
    depth += random.normal(0, NOISE, depth.shape).astype(np.float32)
    depth[random.random(depth.shape) < HOLES] = np.nan
    paths = {"PNG, 16 bits": folder / "depth.png", "NPY, float32 with noise": folder / "depth.npy"}
    Image.fromarray(np.nan_to_num(1000 * depth).astype(np.uint16)).save(paths["PNG, 16 bits"])
    np.save(paths["NPY, float32 with noise"], depth)
    return paths


def imported(photo: Path, depth: Path, background: bool | str) -> float:
    """Return the seconds from the files to the relief in an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    start = perf_counter()
    made = relief.from_files(str(photo), str(depth), background=background, near_is="dark")
    seconds = perf_counter() - start
    if made.filling is not None:
        made.filling.finish()
    return seconds


def main() -> None:
    """Print the table."""
    watch, rows = Stopwatch(), []
    with tempfile.TemporaryDirectory() as name:
        photo = write_photo(Path(name, "photo.jpg"), WIDTH, HEIGHT)
        for title, path in write_maps(Path(name)).items():
            jobs = {"decoding": watch.of(lambda path=path: files.load(path))}
            for layers, background in _LAYERS.items():
                jobs[f"{title}: {layers}"] = lambda path=path, background=background: imported(photo, path, background)
            times = watch.interleaved(jobs, ROUNDS, warmups=0)
            decoding = times.pop("decoding").median
            rows += [Row(layers, taken, decoding) for layers, taken in times.items()]
    watch.show(f"{WIDTH} x {HEIGHT} pixels, {100 * HOLES:.0f} % of them unknown", "decoding the map", rows)


if __name__ == "__main__":
    main()
