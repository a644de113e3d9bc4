"""The check against published values. Seeded weights cannot pass it; what is held here is that it can fail."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference import cache, catalog
from inference.cli import doctor, published
from tests.inference.test_cli import weights
from tests.material import material

__all__ = ["weights"]  # the fixture


@pytest.fixture
def on_disk(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "on_disk", lambda spec: weights if spec.name == "small" else None)


@pytest.fixture
def grey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture that passes for COCO's by its mean."""
    Image.new("RGB", (64, 48), (124, 116, 104)).save(tmp_path / "a.png")
    channels = [(124 / 255 - 0.485) / 0.229, (116 / 255 - 0.456) / 0.224, (104 / 255 - 0.406) / 0.225]
    monkeypatch.setattr(published, "PIXEL_MEAN", sum(channels) / 3)
    return tmp_path / "a.png"


def test_every_depth_anything_has_its_values():
    families = {"depth_anything_v1", "depth_anything_v2"}
    assert set(published.CORNERS) == {spec.name for spec in catalog.MODELS if spec.family in families}
    for corner in published.CORNERS.values():
        assert np.shape(corner) == (3, 3)
        assert np.ptp(corner) < 0.4 * np.mean(corner)  # neighbours in one picture


def test_the_pictures_mean_is_the_published_one():
    pixels = doctor._pixels(material("dav2", "coco_39769.png"))
    assert pixels.shape == (518, 686, 3)
    assert pixels.mean() == pytest.approx(published.PIXEL_MEAN, abs=1e-6)


def test_other_weights_are_found_out(on_disk, capsys, grey):
    assert not doctor.examine(grey)
    assert "check            small: failed: more than 0.2% from what is published" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(published.CORNERS))
def test_weights_that_give_the_published_values_pass(capsys, grey, monkeypatch, name):
    monkeypatch.setattr(cache, "on_disk", lambda spec: grey if spec.name == name else None)
    monkeypatch.setattr(doctor, "_compute", lambda *_: 1.001 * np.array(published.CORNERS[name]))
    assert doctor.examine(grey)
    assert f"{name}: as published; the largest difference is 0.1" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "_compute", lambda *_: 1.01 * np.array(published.CORNERS[name]))
    assert not doctor.examine(grey)


def test_where_nobody_published_values_the_file_itself_is_checked(capsys, grey, tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    monkeypatch.setattr(
        cache, "on_disk", lambda spec: tmp_path / "model.safetensors" if spec.name == "da3-mono" else None
    )
    assert not doctor.examine(grey)
    assert "da3-mono: failed: the file is damaged" in capsys.readouterr().out


def test_every_file_is_checked_whatever_became_of_the_first(on_disk, capsys, grey, weights, monkeypatch):
    monkeypatch.setattr(cache, "on_disk", lambda spec: weights if spec.name in ("small", "v1-base") else None)
    assert not doctor.examine(grey)
    said = capsys.readouterr().out
    assert "small: failed: more than" in said
    assert "v1-base: failed:" in said
    assert "does not fit the model" in said


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
