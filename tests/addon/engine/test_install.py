"""The engine: recognised, refused with what is missing, and what becomes of one that can't be made whole.

tests/setup makes whole ones.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from tests.addon.enabled import backends, errors, install, jobs, place, settings, setup, uninstall
from tools import environments, extension

import bpy  # isort: skip

CPU = backends.BACKENDS[0]
TORCH = environments.ENVIRONMENTS["inference"].executable


@pytest.fixture
def bare(tmp_path) -> Path:
    """An environment without packages, in a folder whose name is not plain."""
    folder = tmp_path / "Künstler in" / "engine"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


@pytest.fixture
def only_index(monkeypatch):
    """Return what makes an address the only index that the user's pip knows."""

    def choose(address: str) -> None:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", address)
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("PIP_TIMEOUT", "600")

    return choose


def stamp(folder: Path, **changes: object) -> Path:
    """Make a folder count as an engine of this release, but for what is changed."""
    python = place.python_in(folder)
    python.parent.mkdir(parents=True, exist_ok=True)
    python.touch()
    given = {
        "requirements": backends.REQUIREMENTS.read_text(encoding="utf-8"),
        "backend": "cpu",
        "versions": dict.fromkeys(place.MINIMUM, "99.0"),
        "base": sys.executable,
        "bytes": 1_100_000_000,
        "since": 1.0,
    }
    (folder / place.STAMP).write_text(json.dumps(given | changes), encoding="utf-8")
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
    with pytest.raises(errors.EngineError, match=r"torch 2\.4\.1\+cu121.*2\.6\b"):
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


def test_half_an_engine_is_none(tmp_path):
    assert place.made(tmp_path / "nowhere") == []
    (tmp_path / "being made").mkdir()
    assert place.made(tmp_path) == []
    folder = stamp(tmp_path / "1")
    assert [made.folder for made in place.made(tmp_path)] == [folder]
    for broken in (
        {"versions": {"torch": "1.0"}},
        {"versions": None},
        {"bytes": "many"},
        {"base": str(tmp_path / "no")},
    ):
        stamp(folder, **broken)
        assert place.made(tmp_path) == [], broken
    (folder / place.STAMP).write_text("{")
    assert place.made(tmp_path) == []
    stamp(folder)
    place.python_in(folder).unlink()
    assert place.made(tmp_path) == []


def test_an_engine_of_another_release_serves_until_there_is_one_of_this(tmp_path):
    """A pin that changed takes nobody's gigabytes away."""
    older = stamp(tmp_path / "older", requirements="torch==1.0", since=3.0)
    assert [made.folder for made in place.made(tmp_path)] == [older]
    first, second = stamp(tmp_path / "a", since=1.0), stamp(tmp_path / "b", since=2.0)
    assert [made.folder for made in place.made(tmp_path)] == [second, first, older]
    assert place.chosen("", tmp_path).python == place.python_in(second)
    assert place.superseded(tmp_path, second) == [first]


def test_every_blender_shares_one_folder_outside_of_the_extension():
    extension.enable()
    user = Path(bpy.utils.extension_path_user(extension.MODULE))
    assert not place.root().is_relative_to(user)
    assert not {part for part in place.root().parts if bpy.app.version_string[:3] in part}


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path):
    huge = backends.Backend("cpu", "CPU", "", 1, 10**18, ())
    with pytest.raises(errors.EngineError, match=r"(?i)free some space"):
        install.Installation(tmp_path / "engines", huge).start()
    assert not (tmp_path / "engines").exists()


def test_without_an_index_it_fails_with_a_reason_and_the_engine_in_use_stays(tmp_path, only_index):
    only_index("http://127.0.0.1:9/simple")
    used = stamp(tmp_path / "used")
    made = install.Installation(tmp_path, CPU)
    made.start()
    wait(made)
    assert made.state == "failed"
    assert "127.0.0.1" in made.log
    assert [made.folder for made in place.made(tmp_path)] == [used]
    assert place.folders(tmp_path) == [used]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ERROR: No matching distribution found for torch==2.13.0", "no such package for this system"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not used"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        (
            "ERROR: Could not install packages due to an OSError: [WinError 112] There is not enough space on",
            "disk is full",
        ),
        ("ERROR: HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded", "Check the network"),
    ],
)
def test_what_went_wrong_is_said_as_it_is(said, expected):
    reason = install._reason(["Collecting torch", said, "a hint that follows"])
    assert expected in reason
    assert ("network" in reason) == ("network" in expected)
    assert said.removeprefix("ERROR: ")[:40] in reason


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    made = install.Installation(tmp_path / "file" / "engines", CPU)
    made.start()
    wait(made)
    assert made.state == "failed"
    assert str(tmp_path / "file") in made.error
    assert "Errno" not in made.error


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_set_up_that_ends_in_anything_is_over_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(install.sources, "environment", lambda *_: 1 / 0)
    monkeypatch.setattr(install.Installation, "_call", lambda *_: None)
    made = install.Installation(tmp_path, CPU)
    made.start()
    made.join(60.0)
    assert made.state == "failed"
    assert "Try again" in made.error


def test_engines_that_another_blender_deletes_meanwhile_are_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "folders", lambda _within: [tmp_path / "gone"])
    assert place.abandoned(tmp_path) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("error", "said"), [(PermissionError(13, "Permission denied"), "denied"), (ZeroDivisionError(), "unexpectedly")]
)
def test_what_is_done_to_engines_beside_blender_always_ends_in_words(tmp_path, monkeypatch, error, said):
    def fail(_path: Path) -> None:
        raise error

    extension.enable()
    monkeypatch.setattr(place, "examine", fail)
    setup.examine(tmp_path)
    assert said in setup.report()
    assert not setup.is_working()


def test_a_program_that_is_chosen_as_python_is_never_run_by_the_windows_thread(tmp_path, monkeypatch):
    """It may be anything: one that does not end would freeze Blender."""
    threads = []
    monkeypatch.setattr(place, "examine", lambda _path: threads.append(threading.current_thread()) or Mock(versions={}))
    extension.enable()
    settings.preferences().existing_python = str(tmp_path / "setup.exe")
    assert threads
    assert threading.main_thread() not in threads


def test_cancelling_ends_pip_where_it_is_and_leaves_nothing(tmp_path, only_index):
    """An index that takes the connection and never answers: left alone, pip would wait for it for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as index:
        index.settimeout(300.0)
        only_index(f"http://127.0.0.1:{index.getsockname()[1]}/simple")
        made = install.Installation(tmp_path, CPU)
        made.start()
        connection, _ = index.accept()
        made.cancel()
        made.join(300.0)
        connection.close()
    assert made.state == "cancelled"
    assert place.folders(tmp_path) == []


def test_cancelling_between_two_steps_hits_the_one_that_begins(tmp_path, monkeypatch):
    """The next step is being started when the artist cancels: it must not run to its end."""
    begun, go_on = threading.Event(), threading.Event()
    start = subprocess.Popen

    def slow(*arguments, **options):
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            go_on.wait(300.0)
        return start(*arguments, **options)

    made = install.Installation(tmp_path, CPU)
    outcome = []

    def run() -> None:
        with pytest.raises(errors.EngineError, match="cancelled"):
            made._call([sys.executable, "-c", "import time; time.sleep(3600)"], "", dict(os.environ))
        outcome.append("ended")

    monkeypatch.setattr(install.subprocess, "Popen", slow)
    step = threading.Thread(target=run, daemon=True)
    step.start()
    assert begun.wait(300.0)
    threading.Timer(0.2, go_on.set).start()
    made.cancel()
    step.join(300.0)
    assert outcome == ["ended"]


def test_no_step_begins_after_it_was_cancelled_between_two(tmp_path, monkeypatch):
    made, started = install.Installation(tmp_path, CPU), []
    monkeypatch.setattr(install.subprocess, "Popen", lambda *given, **_: started.append(given))
    made.cancel()
    with pytest.raises(errors.EngineError, match="cancelled"):
        made._call([sys.executable], "", {})
    assert started == []


def test_a_step_that_has_ended_is_not_killed(tmp_path, monkeypatch):
    """Its process id may be somebody else's by now."""
    killed = []
    monkeypatch.setattr(install, "_kill", killed.append)
    made = install.Installation(tmp_path, CPU)
    made._call([sys.executable, "-c", ""], "", dict(os.environ))
    made.cancel()
    assert killed == []


def test_what_a_crash_left_half_made_is_deleted_a_day_later(tmp_path):
    left, being_made, whole = tmp_path / "left", tmp_path / "being made", stamp(tmp_path / "whole")
    for folder in (left, being_made):
        folder.mkdir()
    long_ago = time.time() - 2 * 24 * 3600
    for folder in (left, whole):
        os.utime(folder, (long_ago, long_ago))
    assert place.abandoned(tmp_path) == [left]


def test_remove_engine_deletes_them_and_keeps_the_one_in_use_if_told(monkeypatch):
    extension.enable()
    root = place.root()
    used, older = stamp(root / "used", since=2.0), stamp(root / "older", requirements="torch==1.0")
    try:
        assert settings.has_engine()
        assert bpy.ops.depth_nodes.remove_engine(unused=True) == {"FINISHED"}
        assert place.folders(root) == [used]
        assert not older.exists()
        assert bpy.ops.depth_nodes.remove_engine() == {"FINISHED"}
        assert place.folders(root) == []
        assert not settings.has_engine()
    finally:
        shutil.rmtree(root)


def test_who_uses_an_engine_is_known_before_it_is_removed():
    """Another Blender has estimated with it; this one does now."""
    extension.enable()
    root, version = place.root(), "{}.{}".format(*bpy.app.version)
    folder = stamp(root / "shared")
    try:
        ours = settings.engine()
        place.note_user(ours, root, "4.4")
        place.note_user(place.built_in(), root, "4.3")  # Blender's own Python is no engine that anyone removes
        jobs._worker(ours)
        assert place.made(root)[0].users == ("4.4", version)
        layout = Mock()
        operator = extension.module("addon.ui.operators.remove_engine").DEPTH_NODES_OT_remove_engine
        operator.draw(SimpleNamespace(layout=layout, unused=False), None)
        labels = [call.kwargs["text"] for call in layout.column.return_value.label.call_args_list]
        assert f"which Blender 4.4 and {version} used" in labels
    finally:
        jobs.free_memory()
        shutil.rmtree(root)
    assert not folder.exists()


def test_what_cannot_be_removed_is_told_and_is_no_engine_any_more(tmp_path, monkeypatch):
    used, other = stamp(tmp_path / "used"), stamp(tmp_path / "other")

    def locked(folder: Path) -> None:
        if folder == used:
            raise PermissionError(13, "The process cannot access the file", str(folder / "c10.dll"))
        remove(folder)

    remove = shutil.rmtree
    monkeypatch.setattr(uninstall.shutil, "rmtree", locked)
    with pytest.raises(errors.EngineError, match=r"c10\.dll.*[Cc]lose other Blenders"):
        uninstall.remove([used, other])
    assert place.made(tmp_path) == []
    assert not other.exists()


def test_offline_nothing_is_set_up():
    extension.enable()
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match=r"(?i)allow online access"):
        bpy.ops.depth_nodes.set_up_engine(backend=backends.backends()[0].name)
    assert not place.root().exists()


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


@pytest.mark.skipif(os.name != "posix", reason="the user's packages lie elsewhere on Windows")
def test_an_existing_python_has_the_users_packages_and_blenders_own_has_not(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    python = getattr(sys, "_base_executable", sys.executable)  # in an environment nobody has them
    folder = subprocess.check_output([python, "-m", "site", "--user-site"], text=True).strip()
    Path(folder).mkdir(parents=True)
    Path(folder, "of_the_user.py").touch()
    for engine, has in ((place.Engine(Path(python), {}), True), (place.built_in(), False)):
        done = subprocess.run([python, "-c", "import of_the_user"], env=engine.environment(), capture_output=True)
        assert (done.returncode == 0) is has, done.stderr


def test_a_folder_that_python_splits_its_path_at_is_said_before_anything_is_started(monkeypatch):
    extension.enable()
    monkeypatch.setattr(place, "ROOT", Path("/users") / f"a{os.pathsep}b" / "extension")
    with pytest.raises(errors.EngineError, match=r"splits its path.*Rename"):
        place.built_in().environment()
    settings.preferences().model = "draft"
    image = bpy.data.images.new("generated", 8, 8)
    with pytest.raises(RuntimeError, match="Rename that folder"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)
    assert jobs.last_failed().fault == "engine"
    jobs.forget_failure()


def test_the_engines_environment_has_nothing_of_blenders_python(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", os.sep)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    made = place.environment()
    assert "PYTHONHOME" not in made
    assert made["PYTHONPATH"] == str(place.ROOT)
