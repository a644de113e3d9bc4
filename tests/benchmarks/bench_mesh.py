"""A megapixel to a GLB file: `python -m tests.benchmarks.bench_mesh`.

From arrays to the file on the sample photo, one vertex a pixel, processor time of one core: ours with both layers and
with one, ours by trimesh's exporter, and the way that MoGe goes (no layer behind, no snapping; vertices at a jump go,
which its 3 x 3 window of distances says; trimesh with a PNG texture). Each in a process of its own, for its memory,
and in turns. The limit is reading the photo and its depth, and copying as many bytes as the file has.
"""

import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import trimesh
from PIL import Image

from inference.edges import window
from inference.maps import read_map
from inference.mesh import glb
from inference.mesh.scene import build
from inference.mesh.shape import Shape
from inference.photo import read_photo
from tests.benchmarks.machine import bandwidth
from tests.benchmarks.measure import Row, Stopwatch
from tests.benchmarks.processes import Served, peak_memory, serve

ROOT = Path(__file__).parents[2]
PHOTO, DEPTH = ROOT / "assets" / "sample_photo.jpg", ROOT / "assets" / "sample_depth.exr"
WAYS = ("two layers", "one layer", "one layer, trimesh's exporter", "MoGe's way")
TOLERANCE = 0.04  # MoGe's: of the distance
ROUNDS = 5


def ours(path: Path, background: bool) -> int:
    """Write the scene; return its vertices."""
    known = read_map(DEPTH)
    made = build(known.depth, read_photo(PHOTO), Shape(vertices=1200, focal_length=35.0, background=background))
    glb.write(made, path)
    return sum(len(layer.vertices) for _, layer, _ in made.parts())


def by_trimesh(path: Path) -> int:
    """Build as we do, and let trimesh write it."""
    known = read_map(DEPTH)
    made = build(known.depth, read_photo(PHOTO), Shape(vertices=1200, focal_length=35.0, background=False))
    export(made.front.vertices, made.front.triangles(), made.front.uv, made.photo, path)
    return len(made.front.vertices)


def as_moge(path: Path) -> int:
    """Unproject, drop the vertices at jumps, and let trimesh write what is left."""
    values, photo = read_map(DEPTH).depth.values, read_photo(PHOTO).rgb
    height, width = values.shape
    u, v = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    spread = 36.0 / 35.0
    place = np.stack([(u - 0.5) * spread * values, (0.5 - v) * spread * height / width * values, -values], -1)
    edge = (window(values, 1, np.maximum) - window(values, 1, np.minimum)) / values > TOLERANCE
    number = np.arange(values.size).reshape(values.shape)
    whole = ~(edge[1:, 1:] | edge[1:, :-1] | edge[:-1, 1:] | edge[:-1, :-1])
    quads = np.stack([part[whole] for part in (number[1:, :-1], number[1:, 1:], number[:-1, 1:], number[:-1, :-1])], 1)
    used, faces = np.unique(quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3), return_inverse=True)
    uv = np.stack([u, 1 - v], -1).reshape(-1, 2)[used]
    export(place.reshape(-1, 3)[used].astype(np.float32), faces.reshape(-1, 3), uv, photo, path)
    return len(used)


def export(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray, photo: np.ndarray, path: Path) -> None:
    """Write by trimesh, with the photo as the base colour."""
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=Image.fromarray(photo), metallicFactor=0.0)
    visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    trimesh.Trimesh(vertices, faces, visual=visual, process=False).export(path)


def reading() -> None:
    """Read what all of them read."""
    read_map(DEPTH)
    read_photo(PHOTO)


def be(way: str) -> None:
    """Make the file for each line on stdin; in the end tell the peak memory, the file's bytes and the vertices."""
    make = {"two layers": lambda path: ours(path, True), "one layer": lambda path: ours(path, False)}
    make |= {WAYS[2]: by_trimesh, WAYS[3]: as_moge}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.glb"
        run = Stopwatch(clock=process_time).of(lambda: make[way](path))
        serve(run, lambda: [peak_memory(), path.stat().st_size, make[way](path)])


def main() -> None:
    """Print the table."""
    if len(sys.argv) > 1:
        be(sys.argv[1])
        return
    watch, rows = Stopwatch(), []
    served = {way: Served("tests.benchmarks.bench_mesh", way) for way in WAYS}
    jobs = {way: each.turn for way, each in served.items()}
    times = watch.interleaved({"reading": Stopwatch(clock=process_time).of(reading), **jobs}, ROUNDS)
    least, rate = times.pop("reading").median, 1e9 * bandwidth()
    for way, taken in times.items():
        peak, size, vertices = served[way].leave()
        words = (f"{peak / 2**20:.0f} MB", f"{size / 1e6:.0f} MB", f"{vertices:,}")
        rows.append(Row(way, taken, least + 2 * size / rate, words))
    columns = ("peak memory", "file", "vertices")
    watch.show("the sample photo as a GLB, processor time", "reading and copying", rows, columns)


if __name__ == "__main__":
    main()
