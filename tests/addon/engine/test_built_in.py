"""The built-in model in Blender: its worker needs numpy alone, all pixels reach it, and a better model follows."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.draft.architecture import output_size
from inference.draft.resize import resize
from tests.addon.enabled import depth_image, handover, inputs, jobs, place, relief, settings
from tests.addon.engine.worker import COMMAND, weights
from tools import extension

import bpy  # isort: skip

ABSENT = ("torch", "PIL", "safetensors", "huggingface_hub", "httpx2", "tqdm", "OpenEXR", "scipy", "bpy")


@pytest.fixture(autouse=True)
def preferences(empty_file, coarse):
    extension.enable()
    yield settings.preferences()
    jobs._drop_all()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows, columns = np.mgrid[0:90, 0:140]
    picture = np.dstack([rows * 2, columns, 255 - rows - columns // 2]).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def handed(image: bpy.types.Image, folder: Path) -> tuple[np.ndarray, object]:
    """What the worker is given for an image: pixels (H, W, 4), and what is known of them."""
    given = handover.as_small_pixels(handover.hand_over(image, folder), image, folder)
    return np.load(given.path), given


def test_its_worker_needs_numpy_alone(path: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.random.default_rng(1).random((64, 96, 4), np.float32).clip(0, 1))
    code = f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); from inference.worker.serve import main; main()"
    request = {"type": "Estimate", "id": 1, "picture": str(tmp_path / "p.npy"), "output": str(tmp_path)}
    engine = place.built_in()
    run = subprocess.Popen(
        [engine.python, "-c", code], env=engine.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    run.stdin.write(json.dumps({**request, "model": "draft"}) + "\n")
    run.stdin.flush()
    answers = []
    while not answers or answers[-1]["type"] in ("Ready", "Progress"):
        answers.append(json.loads(run.stdout.readline()))
    run.stdin.close()
    assert answers[-1]["type"] == "Done", answers[-1]
    assert (answers[-1]["kind"], answers[-1]["model"]) == ("disparity", "draft")
    values = np.load(answers[-1]["values"])
    assert values.shape == (64, 96)
    assert np.isfinite(values).all()
    assert np.ptp(values) > 0


def test_it_is_the_model_until_there_is_an_engine(preferences) -> None:
    assert settings.current().model == "draft"
    preferences.existing_python = COMMAND[0]
    assert settings.current().model == "small"


def test_an_engine_changes_no_choice(preferences) -> None:
    preferences.model = "draft"
    preferences.existing_python = COMMAND[0]
    assert settings.current().model == "draft"


def test_other_models_say_that_they_need_the_engine(preferences, path: Path) -> None:
    image = bpy.data.images.load(str(path))
    preferences.model = "small"
    with pytest.raises(RuntimeError, match=r"V2 Small.*Set Up Engine.*Draft"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)


def test_a_photo_is_handed_over_as_pixels(path: Path, tmp_path: Path) -> None:
    pixels, given = handed(bpy.data.images.load(str(path)), tmp_path)
    with Image.open(path) as picture:
        expected = np.asarray(picture) / 255
    np.testing.assert_allclose(pixels[..., :3], expected, atol=1e-6)
    assert (pixels[..., 3] == 1).all()
    assert (given.orientation, given.linear) == (1, False)


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        *((mode, "photo.png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *((mode, "photo.jpg") for mode in ("L", "RGB", "CMYK")),
    ],
)
def test_what_is_handed_over_is_what_blender_reads(
    mode: str, name: str, path: Path, tmp_path: Path, monkeypatch
) -> None:
    with Image.open(path) as picture:
        grey = picture.convert("L")
        if mode == "I;16":
            picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
        elif mode in ("LA", "RGBA"):
            picture = picture.convert(mode)
            picture.putalpha(grey)
        else:
            picture = picture.convert(mode)
        picture.save(tmp_path / name)
    image = bpy.data.images.load(str(tmp_path / name))
    pixels, given = handed(image, tmp_path)
    monkeypatch.setattr(handover.picture_file, "colours", lambda _path: None)
    read, as_read = handed(image, tmp_path)
    np.testing.assert_allclose(pixels, read, atol=1.5 / 255 if mode == "CMYK" else 1e-6)
    assert given.linear == as_read.linear


def test_a_large_photo_is_handed_over_in_the_size_that_is_used(tmp_path: Path) -> None:
    image = bpy.data.images.new("large", 1800, 1200)
    stored = np.random.default_rng(2).random((1200, 1800, 4), np.float32)
    image.pixels.foreach_set(stored.ravel())
    pixels, _ = handed(image, tmp_path)
    assert pixels.shape == (*output_size(1200, 1800), 4)
    kept = np.empty(1200 * 1800 * 4, np.float32)  # Blender keeps 8 bits
    image.pixels.foreach_get(kept)
    np.testing.assert_allclose(pixels, resize(kept.reshape(stored.shape)[::-1], *output_size(1200, 1800)), atol=1e-6)


def test_a_photo_that_lies_is_handed_over_upright_and_answered_as_it_lies(tmp_path: Path) -> None:
    stored = np.zeros((60, 100, 3), np.uint8)
    stored[:, :50] = 255  # of the file; upright, the white half is on top
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(tmp_path / "lying.jpg", exif=exif, quality=95)
    image = bpy.data.images.load(str(tmp_path / "lying.jpg"))
    pixels, given = handed(image, tmp_path)
    assert pixels.shape[:2] == (100, 60)
    assert given.orientation == 6
    assert pixels[:40, :, 0].mean() > 0.9 > 0.1 > pixels[60:, :, 0].mean()
    assert bpy.ops.depth_nodes.estimate_depth(image=image.name) == {"FINISHED"}
    assert tuple(handover.depth_of(image).size) == (100, 60)


def test_transparency_is_validity(tmp_path: Path) -> None:
    rgba = np.full((64, 80, 4), 255, np.uint8)
    rgba[:, :30, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    image = bpy.data.images.load(str(tmp_path / "clear.png"))
    assert bpy.ops.depth_nodes.estimate_depth(image=image.name) == {"FINISHED"}
    _, validity = depth_image.read(handover.depth_of(image))
    np.testing.assert_array_equal(validity, rgba[..., 3] / 255)


def test_better_depth_rewrites_the_same_image_and_keeps_every_slider(preferences, path: Path) -> None:
    assert bpy.ops.depth_nodes.import_photo(filepath=str(path)) == {"FINISHED"}
    ob = bpy.context.object
    modifier = relief.find_modifier(ob)
    depth = inputs.get_input(modifier, "Image")
    assert depth_image.info(depth).model == "draft"
    before, _ = depth_image.read(depth)
    inputs.set_input(modifier, "Midlevel", 0.37)
    preferences.existing_python = COMMAND[0]
    preferences.weights, preferences.device = str(weights()), "cpu"
    preferences.quality, preferences.size = "CUSTOM", 70
    assert bpy.ops.depth_nodes.better_depth() == {"FINISHED"}
    assert inputs.get_input(modifier, "Image") == depth
    assert inputs.get_input(modifier, "Midlevel") == pytest.approx(0.37)
    assert depth_image.info(depth).model == "small"
    after, _ = depth_image.read(depth)
    assert after.shape != before.shape or np.abs(after - before).max() > 0.1
    assert settings.current().model == "small"


def test_better_depth_goes_online_only_when_that_is_allowed(path: Path) -> None:
    assert bpy.ops.depth_nodes.import_photo(filepath=str(path)) == {"FINISHED"}
    depth = inputs.get_input(relief.find_modifier(bpy.context.object), "Image")
    with pytest.raises(RuntimeError, match=r"(?i)allow online access"):
        bpy.ops.depth_nodes.better_depth()
    assert not bpy.app.online_access
    assert depth_image.info(depth).model == "draft"
