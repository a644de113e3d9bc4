"""The engine: recognised, refused with what is missing, made by real pip, cancelled, and made whole again."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.addon.enabled import errors, install, place, settings, setup
from tools import environments, extension

import bpy  # isort: skip

CPU = place.BACKENDS[0]
TORCH = environments.ENVIRONMENTS["inference"].executable


@pytest.fixture
def bare(tmp_path) -> Path:
    """An environment without packages, in a folder whose name is not plain."""
    folder = tmp_path / "Künstler in" / "engine"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


def wait(made, seconds: float = 300.0) -> None:
    made.join(seconds)
    assert made.state != "running"


def test_a_python_with_everything_is_accepted():
    found = place.examine(TORCH)
    assert set(found.versions) == set(place.MINIMUM)
    assert place.examine(TORCH.parents[1]).python == TORCH  # the folder of its environment


def test_a_python_without_packages_is_refused_by_their_names(bare):
    with pytest.raises(errors.EngineError, match=r"torch.*numpy.*pillow"):
        place.examine(bare)


def test_an_old_package_is_named_with_what_is_needed(bare):
    site = next(bare.glob("lib/python*/site-packages"))
    for name in place.MINIMUM:
        info = site / f"{name}-99.0.dist-info"
        info.mkdir()
        version = "2.4.1+cu121" if name == "torch" else "99.0"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    with pytest.raises(errors.EngineError, match=r"torch 2\.4\.1\+cu121.*2\.5\b"):
        place.examine(bare)


@pytest.mark.parametrize("what", ["missing", "no python", "folder"])
def test_what_is_no_python_is_refused(tmp_path, what):
    path = tmp_path / "python"
    if what == "no python":
        path.write_text("#!/bin/sh\nexit 3\n")
        path.chmod(0o755)
    elif what == "folder":
        path.mkdir()
    with pytest.raises(errors.EngineError, match=r"(?i)choose"):
        place.examine(path)


def test_half_an_engine_is_none(bare):
    assert place.own_engine(bare) is None
    stamp = {"requirements": place.REQUIREMENTS.read_text(), "backend": "cpu", "versions": {"torch": "2.13.0"}}
    (bare / place.STAMP).write_text(json.dumps(stamp))
    assert place.own_engine(bare).versions == {"torch": "2.13.0"}
    (bare / place.STAMP).write_text(json.dumps(stamp | {"requirements": "torch==1.0"}))  # an older release's
    assert place.own_engine(bare) is None
    (bare / place.STAMP).write_text("{")
    assert place.own_engine(bare) is None
    (bare / place.STAMP).write_text(json.dumps(stamp))
    place.python_in(bare).unlink()
    assert place.own_engine(bare) is None


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path):
    huge = place.Backend("cpu", "CPU", "", 1, 10**18, (sys.platform,))
    with pytest.raises(errors.EngineError, match=r"(?i)free some space"):
        install.Installation(tmp_path / "engine", huge).start()
    assert not (tmp_path / "engine").exists()


def test_without_an_index_it_fails_with_a_reason_and_leaves_no_engine(tmp_path):
    folder = tmp_path / "engine"
    nowhere = ("--isolated", "--index-url", "http://127.0.0.1:9/simple", "--retries", "0")
    made = install.Installation(folder, CPU, options=nowhere)
    made.start()
    wait(made)
    assert made.state == "failed"
    assert "check the network" in made.error.lower()
    assert "127.0.0.1" in made.log
    assert place.own_engine(folder) is None


def test_cancelling_ends_pip_where_it_is(tmp_path):
    """An index that takes the connection and never answers: left alone, pip would wait for it for minutes."""
    folder = tmp_path / "engine"
    with socket.create_server(("127.0.0.1", 0)) as index:
        index.settimeout(120.0)
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        made = install.Installation(folder, CPU, options=("--isolated", "--index-url", address, "--timeout", "600"))
        made.start()
        connection, _ = index.accept()
        made.cancel()
        made.join(60.0)
        connection.close()
    assert made.state == "cancelled"
    assert place.own_engine(folder) is None


def test_offline_nothing_is_set_up():
    extension.enable()
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match=r"(?i)allow online access"):
        bpy.ops.depth_nodes.set_up_engine(backend=place.backends()[0].name)
    assert not Path(settings.engine_folder()).exists()


def test_the_preferences_know_the_existing_python(tmp_path):
    extension.enable()
    with pytest.raises(errors.EngineError, match="Set Up Engine"):
        settings.engine()
    settings.preferences().existing_python = str(TORCH)
    assert settings.engine().python == TORCH
    assert "torch 2" in setup.report()
    settings.preferences().existing_python = str(tmp_path)
    assert "no Python" in setup.report()
    with pytest.raises(errors.EngineError, match=r"(?i)choose another one"):
        settings.engine()


def test_check_engine_shows_the_doctors_table():
    extension.enable()
    settings.preferences().existing_python = str(TORCH)
    assert bpy.ops.depth_nodes.check_engine() == {"FINISHED"}
    assert f"torch            {place.examine(TORCH).versions['torch']}" in setup.report()


def test_the_engines_environment_has_nothing_of_blenders_python(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", os.sep)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    made = place.environment()
    assert "PYTHONHOME" not in made
    assert made["PYTHONPATH"] == str(place.ROOT)
