"""`--embedded` and `--anchor`, on the command line that artists and scripts type."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.io import read_depth
from tests.inference.embedded import writers
from tests.maps import exact

ROOT = Path(__file__).parents[3]
PHOTO = ROOT / "assets" / "sample_photo.jpg"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    command = [sys.executable, "-m", "inference", *map(str, arguments)]
    environment = {**clean, "HF_HUB_OFFLINE": "1", "HF_HOME": str(ROOT / "nowhere")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def still_life(tmp_path_factory):
    """The sample as a portrait: its photo at a third, and its exact distances as a phone would store them.

    A tenth of the photo's size, 8 bits of inverse depth, and with a hole.
    """
    colours = np.asarray(Image.open(PHOTO).convert("RGB").resize((400, 300), Image.Resampling.BOX))
    distance = exact()[0]
    truth = Image.fromarray((1 / distance).astype(np.float32))
    small = np.asarray(truth.resize((120, 90), Image.Resampling.BOX))
    near, far = 1 / float(small.max()), 1 / float(small.min())
    grey = np.rint((1 / near - small) / (1 / near - 1 / far) * 255).astype(np.uint8)
    confidence = np.full_like(grey, 255)
    confidence[30:38, 50:58] = 0
    grey[confidence == 0] = 0
    stated = {
        "Format": "RangeInverse",
        "Near": f"{near:.9f}",
        "Far": f"{far:.9f}",
        "Units": "Meters",
        "DepthURI": "depth",
        "ConfidenceURI": "confidence",
    }
    items = [("depth", writers.encoded(grey, "PNG")), ("confidence", writers.encoded(confidence, "PNG"))]
    path = tmp_path_factory.mktemp("photos") / "still.jpg"
    path.write_bytes(writers.dynamic_depth(writers.encoded(colours, equivalent=28), items, stated))
    return path, 1 / np.asarray(truth.resize((400, 300), Image.Resampling.BOX))


def wrong(depth: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean relative error of inverse depth."""
    return float(np.abs(truth / depth - 1).mean())


def test_the_photos_own_depth_becomes_a_file(still_life):
    path, truth = still_life
    output = path.with_suffix(".depth.exr")
    done = run(path, "--embedded", "--json")
    record = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert record["embedded"] == {"container": "Dynamic Depth", "anchor": False}
    assert (record["kind"], record["model"], record["revision"]) == ("distance", "embedded", "Dynamic Depth")
    assert (record["output"], record["width"], record["height"]) == (str(output), 400, 300)
    depth = read_depth(output)
    assert depth.validity is None
    assert depth.lens.source == "photo"
    small = 1 / np.asarray(Image.fromarray(1 / truth).resize((120, 90), Image.Resampling.BOX))
    plain = np.asarray(Image.fromarray(1 / small).resize((400, 300), Image.Resampling.BILINEAR))
    assert wrong(depth.values, truth) < 0.95 * wrong(1 / plain, truth)  # which knows what is in the hole
    hole = depth.values[105:122, 172:188]
    assert np.median(np.abs(hole / truth[105:122, 172:188] - 1)) < 0.1


def test_an_estimate_anchored_to_it_is_in_metres_and_says_how_it_fits(still_life, tmp_path):
    path, truth = still_life
    output = tmp_path / "depth.exr"
    done = run(path, "--anchor", "--model", "draft", "--json", "-o", output)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)["embedded"]
    assert (said["container"], said["anchor"]) == ("Dynamic Depth", True)
    depth = read_depth(output)
    assert (depth.kind, depth.model) == ("distance", "draft")
    error = np.abs(truth / depth.values - 1)
    assert said["residual"] == pytest.approx(np.median(error), rel=0.15)
    assert np.median(error) < 0.15  # Draft's own: the scene is 1.3 to 2.9 m deep
    assert 0.5 < said["inliers"] <= 1
    assert depth.raw_max <= truth.max() * 1.01


def test_a_sharp_original_is_written_beside_and_guides(tmp_path):
    colours = np.full((60, 80, 3), 90, np.uint8)
    sharp = writers.encoded(colours + 50)
    grey = np.tile(np.arange(40, dtype=np.uint8) * 6, (30, 1))
    (tmp_path / "a.jpg").write_bytes(writers.huawei(writers.encoded(colours), sharp, grey))
    done = run(tmp_path / "a.jpg", "--embedded", "--json", "--background")
    said = json.loads(done.stdout)
    assert said["embedded"] == {"container": "Huawei", "anchor": False, "sharp": str(tmp_path / "a.sharp.jpg")}
    assert (tmp_path / "a.sharp.jpg").read_bytes() == sharp
    with Image.open(said["background"]) as picture:
        assert abs(np.asarray(picture).astype(int) - 140).max() < 5
    assert (
        run(tmp_path, "--embedded", "-o", tmp_path / "out").stdout.count("\n") == 1
    )  # the sharp one is no photo of its own


def test_photos_without_depth_cost_one_line_each_and_no_model(still_life, tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "plain.png")
    for option in ("--embedded", "--anchor"):
        done = run(tmp_path / "plain.png", option, "--json", "--model", "draft")
        line = f"error: {tmp_path / 'plain.png'} brings no depth of its own. Have its depth estimated\n"
        assert (done.returncode, done.stderr) == (1, line)
        assert json.loads(done.stdout) == {"photo": str(tmp_path / "plain.png"), "error": line[7:-1]}
    done = run(tmp_path / "plain.png", still_life[0], "--embedded", "-o", tmp_path)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert done.stdout.endswith(" s, the photo's own depth (Dynamic Depth)\n")


def test_depth_without_a_unit_anchors_nothing(tmp_path):
    colours = np.full((60, 80, 3), 90, np.uint8)
    grey = np.tile(np.arange(40, dtype=np.uint8) * 6, (30, 1))
    (tmp_path / "a.jpg").write_bytes(writers.huawei(writers.encoded(colours), b"", grey))
    done = run(tmp_path / "a.jpg", "--anchor", "--model", "draft")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path / 'a.jpg'}: its own depth (Huawei) has no unit")


def test_a_mesh_of_the_photos_own_depth(still_life, tmp_path):
    done = run("mesh", still_life[0], "--embedded", "--points", "-o", tmp_path / "a.ply")
    assert done.returncode == 0, done.stderr
    head, _, body = (tmp_path / "a.ply").read_bytes().partition(b"end_header\n")
    count = int(re.search(rb"element vertex (\d+)", head)[1])
    points = np.frombuffer(body, np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)]), count)["xyz"]
    assert 1.2 < -points[:, 2].max() < 1.35
    wrong = run("mesh", still_life[0], "--embedded", "--depth", "x.exr", "-o", tmp_path / "a.ply")
    assert wrong.returncode == 2
