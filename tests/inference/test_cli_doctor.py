"""The check against published values. Seeded weights cannot pass it; what is held here is that it can fail."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference import cache
from inference.cli import doctor
from tests.inference.test_cli import weights
from tests.material import material

__all__ = ["weights"]  # the fixture


@pytest.fixture
def on_disk(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "on_disk", lambda spec: weights if spec.name == "small" else None)


def test_the_pictures_mean_is_the_published_one(weights):
    mean, disparity = doctor._compute(weights, material("dav2", "coco_39769.png"))
    assert mean == pytest.approx(doctor.PUBLISHED_PIXEL_MEAN, abs=1e-6)
    assert np.shape(disparity) == np.shape(doctor.PUBLISHED_DISPARITY) == (3, 3)


def test_other_weights_are_found_out(on_disk, capsys, tmp_path, monkeypatch):
    Image.new("RGB", (64, 48), (124, 116, 104)).save(tmp_path / "a.png")
    channels = [(124 / 255 - 0.485) / 0.229, (116 / 255 - 0.456) / 0.224, (104 / 255 - 0.406) / 0.225]
    monkeypatch.setattr(doctor, "PUBLISHED_PIXEL_MEAN", sum(channels) / 3)
    assert not doctor.examine(tmp_path / "a.png")
    assert "check            failed: more than 0.005 from what is published" in capsys.readouterr().out


def test_weights_that_give_the_published_values_pass(on_disk, capsys, monkeypatch):
    published = [[value + 1e-3 for value in row] for row in doctor.PUBLISHED_DISPARITY]
    monkeypatch.setattr(doctor, "_compute", lambda *_: (doctor.PUBLISHED_PIXEL_MEAN, published))
    assert doctor.examine(Path("any.png"))
    assert "as published; the largest difference is 1.0e-03" in capsys.readouterr().out


def test_another_picture_is_found_out(on_disk, capsys, tmp_path):
    Image.new("RGB", (64, 48), "navy").save(tmp_path / "a.png")
    assert not doctor.examine(tmp_path / "a.png")
    assert "is another picture" in capsys.readouterr().out


def test_a_picture_that_is_none(on_disk, capsys, tmp_path):
    assert not doctor.examine(tmp_path / "nothing.png")
    assert "no file" in capsys.readouterr().out


def test_without_a_picture_it_says_which(on_disk, capsys):
    assert doctor.examine(None)
    assert "COCO's picture 000000039769" in capsys.readouterr().out
