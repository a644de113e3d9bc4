import json
import sys
import time
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import pytest
import torch

from inference.model import onednn


@pytest.fixture(autouse=True)
def measured(tmp_path, monkeypatch) -> Path:
    """Give an environment's folder in which nothing was measured yet."""
    path = tmp_path / "measured.json"
    monkeypatch.setattr(onednn, "_MEASURED", path)
    return path


@pytest.fixture
def taking(monkeypatch):
    """Return a function that sets how long the turns of oneDNN and of torch take, by turns."""

    def take(*turns: float) -> None:
        times = chain(turns, repeat(turns[-1]))
        monkeypatch.setattr(onednn, "_seconds", lambda run: run() is None or next(times))

    return take


def contests(times: list[int]):
    """Return a contest that counts how often it is asked for."""

    def contest():
        times.append(1)
        x = torch.ones(2, 2)
        return partial(torch.mul, x, 1), partial(torch.mul, x, 1)

    return contest


@pytest.mark.parametrize(
    ("onednn_takes", "quicker"),
    [(0.8, True), (0.98, True), (0.995, False), (1.0, False), (1.2, False)],
)
def test_a_library_that_is_ahead_gets_the_layer(taking, onednn_takes, quicker):
    taking(*[onednn_takes, 1.0] * onednn._TURNS)
    assert onednn._is_quicker("linear", contests([])) is quicker


def test_what_another_process_measured_meanwhile_stays(taking, measured):
    taking(0.5, 1.0)

    def contest():
        measured.write_text(json.dumps({onednn._machine(): {"attention": True}, "elsewhere": {"linear": False}}))
        return contests([])()

    assert onednn._is_quicker("linear", contest) is False
    kept = json.loads(measured.read_text())
    assert kept == {onednn._machine(): {"attention": True, "linear": False}, "elsewhere": {"linear": False}}


def test_noise_never_chooses(taking, measured):
    taking(*[0.5, 1.0, 1.5, 1.0, 0.6, 1.0, 1.4, 1.0, 0.5, 1.0, 0.8, 1.0, 1.5, 1.0])  # ahead in the middle turn
    assert onednn._is_quicker("linear", contests([])) is False
    assert not measured.exists()  # another start may find something clearer


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts a thread's time in steps that are too large")
def test_waiting_for_other_programs_does_not_count():
    def onednn_waits() -> torch.Tensor:
        time.sleep(0.02)
        return torch.ones(1)

    def torch_computes() -> torch.Tensor:
        start = time.thread_time()
        while time.thread_time() - start < 0.005:
            pass
        return torch.ones(1)

    assert onednn._is_quicker("linear", lambda: (onednn_waits, torch_computes)) is True


def test_a_clear_result_is_measured_once(taking):
    taking(*[0.8, 1.0] * onednn._TURNS)
    asked = []
    for _ in range(3):
        assert onednn._is_quicker("linear 4 8", contests(asked)) is True
    assert len(asked) == 1


def test_another_torch_and_another_processor_measure_again(taking, monkeypatch, measured):
    taking(*[0.8, 1.0] * onednn._TURNS)
    onednn._is_quicker("linear 4 8", contests([]))
    asked = []
    for machine in ("this one, torch 3", "another one, torch 2"):
        monkeypatch.setattr(onednn, "_machine", lambda machine=machine: machine)
        onednn._is_quicker("linear 4 8", contests(asked))
    assert len(asked) == 2
    assert len(json.loads(measured.read_text())) == 3  # what was known before stays


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", '{"x": 1}', '{"x": null}'])
def test_a_file_that_something_else_wrote_is_made_anew(taking, measured, text):
    measured.write_text(text)
    taking(*[0.8, 1.0] * onednn._TURNS)
    assert onednn._is_quicker("linear 4 8", contests([])) is True
    assert list(json.loads(measured.read_text()).values())[-1] == {"linear 4 8": True}


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(taking, monkeypatch, tmp_path):
    monkeypatch.setattr(onednn, "_MEASURED", tmp_path / "missing" / "measured.json")
    taking(*[0.8, 1.0] * onednn._TURNS)
    assert onednn._is_quicker("linear", contests([])) is True


@pytest.mark.parametrize("error", [AttributeError("no such operator"), RuntimeError("could not create a primitive")])
def test_a_torch_without_the_private_operators_keeps_its_own(monkeypatch, measured, error):
    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(onednn, "product", fail)
    assert onednn.is_quicker_linear.__wrapped__(8, 8) is False
    assert onednn.is_quicker_attention.__wrapped__(8) is False
    assert not measured.exists()


def test_an_operator_that_computes_something_else_is_left_out(monkeypatch):
    monkeypatch.setattr(onednn, "product", lambda x, weight: torch.zeros(len(x), len(weight)))
    assert onednn.is_quicker_linear.__wrapped__(8, 8) is False


def test_measuring_leaves_threads_and_random_numbers_alone():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    try:
        onednn.is_quicker_linear.__wrapped__(8, 8)
        onednn.is_quicker_attention.__wrapped__(8)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert torch.rand(1) == expected
