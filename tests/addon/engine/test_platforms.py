"""What the engine is on the systems that this one is not: their layout, their builds, their limits."""

import sys
from pathlib import Path

import pytest

from tests.addon.enabled import errors, install, place, probe


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here needs Blender."""


@pytest.mark.parametrize(
    ("system", "python"), [("win32", "Scripts/python.exe"), ("linux", "bin/python"), ("darwin", "bin/python")]
)
def test_an_environments_python_is_where_the_system_has_it(monkeypatch, tmp_path, system, python):
    monkeypatch.setattr(sys, "platform", system)
    assert place.python_in(tmp_path) == tmp_path / python


@pytest.mark.parametrize(
    ("system", "names"),
    [("linux", ["cpu", "cuda", "rocm", "xpu"]), ("win32", ["cpu", "cuda", "xpu"]), ("darwin", ["apple"])],
)
def test_each_system_is_offered_the_builds_that_exist_for_it(system, names):
    assert [backend.name for backend in place.backends(system)] == names


@pytest.mark.parametrize("has_driver", [True, False])
def test_an_nvidia_driver_is_recognised_on_windows(monkeypatch, tmp_path, has_driver):
    (tmp_path / "System32").mkdir()
    if has_driver:
        (tmp_path / "System32" / "nvcuda.dll").touch()
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "win32")
    assert probe._has_nvidia_driver() == has_driver


@pytest.mark.parametrize(("long_paths", "refused"), [(False, True), (True, False)])
def test_a_path_too_long_for_windows_is_told_before_anything_is_fetched(monkeypatch, tmp_path, long_paths, refused):
    folder = tmp_path / ("deep" * 40)
    small = place.Backend("cpu", "CPU", "", 1, 1, ("win32",))
    monkeypatch.setattr(install, "_has_long_paths", lambda: long_paths)
    monkeypatch.setattr(sys, "platform", "win32")
    if refused:
        with pytest.raises(errors.EngineError, match="Windows"):
            install._check_place(folder, small)
    else:
        install._check_place(folder, small)
    assert not Path(folder).exists()


def test_a_step_is_ended_with_its_children_on_windows(monkeypatch):
    asked = []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(install.subprocess, "run", lambda command, **_: asked.append(command))
    install._kill(type("Process", (), {"pid": 1234})())
    assert asked == [["taskkill", "/F", "/T", "/PID", "1234"]]
