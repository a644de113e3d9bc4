"""Check Engine and Use Existing Python say something of any Python, whatever that says and however it ends."""

import os
import sys
from pathlib import Path

import pytest

from tests.addon.enabled import errors, place, probe, setup
from tools import extension

import bpy  # isort: skip

WORDS = b"Le module sp\xe9cifi\xe9 est introuvable\n"  # as a Windows library says it


def python(folder: Path, *, said: bytes, errors: bytes = WORDS, code: int = 0) -> Path:
    """A Python that writes these bytes whatever it is asked."""
    path = folder / "python"
    (folder / "said").write_bytes(said)
    (folder / "errors").write_bytes(errors)
    path.write_text(f'#!/bin/sh\ncat "{folder}/said"\ncat "{folder}/errors" >&2\nexit {code}\n')
    path.chmod(0o755)
    return path


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")


def test_the_doctors_table_is_shown_in_whatever_encoding_a_library_speaks(tmp_path):
    engine = place.Engine(python(tmp_path, said=b"device  " + WORDS), {})
    assert probe.doctor(engine) == "device  Le module sp\ufffdcifi\ufffd est introuvable\n"


def test_an_engine_that_does_not_run_is_told_with_its_own_words(tmp_path):
    engine = place.Engine(python(tmp_path, said=b"", code=1), {})
    with pytest.raises(errors.EngineError, match="sp\ufffdcifi\ufffd est introuvable"):
        probe.doctor(engine)


def test_an_existing_python_is_examined_in_whatever_encoding_a_library_speaks(tmp_path):
    versions = b'{"python": [3, 12, 1], "versions": {"torch": null}}\n'
    with pytest.raises(errors.EngineError, match="torch is missing"):
        place.examine(python(tmp_path, said=versions))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_check_that_ends_in_anything_is_over_and_says_so(empty_file, monkeypatch):
    extension.enable()
    settings = extension.module("addon.engine.settings")
    settings.preferences().existing_python = sys.executable
    monkeypatch.setattr(probe, "doctor", lambda engine: 1 / 0)
    monkeypatch.setattr(place, "examine", lambda path: place.Engine(path, {"torch": "3"}))
    with pytest.raises(RuntimeError, match="ended unexpectedly"):
        bpy.ops.depth_nodes.check_engine()
    assert "ended unexpectedly" in setup.report()
