"""Jobs on the main thread: one that fails costs no other, and what is handed to the engine is what Blender shows."""

import os
import shutil
import tempfile
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.addon.enabled import client, depth_image, errors, handover, inputs, jobs, photo, protocol, settings
from tests.addon.pictures import write_photo
from tools import extension

import bpy  # isort: skip


class Answering(client.WorkerClient):
    """A client whose worker has answered: what comes out of `poll` is what a test puts in."""

    def __init__(self) -> None:
        super().__init__(("no", "worker"), {})
        self.said: deque = deque()

    def request(self, estimate) -> None:
        """Take it, and start no process."""

    def poll(self) -> list:
        said, self.said = list(self.said), deque()
        return said


@pytest.fixture
def answering(empty_file, monkeypatch):
    extension.enable()
    settings.preferences().existing_python = shutil.which("python3")
    jobs.free_memory()
    made = Answering()
    monkeypatch.setattr(jobs, "_worker", lambda _spec: made)
    monkeypatch.setattr(jobs, "_clients", {(Path("no"), 0.0): made})
    yield made
    jobs._jobs.clear()
    jobs.forget_failure()
    made.close()


def done(answering, job, values: np.ndarray) -> protocol.Done:
    """The answer to a job, with its values on disk as the worker writes them."""
    path = answering.folder / str(job.identifier) / "values.npy"
    np.save(path, values.astype(np.float32))
    low, high = float(values.min()), float(values.max())
    return protocol.Done(job.identifier, str(path), "", "disparity", low, high, "small", "local", 4, 3, 0.1)


def submit(tmp_path, name: str, **given):
    return jobs.submit(bpy.data.images.load(str(write_photo(tmp_path / name))), settings.current(), **given)


RAMP = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize("fault", ["cut", "no array", "callback", "blender"])
def test_a_job_that_fails_of_anything_costs_no_other(answering, tmp_path, fault):
    def fail(_depth) -> None:
        raise {"callback": KeyError("Kind"), "blender": RuntimeError("Error: first\nlast")}.get(fault, AssertionError)

    first = submit(tmp_path, "a.png", on_depth=fail if fault in ("callback", "blender") else None)
    second = submit(tmp_path, "b.png")
    answers = [done(answering, job, RAMP) for job in (first, second)]
    values = answering.folder / str(first.identifier) / "values.npy"
    if fault == "cut":
        values.write_bytes(values.read_bytes()[:-20])
    elif fault == "no array":
        values.write_bytes(b"")
    answering.said.extend(answers)
    jobs.wait(first)
    assert (first.state, first.fault, second.state) == ("failed", "internal", "done")
    assert first.name in first.error
    assert "Traceback" in jobs.log()
    assert "\n" not in first.error
    assert jobs.waiting() == []
    np.testing.assert_allclose(depth_image.read(depth_image.find(second.depth_uid))[0], RAMP / 11, atol=1e-6)


def test_an_unknown_stage_is_shown_by_its_name(answering, tmp_path):
    job = submit(tmp_path, "a.png")
    answering.said.append(protocol.Progress(job.identifier, "warming up", 0.5))
    assert jobs.poll()
    assert (job.state, job.text) == ("waiting", "Warming up")


def test_a_picture_that_does_not_fit_into_memory_is_one_line(answering, tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(handover, "hand_over", fail)
    with pytest.raises(errors.EstimateError, match=r"a\.png.*[Mm]emory"):
        submit(tmp_path, "a.png")
    assert jobs.last_failed().fault == "memory"
    assert jobs.waiting() == []


def test_a_temporary_folder_that_the_system_emptied_is_made_again(answering, tmp_path):
    shutil.rmtree(answering.folder)
    job = submit(tmp_path, "a.png")
    assert answering.folder.is_dir()
    assert os.stat(answering.folder).st_mode & 0o077 == 0 or os.name != "posix"
    answering.said.append(done(answering, job, RAMP))
    jobs.wait(job)
    assert job.state == "done"


def test_where_there_is_no_place_for_temporary_files_what_is_answered_is_still_finished(
    answering, tmp_path, monkeypatch
):
    first, second = (submit(tmp_path, name) for name in ("a.png", "b.png"))
    shutil.rmtree(answering.folder)
    monkeypatch.setattr(tempfile, "mkdtemp", no_place)
    monkeypatch.setattr(tempfile, "gettempdir", no_place)
    answering.said.extend(protocol.Failed(job.identifier, "photo", "It is damaged") for job in (first, second))
    assert jobs.poll()
    assert [job.error for job in (first, second)] == ["It is damaged"] * 2
    assert jobs.waiting() == []
    with pytest.raises(errors.EstimateError, match=r"c\.png.*No usable.*disk"):
        submit(tmp_path, "c.png")
    assert jobs.last_failed().fault == "disk"


def test_a_clip_that_cannot_begin_for_want_of_temporary_files_says_so(answering, tmp_path, monkeypatch):
    image = bpy.data.images.load(str(write_photo(tmp_path / "a.png")))
    monkeypatch.setattr(jobs, "_worker", no_place)
    asked = protocol.Stabilise(1, str(tmp_path), [1], str(tmp_path))
    with pytest.raises(errors.EstimateError, match=r"a\.png.*No usable.*disk"):
        jobs.submit_clip(image, settings.current(), asked, print)
    assert jobs.waiting() == []


def no_place(*_: object, **__: object) -> None:
    raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']")


def textured_plane(image: bpy.types.Image) -> tuple[bpy.types.Object, bpy.types.ImageUser]:
    bpy.ops.mesh.primitive_plane_add()
    ob = bpy.context.object
    material = bpy.data.materials.new("m")
    material.use_nodes = True
    texture = material.node_tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    material.node_tree.nodes.active = texture
    ob.data.materials.append(material)
    return ob, texture.image_user


def sequence(tmp_path, frames) -> bpy.types.Image:
    for number in frames:
        Image.new("RGB", (6, 4), (number, 0, 0)).save(tmp_path / f"shot_{number:04d}.png")
    image = bpy.data.images.load(str(tmp_path / f"shot_{frames[0]:04d}.png"))
    image.source = "SEQUENCE"
    return image


@pytest.mark.parametrize(
    ("start", "length", "offset", "cyclic", "frame", "expected"),
    [
        (1, 100, 100, False, 5, 105),
        (11, 100, 0, False, 15, 5),
        (1, 3, 0, True, 5, 2),
        (1, 3, 10, True, 3, 13),
        (1, 3, 0, False, 9, 3),
    ],
)
def test_a_sequence_s_frame_is_the_one_that_its_texture_shows(
    answering, tmp_path, start, length, offset, cyclic, frame, expected
):
    image = sequence(tmp_path, range(1, 120))
    ob, user = textured_plane(image)
    user.frame_start, user.frame_duration, user.frame_offset, user.use_cyclic = start, length, offset, cyclic
    assert photo.frame_shown(user, frame) == expected
    handed = handover.hand_over(image, tmp_path, frame=photo.frame_shown(photo.shown_by(ob).image_user, frame))
    assert handed.path.name == f"shot_{expected:04d}.png"


def test_planes_that_share_a_photo_are_estimated_once(answering, tmp_path, monkeypatch):
    image = bpy.data.images.load(str(write_photo(tmp_path / "a.png")))
    planes = [textured_plane(image)[0] for _ in range(3)]
    for ob in planes:
        ob.select_set(True)
    asked = []
    monkeypatch.setattr(answering, "request", lambda estimate: asked.append(estimate.id))
    monkeypatch.setattr(jobs, "wait", lambda job: answering.said.append(done(answering, job, RAMP)) or jobs.poll())
    assert bpy.ops.depth_nodes.estimate_depth() == {"FINISHED"}
    assert len(asked) == 1
    depth = handover.depth_of(image)
    assert [inputs.get_input(ob.modifiers[0], "Image") for ob in planes] == [depth] * 3


def test_a_photo_that_was_overwritten_is_shown_as_it_is_estimated(answering, tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (64, 48), (200, 0, 0)).save(path)
    image = bpy.data.images.load(str(path))
    assert tuple(image.size) == (64, 48)
    Image.new("RGB", (30, 60), (0, 200, 0)).save(path)
    jobs.submit(image, settings.current())
    assert tuple(image.size) == (30, 60)
    np.testing.assert_allclose(image.pixels[:3], (0, 200 / 255, 0), atol=0.01)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photo_that_was_overwritten_is_imported_as_it_is(answering, tmp_path, orientation):
    noted = Image.Exif()
    noted[0x0112] = orientation
    path = tmp_path / "a.png"
    for size in ((64, 48), (30, 60)):
        Image.new("RGB", size).save(path, exif=noted)
        shown = size if orientation == 1 else size[::-1]
        assert tuple(photo.load(path).size) == shown
