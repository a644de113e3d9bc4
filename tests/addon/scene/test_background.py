"""The second layer from files and images to the modifier: what is stored, what follows, what freezing keeps."""

import time
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.addon.enabled import background, depth_image, errors, freeze, inputs, photo, relief
from tests.addon.enabled import picture as picture_file

from .test_freeze import assert_same, shape

HEIGHT, WIDTH = 60, 80
BLUE, RED = (20, 60, 200), (220, 40, 30)


def box() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:40, 30:50] = True
    return mask


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A red box at 1 m before a blue wall at 3 m: the photo and its depth map."""
    np.save(tmp_path / "box_depth.npy", np.where(box(), 1.0, 3.0).astype(np.float32))
    image = bpy.data.images.new("box", WIDTH, HEIGHT)
    rgba = np.ones((HEIGHT, WIDTH, 4), np.float32)
    rgba[..., :3] = np.where(box()[..., None], RED, BLUE) / np.float32(255)
    image.pixels.foreach_set(rgba[::-1].ravel())
    image.file_format = "PNG"
    image.save(filepath=str(tmp_path / "box.png"))
    bpy.data.images.remove(image)
    return tmp_path / "box.png", tmp_path / "box_depth.npy"


def made(files: tuple[Path, Path], **options: object) -> relief.Relief:
    options = {"kind": "distance", "projection": "Camera", **options}
    return relief.from_files(*files, collection=bpy.context.scene.collection, **options)


def test_an_import_makes_both_layers(files: tuple[Path, Path]) -> None:
    built = made(files)
    stored = depth_image.pixels(built.depth)
    assert depth_image.info(built.depth).background
    np.testing.assert_array_equal(stored[..., 0], np.where(box(), 1.0, 3.0))
    presence = stored[..., 2]
    assert (presence[19:23, 30:50] == 1.0).all()  # the outline and the uppermost rows of the box
    assert (presence[17:19, 30:50] > 1.0).all()  # the rim above the outline
    np.testing.assert_allclose(stored[..., 1][presence > 0], 3.0, rtol=3e-3)
    picture = depth_image.colour(built.depth)
    assert picture.packed_file is not None
    shown = (depth_image.pixels(picture)[..., :3] * 255).round().astype(int)
    y, x = round(HEIGHT / 8), round(WIDTH / 8)
    assert shown.shape == (HEIGHT + 2 * y, WIDTH + 2 * x, 3)
    assert np.abs(shown[y:-y, x:-x][presence > 0] - BLUE).max() <= 1
    assert inputs.get_input(built.modifier, "Background") is True
    material = inputs.get_input(built.modifier, "Background Material")
    assert [node.image for node in material.node_tree.nodes if node.bl_idname == "ShaderNodeTexImage"] == [picture]
    mesh = built.ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    assert [slot.name for slot in mesh.materials if slot] == ["box", picture.name]


def test_an_import_without_it_is_as_before(files: tuple[Path, Path]) -> None:
    built = made(files, background=False)
    stored = depth_image.pixels(built.depth)
    assert (stored[..., :3] == stored[..., :1]).all()
    assert not depth_image.info(built.depth).background
    assert depth_image.colour(built.depth) is None
    assert inputs.get_input(built.modifier, "Background") is False
    assert len(bpy.data.images) == 2


def pixels_of(built: relief.Relief) -> list[np.ndarray]:
    return [depth_image.pixels(image) for image in (built.depth, depth_image.colour(built.depth))]


@pytest.mark.parametrize("kind", ["distance", "disparity"])
def test_a_background_that_comes_later_is_the_same(files: tuple[Path, Path], kind: str) -> None:
    np.save(files[1], np.where(np.roll(box(), 12, 1), np.nan, np.load(files[1])))
    at_once = made(files, kind=kind)
    later = made(files, kind=kind, background="later")
    while not later.filling.is_over:
        time.sleep(0.01)
    assert depth_image.colour(later.depth) is None  # nothing of the file's changes but by `finish`
    assert inputs.get_input(later.modifier, "Background") is False
    relief.show_background(later.filling.finish())
    for here, there in zip(pixels_of(later), pixels_of(at_once), strict=True):
        np.testing.assert_array_equal(here, there)
    assert depth_image.info(later.depth) == depth_image.info(at_once.depth)
    assert inputs.get_input(later.modifier, "Background") is True
    assert_same(later.ob, shape(at_once.ob))


def test_a_background_can_be_given_to_an_image_that_has_none(files: tuple[Path, Path]) -> None:
    at_once, without = made(files), made(files, background=False)
    other = made(files, background=False)
    copy = without.ob.copy()  # follows the same image
    bpy.context.scene.collection.objects.link(copy)
    inputs.set_input(without.modifier, "Far", 7.0)
    relief.show_background(background.Filling.of(without.depth, photo.shown_by(without.ob).image).finish())
    for here, there in zip(pixels_of(without), pixels_of(at_once), strict=True):
        np.testing.assert_array_equal(here, there)
    for modifier in (without.modifier, copy.modifiers[0]):
        assert inputs.get_input(modifier, "Background") is True
        assert inputs.get_input(modifier, "Background Material") is not None
    assert inputs.get_input(without.modifier, "Far") == 7.0
    assert inputs.get_input(other.modifier, "Background") is False
    with pytest.raises(errors.DepthImageError, match="has a background"):
        background.Filling.of(without.depth, photo.shown_by(without.ob).image)


@pytest.mark.parametrize("change", ["removed", "rewritten"])
def test_a_background_for_another_depth_is_dropped(files: tuple[Path, Path], change: str) -> None:
    built = made(files, background="later")
    if change == "removed":
        bpy.data.images.remove(built.depth)
    else:
        depth_image.write(built.depth, np.random.default_rng(0).random((9, 9), np.float32), kind="distance")
        stored = depth_image.pixels(built.depth)
    with pytest.raises(errors.DepthImageError, match="changed or removed"):
        built.filling.finish()
    if change == "rewritten":
        np.testing.assert_array_equal(depth_image.pixels(built.depth), stored)
        assert depth_image.colour(built.depth) is None


def test_too_little_memory_for_a_background_is_said(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(background.filling, "behind", full)
    built = made(files, background="later")
    with pytest.raises(errors.EstimateError, match="not enough memory"):
        built.filling.finish()
    assert inputs.get_input(built.modifier, "Background") is False


def test_relative_depth_keeps_one_range(tmp_path: Path) -> None:
    values = np.where(box(), 90.0, 30.0).astype(np.float32)
    values[:5] = 10.0
    behind = depth_image.Layer(
        np.full(values.shape, 30.0, np.float32), box().astype(np.float32), np.zeros((75, 100, 3), np.uint8)
    )
    image = depth_image.write("Depth", values, kind="disparity", behind=behind)
    stored = depth_image.pixels(image)
    np.testing.assert_allclose(stored[..., 0], (values - 10) / 80, rtol=1e-6)
    np.testing.assert_allclose(stored[..., 1], 0.25, rtol=1e-6)
    np.testing.assert_array_equal(stored[..., 2], box())


def test_a_new_estimate_rewrites_both_images_or_drops_the_layer() -> None:
    plain = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    layer = depth_image.Layer(plain, np.ones_like(plain), np.full((8, 10, 3), 7, np.uint8))
    image = depth_image.write("Depth", plain, kind="disparity", behind=layer)
    picture = depth_image.colour(image)
    larger = np.linspace(0, 1, 192, dtype=np.float32).reshape(12, 16)
    again = depth_image.Layer(larger, np.ones_like(larger), np.full((16, 20, 3), 200, np.uint8))
    assert depth_image.write(image, larger, kind="disparity", behind=again) is image
    assert depth_image.colour(image) is picture
    assert tuple(picture.size) == (20, 16)
    assert (depth_image.pixels(picture)[..., :3] * 255).round().max() == 200
    depth_image.write(image, plain, kind="disparity")
    assert depth_image.colour(image) is None
    assert not depth_image.info(image).background
    for _ in range(2):  # modifiers may go on asking for it: it says that there is none
        stored = depth_image.pixels(depth_image.write(image, plain, kind="disparity"))
        np.testing.assert_array_equal(stored[..., 0], plain)
        assert (stored[..., 1:3] == 0.0).all()


def test_both_images_are_there_after_saving(files: tuple[Path, Path], tmp_path: Path) -> None:
    built = made(files)
    names = built.depth.name, depth_image.colour(built.depth).name
    before = [depth_image.pixels(bpy.data.images[name]).copy() for name in names]
    del built
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "both.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "both.blend"))
    for name, pixels in zip(names, before, strict=True):
        np.testing.assert_allclose(depth_image.pixels(bpy.data.images[name]), pixels, atol=1 / 510)
    assert depth_image.colour(bpy.data.images[names[0]]) == bpy.data.images[names[1]]


@pytest.mark.parametrize("cut", [False, True])
def test_freezing_keeps_both_layers(files: tuple[Path, Path], cut: bool) -> None:
    built = made(files)
    inputs.set_input(built.modifier, "Resolution", WIDTH)
    inputs.set_input(built.modifier, "Minimum Island", 0)
    live = shape(built.ob)
    freeze.freeze(built.ob, built.modifier, cut=cut)
    frozen = shape(built.ob)
    for now, then in zip(frozen, live, strict=True):
        assert now.shape == then.shape
    np.testing.assert_allclose(frozen[0], live[0], atol=2e-6)
    inputs.set_input(built.modifier, "Background", False)
    front = len(shape(built.ob)[0])
    assert front < len(live[0])
    inputs.set_input(built.modifier, "Background", True)
    freeze.unfreeze(built.ob, built.modifier)
    assert_same(built.ob, live)


def test_a_modifier_of_an_older_release_still_follows(files: tuple[Path, Path]) -> None:
    built = made(files)
    tree = built.modifier.node_group.copy()
    for item in list(tree.interface.items_tree):
        if item.name in {"Background", "Background Material", "Border"} and item.item_type == "SOCKET":
            tree.interface.remove(item)
    built.modifier.node_group = tree
    relief.set_depth(built.modifier, built.depth)
    assert inputs.get_input(built.modifier, "Image") == built.depth


@pytest.mark.parametrize(("suffix", "channels"), [("png", 1), ("png", 3), ("png", 4), ("jpg", 1), ("jpg", 3)])
def test_a_photos_colours_are_those_that_blender_shows(tmp_path: Path, suffix: str, channels: int) -> None:
    path = str(tmp_path / f"photo.{suffix}")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, channels), dtype=np.uint8)
    file = picture_file.oiio.ImageOutput.create(path)
    file.open(path, picture_file.oiio.ImageSpec(12, 8, channels, "uint8"))
    file.write_image(pixels)
    file.close()
    image = photo.load(path)
    shown = np.empty((8, 12, image.channels), np.float32)
    image.pixels.foreach_get(shown.reshape(-1))
    rgb = np.rint(shown[::-1] * 255).astype(np.uint8)
    rgb = np.repeat(rgb, 3, axis=2) if image.channels == 1 else rgb[..., :3]
    np.testing.assert_array_equal(photo.colours(image), rgb)


def test_edits_of_a_photo_count_before_they_are_saved(files: tuple[Path, Path]) -> None:
    image = photo.load(files[0])
    image.pixels.foreach_set(np.ones(image.size[0] * image.size[1] * image.channels, np.float32))
    assert (photo.colours(image) == 255).all()
