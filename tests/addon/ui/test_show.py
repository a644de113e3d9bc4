"""What is shown: photos as they are in Solid shading, messages that fit as they stand, and what was measured."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from tests.addon.enabled import depth_image, inputs, relief
from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

words, first_sight = extension.module("addon.ui.words"), extension.module("addon.ui.first_sight")


@pytest.fixture(autouse=True)
def _enabled(empty_file: None) -> None:
    extension.enable()


@pytest.fixture
def viewport() -> Iterator[bpy.types.Area]:
    """Override the context with a viewport."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.ui_type = "VIEW_3D"
    with bpy.context.temp_override(window=window, area=area):
        yield area


def test_show_photo_takes_turns_with_shapes(viewport: bpy.types.Area) -> None:
    shading = viewport.spaces.active.shading
    shading.type, shading.light, shading.color_type = "SOLID", "STUDIO", "MATERIAL"
    seen = []
    for _ in range(2):
        assert bpy.ops.depth_nodes.show_photo() == {"FINISHED"}
        seen.append((shading.light, shading.color_type, first_sight.shows_photo(shading)))
    assert seen == [("FLAT", "TEXTURE", True), ("STUDIO", "MATERIAL", False)]
    shading.type = "WIREFRAME"
    with pytest.raises(RuntimeError, match="Solid shading"):
        bpy.ops.depth_nodes.show_photo()


def test_a_message_is_drawn_in_lines_that_fit_and_as_it_stands() -> None:
    drawn = []
    layout = SimpleNamespace(label=lambda **given: drawn.append(given))
    text = "Depth can't be estimated from Camera, which is a name that Blender would translate by itself"
    words.draw_message(layout, text, SimpleNamespace(width=292))
    assert " ".join(line["text"] for line in drawn) == text
    assert max(len(line["text"]) for line in drawn) < 36
    assert [line["icon"] for line in drawn] == ["ERROR"] + ["BLANK1"] * (len(drawn) - 1)
    assert not any(line["translate"] for line in drawn)


@pytest.mark.parametrize(("count", "said"), [(250_000_000, "250 MB"), (2.8e9, "2.8 GB"), (1e9, "1.0 GB")])
def test_a_size_is_said_in_the_unit_that_fits(count: float, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize("model", ["", "draft"])
def test_an_estimate_in_the_place_of_a_map_from_elsewhere_keeps_it(tmp_path: Path, model: str) -> None:
    picture = bpy.data.images.load(str(write_photo(tmp_path / "photo.png", 48, 36)))

    def depth(name: str, by: str) -> bpy.types.Image:
        return depth_image.write(name, hill(), kind="disparity", info=depth_image.DepthInfo("disparity", model=by))

    first = depth("first", model)
    ob, modifier = relief.add(picture, first, collection=bpy.context.collection)
    relief.set_depth_of([ob.session_uid], depth("second", "draft"))
    assert inputs.get_input(modifier, "Image").name == "second"
    assert first.use_fake_user == (model == "")


def test_what_a_script_asks_for_opens_no_dialog(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.png")
    with pytest.raises(RuntimeError, match="There is no depth map for photo"):
        bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    write_depth(tmp_path / "photo_depth.npy", hill())
    assert bpy.ops.depth_nodes.import_relief(filepath=str(photo)) == {"FINISHED"}
