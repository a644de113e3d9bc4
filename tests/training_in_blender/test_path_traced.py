"""The path-traced pictures, with a folder of assets that is made here: depth against rays that are cast."""

import json
from pathlib import Path
from random import Random

import bpy
import numpy as np
import pytest
from mathutils import Vector

from training import path_traced
from training.pictures import index, read
from training.traced import indoors, outdoors
from training.traced.assets import Library, bounds
from training.traced.furnish import Scene

TEXTURES = (
    *("wood", "tiles", "carpet", "stone", "concrete", "fabric", "plaster", "wallpaper"),
    *("brick", "metal", "leather", "asphalt", "paving", "grass", "ground", "bark"),
)
CATEGORIES = (
    *("furniture", "appliance", "decor", "plant", "electronics", "book", "tableware"),
    *("box", "misc", "toy", "vehicle", "tree", "street", "person"),
)


def image(path: Path, kind: str, size: tuple[int, int], value: float) -> None:
    picture = bpy.data.images.new(path.stem, *size, float_buffer=kind == "OPEN_EXR")
    pixels = np.full((size[1], size[0], 4), value, np.float32)
    pixels[::2, ::2, :3] *= 0.5
    picture.pixels.foreach_set(pixels.ravel())
    picture.filepath_raw, picture.file_format = str(path), kind
    picture.save()


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Library:
    """A box, two textures and a grey sky, under all the names that the scenes ask for."""
    folder = tmp_path_factory.mktemp("assets")
    path_traced.set_up()
    bpy.ops.mesh.primitive_cube_add(size=2, location=(3, 1, 5), scale=(0.5, 1, 2))
    bpy.ops.export_scene.gltf(filepath=str(folder / "box.glb"))
    bpy.data.objects.remove(bpy.context.object)
    image(folder / "texture.png", "PNG", (16, 16), 0.6)
    image(folder / "sky.exr", "OPEN_EXR", (32, 16), 0.8)
    roles = ("floor", "table", "wall", "outdoor")
    model = {"kind": "model", "file": "box.glb", "style": "real"}
    entries = [
        {**model, "id": f"{role} {category}", "role": role, "category": category, "use_max_dim_m": size}
        for role, size in zip(roles, (0.8, 0.15, 0.5, 2.0), strict=True)
        for category in CATEGORIES
    ]
    entries += [{"kind": "texture", "id": name, "file": "texture.png", "category": name} for name in TEXTURES]
    entries += [
        {"kind": "hdri", "id": name, "file": "sky.exr", "category": name} for name in ("nature", "street", "sky")
    ]
    (folder / "index.json").write_text(json.dumps(entries))
    return Library(folder)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(path_traced, "SIZES", ((64, 48),))
    bpy.context.scene.cycles.samples = 1


def test_a_model_stands_on_the_origin_in_metres(library):
    low, high = bounds(library.mesh(library.of("model", roles=("floor",))[0]))
    np.testing.assert_allclose(high - low, [0.2, 0.4, 0.8], atol=1e-3)  # 1 x 2 x 4, the longest side 0.8
    np.testing.assert_allclose([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]], 0, atol=1e-3)


def test_depth_is_what_rays_find(library, tmp_path):
    path_traced.clear()
    rng = Random(3)  # noqa: S311 (no secret)
    views = indoors.living_room(Scene(rng, library))
    bpy.context.view_layer.update()
    assert any(path_traced.aim(views(rng), rng, (64, 48)) for _ in range(path_traced.TRIES))
    _, distance = path_traced.shoot(tmp_path)
    camera, graph = bpy.context.scene.camera, bpy.context.evaluated_depsgraph_get()
    half, inverse = np.tan(camera.data.angle / 2), camera.matrix_world.inverted()
    differences = []
    for row in range(1, 48, 3):
        for column in range(1, 64, 3):
            x, y = ((column + 0.5) / 32 - 1) * half, (1 - (row + 0.5) / 24) * half * 0.75
            ray = camera.matrix_world.to_3x3() @ Vector((x, y, -1))
            hit, place, *_ = bpy.context.scene.ray_cast(graph, camera.matrix_world.translation, ray.normalized())
            if hit:
                differences.append(abs(-(inverse @ place).z / distance[row, column] - 1))
    assert len(differences) > 200
    assert np.median(differences) < 0.01  # a ray meets a pixel's middle, the sample any place of it
    assert np.quantile(differences, 0.85) < 0.05


@pytest.mark.parametrize(
    "layout",
    [
        indoors.shelf,
        indoors.desk_from_above,
        indoors.partitions,
        indoors.on_a_table,
        outdoors.street,
        outdoors.garden,
        outdoors.portrait,
    ],
)
def test_each_layout_gives_a_picture(library, tmp_path, monkeypatch, layout):
    monkeypatch.setattr(path_traced, "VIEWS", 1)
    pictures = path_traced.make(tmp_path / "out", library, 1, tmp_path, {layout: 1})
    entries = index(tmp_path / "out")
    assert len(entries) == pictures > 0
    photo, inverse = read(tmp_path / "out", entries[0])
    assert photo.shape == (48, 64, 3)
    assert photo.std() > 3
    assert (inverse >= 0).all()
    assert np.std(np.log(inverse[inverse > 0])) > 0.05
