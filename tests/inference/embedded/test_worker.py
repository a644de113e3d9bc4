"""What Blender is answered about the depth that a photo brings: its own, an estimate anchored to it, or why neither."""

import io

import numpy as np
import pytest
from PIL import Image

from inference import catalog
from inference.depth import Lens
from inference.model import Output
from inference.predict import Predictor
from inference.worker import serve
from inference.worker.protocol import Done, Estimate, Failed, decode, encode
from tests.inference.embedded import writers

HEIGHT, WIDTH = 60, 80
METRES = np.broadcast_to(np.linspace(4.0, 1.0, HEIGHT)[:, None], (HEIGHT, WIDTH))  # near at the bottom
GREY = np.rint((METRES - 1.0) / 3.0 * 255).astype(np.uint8)
COLOURS = np.full((2 * HEIGHT, 2 * WIDTH, 3), 120, np.uint8)
SHARP = writers.encoded(255 - COLOURS)
SAID = {"Format": "RangeLinear", "Near": "1", "Far": "4", "Units": "m"}


class Relative:
    """A model that sees the scene's inverse depth up to scale and shift, at half the photo's size."""

    kind, device = "disparity", "cpu"

    def sizes(self, *_: int) -> tuple[int, int]:
        return HEIGHT, WIDTH

    output_size = sizes

    def bytes_needed(self, *_: int) -> int:
        return 0

    def prepare(self, rgb: np.ndarray, *_: int) -> np.ndarray:
        return rgb

    def run(self, _photo: np.ndarray, size: tuple[int, int], _progress: object, _lens: Lens | None = None) -> Output:
        inverse = Image.fromarray((1 / METRES).astype(np.float32)).resize(size[::-1], Image.Resampling.BILINEAR)
        return Output(np.asarray(inverse) * 300.0 - 20.0)


@pytest.fixture
def ask(tmp_path):
    """Ask a worker about a photo's file."""

    def asked(whole: bytes, **wanted: str) -> Done | Failed:
        (tmp_path / "photo.jpg").write_bytes(whole)
        worker = serve.Worker(io.StringIO(), idle=0.0)
        worker._predictor = Predictor(Relative(), catalog.get("small"), revision="local")
        worker._loaded = ("small", "", "auto", "float32")
        return worker._answer(Estimate(3, str(tmp_path / "photo.jpg"), str(tmp_path), **wanted))

    return asked


def test_the_photos_own_depth_is_answered_without_a_model(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(serve.Worker, "_load", lambda *_: pytest.fail("a model was loaded"))
    done = ask(writers.gdepth(writers.encoded(COLOURS), writers.encoded(GREY, "PNG"), SAID, SHARP), embedded="use")
    assert isinstance(done, Done), done
    assert (done.kind, done.embedded, done.model, done.revision) == ("distance", "GDepth", "embedded", "GDepth")
    assert (done.width, done.height, done.validity) == (2 * WIDTH, 2 * HEIGHT, "")
    assert (tmp_path / "3.sharp.jpg").read_bytes() == SHARP
    assert done.sharp == str(tmp_path / "3.sharp.jpg")
    assert decode(encode(done)) == done
    values = np.load(done.values)
    small = np.asarray(Image.fromarray(values).resize((WIDTH, HEIGHT), Image.Resampling.BOX))
    assert np.abs(1 / small - 1 / METRES)[9:-9].max() < 0.03  # at the border there is less to find outlines by


def test_what_is_stored_on_its_side_is_answered_on_its_side(ask):
    photo = writers.encoded(np.rot90(COLOURS), orientation=6)
    png = writers.encoded(np.rot90(GREY), "PNG")
    done = ask(writers.gdepth(photo, png, SAID), embedded="use")
    values = np.load(done.values)
    assert values.shape[1] < values.shape[0]
    assert values[:, 0].mean() > values[:, -1].mean() + 2.0  # far is what becomes the top


def test_an_anchored_estimate_is_in_metres(ask, tmp_path):
    whole = writers.gdepth(writers.encoded(COLOURS), writers.encoded(GREY, "PNG"), SAID)
    done = ask(whole, embedded="anchor")
    assert isinstance(done, Done), done
    assert (done.kind, done.embedded, done.model, done.sharp) == ("distance", "GDepth", "small", "")
    assert done.residual < 0.01
    np.testing.assert_allclose(np.load(done.values), METRES, rtol=0.02)
    assert (done.raw_min, done.raw_max) == (pytest.approx(1.0, rel=0.02), pytest.approx(4.0, rel=0.02))


@pytest.mark.parametrize(
    ("whole", "wanted", "words"),
    [
        (writers.encoded(COLOURS), "use", "photo.jpg brings no depth of its own"),
        (writers.encoded(COLOURS), "anchor", "photo.jpg brings no depth of its own"),
        (writers.huawei(writers.encoded(COLOURS), SHARP, GREY), "anchor", "has no unit"),
        (
            writers.gdepth(writers.encoded(COLOURS), writers.encoded(GREY[::-1], "PNG"), SAID),
            "anchor",
            "the depth is inverted, or of another photo",
        ),
        (writers.huawei(writers.encoded(COLOURS), SHARP, GREY)[:-20] + b"\xff\xff\0\0DepthEn\0", "use", "The depth in"),
    ],
)
def test_a_photo_whose_depth_will_not_do_is_a_fault_of_its_own(ask, whole, wanted, words):
    failed = ask(whole, embedded=wanted)
    assert (failed.id, failed.fault) == (3, "embedded")
    assert words in failed.message


def test_pixels_without_a_file_bring_none(tmp_path):
    np.save(tmp_path / "pixels.npy", np.ones((4, 4, 4), np.float32))
    worker = serve.Worker(io.StringIO(), idle=0.0)
    failed = worker._answer(Estimate(1, str(tmp_path / "pixels.npy"), str(tmp_path), embedded="use"))
    assert (failed.fault, "without a file" in failed.message) == ("embedded", True)
