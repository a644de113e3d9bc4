"""The first minute: the zip is installed, a photo is imported, and the relief stands there; no network, no engine."""

import os
from pathlib import Path

import numpy as np
import pytest

from inference.draft.architecture import output_size
from tests.addon.process import play
from tools import package

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["own", "platform"])
def used(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict:
    home = tmp_path_factory.mktemp("home")
    archive = package.build(tmp_path_factory.mktemp("zip"))
    if request.param == "platform":
        archive = package.for_platform(archive, archive.parent)
    nowhere = "http://127.0.0.1:9"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTHON"))},
        "BLENDER_USER_RESOURCES": str(home),
        "HOME": str(home),
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
    }
    photo = ROOT / "assets" / "sample_photo.jpg"
    said = play("first_use.py", archive, photo, environment=environment, home=home, seconds=300)
    return {**said, "build": request.param}


def test_a_photo_becomes_a_relief_without_network_and_engine(used: dict) -> None:
    assert (used["online"], used["engine"]) == (False, False)
    assert used["result"] == ["FINISHED"]
    assert used["group"] == "Depth Relief"
    assert used["vertices"] > 100_000
    assert used["thick"] > 0.01


def test_its_depth_is_disparity_of_the_built_in_model(used: dict) -> None:
    assert (used["kind"], used["model"]) == ("disparity", "draft")
    height, width = output_size(900, 1200)
    assert used["size"] == [width, height]
    depth = np.array(used["depth"])
    assert depth.min() >= 0
    assert depth.max() <= 1
    assert depth[-4:].mean() > depth[:4].mean() + 0.1  # the table's edge is nearer than the wall


def test_the_platform_s_build_fetches_nothing(used: dict) -> None:
    may_fetch = used["build"] == "own"
    assert used["permissions"] == (["files", "network"] if may_fetch else ["files"])
    assert used["fetches"] == {"engines": may_fetch, "better": may_fetch, "weights": may_fetch}
