"""Photos that bring their depth: used in the place of an estimate, or to scale one, with and without an engine."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.addon.enabled import depth_image, inputs, jobs, relief, settings
from tests.addon.engine.worker import COMMAND
from tests.inference.embedded import writers
from tests.material import material
from tools import extension

import bpy  # isort: skip

HEIGHT, WIDTH = 60, 80
METRES = np.broadcast_to(np.linspace(4.0, 1.0, HEIGHT)[:, None], (HEIGHT, WIDTH))  # near at the bottom
GREY = np.rint((METRES - 1.0) / 3.0 * 255).astype(np.uint8)
SAID = {"Format": "RangeLinear", "Near": "1", "Far": "4", "Units": "m"}
COLOURS = np.full((2 * HEIGHT, 2 * WIDTH, 3), 120, np.uint8)


@pytest.fixture(autouse=True)
def preferences(empty_file):
    extension.enable()
    yield settings.preferences()
    jobs._drop_all()


def write(path: Path, *, kind: str = "PNG", orientation: int = 1, grey: np.ndarray = GREY) -> Path:
    """Write a grey photo with that depth; one that lies on its side is stored so, and its depth with it."""
    turn = 1 if orientation == 6 else 0  # a quarter turn anticlockwise, which a reader turns back
    photo = writers.encoded(np.rot90(COLOURS, turn), orientation=orientation)
    path.write_bytes(writers.gdepth(photo, writers.encoded(np.rot90(grey, turn), kind), SAID))
    return path


def made(path: Path, **options: object) -> tuple[bpy.types.NodesModifier, bpy.types.Image]:
    """Import a photo as an artist does, and return its modifier and depth image."""
    assert bpy.ops.depth_nodes.import_photo(filepath=str(path), **options) == {"FINISHED"}
    modifier = relief.find_modifier(bpy.context.object)
    return modifier, relief.depth_of(modifier)


def error_of_inverse(depth: bpy.types.Image) -> float:
    """Return how far a depth image is from the metres that were written, in 1 / metres, away from the border."""
    stored, _ = depth_image.read(depth)
    small = np.asarray(Image.fromarray(stored).resize((WIDTH, HEIGHT), Image.Resampling.BOX))
    return float(np.abs(1 / small - 1 / METRES)[9:-9].max())


@pytest.mark.parametrize(("orientation", "kind"), [(1, "PNG"), (6, "PNG"), (1, "JPEG")])
@pytest.mark.parametrize("model", ["draft", "small"])
def test_a_photos_own_depth_is_used_without_an_engine(tmp_path, preferences, orientation, kind, model):
    preferences.model, preferences.invert = model, True  # the latter is about models
    modifier, depth = made(write(tmp_path / "photo.jpg", kind=kind, orientation=orientation))
    known = depth_image.info(depth)
    assert (known.kind, known.model, known.revision, known.background) == ("distance", "embedded", "GDepth", True)
    assert inputs.get_input(modifier, "Kind") == "Distance"
    assert error_of_inverse(depth) < 0.03
    assert depth.size[0] > depth.size[1]


def test_it_is_used_for_an_image_that_is_open_already(tmp_path):
    image = bpy.data.images.load(str(write(tmp_path / "photo.jpg", orientation=6)))  # Blender shows it on its side
    assert bpy.ops.depth_nodes.estimate_depth(image=image.name) == {"FINISHED"}
    stored, _ = depth_image.read(bpy.data.images["photo Depth"])
    assert stored.shape[0] > stored.shape[1]
    assert stored[:, 0].mean() > stored[:, -1].mean() + 2.0  # far is what becomes the top
    image.pixels[0] = 0.5
    assert extension.module("addon.engine.own_depth").of(image) is None  # it was painted on


def test_it_can_be_left_aside(tmp_path, preferences):
    preferences.own_depth = "IGNORE"
    modifier, depth = made(write(tmp_path / "photo.jpg"))
    assert depth_image.info(depth).model == "draft"
    assert inputs.get_input(modifier, "Kind") == "Disparity"


def test_an_estimate_takes_its_scale_from_it(tmp_path, preferences):
    preferences.own_depth = "ANCHOR"
    still = Image.open(extension.ROOT / "assets" / "sample_photo.jpg").resize((480, 320))
    estimated = bpy.data.images.load(str(save(still, tmp_path / "plain.jpg")))
    assert bpy.ops.depth_nodes.estimate_depth(image=estimated.name) == {"FINISHED"}
    nearness, _ = depth_image.read(bpy.data.images["plain Depth"])
    metres = 1 / (0.25 + 0.75 * nearness)  # what the photo is to bring: 1 to 4 m, near where Draft sees it near
    grey = np.rint((metres - 1.0) / 3.0 * 255).astype(np.uint8)
    whole = writers.gdepth((tmp_path / "plain.jpg").read_bytes(), writers.encoded(grey, "PNG"), SAID)
    (tmp_path / "photo.jpg").write_bytes(whole)
    modifier, depth = made(tmp_path / "photo.jpg")
    known = depth_image.info(depth)
    assert (known.kind, known.model) == ("distance", "draft")
    assert inputs.get_input(modifier, "Kind") == "Distance"
    stored, _ = depth_image.read(depth)
    np.testing.assert_allclose(stored, metres, rtol=0.05)


def save(picture: Image.Image, path: Path) -> Path:
    picture.save(path, quality=95)
    return path


@pytest.mark.parametrize("use_camera", [False, True])
def test_depth_that_will_not_do_says_so_and_an_estimate_is_offered(tmp_path, preferences, monkeypatch, use_camera):
    shown = []

    def show(_context, obs, *, from_camera):
        shown.append(([ob.name for ob in obs], from_camera))

    monkeypatch.setattr(extension.module("addon.ui.first_sight"), "show", show)
    path = write(tmp_path / "photo.jpg", grey=GREY[:, :40])
    with pytest.raises(RuntimeError, match="it was cropped since"):
        bpy.ops.depth_nodes.photo_as_relief(filepath=str(path), projection="Camera", use_camera=use_camera)
    assert jobs.last_failed().fault == "embedded"
    assert not shown
    assert bpy.ops.depth_nodes.estimate_instead() == {"FINISHED"}
    assert shown == [(["photo"], use_camera)]
    assert depth_image.info(relief.depth_of(relief.find_modifier(bpy.context.object))).model == "draft"
    preferences.own_depth = "ANCHOR"
    path.write_bytes(writers.huawei(writers.encoded(COLOURS), writers.encoded(COLOURS), GREY))
    with pytest.raises(RuntimeError, match="has no unit"):
        bpy.ops.depth_nodes.photo_as_relief(filepath=str(path))


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_photo_from_before_its_background_was_blurred_can_be_shown(tmp_path, orientation):
    turn = 1 if orientation == 6 else 0
    top = COLOURS.copy()
    top[:HEIGHT] = 240
    photo = writers.encoded(np.rot90(COLOURS, turn), orientation=orientation)
    sharp = writers.encoded(np.rot90(top, turn))
    whole = writers.gdepth(photo, writers.encoded(np.rot90(GREY, turn), "PNG"), SAID, sharp)
    (tmp_path / "photo.jpg").write_bytes(whole)
    _, depth = made(tmp_path / "photo.jpg")
    before = bpy.context.object.active_material
    assert bpy.ops.depth_nodes.show_unblurred() == {"FINISHED"}
    assert bpy.context.object.active_material == before
    shown = extension.module("addon.scene.photo").shown_by(bpy.context.object).image
    rows = depth_image.pixels(shown)[..., 0].mean(axis=1) * 255
    np.testing.assert_allclose([rows[:50].mean(), rows[-50:].mean()], (240, 120), atol=3)
    assert extension.module("addon.engine.handover").depth_of(shown) == depth
    with pytest.raises(RuntimeError, match="does not show the photo's own file"):
        bpy.ops.depth_nodes.show_unblurred()


def test_the_dialog_of_dropped_photos_names_those_that_bring_depth(tmp_path):
    write(tmp_path / "photo.jpg")
    (tmp_path / "plain.jpg").write_bytes(writers.encoded(COLOURS))
    operator = extension.module("addon.ui.operators.import_photo").DEPTH_NODES_OT_import_photo
    asked = SimpleNamespace(
        properties=SimpleNamespace(is_property_set=lambda _: True),
        directory=str(tmp_path),
        files=[SimpleNamespace(name=name) for name in ("photo.jpg", "plain.jpg", "gone.jpg")],
        invoke_popup=lambda _: {"RUNNING_MODAL"},
    )
    operator.invoke(asked, bpy.context, None)
    assert asked._brought == ["photo.jpg brings depth (GDepth)"]


def test_a_heic_portrait_comes_in_by_the_engine(preferences):
    path = material("heic/pug.heic")
    with pytest.raises(RuntimeError, match=r"HEIC photo, which Blender can't open.*engine is not set up"):
        bpy.ops.depth_nodes.photo_as_relief(filepath=str(path))
    assert not bpy.data.images
    preferences.existing_python = COMMAND[0]
    modifier, depth = made(path, projection="Camera", use_camera=True)
    known = depth_image.info(depth)
    assert (known.kind, known.model, known.revision, known.lens) == ("distance", "embedded", "Apple HEIC", "photo")
    assert known.focal_length == pytest.approx(3032.6 / 4032 * 36, rel=1e-3)  # of the matrix beside the depth
    assert inputs.get_input(modifier, "Focal Length") == pytest.approx(known.focal_length)
    photo = bpy.data.images["pug.heic"]
    assert (tuple(photo.size), photo.packed_file is not None) == ((4032, 3024), True)
    scene = bpy.context.scene.render
    assert (scene.resolution_x, scene.resolution_y) == (4032, 3024)
    kept = np.load(material("rgbd/apple_portrait_pug.npz"))["depth"]  # taken out of it by other means
    stored, _ = depth_image.read(depth)
    small = np.asarray(Image.fromarray(1 / stored).resize(kept.shape[::-1], Image.Resampling.BOX))
    assert np.abs(small - 1 / kept).mean() < 0.03


def test_any_photo_that_blender_cannot_open_comes_in_by_the_engine(tmp_path, preferences):
    rows, columns = np.mgrid[0:90, 0:140]
    np.save(tmp_path / "photo.npy", np.dstack([rows * 2, columns, 255 - rows - columns // 2]).astype(np.uint8))
    code = (
        "import sys, numpy, pillow_heif; folder = sys.argv[1]; pixels = numpy.load(f'{folder}/photo.npy');"
        "pillow_heif.from_bytes('RGB', pixels.shape[1::-1], pixels.tobytes()).save(f'{folder}/photo.heic', quality=-1)"
    )
    subprocess.run([COMMAND[0], "-c", code, str(tmp_path)], check=True)
    preferences.existing_python, preferences.model = COMMAND[0], "draft"
    modifier, depth = made(tmp_path / "photo.heic")
    assert depth_image.info(depth).model == "draft"
    shown = depth_image.pixels(bpy.data.images["photo.heic"])[..., :3]
    assert np.abs(shown * 255 - np.load(tmp_path / "photo.npy")).max() < 6  # JPEG between
    picture = bpy.data.images["photo.heic"].packed_file.data
    assert bpy.ops.depth_nodes.estimate_depth(image="photo.heic") == {"FINISHED"}  # by its file again
    assert bpy.data.images["photo.heic"].packed_file.data == picture
    assert relief.depth_of(modifier) == depth
