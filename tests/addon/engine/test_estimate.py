"""Estimate Depth with the real worker: every source of pixels, what becomes of the answer, and what goes meanwhile.

What the engine has no part in is played with the built-in model, whose worker starts in a tenth of the time.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.addon.enabled import client, depth_image, handover, inputs, jobs, material, photo, relief, settings
from tests.addon.engine.worker import COMMAND, weights
from tests.addon.pictures import write_photo
from tools import extension

import bpy  # isort: skip


@pytest.fixture(scope="module", autouse=True)
def workers():
    """Keep the workers from test to test; each takes a second to start."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    extension.enable()
    yield
    jobs.free_memory()


@pytest.fixture
def empty_file(workers):
    """Open an empty file; unlike factory settings, that leaves the extension enabled."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.fixture(autouse=True)
def preferences(empty_file, coarse):
    """The extension as it is without an engine."""
    chosen = settings.preferences()
    for name in chosen.__annotations__:
        chosen.property_unset(name)
    yield chosen
    jobs._drop_all()


@pytest.fixture
def engine(preferences):
    """The preferences with an engine, a model on disk and a size that takes no time."""
    preferences.existing_python = COMMAND[0]
    preferences.weights = str(weights())
    preferences.quality, preferences.size, preferences.device = "CUSTOM", 70, "cpu"
    return preferences


@pytest.fixture
def path(tmp_path) -> Path:
    return write_photo(tmp_path / "photo.png")


@pytest.fixture
def image(path) -> bpy.types.Image:
    return bpy.data.images.load(str(path))


def the_client():
    (client,) = jobs._clients.values()
    return client


def run(image: bpy.types.Image, **given) -> bpy.types.Image:
    assert bpy.ops.depth_nodes.estimate_depth(image=image.name, **given) == {"FINISHED"}
    return handover.depth_of(image)


def seen(image: bpy.types.Image, folder: Path, **given) -> np.ndarray:
    """The pixels that the engine is given for an image, float (H, W, 3), sRGB, as its worker would read them."""
    handed = handover.hand_over(image, folder, **given)
    if handed.path.suffix == ".npy":
        rgb = np.load(handed.path)[..., :3]
        return np.where(rgb <= 0.0031308, rgb * 12.92, 1.055 * rgb ** (1 / 2.4) - 0.055) if handed.linear else rgb
    with Image.open(handed.path) as read:
        return np.asarray(read.convert("RGB")) / 255


def shown(path: Path) -> np.ndarray:
    with Image.open(path) as read:
        return np.asarray(read.convert("RGB")) / 255


def estimated(photo_path: Path) -> np.ndarray:
    """The disparity of a file by the command line: another way to the same model, at the photo's size."""
    output = photo_path.with_name("independent.npy")
    command = [COMMAND[0], "-m", "inference", photo_path, "--weights", weights(), "--size", "70", "-o", output]
    subprocess.run(list(map(str, command)), cwd=extension.ROOT, check=True, capture_output=True)
    return np.load(output)


def resampled(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bilinear, corners aligned."""
    (h, w), (height, width) = values.shape, shape
    rows, columns = np.linspace(0, h - 1, height), np.linspace(0, w - 1, width)
    across = np.stack([np.interp(columns, np.arange(w), row) for row in values])
    return np.stack([np.interp(rows, np.arange(h), column) for column in across.T], axis=1)


# --- What is made --------------------------------------------------------------------------------------------------


def test_the_depth_is_that_of_the_photo(image, path, engine):
    depth = run(image)
    stored, validity = depth_image.read(depth)
    assert min(stored.shape) == 70
    assert validity.min() == 1.0
    known = depth_image.info(depth)
    assert (known.kind, known.source, known.model, known.revision) == ("disparity", "photo.png", "small", "local")
    assert known.background
    assert depth_image.colour(depth).name == f"{depth.name} Background"
    span = known.raw_max - known.raw_min
    values = resampled(stored * span + known.raw_min, (36, 48))
    np.testing.assert_allclose(values, estimated(path), rtol=0, atol=1e-4 * span)
    assert depth.packed_file is not None


def test_again_rewrites_the_same_image_and_modifiers_follow(image, preferences):
    depth = run(image, make="RELIEF")
    ob = bpy.context.object
    modifier = relief.find_modifier(ob)
    assert inputs.get_input(modifier, "Image") == depth
    heights = []
    for invert in (False, True):
        preferences.invert = invert
        assert run(image) == depth
        mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        heights.append(mesh.vertices[len(mesh.vertices) // 2].co.z)
        # What lies behind follows from what is near: it is not made of a map that is turned around later.
        assert (depth_image.colour(depth) is None) is invert
        assert bool(depth_image.pixels(depth)[..., 2].any()) is not invert
    assert abs(heights[0] - heights[1]) > 1e-3
    assert len([other for other in bpy.data.images if depth_image.info(other)]) == 1


def test_transparency_is_validity_at_the_photos_size(tmp_path):
    image = bpy.data.images.load(str(write_photo(tmp_path / "photo.png", opaque_columns=30)))
    depth = run(image)
    assert tuple(depth.size) == (48, 36)
    _, validity = depth_image.read(depth)
    np.testing.assert_array_equal(validity[:, :30], 1.0)
    np.testing.assert_array_equal(validity[:, 30:], 0.0)


def test_a_plane_that_shows_a_photo_gets_the_modifier(image):
    bpy.ops.mesh.primitive_plane_add()
    ob = bpy.context.object
    ob.data.materials.append(material.material(image))
    assert bpy.ops.depth_nodes.estimate_depth() == {"FINISHED"}
    modifier = relief.find_modifier(ob)
    assert inputs.get_input(modifier, "Image") == handover.depth_of(image)
    bpy.ops.depth_nodes.estimate_depth()
    assert len(ob.modifiers) == 1


def test_show_depth_goes_from_the_photo_to_its_depth_and_back(image):
    depth = run(image)
    assert handover.depth_of(image) == depth
    assert handover.photo_of(depth) == image
    assert handover.photo_of(image) is None


def test_photos_from_disk_become_reliefs(tmp_path):
    names = ["one.png", "two.png"]
    for name in names:
        write_photo(tmp_path / name)
    files = [{"name": name} for name in names]
    assert bpy.ops.depth_nodes.import_photo(directory=str(tmp_path), files=files, use_camera=True) == {"FINISHED"}
    assert {ob.name for ob in bpy.data.objects if ob.type == "MESH"} == {"one", "two"}
    assert bpy.context.scene.camera is not None
    assert bpy.context.object.name == "two"


def held_upright(path: Path) -> Path:
    """Write a photo as a phone that is held upright does: it lies in its file, which names its lens."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 26  # the focal length in millimetres of a 35 mm film
    across = np.linspace(0, 255, 96).astype(np.uint8)
    Image.fromarray(np.dstack([across[None].repeat(64, 0)] * 3)).save(path, quality=95, exif=exif)
    return path


def test_of_a_photo_that_lies_in_its_file_the_engine_reads_that_file(tmp_path, engine, monkeypatch):
    path, asked = held_upright(tmp_path / "phone.jpg"), []
    request = client.WorkerClient.request
    monkeypatch.setattr(client.WorkerClient, "request", lambda *given: asked.append(given[1]) or request(*given))
    assert bpy.ops.depth_nodes.photo_as_relief(filepath=str(path)) == {"FINISHED"}
    assert [work.picture for work in asked] == [str(path)]
    image = bpy.data.images["phone.jpg"]
    assert tuple(image.size) == (64, 96)
    depth = handover.depth_of(image)
    stored, _ = depth_image.read(depth)
    expected = estimated(path)
    assert stored.shape[0] > stored.shape[1]
    assert expected.shape in {(96, 64), (64, 96)}
    expected = expected if expected.shape == (96, 64) else np.rot90(expected, -1)
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    np.testing.assert_allclose(resampled(stored, (96, 64)), expected, atol=0.02)
    assert depth_image.info(depth).focal_length == pytest.approx(26.0, rel=0.05)


def test_a_turned_photo_that_was_painted_on_is_handed_over_as_it_is_shown(tmp_path, engine):
    image = photo.load(held_upright(tmp_path / "phone.jpg"))
    assert depth_image.same_as(image) is not None
    image.pixels[0] = 1.0
    assert depth_image.same_as(image) is None
    image.pixels.foreach_set(np.random.default_rng(0).random(64 * 96 * image.channels, np.float32))
    image.pack()
    assert depth_image.same_as(image) is None
    run(image)
    assert handover.depth_of(image).size[1] > handover.depth_of(image).size[0]


def test_the_engine_has_a_photo_before_blender_decodes_it(tmp_path, engine, monkeypatch):
    paths, decoded = [write_photo(tmp_path / "a.png"), held_upright(tmp_path / "b.jpg")], []
    request = client.WorkerClient.request

    def note(*given):
        image = bpy.data.images[Path(given[1].picture).name]
        decoded.append(image.packed_file is not None or (image.source == "FILE" and image.has_data))
        return request(*given)

    monkeypatch.setattr(client.WorkerClient, "request", note)
    for path in paths:
        bpy.ops.depth_nodes.photo_as_relief(filepath=str(path))
    assert decoded == [False, False]


# --- Where pixels come from ----------------------------------------------------------------------------------------


def test_a_file_is_handed_over_as_it_is(image, path, tmp_path):
    assert handover.hand_over(image, tmp_path).path == path


def test_packed_generated_and_edited_images(image, path, tmp_path):
    image.pack()
    path.rename(path.with_name("moved.png"))
    expected = shown(path.with_name("moved.png"))
    np.testing.assert_array_equal(seen(image, tmp_path), expected)
    image.pixels[0] = 1.0  # red of the lower left corner
    edited = expected.copy()
    edited[-1, 0, 0] = 1.0
    np.testing.assert_allclose(seen(image, tmp_path), edited, atol=1e-6)
    made = bpy.data.images.new("made", 4, 3)
    made.generated_color = (0.25, 0.5, 0.75, 1.0)
    assert seen(made, tmp_path).shape == (3, 4, 3)
    assert run(made).name == "made Depth"


def test_a_float_image_is_encoded_as_srgb(tmp_path):
    made = bpy.data.images.new("linear", 5, 4, float_buffer=True)
    linear = np.random.default_rng(0).random((4, 5, 4), dtype=np.float32)
    linear[..., 3] = 1.0
    made.pixels.foreach_set(linear[::-1].ravel())
    handed = handover.hand_over(made, tmp_path)
    assert handed.linear
    np.testing.assert_array_equal(np.load(handed.path), linear)
    run(made)


def test_the_active_tile_of_a_udim_image(tmp_path):
    for number in (1001, 1002):
        Image.new("RGB", (8, 6), (number - 1000, 0, 0)).save(tmp_path / f"tiles.{number}.png")
    image = bpy.data.images.load(str(tmp_path / "tiles.<UDIM>.png"))
    image.source = "TILED"
    for tile in image.tiles:
        image.tiles.active = tile
        assert handover.hand_over(image, tmp_path).path.name == f"tiles.{tile.number}.png"
    run(image)


def test_the_current_frame_of_a_sequence(tmp_path):
    for number in (1, 2, 3):
        Image.new("RGB", (8, 6), (number * 40, 0, 0)).save(tmp_path / f"frame_{number:04}.png")
    image = bpy.data.images.load(str(tmp_path / "frame_0001.png"))
    image.source = "SEQUENCE"
    np.testing.assert_array_equal(seen(image, tmp_path, frame=2)[0, 0], (80 / 255, 0, 0))
    bpy.context.scene.frame_current = 3
    assert run(image).size[0] > 0


def test_the_current_frame_of_a_movie(tmp_path):
    scene = bpy.context.scene
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"  # from 5.0 on
    settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "AVI", "FFV1"
    scene.render.resolution_x, scene.render.resolution_y = 64, 48
    scene.render.filepath = str(tmp_path / "movie.avi")
    scene.frame_start, scene.frame_end = 1, 3
    scene.view_settings.view_transform = "Standard"
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.world = bpy.data.worlds.new("grey")
    if bpy.app.version < (5, 0):
        scene.world.use_nodes = True
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    strength = scene.world.node_tree.nodes["Background"].inputs["Strength"]
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (1, 1, 1, 1)
    for frame, value in ((1, 0.1), (2, 0.4), (3, 0.8)):
        strength.default_value = value
        strength.keyframe_insert("default_value", frame=frame)
    bpy.ops.render.render(animation=True)
    (movie,) = tmp_path.glob("movie*")
    image = bpy.data.images.load(str(movie))
    assert image.source == "MOVIE"
    greys = [seen(image, tmp_path, frame=frame).mean() for frame in (1, 2, 3)]
    expected = [1.055 * value ** (1 / 2.4) - 0.055 for value in (0.1, 0.4, 0.8)]
    np.testing.assert_allclose(greys, expected, atol=0.02)
    run(image)


def test_an_image_without_pixels_is_refused(tmp_path):
    path = write_photo(tmp_path / "gone.png")
    image = bpy.data.images.load(str(path))
    path.unlink()
    with pytest.raises(RuntimeError, match=r"gone\.png"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)
    with pytest.raises(RuntimeError, match=r"(?i)open a photo"):
        bpy.ops.depth_nodes.estimate_depth()


# --- Faults --------------------------------------------------------------------------------------------------------


def submit(image, **given):
    return jobs.submit(image, settings.current(), **given)


def assert_works(image) -> None:
    job = submit(image)
    jobs.wait(job)
    assert job.state == "done", job.error


def test_several_are_worked_off_in_order(tmp_path):
    order = []
    under_way = []
    for number in range(3):
        image = bpy.data.images.load(str(write_photo(tmp_path / f"{number}.png")))
        under_way.append(submit(image, on_depth=lambda depth: order.append(depth.name)))
    assert [job.name for job in jobs.waiting()] == ["0.png", "1.png", "2.png"]
    for job in under_way:
        jobs.wait(job)
    assert order == ["0 Depth", "1 Depth", "2 Depth"]


def test_cancelling(image):
    assert_works(image)
    job = submit(image)
    jobs.cancel(job)
    jobs.wait(job)
    assert job.state == "cancelled"
    assert_works(image)


def test_the_image_is_removed_meanwhile(image, path):
    job = submit(image)
    bpy.data.images.remove(image)
    jobs.wait(job)
    assert job.state == "failed"
    assert "removed" in job.error
    assert len(bpy.data.images) == 0
    assert_works(bpy.data.images.load(str(path)))


def test_the_object_is_removed_meanwhile(image):
    bpy.ops.mesh.primitive_plane_add()
    ob = bpy.context.object
    uid = ob.session_uid
    job = submit(image, on_depth=lambda depth: relief.set_depth_of([uid], depth))
    bpy.data.objects.remove(ob)
    jobs.wait(job)
    assert job.state == "failed"
    assert "object was deleted" in job.error
    assert handover.depth_of(image) is not None  # the work is not lost
    assert_works(image)


def test_the_depth_image_is_removed_meanwhile(image):
    first = run(image)
    job = submit(image)
    bpy.data.images.remove(first)
    jobs.wait(job)
    assert job.state == "done"
    assert handover.depth_of(image).name == "photo Depth"


def test_another_file_is_loaded_meanwhile(image, path, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"))
    job = submit(image)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "other.blend"))
    assert job.state == "cancelled"
    assert jobs.waiting() == []
    time.sleep(0.5)
    jobs.poll()
    assert not [image for image in bpy.data.images if depth_image.info(image)]
    assert_works(bpy.data.images.load(str(path)))


def test_undo_meanwhile_loses_nothing(image):
    image.use_fake_user = True
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="cube")
    name, uid = image.name, image.session_uid
    job = submit(image)
    bpy.ops.ed.undo()
    jobs.wait(job)
    again = bpy.data.images[name]
    assert again.session_uid == uid
    assert job.state == "done"
    assert handover.depth_of(again) is not None
    assert_works(again)


def test_the_extension_is_disabled_meanwhile(image, path):
    import addon_utils

    submit(image)
    process = the_client()._process._process
    addon_utils.disable(extension.MODULE)
    assert process.poll() is not None
    assert jobs._clients == {}
    addon_utils.enable(extension.MODULE)


def test_a_killed_worker_is_reported_and_replaced(image, engine):
    assert_works(image)
    engine.size = 1022  # seconds of work
    job = submit(image)
    while job.text != "Estimating" and job.state == "waiting":
        jobs.poll()
    os.kill(the_client()._process._process.pid, signal.SIGKILL)
    jobs.wait(job)
    assert (job.state, job.fault) == ("failed", "memory")
    engine.size = 70
    assert_works(image)


def test_each_fault_says_what_to_do_and_the_next_estimate_works(image, engine, tmp_path):
    engine.weights = str(tmp_path / "none.safetensors")
    with pytest.raises(RuntimeError, match=r"none\.safetensors"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)
    assert jobs.last_failed().fault == "weights"
    engine.weights = str(weights())
    run(image)
    assert jobs.last_failed() is None
    engine.size = 2072
    engine.existing_python = str(tmp_path / "python")
    with pytest.raises(RuntimeError, match="no Python"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)
    assert jobs.last_failed().fault == "engine"
    engine.existing_python, engine.size = COMMAND[0], 70
    for model, terms in (("large", r"CC-BY-NC-4\.0"), ("base-indoor", "state no licence")):
        engine.model = model
        with pytest.raises(RuntimeError, match=terms):
            bpy.ops.depth_nodes.estimate_depth(image=image.name)
        assert jobs.last_failed().fault == "licence"
        bpy.ops.depth_nodes.accept_licence()
        with pytest.raises(RuntimeError, match="model"):  # Small's weights; but the licence is accepted
            bpy.ops.depth_nodes.estimate_depth(image=image.name)
        assert jobs.last_failed().fault == "weights"
    engine.model = "small"
    run(image)


@pytest.mark.skipif(os.name != "posix", reason="the engine is a shell script")
def test_what_does_not_fit_into_memory_is_tried_smaller(image, engine, tmp_path):
    """The engine believes that 150 MB are left: enough for half the pixels, which take some 110, and not for all."""
    (tmp_path / "sitecustomize.py").write_text(
        "from inference import memory\nmemory.available_memory = lambda: 150_000_000\n"
    )
    small_engine = tmp_path / "python"
    small_engine.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}:$PYTHONPATH" exec "{COMMAND[0]}" "$@"\n')
    small_engine.chmod(0o755)
    engine.existing_python, engine.size = str(small_engine), 588
    with pytest.raises(RuntimeError, match="size"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name, make="RELIEF", projection="Camera")
    assert jobs.last_failed().fault == "memory"
    assert bpy.ops.depth_nodes.retry_smaller() == {"FINISHED"}
    assert jobs.last_failed() is None
    assert inputs.get_input(relief.find_modifier(bpy.context.object), "Projection") == "Camera"
    assert min(handover.depth_of(image).size) == pytest.approx(588 / 2**0.5, abs=14)  # in whole patches


def test_without_weights_and_network_it_says_offline(image, engine, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    jobs.free_memory()
    engine.weights = ""
    assert not extension.module("inference.cache").on_disk(extension.module("inference.catalog").get("small"))
    with pytest.raises(RuntimeError, match="online"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)
    assert jobs.last_failed().fault == "offline"
    jobs.free_memory()


def test_what_was_handed_over_is_removed_again(image, engine, tmp_path):
    image.pack()
    run(image)
    run(bpy.data.images.new("painted", 64, 48, alpha=True))
    engine.weights = str(tmp_path / "none.safetensors")
    with pytest.raises(RuntimeError):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)
    assert list(the_client().folder.iterdir()) == []


def test_a_relief_is_not_added_in_edit_mode(image):
    bpy.ops.mesh.primitive_plane_add()
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="Object Mode"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name, make="RELIEF")
    assert bpy.context.mode == "EDIT_MESH"
    bpy.ops.object.mode_set(mode="OBJECT")


def test_an_error_of_the_photo_dialog_is_one_line(tmp_path, engine):
    engine.existing_python = str(tmp_path / "none")
    with pytest.raises(RuntimeError, match="no Python") as caught:
        bpy.ops.depth_nodes.import_photo(filepath=str(write_photo(tmp_path / "a.png")))
    assert "Traceback" not in str(caught.value)


def test_one_bad_photo_does_not_stop_the_others(tmp_path):
    write_photo(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    write_photo(tmp_path / "c.png")
    with pytest.raises(RuntimeError, match=r"b\.png"):
        bpy.ops.depth_nodes.photo_as_relief(
            directory=str(tmp_path), files=[{"name": name} for name in ("a.png", "b.png", "c.png")]
        )
    assert {ob.name for ob in bpy.data.objects} >= {"a", "c"}
    expected = {f"{name}{made}" for name in "ac" for made in (".png", " Depth", " Depth Background")}
    assert {image.name for image in bpy.data.images if image.source == "FILE"} == expected
    assert jobs.waiting() == []


def test_a_photo_that_cannot_be_estimated_is_not_left_in_the_file(tmp_path, engine):
    engine.existing_python = str(tmp_path / "none")
    with pytest.raises(RuntimeError, match="no Python"):
        bpy.ops.depth_nodes.photo_as_relief(filepath=str(write_photo(tmp_path / "a.png")))
    assert "a.png" not in bpy.data.images


def test_scene_and_linked_data_stay_as_they_were_after_a_fault(image, engine, tmp_path):
    before = set(bpy.data.user_map())
    engine.weights = str(tmp_path / "none.safetensors")
    for make in ("DEPTH", "RELIEF"):
        with pytest.raises(RuntimeError):
            bpy.ops.depth_nodes.estimate_depth(image=image.name, make=make)
    assert set(bpy.data.user_map()) == before
