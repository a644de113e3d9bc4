"""The predictor at its boundary: arrays in, `Depth` out, and errors that say what to do."""

import re
import subprocess
import sys
from functools import partial
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image

from inference import predict
from inference.catalog import get
from inference.errors import DeviceError, ModelNameError, OutOfMemoryError, PhotoError, WeightsError
from inference.model.depth_anything_v2 import DepthAnythingV2
from inference.model.weights import load_model
from inference.predict import Predictor
from tests.inference.conftest import TINY

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def tiny_file(reference, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save(reference("tiny").tensors, path)
    return path


@pytest.fixture(scope="module")
def tiny(tiny_file) -> Predictor:
    return Predictor(DepthAnythingV2(load_model(tiny_file, TINY)), get("small"), revision="local", size=70)


@pytest.fixture(scope="module")
def small_file(reference, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.pth"
    torch.save(reference("small").tensors, path)
    return path


def test_whole_picture_is_the_originals(reference, small_file):
    coarse = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC))
    predictor = Predictor.from_catalog("small", weights=small_file, device="cpu")
    depth = predictor.predict(picture)
    original = reference("small").of_picture(np.ascontiguousarray(picture[:, :, ::-1]))  # it takes BGR
    assert np.abs(depth.values - original).max() <= 5e-5 * np.ptp(original)
    assert (depth.model, depth.revision, depth.kind) == ("small", "local", "disparity")


def test_metric_model_gives_distance(reference, tmp_path):
    torch.save(reference("small_metric20").tensors, tmp_path / "a.pth")
    predictor = Predictor.from_catalog("small-indoor", weights=tmp_path / "a.pth", device="cpu", size=56)
    depth = predictor.predict(RNG.random((40, 50, 3), dtype=np.float32))
    assert depth.kind == "distance"
    assert 0 < depth.near == depth.raw_min < depth.far == depth.raw_max < 20


def test_depth_has_the_photos_size_and_range(tiny):
    photo = RNG.integers(0, 256, (61, 47, 3), dtype=np.uint8)
    depth = tiny.predict(photo)
    assert depth.values.shape == (61, 47)
    assert depth.values.dtype == np.float32
    assert (depth.raw_min, depth.raw_max) == (depth.values.min(), depth.values.max())
    assert (depth.near, depth.far) == (depth.raw_max, depth.raw_min)
    nearness = depth.nearness()
    assert (nearness.min(), nearness.max()) == (0, 1)
    assert nearness.argmax() == depth.values.argmax()


def test_bytes_and_floats_mean_the_same(tiny):
    photo = RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    floats = tiny.predict(photo.astype(np.float32) / 255).values
    np.testing.assert_allclose(tiny.predict(photo).values, floats, rtol=0, atol=1e-4)


def test_invalid_pixels_do_not_count_in_the_range(tiny):
    photo = RNG.random((40, 60, 3), dtype=np.float32)
    everything = tiny.predict(photo)
    validity = (everything.values < everything.raw_max - 0.2 * np.ptp(everything.values)).astype(np.float32)
    depth = tiny.predict(photo, validity)
    np.testing.assert_array_equal(depth.values, everything.values)
    assert depth.raw_max == everything.values[validity > 0].max() < everything.raw_max
    assert depth.nearness().max() == 1
    nothing = tiny.predict(photo, np.zeros((40, 60), dtype=bool))
    assert (nothing.raw_min, nothing.raw_max) == (everything.raw_min, everything.raw_max)


def test_many_photos_come_in_order_and_one_at_a_time(tiny):
    asked = []

    def photos():
        for side in (20, 33, 47):
            asked.append(side)
            yield RNG.random((side, 30, 3), dtype=np.float32)

    depths = tiny.predict_many(photos())
    assert next(depths).values.shape == (20, 30)
    assert asked == [20]
    assert [depth.values.shape for depth in depths] == [(33, 30), (47, 30)]


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float64),
        np.zeros((4, 4, 3), np.uint16),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_arrays_of_another_form_are_refused(tiny, photo):
    with pytest.raises(PhotoError, match=r"(?i)convert"):
        tiny.predict(photo)


def test_validity_of_another_size_is_refused(tiny):
    with pytest.raises(PhotoError, match="value"):
        tiny.predict(np.zeros((4, 6, 3), np.uint8), np.ones((6, 4), bool))


def test_a_photo_that_cannot_fit_is_refused_beforehand(tiny, monkeypatch):
    monkeypatch.setattr(predict, "available_memory", lambda: 64 << 20)
    with pytest.raises(OutOfMemoryError, match="below 70"):
        tiny.predict(np.zeros((1, 800, 3), np.uint8))
    assert tiny.predict(np.zeros((1, 40, 3), np.uint8)).values.shape == (1, 40)


@pytest.mark.parametrize("shape", [(1, 1000), (3000, 2), (1, 60_000)])
def test_a_photo_much_too_long_is_refused_with_the_size_that_is_not(tiny, shape, monkeypatch):
    with pytest.raises(PhotoError, match="trained") as refused:
        tiny.predict(np.zeros((*shape, 3), np.uint8))
    found = re.search(r"at most (\d+)$", str(refused.value))
    tokens = 16 * 37 * 37  # at 2072 x 2072
    if found is None:
        assert max(shape) / min(shape) > tokens
        return
    tiny_at = partial(Predictor, tiny._model, get("small"), revision="local")
    with monkeypatch.context() as patch:
        patch.setattr(tiny._model, "prepare", Mock(side_effect=InterruptedError))
        with pytest.raises(InterruptedError):  # it would have begun
            tiny_at(size=int(found[1])).predict(np.zeros((*shape, 3), np.uint8))
    with pytest.raises(PhotoError):
        tiny_at(size=int(found[1]) + 14).predict(np.zeros((*shape, 3), np.uint8))


def test_an_allocation_that_fails_is_told(tiny, monkeypatch):
    monkeypatch.setattr(predict, "available_memory", lambda: None)
    monkeypatch.setattr(tiny._model, "prepare", lambda *_: torch.empty(1 << 60, dtype=torch.uint8))
    with pytest.raises(OutOfMemoryError, match="smaller size"):
        tiny.predict(np.zeros((4, 4, 3), np.uint8))


def test_other_errors_of_the_model_are_not_taken_for_memory(tiny, monkeypatch):
    monkeypatch.setattr(tiny._model, "prepare", lambda *_: torch.zeros(1, 4, 14, 14))
    with pytest.raises(RuntimeError, match="channels"):
        tiny.predict(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_depth_that_is_not_made_of_numbers_is_told(tiny, monkeypatch, wrong):
    """As half precisions and drivers of graphics cards give it at times."""
    run = tiny._model.run

    def spoilt(*given):
        output = run(*given)
        output.values[3, 4] = wrong
        return output

    monkeypatch.setattr(tiny._model, "run", spoilt)
    photo = np.zeros((20, 30, 3), np.uint8)
    with pytest.raises(DeviceError, match=r"(?s)not finite.*float32"):
        tiny.predict(photo)
    seen = np.ones((20, 30), bool)
    seen[3, 4] = False
    assert np.isfinite(tiny.predict(photo, seen).raw_max)


def test_an_operator_that_a_device_lacks_is_told_with_a_way_out(tiny, monkeypatch):
    def lacking(*_):
        raise NotImplementedError(
            "The operator 'aten::upsample_bicubic2d.out' is not implemented for the MPS device.\nIf"
        )

    monkeypatch.setattr(tiny._model, "run", lacking)
    monkeypatch.setattr(tiny._model, "device", "mps")
    with pytest.raises(DeviceError, match=r"mps can't run.*upsample_bicubic2d.*Choose another") as told:
        tiny.predict(np.zeros((20, 30, 3), np.uint8))
    assert "\n" not in str(told.value)


_PEAK = """
import sys
from pathlib import Path
import numpy as np
from inference.predict import Predictor
side = int(sys.argv[2])
resident = lambda name: int(Path("/proc/self/status").read_text().split(name)[1].split()[0])  # KiB
predictor = Predictor.from_catalog("small", weights=sys.argv[1], device="cpu", size=side)
before = resident("VmRSS:")
predictor.predict(np.zeros((side, side, 3), np.uint8))
print(resident("VmHWM:") - before, predictor._model.bytes_needed(side, side, side * side) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_memory_is_estimated_from_above_but_not_by_far(small_file):
    command = [sys.executable, "-c", _PEAK, str(small_file), "700"]
    taken, estimated = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert taken < estimated < 3 * taken


def test_devices_are_checked_before_anything_is_loaded(tmp_path):
    with pytest.raises(DeviceError, match="auto, cpu, cuda, mps, xpu"):
        Predictor.from_catalog("small", device="tpu", weights=tmp_path / "absent.pth")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="no cuda"):
            Predictor.from_catalog("small", device="cuda", weights=tmp_path / "absent.pth")
    with pytest.raises(ModelNameError):
        Predictor.from_catalog("tiny", weights=tmp_path / "absent.pth")
    with pytest.raises(WeightsError):
        Predictor.from_catalog("small", device="cpu", weights=tmp_path / "absent.pth")


def test_half_precision_is_refused_on_the_cpu(small_file):
    with pytest.raises(DeviceError, match="float32"):
        Predictor.from_catalog("small", device="cpu", dtype="float16", weights=small_file)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("metres", [None, 80.0])
def test_half_precision_makes_no_stairs(tiny_file, dtype, metres):
    """On the CPU, where nobody may ask for it: the arithmetic is another one than a GPU's, the way the same.

    The step from pixel to pixel is compared with that in float32, in parts of the value: half a percent at most.
    """

    def depth(precision: str) -> np.ndarray:
        network = load_model(tiny_file, TINY, metres)
        if metres:  # far from both ends of the sigmoid: 30 to 60 metres
            network.head.output.conv3.weight.mul_(0.3)
            network.head.output.conv3.bias.fill_(0.3)
        model = DepthAnythingV2(network, "cpu", precision)
        ramp = np.linspace(0, 1, 84, dtype=np.float32)[None, :, None] * np.ones((56, 1, 3), np.float32)
        return model.run(model.prepare(ramp, 56, 84), (56, 84), None).values

    exact, half = depth("float32"), depth(dtype)
    assert half.dtype == np.float32
    if metres:
        assert 25 < exact.min() < exact.max() < 65
    error = np.abs(half - exact).max() / np.ptp(exact)
    assert 0 < error < {"float16": 0.01, "bfloat16": 0.1}[dtype]
    for axis in (0, 1):
        steps = np.abs(np.diff(half, axis=axis) - np.diff(exact, axis=axis))
        assert (steps / np.delete(exact, 0, axis)).max() < 0.005


def test_threads_are_set(small_file):
    before = torch.get_num_threads()
    try:
        Predictor.from_catalog("small", device="cpu", threads=1, weights=small_file)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
