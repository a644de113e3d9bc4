"""Estimate Frames in Blender in the background, with the built-in model: the project's own clip through it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from inference import exr
from inference.draft.resize import resize
from tests import simulated_clip as clips
from tests.addon.enabled import (
    depth_image,
    errors,
    frames,
    handover,
    inputs,
    jobs,
    material,
    relief,
    sequence,
    settings,
    timeline,
)
from tests.addon.enabled import photo as photos
from tests.addon.engine.worker import COMMAND, weights
from tools import environments, extension

import bpy  # isort: skip


@pytest.fixture(autouse=True)
def preferences(empty_file, coarse):
    extension.enable()
    yield settings.preferences()
    jobs._drop_all()


@pytest.fixture(scope="module")
def shot(tmp_path_factory) -> Path:
    """The folder of the clip: files 101 to 106, with a cut before 104."""
    folder = tmp_path_factory.mktemp("clip")
    clips.save(clips.own_clip(6), folder, first=101)
    return folder


def shown_in_the_scene(shot: Path) -> tuple[bpy.types.Object, bpy.types.Image]:
    """Add a plane that shows the sequence from frame 11 of the scene on, and select it."""
    image = bpy.data.images.load(str(shot / "shot_0101.png"))
    image.source = "SEQUENCE"
    mesh = extension.module("addon.scene.plane").plane("clip", 64, 48)
    mesh.materials.append(material.material(image))
    ob = bpy.data.objects.new("clip", mesh)
    bpy.context.collection.objects.link(ob)
    timeline.Showing(11, 6, 100, cyclic=False).apply(photos.shown_by(ob).image_user)
    bpy.context.view_layer.update()
    ob.select_set(True)
    bpy.context.view_layer.objects.active = ob
    return ob, image


def estimate(folder: Path, **options) -> set[str]:
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 11, 16
    return bpy.ops.depth_nodes.estimate_frames(directory=str(folder), **options)


def surface(ob: bpy.types.Object) -> np.ndarray:
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    vertices = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", vertices.reshape(-1))
    return vertices


def channels(path: Path) -> dict[str, np.ndarray]:
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return {name: channel.pixels for name, channel in file.channels().items()}


def test_a_relief_follows_the_timeline_in_one_range_a_shot(shot: Path, tmp_path: Path) -> None:
    ob, image = shown_in_the_scene(shot)
    assert estimate(tmp_path / "depth") == {"FINISHED"}
    depth = handover.depth_of(image)
    assert (depth.source, depth.colorspace_settings.is_data) == ("SEQUENCE", True)
    assert [one[:2] for one in sequence.shots(depth)] == [(101, 103), (104, 106)]
    known = depth_image.info(depth)
    assert (known.kind, known.model, known.background, known.source) == ("disparity", "draft", True, image.name)
    assert sorted(path.name for path in (tmp_path / "depth").iterdir()) == sorted(
        ["depth.json"]
        + [f"depth_{number:04d}.exr" for number in range(101, 107)]
        + [f"background_{number:04d}.png" for number in range(101, 107)]
    )
    modifier = relief.find_modifier(ob)
    for name, value in {
        "Cutoff": False,
        "Edge Snap": False,
        "Background": False,
        "Resolution": 64,
        "Scale": 1.0,
    }.items():
        inputs.set_input(modifier, name, value)
    for scene_frame, number in ((5, 101), (11, 101), (13, 103), (16, 106), (30, 106)):
        bpy.context.scene.frame_set(scene_frame)
        red = channels(tmp_path / "depth" / f"depth_{number:04d}.exr")["R"]
        z = surface(ob)[:, 2]
        assert np.ptp(z) == pytest.approx(np.ptp(red), abs=1e-5), scene_frame
    reds = [channels(tmp_path / "depth" / f"depth_{number:04d}.exr")["R"] for number in range(101, 104)]
    assert (min(red.min() for red in reds), max(red.max() for red in reds)) == pytest.approx((0.0, 1.0), abs=0.05)
    texture = material.texture_of(material.background_material(depth_image.colour(depth)))
    assert timeline.Showing.of(texture.image_user) == timeline.Showing(11, 6, 100, cyclic=False)


def height_material() -> bpy.types.Material:
    """Return a material that shines as bright as its place is high."""
    made = bpy.data.materials.new("height")
    if bpy.app.version < (5, 0):
        made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    place, split = nodes.new("ShaderNodeNewGeometry"), nodes.new("ShaderNodeSeparateXYZ")
    shine, end = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    links.new(place.outputs["Position"], split.inputs[0])
    links.new(split.outputs["Z"], shine.inputs["Color"])
    links.new(shine.outputs[0], end.inputs["Surface"])
    return made


def test_renders_follow_too(shot: Path, tmp_path: Path) -> None:
    ob, _ = shown_in_the_scene(shot)
    assert estimate(tmp_path / "depth", first=11, last=12) == {"FINISHED"}
    modifier = relief.find_modifier(ob)
    settings_of = {
        "Cutoff": False,
        "Edge Snap": False,
        "Background": False,
        "Resolution": 64,
        "Scale": 1.0,
        "Midlevel": 0.0,
    }
    for name, value in {**settings_of, "Material": height_material()}.items():
        inputs.set_input(modifier, name, value)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    scene.camera.location.z, scene.camera.data.type = 5.0, "ORTHO"
    scene.camera.data.ortho_scale = ob.dimensions.x / 2
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 16, 12
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.render.filepath = str(tmp_path / "render_")
    scene.frame_start, scene.frame_end = 11, 12
    bpy.ops.render.render(animation=True)
    for frame, number in ((11, 101), (12, 102)):
        red = channels(tmp_path / "depth" / f"depth_{number:04d}.exr")["R"]
        rendered = channels(tmp_path / f"render_{frame:04d}.exr")["R"]
        middle = red[12:36, 16:48].reshape(12, 2, 16, 2).mean((1, 3))
        assert np.abs(rendered - middle).mean() < 0.02, frame


def test_it_is_what_the_command_line_makes(shot: Path, tmp_path: Path) -> None:
    """The same frames through both doors, in the same ranges; the built-in model by numpy here, by torch there."""
    shown_in_the_scene(shot)
    assert estimate(tmp_path / "here", first=12, last=14) == {"FINISHED"}
    command = [environments.ENVIRONMENTS["inference"].executable, "-m", "inference", "video", shot / "shot_####.png"]
    command += ["-o", tmp_path / "there", "--model", "draft", "--frames", "102-104"]
    subprocess.run(list(map(str, command)), cwd=extension.ROOT, check=True, capture_output=True)
    shots = json.loads((tmp_path / "there" / "depth.json").read_text())["shots"]
    assert [one["frames"][0]["frame"] for one in shots] == [102, 104]
    for one in shots:
        for frame in one["frames"]:
            name = f"depth_{frame['frame']:04d}.exr"
            there = (channels(tmp_path / "there" / name)["Y"] - one["low"]) / (one["high"] - one["low"])
            assert np.abs(channels(tmp_path / "here" / name)["R"] - there).max() < 2e-3


def movie(folder: Path) -> Path:
    """Render a movie of three frames."""
    scene = bpy.context.scene
    if hasattr(scene.render.image_settings, "media_type"):
        scene.render.image_settings.media_type = "VIDEO"  # from 5.0 on
    scene.render.image_settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "AVI", "FFV1"
    scene.render.resolution_x, scene.render.resolution_y = 64, 48
    scene.render.filepath, scene.render.engine = str(folder / "movie.avi"), "CYCLES"
    scene.cycles.samples = 1
    scene.frame_start, scene.frame_end = 1, 3
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.render.render(animation=True)
    bpy.data.objects.remove(scene.camera)
    (path,) = folder.glob("movie*")
    return path


def test_a_dropped_movie_becomes_a_relief(tmp_path: Path) -> None:
    path = movie(tmp_path)
    assert bpy.ops.depth_nodes.movie_as_relief(filepath=str(path), directory=str(tmp_path / "depth")) == {"FINISHED"}
    ob = bpy.context.object
    modifier = relief.find_modifier(ob)
    assert photos.shown_by(ob).image.source == "MOVIE"
    assert photos.shown_by(ob).image_user.frame_duration == 3
    assert sequence.is_sequence(inputs.get_input(modifier, "Image"))
    (curve,) = ob.animation_data.drivers
    assert curve.driver.expression == "min(max(min(max(frame - 1 + 1, 1), 3) + 0, 1), 3)"
    assert len(list((tmp_path / "depth").glob("depth_000[123].exr"))) == 3
    with pytest.raises(RuntimeError, match=r"not a movie that Blender reads|can't be read"):
        bpy.ops.depth_nodes.movie_as_relief(filepath=str(tmp_path / "depth" / "depth_0001.exr"))


@pytest.fixture
def engine(preferences) -> None:
    """Have models that aren't built in run in the environment that has torch."""
    preferences.existing_python = COMMAND[0]


def by_engine(model: str = "small") -> settings.Settings:
    kind = "video" if model.startswith("video") else "small"
    return settings.Settings(model=model, device="cpu", size=56, weights=str(weights(kind)))


def from_the_command_line(clip: Path, folder: Path, frames_of: str, wanted: settings.Settings) -> None:
    """Make depth files by the command line."""
    command = [COMMAND[0], "-m", "inference", "video", clip, "-o", folder, "--frames", frames_of]
    command += ["--model", wanted.model, "--weights", wanted.weights, "--size", wanted.size, "--device", "cpu"]
    subprocess.run(list(map(str, command)), cwd=extension.ROOT, check=True, capture_output=True)


def assert_alike(here: Path, there: Path) -> None:
    """Hold what Blender shows, 0 to 1 at the model's size, against what the command line wrote at the clip's."""
    made = json.loads((there / "depth.json").read_text())
    ours = json.loads((here / "depth.json").read_text())["shots"]
    for one, mine in zip(made["shots"], ours, strict=True):
        assert [frame["source"] for frame in one["frames"]] == [frame["source"] for frame in mine["frames"]]
        assert (mine["low"], mine["high"]) == pytest.approx((one["low"], one["high"]), rel=1e-4)
        for frame in one["frames"]:
            name = f"depth_{frame['frame']:04d}.exr"
            theirs = (channels(there / name)["Y"] - one["low"]) / (one["high"] - one["low"])
            np.testing.assert_allclose(resize(channels(here / name)["R"], *theirs.shape), theirs, atol=1e-3)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("model", ["small", "video-small"])
def test_the_engine_reads_a_sequence_itself(model: str, shot: Path, tmp_path: Path) -> None:
    image = bpy.data.images.load(str(shot / "shot_0101.png"))
    image.source = "SEQUENCE"
    wanted, estimate_frames = by_engine(model), extension.module("addon.api").estimate_frames
    depth = estimate_frames(image, range(101, 107), tmp_path / "here", settings=wanted)
    assert depth_image.info(depth).model == model
    from_the_command_line(shot / "shot_####.png", tmp_path / "there", "101-106", wanted)
    assert_alike(tmp_path / "here", tmp_path / "there")
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "here").glob("*_*.*")}
    assert estimate_frames(image, range(101, 107), tmp_path / "here", settings=wanted) == depth
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "here").glob("*_*.*")} == made


@pytest.mark.usefixtures("engine")
def test_the_engine_decodes_a_movie(tmp_path: Path) -> None:
    path = movie(tmp_path)
    image = bpy.data.images.load(str(path))
    wanted, estimate_frames = by_engine(), extension.module("addon.api").estimate_frames
    estimate_frames(image, [1, 2, 3], tmp_path / "here", settings=wanted)
    from_the_command_line(path, tmp_path / "there", "1-3", wanted)
    assert_alike(tmp_path / "here", tmp_path / "there")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("model", ["draft", "small", "video-small"])
def test_a_frame_that_fails_costs_itself_alone(model: str, shot: Path, tmp_path: Path) -> None:
    wanted = settings.Settings() if model == "draft" else by_engine(model)
    for path in shot.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "shot_0102.png").write_bytes(b"damaged")
    (tmp_path / "shot_0105.png").unlink()
    image = bpy.data.images.load(str(tmp_path / "shot_0101.png"))
    image.source = "SEQUENCE"
    made: list[bpy.types.Image] = []
    numbers, folder = range(101, 107), tmp_path / "depth"
    clip = frames.begin(image, numbers, folder, wanted, fixed_camera=False, on_depth=made.append)
    frames.wait(clip)
    assert clip.state == "done", clip.error
    assert sorted(clip.failed) == [102, 105]
    assert clip.warning.startswith(f"Frames 102,105 of {image.name} have no depth (")
    assert sorted(path.name for path in folder.glob("*.exr")) == [
        f"depth_{number:04d}.exr" for number in (101, 103, 104, 106)
    ]
    with pytest.raises(errors.DepthNodesError, match="Run Estimate Frames again to make them"):
        extension.module("addon.api").estimate_frames(image, numbers, folder, settings=wanted)
    kept = {path: path.stat().st_mtime_ns for path in clip.raw.glob("010[1346].npz")}
    assert len(kept) == (0 if model == "video-small" else 4)
    for number in (102, 105):
        (tmp_path / f"shot_{number:04d}.png").write_bytes((shot / f"shot_{number:04d}.png").read_bytes())
    again = frames.begin(image, numbers, folder, wanted, fixed_camera=False, on_depth=made.append)
    seen: dict[Path, int] = {}
    while again.state == "waiting":
        seen |= {path: path.stat().st_mtime_ns for path in kept}
        jobs.poll()
        frames.advance(again)
    assert seen == kept
    assert (again.state, again.warning) == ("done", "")
    assert not again.raw.exists()


@pytest.mark.usefixtures("engine")
def test_a_model_of_clips_reads_no_float_files(tmp_path: Path) -> None:
    grey = np.full((48, 64), 0.5, np.float32)
    (tmp_path / "shot_0101.exr").write_bytes(exr.encode(dict.fromkeys("RGB", grey), {}))
    image = bpy.data.images.load(str(tmp_path / "shot_0101.exr"))
    image.source = "SEQUENCE"
    with pytest.raises(errors.DepthNodesError, match=r"reads movies, and sequences of PNG.*Choose another model"):
        frames.begin(image, [101], tmp_path, by_engine("video-small"), fixed_camera=False, on_depth=print)


def test_scripts_get_the_sequence(shot: Path, tmp_path: Path) -> None:
    image = bpy.data.images.load(str(shot / "shot_0101.png"))
    image.source = "SEQUENCE"
    depth = extension.module("addon.api").estimate_frames(image, [101, 102], tmp_path)
    assert sequence.is_sequence(depth)
    assert [one[:2] for one in sequence.shots(depth)] == [(101, 102)]
    assert frames.under_way() is None
    with pytest.raises(errors.DepthNodesError, match="shows none of its frames"):
        extension.module("addon.api").estimate_frames(image, [], tmp_path)


def test_given_up_it_goes_on_where_it_stopped(shot: Path, tmp_path: Path) -> None:
    _, image = shown_in_the_scene(shot)
    made = []
    clip = frames.begin(image, range(101, 107), tmp_path, settings.current(), fixed_camera=False, on_depth=made.append)
    while len(list(clip.raw.glob("*.npz"))) < 2:
        jobs.poll()
        frames.advance(clip)
    assert "of 6" in clip.text
    frames.cancel(clip)
    frames.wait(clip)
    assert (clip.state, jobs.waiting()) == ("cancelled", [])
    kept = {path: path.stat().st_mtime_ns for path in clip.raw.glob("*.npz")}
    again = frames.begin(image, range(101, 107), tmp_path, settings.current(), fixed_camera=False, on_depth=made.append)
    assert len(again._todo) + len(again._at_work) == 6 - len(kept)
    while not again._whole and again.state == "waiting":
        jobs.poll()
        frames.advance(again)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    frames.wait(again)
    assert again.state == "done", again.error
    assert [depth.name for depth in made] == ["shot_0101 Depth"]


def test_a_single_estimate_and_a_clip_keep_out_of_each_others_way(shot: Path, tmp_path: Path) -> None:
    ob, image = shown_in_the_scene(shot)
    assert estimate(tmp_path, last=13, first=11) == {"FINISHED"}
    modifier, clip = relief.find_modifier(ob), handover.depth_of(image)
    assert inputs.get_input(modifier, "Fixed Range")
    bpy.context.scene.frame_set(12)
    assert bpy.ops.depth_nodes.estimate_depth() == {"FINISHED"}
    single = handover.depth_of(image)
    assert single != clip
    assert single.source == "FILE"
    assert inputs.get_input(modifier, "Image") == single
    assert not inputs.get_input(modifier, "Fixed Range")
    assert not ob.animation_data.drivers


def test_what_can_not_begin_is_said(shot: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Select an object that shows a movie or sequence"):
        estimate(tmp_path)
    ob, image = shown_in_the_scene(shot)
    with pytest.raises(RuntimeError, match="Save it first, or choose a folder"):
        bpy.ops.depth_nodes.estimate_frames()
    photos.shown_by(ob).image_user.frame_offset = 900
    with pytest.raises(RuntimeError, match=r"shot_0901\.png is not there.*leave this frame out"):
        estimate(tmp_path)
    settings.preferences().invert = True
    with pytest.raises(errors.DepthNodesError, match="Invert can't be used"):
        frames.begin(image, [101], tmp_path, settings.current(), fixed_camera=False, on_depth=print)


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize(("start", "duration", "offset"), [(1, 5, 0), (11, 8, 100), (-3, 4, 2)])
def test_the_driver_and_the_list_of_frames_say_the_same(start: int, duration: int, offset: int, cyclic: bool) -> None:
    shown = timeline.Showing(start, duration, offset, cyclic)
    image = bpy.data.images.new("any", 2, 2)
    ob = bpy.data.objects.new("any", None)
    bpy.context.collection.objects.link(ob)
    curve = ob.driver_add("location", 0)
    curve.driver.type = "SCRIPTED"
    curve.driver.expression = shown.expression(-1000, 1000)
    assert curve.driver.is_simple_expression
    for frame in range(start - 2 * duration, start + 2 * duration):
        bpy.context.scene.frame_set(frame)
        assert [round(ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).location.x)] == shown.frames(
            image, [frame]
        )
