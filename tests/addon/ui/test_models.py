"""What an artist reads of the models before choosing one."""

import pytest

from tools import extension


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
