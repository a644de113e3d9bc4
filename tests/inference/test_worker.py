"""The worker's loop: what one estimate costs, and what it leaves to the libraries."""

import io
import json
import logging
import subprocess
import sys

import numpy as np
import pytest
from PIL import ExifTags, Image

from inference import catalog
from inference.depth import Lens
from inference.errors import DepthFileError
from inference.model import Output
from inference.predict import Predictor
from inference.worker import answer, serve
from inference.worker.protocol import Cancel, Done, Estimate, decode, encode

_PIPES = """
import os, stat, sys
from inference.worker.serve import own_pipes
requests, answers = own_pipes()
assert not stat.S_ISFIFO(os.fstat(0).st_mode), "descriptor 0 is still the pipe"
assert os.read(0, 1) == b""
print("for the log")
os.write(1, b"for the log, too\\n")
answers.write(requests.readline())
answers.flush()
"""


def test_the_standard_descriptors_are_not_the_pipes_of_the_protocol():
    """On Windows a library that looks at descriptor 0 while it is loaded waits for whoever reads from that pipe."""
    done = subprocess.run([sys.executable, "-c", _PIPES], input="asked\n", capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("asked\n", 0), done.stderr
    assert "for the log\n" in done.stderr
    assert "for the log, too\n" in done.stderr


@pytest.mark.parametrize(
    ("error", "fault", "words"),
    [
        (ZeroDivisionError("first line\nlast line"), "internal", "ZeroDivisionError: first line"),
        (RuntimeError("could not create a primitive"), "memory", "smaller size"),
        (MemoryError(), "memory", "smaller size"),
        (OSError("[WinError 126] The specified module could not be found. Error loading c10.dll"), "engine", "again"),
        (ImportError("cannot import name x"), "engine", "again"),
    ],
)
def test_what_nobody_foresaw_costs_one_estimate_and_is_logged(monkeypatch, caplog, tmp_path, error, fault, words):
    def fail(_: Estimate) -> None:
        raise error

    monkeypatch.setattr(serve, "_picture", fail)
    worker = serve.Worker(io.StringIO(), idle=0.0)
    with caplog.at_level(logging.ERROR):
        answer = worker._answer(Estimate(7, "a.png", str(tmp_path)))
    assert (answer.id, answer.fault) == (7, fault)
    assert words in answer.message
    assert "last line" not in answer.message
    assert "Traceback" in caplog.text


def test_a_worker_in_which_something_broke_gives_way_to_the_next(tmp_path):
    """Its answer is the last line, and it ends by itself: the other side starts another one for what is left."""
    code = (
        "import inference.worker.serve as serve\n"
        "def fail(_): raise ZeroDivisionError('first')\n"
        "serve._picture = fail\n"
        "serve.main()"
    )
    asked = "".join(encode(Estimate(number, "a.png", str(tmp_path))) for number in (1, 2))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        run.stdin.write(asked)
        run.stdin.flush()
        answers = [json.loads(line) for line in run.stdout]  # until it ends; stdin is still open
    assert run.returncode == 0
    assert answers[0] == {"type": "Ready"}
    assert [(answer["type"], answer["id"]) for answer in answers if answer["type"] == "Failed"] == [("Failed", 1)]


def test_a_folder_that_was_swept_while_the_machine_slept_is_said(tmp_path):
    request = Estimate(7, "a.png", str(tmp_path / "swept"))
    with pytest.raises(DepthFileError, match=r"swept was removed"):
        answer._write(request, "values", np.zeros(3))


def test_cancelling_what_is_unknown_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(serve.os, "_exit", lambda _: None)
    worker = serve.Worker(io.StringIO(), idle=0.0)
    worker._listen([encode(Cancel(3)), encode(Estimate(4, "a.png", "")), encode(Cancel(4))])
    assert worker._cancelled == {4}


class _Seeing:
    """A model that knows the lens and the sky, of 4 x 6 pixels whatever the photo."""

    kind, device = "distance", "cpu"

    def sizes(self, *_: int) -> tuple[int, int]:
        return 4, 6

    output_size = sizes

    def bytes_needed(self, *_: int) -> int:
        return 0

    def prepare(self, rgb: np.ndarray, *_: int) -> np.ndarray:
        return rgb

    def run(self, _photo: np.ndarray, size: tuple[int, int], _progress: object, lens: Lens | None = None) -> Output:
        surface = np.ones(size, np.float32)
        surface[: size[0] // 2] = 0
        return Output(np.full(size, 3, np.float32), surface, lens or Lens(24.0, "model"))


@pytest.mark.parametrize(
    ("given", "asked", "expected"), [(0, 0.0, (24.0, "model")), (50, 0.0, (50.0, "photo")), (50, 35.0, (35.0, "photo"))]
)
def test_the_answer_names_the_lens_and_puts_the_sky_at_the_far_end(tmp_path, given, asked, expected):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = given
    Image.new("RGB", (12, 8)).save(tmp_path / "a.jpg", exif=exif)
    worker = serve.Worker(io.StringIO(), idle=0.0)
    worker._predictor = Predictor(_Seeing(), catalog.get("moge-small"), revision="local")
    worker._loaded = ("moge-small", "", "auto", "float32")
    done = worker._answer(
        Estimate(1, str(tmp_path / "a.jpg"), str(tmp_path), model="moge-small", focal_length=asked, background=True)
    )
    assert isinstance(done, Done), done
    assert (pytest.approx(done.focal_length, rel=1e-3), done.lens) == expected
    assert decode(encode(done)) == done
    assert done.validity == ""
    np.testing.assert_array_equal(np.load(done.values), np.full((4, 6), 3))  # the farthest that it sees
    assert (np.load(done.background)[:2, :, 1] == 0).all()  # nothing lies behind the sky
