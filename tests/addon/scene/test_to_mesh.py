"""Relief to Mesh: plain meshes of what a relief shows, and nothing else."""

from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.addon.enabled import errors, freeze, inputs, relief, to_mesh
from tools import extension

from .test_background import files  # noqa: F401  a fixture


@pytest.fixture
def built(files: tuple[Path, Path]) -> relief.Relief:  # noqa: F811
    made = relief.from_files(
        *files, collection=bpy.context.scene.collection, kind="distance", projection="Camera", scene=bpy.context.scene
    )
    inputs.set_input(made.modifier, "Resolution", 80)
    bpy.context.view_layer.update()
    return made


def shown(ob: bpy.types.Object) -> bpy.types.Mesh:
    ob.update_tag()
    return ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data


def points(mesh: bpy.types.Mesh) -> np.ndarray:
    result = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", result)
    return result.reshape(-1, 3)


@pytest.mark.parametrize("frozen", [False, True])
def test_one_plain_mesh(built: relief.Relief, frozen: bool) -> None:
    if frozen:
        freeze.freeze(built.ob, built.modifier)
    wanted = points(shown(built.ob)).copy()
    before = set(bpy.data.node_groups) | set(bpy.data.scenes)
    [made] = to_mesh.convert(built.ob, built.modifier)
    assert set(bpy.data.node_groups) | set(bpy.data.scenes) == before
    assert made.name == made.data.name == "box Mesh"
    assert not made.modifiers
    np.testing.assert_array_equal(points(made.data), wanted)
    assert made.matrix_world == built.ob.matrix_world
    names = {attribute.name for attribute in made.data.attributes if not attribute.name.startswith(".")}
    assert names <= {"position", "material_index", "sharp_face", "UVMap", "depth"}
    assert {"UVMap", "depth"} <= names
    assert [*made.data.keys()] == [*made.keys()] == []
    assert [material.name for material in made.data.materials] == ["box", "box Depth Background"]


def test_front_and_background_apart(built: relief.Relief) -> None:
    whole = len(shown(built.ob).polygons)
    front, back = to_mesh.convert(built.ob, built.modifier, apart=True)
    assert [front.name, back.name] == ["box Front", "box Background"]
    assert len(front.data.polygons) + len(back.data.polygons) == whole
    for made, name in ((front, "box"), (back, "box Depth Background")):
        assert [material.name for material in made.data.materials] == [name]
        assert {face.material_index for face in made.data.polygons} == {0}
        assert made.data.uv_layers
    inputs.set_input(built.modifier, "Background", False)
    assert len(to_mesh.convert(built.ob, built.modifier, apart=True)) == 1


@pytest.mark.parametrize("apart", [False, True])
def test_reduced(built: relief.Relief, apart: bool) -> None:
    made = to_mesh.convert(built.ob, built.modifier, apart=apart, faces=600)
    triangles = sum(len(each.data.loops) - 2 * len(each.data.polygons) for each in made)
    assert 400 < triangles < 700
    assert all(each.data.uv_layers and not each.modifiers for each in made)


def test_what_shows_nothing_is_refused() -> None:
    ob = bpy.data.objects.new("empty", bpy.data.meshes.new("empty"))
    bpy.context.scene.collection.objects.link(ob)
    modifier = relief.add_modifier(ob)
    bpy.context.view_layer.update()
    with pytest.raises(errors.ConvertError, match="shows no faces"):
        to_mesh.convert(ob, modifier)
    assert len(bpy.data.meshes) == 1


def test_the_operator_hides_the_relief_or_removes_it(built: relief.Relief) -> None:
    extension.enable()
    bpy.context.view_layer.objects.active = built.ob
    assert bpy.ops.depth_nodes.relief_to_mesh(apart=True) == {"FINISHED"}
    assert built.ob.hide_get()
    assert built.ob.hide_render
    assert bpy.context.object.name == "box Front"
    assert {ob.name for ob in bpy.context.selected_objects} == {"box Front", "box Background"}
    built.ob.hide_set(False)
    bpy.context.view_layer.objects.active = built.ob
    name = built.ob.name
    assert bpy.ops.depth_nodes.relief_to_mesh(keep=False) == {"FINISHED"}
    assert name not in bpy.data.objects
