"""Whole sessions of Blender, each a process: two at once, many estimates, and one that crashes."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.addon.engine.worker import weights
from tests.addon.pictures import write_photo
from tools.extension import ROOT

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="processes are looked at in /proc")


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here needs this process's Blender."""


@pytest.fixture
def photo(tmp_path) -> Path:
    weights()  # made before several processes want them
    return write_photo(tmp_path / "photo.png")


def start(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.addon.engine.session", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def result(session: "subprocess.Popen[str]") -> dict:
    output, _ = session.communicate(timeout=1800)
    assert session.returncode == 0
    return json.loads(output.splitlines()[-1])


def is_running(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has waited for doesn't."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_blenders_at_once(photo):
    first, second = (result(session) for session in [start("estimate", photo, 3), start("estimate", photo, 3)])
    np.testing.assert_allclose(first["depth"], second["depth"], rtol=0, atol=1e-4)
    assert np.ptp(first["depth"]) == 1.0


def test_thirty_estimates_take_no_more_memory_than_eight(tmp_path):
    weights()
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(0).integers(0, 255, (384, 512, 4), np.uint8)  # with alpha: depth of the same size
    Image.fromarray(pixels).save(path)
    said = result(start("estimate", path, 30))
    image = 384 * 512 * 4 * 4  # bytes; every mesh that follows takes more
    for early, late in zip(*said["memory"], strict=True):
        assert late - early < 15 * image
    assert said["depth images"] == 1


def test_the_worker_goes_with_a_blender_that_crashes(photo):
    session = start("crash", photo)
    worker = int(next(line for line in session.stdout if line.startswith("worker ")).split()[1])
    session.wait(timeout=300)
    assert session.returncode != 0
    session.stdout.close()
    end = time.monotonic() + 300.0
    while is_running(worker) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(worker)
