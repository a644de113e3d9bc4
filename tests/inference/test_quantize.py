"""int8 layers against float32 ones, and where they are refused."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from inference.errors import DeviceError, WeightsError
from inference.model import devices
from inference.model.plain import DepthAnything
from inference.model.quantize import Int8Linear, check_int8, quantize
from inference.model.weights import HF, ORIGINAL, load_model, published_names
from inference.predict import Predictor
from tests.inference.conftest import TINY
from tests.inference.test_model import SIZES, model_of  # noqa: F401 - a fixture

MEAN_ERROR, MAX_ERROR = 0.008, 0.06  # of the range, on weights from a seed


@pytest.fixture
def int8() -> None:
    try:
        check_int8()
    except DeviceError as error:
        pytest.skip(str(error))


def layer(seed: int) -> nn.Linear:
    generator = torch.Generator().manual_seed(seed)
    made = nn.Linear(48, 20).requires_grad_(False)
    for parameter in made.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator))
    made.weight[3] = 0.0
    return made


@pytest.mark.usefixtures("int8")
@pytest.mark.parametrize(("low", "high"), [(-3.0, 3.0), (-0.2, 40.0), (1.0, 2.0), (-2.0, -1.0), (1e-6, 2e-6)])
def test_a_layer_is_off_by_the_rounding_of_its_input_and_weights_alone(low, high):
    exact = layer(0)
    x = torch.from_numpy(np.random.default_rng(1).uniform(low, high, (2, 37, 48)).astype(np.float32))
    found = Int8Linear(exact)(x).numpy()
    weight = exact.weight.numpy().astype(np.float64)
    expected = x.numpy() @ weight.T + exact.bias.numpy()
    step, steps = (max(high, 0.0) - min(low, 0.0)) / 255, np.abs(weight).max(1) / 127
    bound = step * (np.abs(weight) + steps[:, None]).sum(1) + 0.5 * steps * np.abs(x.numpy()).sum(2, keepdims=True)
    assert (np.abs(found - expected) <= bound + 1e-5).all()
    assert found.shape == (2, 37, 20)
    assert np.abs(found - expected).max() > 0
    np.testing.assert_array_equal(found[..., 3], np.broadcast_to(exact.bias[3].numpy(), (2, 37)))


@pytest.mark.usefixtures("int8")
def test_nothing_in_leaves_the_bias():
    exact = layer(2)
    np.testing.assert_array_equal(Int8Linear(exact)(torch.zeros(4, 48)), exact.bias.expand(4, -1))


@pytest.mark.usefixtures("int8")
@pytest.mark.parametrize(("name", "height", "width"), SIZES)
def test_depth_is_near_the_originals(reference, model_of, pixels, name, height, width):  # noqa: F811
    network = model_of(name, "int8")
    if not any(isinstance(module, Int8Linear) for module in network.modules()):
        quantize(network.encoder)
    with torch.inference_mode():
        ours = network(pixels(height, width))[0].numpy()
    original = reference(name).depth(height, width)
    error = np.abs(ours - original) / np.ptp(original)
    assert 0 < error.mean() <= MEAN_ERROR
    assert error.max() <= MAX_ERROR


@pytest.mark.usefixtures("int8")
def test_both_layouts_give_the_same(reference, pixels, tmp_path):
    original, hf = reference("tiny").tensors, {}
    for ours in DepthAnything(TINY).state_dict():
        whole = torch.cat([original[name] for name in published_names(ours, ORIGINAL)])
        names = published_names(ours, HF)
        hf.update((name, part.clone()) for name, part in zip(names, whole.chunk(len(names)), strict=True))
    depths = []
    for name, tensors in (("original.pth", original), ("hf.pth", hf)):
        torch.save(tensors, tmp_path / name)
        network = load_model(tmp_path / name, TINY)
        quantize(network.encoder)
        with torch.inference_mode():
            depths.append(network(pixels(70, 98)).numpy())
    np.testing.assert_array_equal(*depths)


@pytest.mark.usefixtures("int8")
def test_weights_that_are_no_numbers_are_refused(reference, tmp_path):
    tensors = dict(reference("tiny").tensors)
    tensors["pretrained.blocks.1.mlp.fc1.weight"] = tensors["pretrained.blocks.1.mlp.fc1.weight"] * float("nan")
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="float32"):
        quantize(load_model(tmp_path / "a.pth", TINY).encoder)


def test_it_is_for_the_cpu_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "_first_that_works", lambda _: torch.device("cuda"))
    with pytest.raises(DeviceError, match=r"cuda.*float16"):
        Predictor.from_catalog("small", dtype="int8", weights=tmp_path / "absent.pth")


def test_a_precision_of_another_name_is_refused(tmp_path):
    with pytest.raises(DeviceError, match="float32, float16, bfloat16, int8"):
        Predictor.from_catalog("small", device="cpu", dtype="int4", weights=tmp_path / "absent.pth")


@pytest.mark.usefixtures("int8")
def test_a_cpu_whose_sums_overflow_is_refused():
    """The library can be told to keep to the instructions of older processors."""
    command = [sys.executable, "-c", "from inference.model.quantize import check_int8; check_int8()"]
    older = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    told = subprocess.run(command, env=older, capture_output=True, text=True, check=False).stderr
    assert "DeviceError: " in told.splitlines()[-1]
    assert "VNNI" in told.splitlines()[-1]
