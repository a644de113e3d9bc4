"""Bake Maps: what is in the files, against the heights and slopes that numpy takes from the depth image."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.addon.enabled import bake, depth_image, errors, freeze, inputs, meaning, relief
from tests.addon.pictures import write_photo
from tools import extension

WIDTH, HEIGHT = 30, 20
SCALE = 0.4


@pytest.fixture(autouse=True)
def _empty(empty_file: None) -> None:
    """An empty file, without the factory's objects."""


def scenery() -> np.ndarray:
    """Nearness 0 to 1, (HEIGHT, WIDTH): a slope, a block, a dent."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    values = 0.3 * y + 0.1 * np.sin(9 * x)
    values[5:12, 8:16] += 0.5
    values[14:17, 20:26] -= 0.1
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def a_relief(values: np.ndarray, known: np.ndarray | None = None, **given: Any) -> tuple[bpy.types.Object, Any]:
    """A plane of 3 by 2 with the depth on it, one vertex a pixel."""
    bpy.ops.mesh.primitive_plane_add(size=1.0)
    ob = bpy.context.object
    for vertex in ob.data.vertices:
        vertex.co.x, vertex.co.y = vertex.co.x * 3.0, vertex.co.y * 2.0
    kind = given.get("Kind", "Disparity").lower()
    modifier = relief.add_modifier(ob)
    relief.set_depth(modifier, depth_image.write("depth", values, kind=kind, validity=known))
    for name, value in {"Resolution": WIDTH, "Scale": SCALE, "Edge Snap": False, "Background": False, **given}.items():
        inputs.set_input(modifier, name, value)
    bpy.context.view_layer.update()
    return ob, modifier


def read(path: Path) -> np.ndarray:
    """The numbers of a 16-bit PNG, by OpenImageIO where Pillow would make 8 bits of RGB."""
    if path.name.endswith("_height.png"):
        return np.asarray(Image.open(path)).astype(int)
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.is_data = True
    pixels = np.empty(image.size[0] * image.size[1] * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    return np.rint(pixels.reshape(image.size[1], image.size[0], -1)[::-1, :, :3] * 65535).astype(int)


def slopes(height: np.ndarray, across: float, up: float) -> np.ndarray:
    """Unit normals of a height map, X right, Y up, by central differences, one-sided at the border."""
    result = np.zeros((*height.shape, 3))
    rows, columns = height.shape
    for row, column in np.ndindex(rows, columns):
        left, right = max(column - 1, 0), min(column + 1, columns - 1)
        above, below = max(row - 1, 0), min(row + 1, rows - 1)
        x = (height[row, right] - height[row, left]) / ((right - left) * across)
        y = (height[above, column] - height[below, column]) / ((below - above) * up)
        result[row, column] = np.array([-x, -y, 1.0]) / np.sqrt(x * x + y * y + 1.0)
    return result


@pytest.mark.parametrize("cutoff", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_the_files_hold_what_the_relief_shows(tmp_path: Path, frozen: bool, cutoff: bool) -> None:
    values = scenery()
    ob, modifier = a_relief(values, Near=0.9, Cutoff=cutoff)
    if frozen:
        freeze.freeze(ob, modifier)
    before = set(bpy.data.meshes) | set(bpy.data.node_groups) | set(bpy.data.scenes) | set(bpy.data.objects)
    files = bake.write(bake.compute(ob, modifier), tmp_path / "vase")
    assert set(bpy.data.meshes) | set(bpy.data.node_groups) | set(bpy.data.scenes) | set(bpy.data.objects) == before
    assert [file.name for file in files] == ["vase_depth.exr", "vase_height.png", "vase_normal.png"]
    stands = np.clip(values.astype(float) / 0.9, 0, 1)
    assert np.abs(read(files[1]) - stands * 65535).max() <= 1
    with Image.open(files[1]) as picture:
        assert picture.mode == "I;16"
        reach = float(picture.text["depthHeightWhite"]) - float(picture.text["depthHeightBlack"])
    assert reach == pytest.approx(SCALE, abs=1e-6)
    # The plane reaches from the first pixel's centre to the last one's.
    wanted = slopes(stands * SCALE, 3.0 / (WIDTH - 1), 2.0 / (HEIGHT - 1))
    assert np.abs(read(files[2]) / 32767.5 - 1.0 - wanted).max() < 1e-4
    with OpenEXR.File(str(files[0]), separate_channels=True) as file:
        channels = file.channels()
        np.testing.assert_allclose(channels["Z"].pixels, values, atol=1e-6)
        np.testing.assert_array_equal(channels["A"].pixels, 1.0)
    again = meaning.read(files[0])
    assert again.kind == "disparity"
    np.testing.assert_allclose(again.values, values, atol=1e-6)


def test_unknown_pixels_are_flat_and_at_the_far_end(tmp_path: Path) -> None:
    values, known = scenery() + 1, np.ones((HEIGHT, WIDTH), bool)
    known[3:7, 20:25] = False
    ob, modifier = a_relief(values, known, Kind="Distance")
    maps = bake.compute(ob, modifier)
    np.testing.assert_array_equal(maps.known, known)
    nearness = (values.max() - values) / np.ptp(values[known])
    lowest = nearness[known].min() * SCALE
    np.testing.assert_allclose(maps.height[known], nearness[known] * SCALE, atol=2e-6)
    np.testing.assert_allclose(maps.height[~known], lowest, atol=1e-6)
    np.testing.assert_array_equal(maps.normal[~known], np.broadcast_to([0, 0, 1], (20, 3)))
    np.testing.assert_array_equal(maps.depth[~known], 0.0)
    np.testing.assert_allclose(maps.depth[known], values[known], atol=1e-6)
    again = meaning.read(bake.write(maps, tmp_path / "a")[0])
    assert again.kind == "distance"
    np.testing.assert_array_equal(again.validity > 0, known)


def test_any_size_keeps_a_slope() -> None:
    """Four times as many pixels of a plane: heights on it between the first and the last pixel's centre."""
    values = np.repeat(np.linspace(0, 1, WIDTH, dtype=np.float32)[None], HEIGHT, axis=0)
    ob, modifier = a_relief(values)
    maps = bake.compute(ob, modifier, 4 * WIDTH)
    assert maps.height.shape == (4 * HEIGHT, 4 * WIDTH)
    places = ((np.arange(4 * WIDTH) + 0.5) / 4 - 0.5) / (WIDTH - 1)
    wanted = np.broadcast_to(np.clip(places, 0, 1) * SCALE, maps.height.shape)
    np.testing.assert_allclose(maps.height, wanted, atol=2e-6)
    inner = maps.normal[8:-8, 8:-8]
    np.testing.assert_allclose(inner[..., 0] / inner[..., 2], -SCALE / 3.0, atol=1e-3)


def test_the_size_is_the_photos(tmp_path: Path) -> None:
    write_photo(tmp_path / "photo.png", 90, 60)
    np.save(tmp_path / "photo_depth.npy", scenery())
    made = relief.from_files(
        tmp_path / "photo.png", tmp_path / "photo_depth.npy", collection=bpy.context.scene.collection, near_is="bright"
    )
    assert bake.compute(made.ob, made.modifier).depth.shape == (60, 90)
    assert bake.compute(made.ob, made.modifier, 45).depth.shape == (30, 45)


def test_a_scene_has_its_distances_alone(tmp_path: Path) -> None:
    values = scenery()
    ob, modifier = a_relief(values, Projection="Camera", Cutoff=False, **{"Near Distance": 2.0, "Far Distance": 8.0})
    files = bake.write(bake.compute(ob, modifier), tmp_path / "scene")
    assert [file.name for file in files] == ["scene_depth.exr"]
    again = meaning.read(files[0])
    assert again.kind == "distance"
    np.testing.assert_allclose(again.values, 1 / (values * (1 / 2 - 1 / 8) + 1 / 8), rtol=1e-5)


def test_what_cannot_be_baked_is_said(tmp_path: Path) -> None:
    ob, modifier = a_relief(scenery())
    (tmp_path / "a_normal.png").write_bytes(b"mine")
    with pytest.raises(errors.BakeError, match=r"a_normal\.png exists already"):
        bake.write(bake.compute(ob, modifier), tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a_normal.png"]
    assert len(bake.write(bake.compute(ob, modifier), tmp_path / "a", overwrite=True)) == 3
    for folder in (tmp_path / "nowhere", tmp_path / "a_normal.png"):  # the latter is a file
        with pytest.raises(errors.BakeError, match="can't be written"):
            bake.write(bake.compute(ob, modifier), folder / "a")
    for corner, uv in zip(ob.data.uv_layers[0].uv, ((1, 0), (1, 1), (0, 1), (0, 0)), strict=True):
        corner.vector = uv
    with pytest.raises(errors.BakeError, match="turned or mirrored"):
        bake.compute(ob, modifier)
    freeze.freeze(ob, modifier, cut=True)
    with pytest.raises(errors.BakeError, match="Unfreeze it"):
        bake.compute(ob, modifier)
    inputs.set_input(modifier, "Image", None)
    with pytest.raises(errors.BakeError, match="no depth image"):
        bake.compute(ob, modifier)


def test_the_operator_and_the_function_for_scripts(tmp_path: Path) -> None:
    extension.enable()
    ob, _ = a_relief(scenery())
    assert bpy.ops.depth_nodes.bake_maps(filepath=str(tmp_path / "vase.png"), size=60) == {"FINISHED"}
    image = bpy.data.images["vase_height.png"]
    assert tuple(image.size) == (60, 40)
    assert image.colorspace_settings.is_data
    with pytest.raises(RuntimeError, match="exists already"):
        bpy.ops.depth_nodes.bake_maps(filepath=str(tmp_path / "vase"))
    paths = extension.module("addon.api").bake(ob, tmp_path / "vase", size=15, overwrite=True)
    assert [path.name for path in paths] == ["vase_depth.exr", "vase_height.png", "vase_normal.png"]
    assert Image.open(paths[1]).size == (15, 10)
