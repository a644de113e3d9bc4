"""Which photo becomes which file, and reading and writing beside the model, for which something simple stands in."""

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference import catalog
from inference.cli import batch, estimate
from inference.cli.batch import Done, Failed, Job, make_all, plan
from inference.depth import Depth
from inference.errors import DepthFileError, OutOfMemoryError, WeightsError
from inference.io import FORMATS, SUFFIXES, read_depth
from inference.photo import read_photo

SMALL = catalog.get("small")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.png", "c.JPG"):
        Image.new("RGB", (4, 3), "red").save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a photo")
    (tmp_path / "a.depth.png").write_bytes(b"of an earlier run")
    (tmp_path / ".hidden.jpg").write_bytes(b"")
    (tmp_path / "deep.png").mkdir()
    return tmp_path


def names(jobs: list[Job]) -> list[tuple[str, str]]:
    return [(job.photo.name, job.output.name) for job in jobs]


def test_beside_each_photo(folder):
    jobs, failed = plan([str(folder / "b.jpg"), str(folder / "a.png")])
    assert jobs == [
        Job(folder / "b.jpg", folder / "b.depth.exr", "exr"),
        Job(folder / "a.png", folder / "a.depth.exr", "exr"),
    ]
    assert failed == []


def test_a_folder_is_its_pictures_without_our_own(folder):
    jobs, _ = plan([str(folder)])
    assert names(jobs) == [("a.png", "a.depth.exr"), ("b.jpg", "b.depth.exr"), ("c.JPG", "c.depth.exr")]


def test_patterns_are_for_shells_that_leave_them_alone(folder):
    jobs, _ = plan([str(folder / "*.[jJ]*")])
    assert names(jobs) == [("b.jpg", "b.depth.exr"), ("c.JPG", "c.depth.exr")]


def test_a_file_that_is_called_like_a_pattern(folder):
    (folder / "b.jpg").rename(folder / "[b].jpg")
    jobs, _ = plan([str(folder / "[b].jpg")])
    assert names(jobs) == [("[b].jpg", "[b].depth.exr")]


def test_each_photo_once(folder):
    jobs, failed = plan([str(folder / "b.jpg"), str(folder), str(folder / "*.jpg")])
    assert [job.photo.name for job in jobs] == ["b.jpg", "a.png", "c.JPG"]
    assert failed == []


def test_what_is_not_there_costs_nothing_else(folder):
    jobs, failed = plan(
        [str(folder / "nothing.jpg"), str(folder / "x*.png"), str(folder / "deep.png"), str(folder / "b.jpg")]
    )
    assert names(jobs) == [("b.jpg", "b.depth.exr")]
    for failure, name, word in zip(
        failed, ("nothing.jpg", "x*.png", "deep.png"), ("no file", "matches", "no pictures"), strict=True
    ):
        assert name in str(failure.error)
        assert word in str(failure.error)


def test_two_photos_of_one_name_do_not_write_over_each_other(folder):
    Image.new("RGB", (4, 3)).save(folder / "b.png")
    jobs, failed = plan([str(folder / "b.jpg"), str(folder / "b.png")])
    assert names(jobs) == [("b.jpg", "b.depth.exr")]
    assert "b.depth.exr" in str(failed[0].error)


@pytest.mark.parametrize("names", [("Étude.jpg", "étude.jpg"), ("caf\u00e9.jpg", "cafe\u0301.jpg")])
def test_names_that_a_mac_takes_for_one_do_not_write_over_each_other(tmp_path, monkeypatch, names):
    """Case does not count there, nor whether an accent is a letter of its own."""
    for number, name in enumerate(names):
        (tmp_path / str(number)).mkdir()
        Image.new("RGB", (4, 3)).save(tmp_path / str(number) / name)
    photos = [str(tmp_path / str(number) / name) for number, name in enumerate(names)]
    monkeypatch.setattr(sys, "platform", "darwin")
    jobs, failed = plan(photos, f"{tmp_path}/out/")
    assert [str(job.photo) for job in jobs] == photos[:1]
    assert names[0] in str(failed[0].error)
    monkeypatch.setattr(sys, "platform", "linux")
    assert len(plan(photos, f"{tmp_path}/out/")[0]) == 2


def test_a_photo_is_never_written_over(folder):
    jobs, failed = plan([str(folder / "a.png")], str(folder / "a.png"))
    assert jobs == []
    assert "overwrite" in str(failed[0].error)


@pytest.mark.parametrize("file_format", FORMATS)
def test_output_folder(folder, file_format):
    jobs, _ = plan([str(folder / "b.jpg"), str(folder / "a.png")], str(folder / "out" / "new"), file_format)
    assert [job.output for job in jobs] == [folder / "out" / "new" / f"{s}{SUFFIXES[file_format]}" for s in "ba"]
    assert {job.file_format for job in jobs} == {file_format}
    assert (folder / "out" / "new").is_dir()


def test_output_folder_for_one_photo(folder):
    for output in ("out", "out.d/", "deep.png"):
        (job,), _ = plan([str(folder / "b.jpg")], f"{folder}/{output}")
        assert job.output == folder / output / "b.depth.exr"


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("x.exr", None, "exr"),
        ("x.npy", None, "npy"),
        ("x.PNG", None, "png16"),
        ("x.png", "preview", "preview"),
        ("x.png", "colormap", "colormap"),
        ("x.exr", "exr", "exr"),
    ],
)
def test_output_file_says_the_format(folder, name, asked, expected):
    (job,), _ = plan([str(folder / "b.jpg")], str(folder / name), asked)
    assert job == Job(folder / "b.jpg", folder / name, expected)


@pytest.mark.parametrize(
    ("photos", "output", "file_format", "word"),
    [
        (["b.jpg", "a.png"], "x.exr", None, "several"),
        (["."], "x.exr", None, "several"),
        (["b.jpg"], "x.exr", "npy", "npy"),
        (["b.jpg"], "x.tiff", None, "ends in"),
        (["b.jpg"], "nowhere/x.exr", None, "no folder"),
        (["b.jpg"], "notes.txt/", None, "made"),
    ],
)
def test_output_that_makes_no_sense(folder, photos, output, file_format, word):
    with pytest.raises(DepthFileError, match=word):
        plan([str(folder / name) for name in photos], f"{folder}/{output}", file_format)


class Brightness:
    """Takes a photo's red for its disparity, as a model that needs no weights."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def predict(
        self, rgb: np.ndarray, validity: np.ndarray | None, *, focal_length: float | None = None, normals: bool = False
    ) -> Depth:
        self.threads.add(threading.get_ident())
        values = rgb[..., 0].astype(np.float32)
        if values.max() == 13:
            raise OutOfMemoryError("unlucky")
        return Depth(values, validity, "disparity", float(values.min()), float(values.max()), "red", "local")


def jobs_of(tmp_path: Path, reds: list[int]) -> list[Job]:
    for i, red in enumerate(reds):
        Image.new("RGB", (4, 3), (red, 0, 0)).save(tmp_path / f"{i}.png")
    return [Job(tmp_path / f"{i}.png", tmp_path / f"{i}.exr", "exr") for i in range(len(reds))]


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_every_photo_gets_its_own_depth(tmp_path, count):
    jobs = jobs_of(tmp_path, [10 * i for i in range(count)])
    results = list(make_all(jobs, SMALL, Brightness))
    assert [result.job for result in results] == jobs
    for i, job in enumerate(jobs):
        np.testing.assert_array_equal(read_depth(job.output).values, np.full((3, 4), 10 * i))


def test_one_failure_does_not_stop_the_rest(tmp_path):
    jobs = jobs_of(tmp_path, [1, 2, 13, 4, 5, 6])
    jobs[1].photo.write_bytes(b"no photo any more")
    jobs[4].output.mkdir()
    results = {(r.job.photo if isinstance(r, Done) else r.photo).name: r for r in make_all(jobs, SMALL, Brightness)}
    assert len(results) == 6
    assert [name for name, r in results.items() if isinstance(r, Failed)] == ["1.png", "2.png", "4.png"]
    assert str(results["2.png"].error) == f"{jobs[2].photo}: unlucky"
    assert sorted(p.name for p in tmp_path.glob("*.exr")) == ["0.exr", "3.exr", "4.exr", "5.exr"]
    assert list(tmp_path.glob(".*")) == []


def test_an_error_that_nobody_foresaw_costs_its_photo_alone_and_is_logged(tmp_path, caplog):
    class Breaking(Brightness):
        def predict(self, rgb: np.ndarray, validity: np.ndarray | None, **lens: float | None) -> Depth:
            if rgb[0, 0, 0] == 2:
                raise KeyError("a bug")
            return super().predict(rgb, validity, **lens)

    jobs = jobs_of(tmp_path, [1, 2, 3])
    done, failed, last = sorted(
        make_all(jobs, SMALL, Breaking),
        key=lambda result: jobs.index(result.job if isinstance(result, Done) else jobs[1]),
    )
    assert (done.job, last.job) == (jobs[0], jobs[2])
    assert str(failed.error) == f"{jobs[1].photo}: KeyError: 'a bug'"
    assert "Traceback" in caplog.text
    assert sorted(path.name for path in tmp_path.glob("*.exr")) == ["0.exr", "2.exr"]


def test_the_model_is_loaded_once_and_only_for_a_photo(tmp_path):
    loads = []

    def load() -> Brightness:
        loads.append(1)
        return Brightness()

    jobs = jobs_of(tmp_path, [1, 2, 3])
    list(make_all(jobs, SMALL, load))
    assert len(loads) == 1
    for job in jobs:
        job.photo.write_bytes(b"no photo any more")
    assert all(isinstance(result, Failed) for result in make_all(jobs, SMALL, load))
    assert len(loads) == 1


def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path):
    def load() -> Brightness:
        raise WeightsError("no weights")

    with pytest.raises(WeightsError):
        list(make_all(jobs_of(tmp_path, [1, 2, 3]), SMALL, load))
    assert list(tmp_path.glob("*.exr")) == []


def test_reading_and_writing_happen_beside_the_model(tmp_path, monkeypatch):
    jobs = jobs_of(tmp_path, [10, 20, 30, 40])
    read = set()

    def reading(path, **options):
        photo = read_photo(path, **options)
        read.add(path)
        return photo

    class Watching(Brightness):
        """Lets each photo through only when the one before is written and the one after is read."""

        def predict(self, rgb, validity, **lens):
            i = int(rgb.max()) // 10 - 1
            before, after = jobs[max(i - 1, 0) : i], jobs[i + 1 : i + 2]
            end = time.monotonic() + 300.0
            while not (all(job.output.exists() for job in before) and {job.photo for job in after} <= read):
                assert time.monotonic() < end, "neither reads nor writes while the model works"
                time.sleep(0.01)
            return super().predict(rgb, validity, **lens)

    monkeypatch.setattr(batch, "read_photo", reading)

    model = Watching()
    assert all(isinstance(result, Done) for result in make_all(jobs, SMALL, lambda: model))
    assert len(model.threads) == 1


def test_a_folder_or_a_name_that_the_system_refuses_costs_itself_alone(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    whole = Path.iterdir

    def iterdir(folder: Path):
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return whole(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    jobs, failed = plan([str(tmp_path / name) if name else "" for name in ("closed", "n" * 300, "", "a.png", "no.png")])
    assert [job.photo.name for job in jobs] == ["a.png"]
    told = [str(failure.error) for failure in failed]
    assert len(told) == 4
    assert "Permission denied" in told[0]
    assert "File name too long" in told[1]
    assert "empty" in told[2]
    assert "no file" in told[3]


def test_what_may_not_be_looked_at_is_not_skipped(tmp_path, monkeypatch, capsys):
    """It is tried, and says then why it can't be."""

    def closed(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "stat", closed)
    assert not estimate._skipped(batch.Job(tmp_path / "a.png", tmp_path / "a.depth.exr", "exr"), True)
    assert capsys.readouterr() == ("", "")


def test_brackets_in_the_name_of_a_folder_are_just_brackets(tmp_path):
    folder = tmp_path / "shots [1]"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(folder / name)
    jobs, failed = plan([str(folder / "*.png")])
    assert [job.photo.name for job in jobs] == ["a.png", "b.png"]
    assert failed == []
    (jobs, _) = plan([str(folder / "[ab].png")])
    assert len(jobs) == 2
