"""How clean the cut is on real depth maps: `python -m tests.benchmarks.bench_quality` with bpy and scipy installed.

For the sample as several devices see it, and for every map of the test material where there is one. Gaps are filled
and the steps of 8 bits smoothed, as an import does both; measured before and after the cutoff with the defaults:

known    share of the picture whose depth is known
kept     share of the picture's faces that are there, of those whose depth is known
steep    share of the surface steeper than 85 degrees to the view ray
islands  loose pieces of fewer than 64 faces
specks   holes of 1 to 4 faces in what is known, away from the border

As a relief, as a camera's scene, and as a scene with Background, whose front alone is measured.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402  Blender's user folder is set first
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from scipy import ndimage  # noqa: E402
from scipy.sparse import coo_matrix  # noqa: E402
from scipy.sparse.csgraph import connected_components  # noqa: E402

from inference import background  # noqa: E402
from tests import maps  # noqa: E402
from tests.material import material  # noqa: E402
from tests.node_groups import reference  # noqa: E402
from tests.node_groups.scene import Mesh, append_groups, depth_image, evaluate, relief  # noqa: E402

cleaning = extension.module("addon.depth.clean")

STEEP = np.cos(np.radians(85.0))
SMALL = 64


@dataclass(frozen=True)
class Figures:
    """What is measured on one mesh."""

    kept: float
    steep: float
    islands: int
    specks: int = 0


def measure(vertices: np.ndarray, faces: np.ndarray, whole: int, viewpoint: np.ndarray | None) -> Figures:
    """Measure a mesh of quads.

    `vertices` is (N, 3), `faces` (M, 4), `whole` the number of faces that the picture has where its depth is known.
    The view ray comes from `viewpoint`, or runs along -Z without one.
    """
    if not len(faces):
        return Figures(0.0, 0.0, 0)
    corners = vertices[faces].astype(np.float64)
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]) / 2
    area = np.linalg.norm(normal, axis=1)
    ray = np.array([0.0, 0.0, 1.0]) if viewpoint is None else viewpoint - corners.mean(axis=1)
    ray = ray / np.maximum(np.linalg.norm(ray, axis=-1, keepdims=True), 1e-30)  # unknown pixels may lie in the camera
    steep = np.abs((normal * ray).sum(axis=1)) < STEEP * area
    return Figures(len(faces) / whole, float(area[steep].sum() / area.sum()), _small_islands(len(vertices), faces))


def _small_islands(points: int, faces: np.ndarray) -> int:
    first = np.repeat(faces[:, 0], 3)
    links = coo_matrix((np.ones(len(first), bool), (first, faces[:, 1:].ravel())), shape=(points, points))
    _, label = connected_components(links, directed=False)
    sizes = np.bincount(label[faces[:, 0]])
    return int(((sizes > 0) & (sizes < SMALL)).sum())


def _specks(there: np.ndarray, known: np.ndarray) -> int:
    """Count the holes of 1 to 4 faces; what is there and what is known are (columns, rows) of faces."""
    label, count = ndimage.label(~there, np.ones((3, 3)))
    size = np.bincount(label.ravel(), minlength=count + 1)
    outside = np.concatenate([label[0], label[-1], label[:, 0], label[:, -1], label[~known]])
    size[outside] = size[0] = 0
    return int(((size >= 1) & (size <= 4)).sum())


def _places(mesh: Mesh, columns: int, rows: int, width: int, height: int) -> np.ndarray:
    """Which faces of the grid a cut mesh still has, (columns - 1, rows - 1), by their UVs."""
    centre = mesh.attribute("UVMap").reshape(-1, 4, 2).mean(axis=1)
    share = (centre * [width, height] - 0.5) / [width - 1, height - 1]
    column, row = np.floor(share * [columns - 1, rows - 1]).astype(int).T
    there = np.zeros((columns - 1, rows - 1), bool)
    there[column, row] = True
    return there


@dataclass(frozen=True)
class Map:
    """A real depth map: (H, W) float32 values, (H, W) bool validity, and how the modifier reads it."""

    name: str
    values: np.ndarray
    valid: np.ndarray
    kind: str
    invert: bool = False


def made_maps() -> Iterator[Map]:
    """Maps that anyone can measure: the sample's exact depth, and what a model, a sensor and two eyes see of it."""
    exact, _ = maps.exact()
    yield Map("sample, exact", exact, np.ones(exact.shape, bool), "Distance")
    levels = maps.model_8bit().astype(np.float32)
    yield Map("sample, model in 8 bits", cleaning.smooth_steps(levels) / 255, np.ones(levels.shape, bool), "Disparity")
    for name, (values, valid), kind in (("sensor", maps.sensor(), "distance"), ("stereo", maps.stereo(), "disparity")):
        yield Map(f"sample, {name}", *cleaning.fill_gaps(values, valid, cleaning.USUAL_GAP, kind), kind.capitalize())


def real_maps() -> Iterator[Map]:
    """Every map of the test material, the bicycle first."""
    picture = bpy.data.images.load(str(material("dav2", "demo08_vits_disparity8.png")))
    picture.colorspace_settings.name = "Non-Color"
    levels = np.array(picture.pixels[:], np.float32).reshape(*reversed(picture.size), 4)[::-1, :, 0] * 255
    values = cleaning.smooth_steps(np.round(levels)) / 255
    yield Map("bicycle (Depth Anything V2 Small)", values, np.ones(values.shape, bool), "Disparity")
    for path in sorted(material("rgbd").glob("*.npz")):
        with np.load(path) as data:
            kind = json.loads(bytes(data["meta"]))["kind"]
            values, valid = data["depth"], data["valid"]
        if kind == "relative_8bit_far_high":
            values = cleaning.smooth_steps(values.astype(np.float32))
            yield Map(path.stem, values / values.max(), valid, "Disparity", invert=True)
        else:
            read_as = "distance" if kind == "depth_m" else "disparity"
            values, valid = cleaning.fill_gaps(values, valid, cleaning.USUAL_GAP, read_as)
            yield Map(path.stem, values, valid, read_as.capitalize())


def upright(entry: Map) -> Map:
    """Return a map that needs no Invert."""
    return replace(entry, values=entry.values.max() - entry.values, invert=False) if entry.invert else entry


def layered(entry: Map) -> bpy.types.Image:
    """Return a map and what lies behind its edges as a depth image; its colours don't matter here."""
    image = depth_image(entry.values, entry.valid)
    kind = "distance" if entry.kind == "Distance" else "disparity"
    back = background.behind(entry.values, entry.valid, kind, np.full((2, 2, 3), 128, np.uint8))
    pixels = np.stack([entry.values, back.depth, back.presence, entry.valid], axis=-1).astype(np.float32)
    image.pixels.foreach_set(pixels[::-1].ravel())
    image.update()
    return image


def front_of(mesh: Mesh) -> Mesh:
    """Return a mesh with the faces of its first material alone, the front's."""
    front = mesh.attributes.get("material_index", np.zeros(len(mesh.faces), int)) == 0
    corners = np.repeat(front, 4)
    attributes = {**mesh.attributes, "UVMap": mesh.attribute("UVMap")[corners]}
    return replace(mesh, faces=mesh.faces[front], attributes=attributes)


def figures(entry: Map, projection: str, layers: int = 1) -> tuple[Figures, Figures]:
    """Measure one map uncut and with the defaults; of two layers the front."""
    entry = upright(entry)
    image = depth_image(entry.values, entry.valid) if layers == 1 else layered(entry)
    settings = {"Image": image, "Kind": entry.kind, "Projection": projection}
    materials = [bpy.data.materials.get(name) or bpy.data.materials.new(name) for name in ("front", "back")]
    settings |= {"Material": materials[0], "Background Material": materials[1]}
    height, width = entry.values.shape
    viewpoint = np.zeros(3) if projection == "Camera" else None
    results = []
    known = 1
    for cutoff in (False, True):
        given = settings | {"Cutoff": cutoff, "Background": cutoff and layers == 2}
        mesh = front_of(evaluate(relief(given, size=(2.0, 2.0 * height / width))))
        if not cutoff:
            # Unknown pixels are not the cutoff's to keep: count the faces between known ones only.
            sure = mesh.attribute("validity")[mesh.faces].min(axis=1) >= 0.5
            known = int(sure.sum())
        found = measure(mesh.vertices, mesh.faces, known, viewpoint)
        columns, rows = reference.grid_counts(width, height, 1024)
        there = _places(mesh, columns, rows, width, height)
        results.append(replace(found, specks=_specks(there, sure.reshape(there.shape))))
    bpy.data.images.remove(image)
    return results[0], results[1]


def main() -> None:
    """Print one line a map and projection."""
    append_groups()
    entries = list(made_maps())
    try:
        entries += real_maps()
    except pytest.skip.Exception as absent:
        print(absent)
    print(f"{'map':36} {'as':12}  known    kept | steep  before   after | islands before  after | specks")
    total = 0
    for entry in entries:
        for name, *shown in (("Relief", "Relief"), ("Camera", "Camera"), ("Background", "Camera", 2)):
            before, after = figures(entry, *shown)
            print(
                f"{entry.name:36} {name:12} {entry.valid.mean():6.1%} {after.kept:7.1%} | "
                f"      {before.steep:7.2%} {after.steep:7.2%} |         {before.islands:6} {after.islands:6} | "
                f"{after.specks:6}"
            )
            total += after.specks
    print(f"specks in all: {total}")


if __name__ == "__main__":
    main()
