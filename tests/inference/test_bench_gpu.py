"""The benchmark of a graphics card, where there is none: its code runs on the CPU as if that were a card."""

import math
from functools import partial

import numpy as np
import pytest

from inference.model import devices
from tests.benchmarks import bench_gpu, bench_model, contender, measure
from tests.inference.original import stand_in_for_torchvision

TINY = ("vits", 28, 42)


class Here:
    """A contender in this process: each of its own would import torch once more."""

    def __init__(self, _module: str, name: str, encoder: str, *case: object, environment: object) -> None:
        _height, _width, folder, device = case
        pixels = np.load(folder / "pixels.npy")
        self._run = partial(contender.GRAPHICS[name](encoder, folder, device), pixels)
        np.save(folder / f"{name}.npy", self._run())
        self.turn = measure.Stopwatch().of(self._run)
        self.leave = partial(contender.peak, device)


def test_the_contenders_of_a_card_run_and_agree(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU, but as on a card: what is put over the network there depends on the device, the rest doesn't."""
    monkeypatch.setattr(bench_model, "prepare", lambda *case: contender.main("prepare", *map(str, case[:-1]), "a card"))
    monkeypatch.setattr(bench_model, "Served", Here)
    with stand_in_for_torchvision():
        contender.original("vits")  # imports it
    bench_model.race(TINY, 2, 100.0, "cpu", list(contender.GRAPHICS))
    lines = capsys.readouterr().out.splitlines()
    cells = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ") for line in lines if line[:2] == "| "}
    assert [name for name in cells if name] == ["ours", "ours, float16", "original", "transformers"]
    assert float(cells["ours"][7]) < 1e-4
    assert 0 < float(cells["ours, float16"][7]) < 0.05  # in another precision, so not the same
    assert math.isclose(float(cells["ours"][5]), 1.0)
    assert lines[-1].startswith(("The cores were free", "TOO LOADED TO JUDGE"))


def test_without_a_card_it_says_so(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "choose", lambda *_: devices.torch.device("cpu"))
    bench_gpu.main()
    said = "PyTorch finds no graphics card that runs the model, so there is nothing to measure.\n"
    assert capsys.readouterr().out == said


def test_with_a_card_it_prints_the_models_table_of_it(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(devices, "choose", lambda *_: devices.torch.device("mps"))
    monkeypatch.setattr(bench_model, "torch_rates", lambda device, a, b: {"torch": 4000.0})
    monkeypatch.setattr(bench_model, "race", lambda *arguments: seen.append(arguments))
    monkeypatch.setattr("sys.argv", ["bench_gpu", "3"])
    bench_gpu.main()
    assert [arguments[0] for arguments in seen] == list(bench_model.CASES)
    assert {arguments[1:4] for arguments in seen} == {(3, 4000.0, "mps")}
    assert seen[0][4] == list(contender.GRAPHICS)
    assert capsys.readouterr().out.startswith("graphics card: Apple, mps")
