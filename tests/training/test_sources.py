"""What may be learnt from, how it is brought in, and that the notice names it."""

import json
import sys

import numpy as np
from PIL import Image

from training import measured, sources
from training.pictures import UNKNOWN, index, read

PHOTO = {"kind": "distance", "scale": 1000.0, "source": ["lab/frames@12ab:one.png"], "rgb": "a.jpg", "depth": "a.png"}


def photos(folder) -> None:
    entries = [
        PHOTO | {"name": name, "split_group": "lab", "licence_class": licence, "licence_data": f"{licence} words"}
        for name, licence in (("one", "permissive"), ("two", "permission-statement"))
    ]
    (folder / "index.json").write_text(json.dumps(entries))
    Image.fromarray(np.full((4, 6, 3), 120, np.uint8)).save(folder / "a.jpg")
    depth = np.full((4, 6), 2000, np.uint16)
    depth[0] = 0
    Image.fromarray(depth).save(folder / "a.png")


def test_only_permissive_photos_become_pictures(tmp_path, monkeypatch):
    photos(tmp_path)
    monkeypatch.setattr(sys, "argv", ["measured", str(tmp_path), str(tmp_path / "out")])
    measured.main()
    assert [entry["name"] for entry in index(tmp_path / "out")] == ["one"]
    _, inverse = read(tmp_path / "out", index(tmp_path / "out")[0])
    np.testing.assert_array_equal(inverse[0], UNKNOWN)
    np.testing.assert_allclose(inverse[1:], 0.5, rtol=1e-3)


def test_the_notice_names_each_source_by_licence_and_author(tmp_path):
    photos(tmp_path)
    assets = tmp_path / "assets.json"
    model = {"kind": "model", "source": "studio/things@9:chair.glb", "licence": "CC-BY-4.0", "author": "Ada"}
    assets.write_text(json.dumps([model, model, {**model, "licence": "CC0", "author": None}]))
    text = sources.notice([assets, tmp_path / "index.json"])
    assert text.startswith(sources.HEADER)
    assert "\nCC-BY-4.0\n- studio/things, Ada: 2 x model\n" in text
    assert "\nCC0\n- studio/things, its authors: 1 x model\n" in text
    assert "\npermissive words\n- lab/frames, its authors: 1 x photo with measured depth\n" in text
    assert "permission-statement" not in text
