"""Which device is chosen, with torch's answers faked where the hardware is absent."""

import logging
import os
import subprocess
import sys

import pytest
import torch

from inference.errors import DeviceError
from inference.model import devices

NO_KERNEL = (
    "CUDA error: no kernel image is available for execution on the device\n"
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions."
)


@pytest.fixture
def cards(monkeypatch):
    """Let torch find a CUDA card and an Intel one, of which each does what the test says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    compute, does = devices._small_computation, {}

    def computation(device: torch.device, dtype: torch.dtype) -> torch.Tensor:
        return does[device.type]() if device.type in does else compute(torch.device("cpu"), dtype)

    monkeypatch.setattr(devices, "_small_computation", computation)
    return does


def fail(text: str):
    def run() -> torch.Tensor:
        raise RuntimeError(text)

    return run


def test_the_first_card_that_computes_is_taken(cards):
    assert devices.choose("auto", "float32").type == "cuda"
    cards["cuda"] = fail(NO_KERNEL)
    assert devices.choose("auto", "float16").type == "xpu"


def test_automatic_goes_on_to_the_cpu_and_says_why(cards, caplog):
    cards["cuda"] = fail(NO_KERNEL)
    cards["xpu"] = lambda: torch.zeros(1, 16, 9, 9)
    with caplog.at_level(logging.WARNING):
        assert devices.choose("auto", "float32").type == "cpu"
    assert "no kernel image" in caplog.text
    assert "wrong result" in caplog.text


def test_a_card_that_was_asked_for_is_refused_in_one_true_line(cards):
    cards["cuda"] = fail(NO_KERNEL)
    with pytest.raises(DeviceError, match="no kernel image") as refused:
        devices.choose("cuda", "float32")
    assert "TORCH_USE_CUDA_DSA" not in str(refused.value)
    assert "auto" in str(refused.value)


def test_a_card_that_torch_only_believes_in_is_left_out(monkeypatch):
    """The small computation is a real one here: this torch has no kernels for CUDA, or there is no card."""
    if torch.cuda.is_available():
        pytest.skip("there is a card")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.choose("auto", "float32").type == "cpu"


def test_an_older_driver_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(DeviceError, match=r"CUDA 13\.0.*driver"):
        devices.choose("cuda", "float32")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_small_computation_is_the_same_in_every_precision(dtype):
    cpu = torch.device("cpu")
    exact = devices._small_computation(cpu, torch.float32)
    assert exact.std() > 0.1
    torch.testing.assert_close(devices._small_computation(cpu, dtype), exact, rtol=0.05, atol=0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="torch comes with GNU's OpenMP on Linux alone")
@pytest.mark.parametrize(
    ("chosen", "spins"), [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "PASSIVE"}, "0")]
)
def test_threads_that_wait_give_up_their_cores_soon(chosen: dict[str, str], spins: str) -> None:
    """OpenMP itself tells what it goes by, when torch loads it."""
    load = "from inference import catalog, model; model.family(catalog.get('small'))"
    free = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    environment = free | {"OMP_DISPLAY_ENV": "VERBOSE"} | chosen
    told = subprocess.run([sys.executable, "-c", load], env=environment, capture_output=True, text=True, check=True)
    assert f"GOMP_SPINCOUNT = '{spins}'" in told.stderr
