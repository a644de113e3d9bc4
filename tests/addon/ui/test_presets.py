"""Presets of a relief: ours, and the artist's own, in Blender's folders, from the tab and from the dialogs."""

from pathlib import Path

import bpy
import pytest

from tests.addon.enabled import errors, inputs, presets, relief
from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

EXPECTED = {
    "Wall Relief": {"Projection": "Relief", "Scale": 0.3, "Border Falloff": 0.08, "Bas-Relief": 1.0, "Cutoff": False},
    "Cut-Out Layers": {"Projection": "Relief", "Scale": 1.0, "Threshold": 0.1, "Bas-Relief": 0.0, "Edge Falloff": 0},
    "Camera Scene": {"Projection": "Camera", "Edge Falloff": 0, "Cutoff": True},
}


@pytest.fixture(autouse=True)
def _enabled(empty_file: None) -> None:
    extension.enable()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo with its depth map beside it."""
    write_depth(tmp_path / "photo_depth.npy", hill())
    return write_photo(tmp_path / "photo.png")


def values(ob: bpy.types.Object, names: object) -> dict[str, object]:
    found = {name: inputs.get_input(relief.find_modifier(ob), name) for name in names}
    return {name: pytest.approx(value) if isinstance(value, float) else value for name, value in found.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_ours_are_offered_by_the_dialogs_and_the_menu(photo: Path, name: str) -> None:
    path, expected = presets.paths()[name], EXPECTED[name]
    bpy.ops.depth_nodes.import_relief(filepath=str(photo), preset=str(path), projection="Relief", use_camera=True)
    assert expected == values(bpy.context.object, expected)
    assert (bpy.context.scene.camera.data.type == "ORTHO") == (expected["Projection"] == "Relief")
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    bpy.ops.script.execute_preset(filepath=str(path), menu_idname="DEPTH_NODES_MT_presets")
    assert expected == values(bpy.context.object, expected)


def test_every_input_of_ours_exists() -> None:
    bpy.ops.mesh.primitive_plane_add()
    modifier = relief.add_modifier(bpy.context.object)
    for name in EXPECTED:
        assert presets.apply(modifier, presets.read(presets.paths()[name])) == []


def test_a_preset_shapes_every_selected_relief(photo: Path) -> None:
    obs = []
    for _ in range(2):
        bpy.ops.depth_nodes.import_relief(filepath=str(photo))
        obs.append(bpy.context.object)
    obs[0].select_set(True)
    bpy.ops.depth_nodes.shape(settings='{"Scale": 0.7, "Projection": "Camera", "Gone": 1}')
    for ob in obs:
        assert values(ob, ["Scale", "Projection"]) == {"Scale": pytest.approx(0.7), "Projection": "Camera"}


def test_ones_own_is_saved_applied_and_removed(photo: Path) -> None:
    bpy.ops.depth_nodes.import_relief(filepath=str(photo))
    modifier = relief.find_modifier(bpy.context.object)
    inputs.set_input(modifier, "Scale", 0.123)
    inputs.set_input(modifier, "Direction", "Normal")
    bpy.ops.depth_nodes.preset_add(name="My Own")
    try:
        path = presets.paths()["My Own"]
        assert path.is_relative_to(bpy.utils.user_resource("SCRIPTS"))
        inputs.set_input(modifier, "Scale", 0.5)
        inputs.set_input(modifier, "Direction", "Z")
        kept = inputs.get_input(modifier, "Image")
        bpy.ops.script.execute_preset(filepath=str(path), menu_idname="DEPTH_NODES_MT_presets")
        changed = {"Scale": 0.123, "Direction": "Normal"}
        assert changed == values(bpy.context.object, changed)
        assert inputs.get_input(modifier, "Image") == kept
    finally:
        bpy.ops.depth_nodes.preset_add(name="My Own", remove_name=True)
    assert "My Own" not in presets.paths()


@pytest.mark.parametrize("text", ["", "import bpy\n", 'bpy.ops.depth_nodes.shape(settings="""{""")'])
def test_a_damaged_preset_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(errors.PresetError, match="bad"):
        presets.read(tmp_path / "bad.py")
