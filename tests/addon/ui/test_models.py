"""What an artist reads of the models before choosing one."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.addon.ui.test_menus import Layout
from tools import extension

import bpy  # isort: skip

ROOT = Path(__file__).parents[3]
SIDEBAR = SimpleNamespace(width=280)  # pixels, as Blender opens it


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


def test_each_name_says_what_the_model_is_for_its_licence_and_its_size():
    catalog = extension.module("inference.catalog")
    preferences = extension.module("addon.engine.settings").preferences()
    items = {item.identifier: item for item in preferences.bl_rna.properties["model"].enum_items}
    assert list(items) == [spec.name for spec in catalog.MODELS]
    for spec in catalog.MODELS:
        name = items[spec.name].name
        assert f": {spec.use} (" in name
        assert ("no licence stated" if spec.commercial is None else spec.licence) in name
        assert spec.built_in or name.endswith((" MB)", " GB)"))
        assert len(name) < 95
    assert items["small"].name == "V2 Small: fast (Apache-2.0, 99 MB)"
    assert items["large"].name == "V2 Large: finest outlines (CC-BY-NC-4.0, 1.3 GB)"
    assert "not for commercial use" in items["large"].description
    assert items["video-small"].name == "Video Depth Anything Small: clips without flicker (Apache-2.0, 116 MB)"
    assert len({item.name for item in items.values()}) == len(items)


@pytest.mark.parametrize(
    ("name", "said"), [("base", "CC-BY-NC-4.0, forbids"), ("small-indoor", "state no licence"), ("v1-base", "")]
)
def test_what_has_to_be_accepted_is_said_before_it_is(name, said):
    settings, model = extension.module("addon.engine.settings"), extension.module("addon.ui.model")
    chosen = settings.preferences()
    chosen.model = name
    asked, dialog = Layout(), Layout()
    model.draw_model(asked, chosen, SIDEBAR)
    assert ("depth_nodes.accept_licence" in asked.entries) == bool(said)
    if said:
        accepting = extension.module("addon.ui.operators.accept_licence").DEPTH_NODES_OT_accept_licence
        accepting.draw(SimpleNamespace(layout=dialog), bpy.context)
        assert said in " ".join(dialog.labels)
        assert max(map(len, dialog.labels)) <= 60
        bpy.ops.depth_nodes.accept_licence()
        after = Layout()
        model.draw_model(after, chosen, SIDEBAR)
        assert "depth_nodes.accept_licence" not in after.entries


def test_all_that_is_said_of_a_model_fits_a_sidebar():
    settings, model = extension.module("addon.engine.settings"), extension.module("addon.ui.model")
    chosen = settings.preferences()
    chosen.quality, chosen.size = "CUSTOM", settings.BEYOND + 1
    said = []
    for spec in extension.module("inference.catalog").MODELS:
        chosen.model = spec.name
        layout = Layout()
        model.draw_model(layout, chosen, SIDEBAR)
        said += layout.labels
    assert "which is not set up yet" in " ".join(said)
    assert max(map(len, said)) <= 32


@pytest.mark.parametrize("name", ["cpu", "cuda", "rocm", "xpu"])
def test_the_set_up_says_where_wheels_are_not_pinned_by_their_hashes(name, monkeypatch):
    set_up = extension.module("addon.ui.operators.set_up_engine")
    backends = extension.module("addon.engine.backends")
    monkeypatch.setattr(backends.sys, "platform", "linux")
    monkeypatch.setattr(backends.platform, "machine", lambda: "x86_64")
    chooser = set_up.ChoosingBackend()
    chooser.backend = name
    layout = Layout()
    chooser.draw_backend(layout)
    locked = (ROOT / "addon" / "engine" / "lock" / f"linux-{name}.txt").exists()
    assert ("not by the hashes" in " ".join(layout.labels)) != locked
    assert locked == (name in ("cpu", "cuda"))
