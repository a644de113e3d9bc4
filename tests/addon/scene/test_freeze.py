"""Freeze Grid on the groups that ship: the same geometry before and after, and everything back where it was."""

import bpy
import numpy as np
import pytest

from tests.addon.enabled import depth_image, errors, freeze, groups, inputs

FreezeError = errors.FreezeError
ModifierError = errors.ModifierError

HEIGHT, WIDTH = 24, 36


def depth() -> np.ndarray:
    """A slope with a nearer block in the middle: smooth parts and an edge."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    values = 1.0 + rows * 0.05 + columns * 0.01
    values[8:16, 10:24] += 3.0
    return values


def add_relief() -> bpy.types.NodesModifier:
    """Depth Relief on the plane that Blender adds, shaped by a depth image of its aspect."""
    bpy.ops.mesh.primitive_plane_add(size=2.0)
    ob = bpy.context.object
    ob.data.transform(((1.5, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)))
    modifier = ob.modifiers.new("Depth Relief", "NODES")
    modifier.node_group = groups.fetch("Depth Relief")
    inputs.set_input(modifier, "Image", depth_image.write("Depth", depth(), kind="disparity"))
    inputs.set_input(modifier, "Resolution", WIDTH)
    inputs.set_input(modifier, "Minimum Island", 0)
    return modifier


@pytest.fixture
def modifier() -> bpy.types.NodesModifier:
    """For tests that keep their file: a reference that outlives it would end the process where pytest prints it."""
    return add_relief()


def shape(ob: bpy.types.Object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The evaluated mesh: positions, each face's vertices, and the UV map by corner."""
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    positions = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", positions.reshape(-1))
    faces = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", faces)
    uv = np.empty((len(mesh.loops), 2), np.float32)
    mesh.uv_layers["UVMap"].uv.foreach_get("vector", uv.reshape(-1))
    return positions, faces, uv


def assert_same(ob: bpy.types.Object, before: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    assert before[0].size > 0
    for now, then in zip(shape(ob), before, strict=True):
        assert now.shape == then.shape
        np.testing.assert_allclose(now, then, atol=2e-6)


def names() -> dict[str, list[str]]:
    """Every datablock that freezing could leave behind."""
    kinds = ("objects", "meshes", "scenes", "node_groups", "images", "materials", "collections")
    return {kind: sorted(block.name_full for block in getattr(bpy.data, kind)) for kind in kinds}


def test_a_frozen_grid_has_the_resolution_of_a_render(modifier: bpy.types.NodesModifier) -> None:
    inputs.set_input(modifier, "Viewport Resolution", 9)
    mesh = freeze.freeze(modifier.id_data, modifier)
    assert len(mesh.vertices) == WIDTH * HEIGHT
    assert inputs.get_input(modifier, "Viewport Resolution") == 9


@pytest.mark.parametrize(
    "settings",
    [
        {"Cutoff": False},
        {"Cutoff": True, "Edge Snap": False},
        {"Cutoff": True, "Edge Snap": True},
        {"Projection": "Camera", "Cutoff": True},
        {"Resolution": 17, "Direction": "Normal"},
        {"Surface": "Grid"},
    ],
    ids=str,
)
def test_the_frozen_relief_looks_like_the_live_one(modifier, settings):
    for name, value in settings.items():
        inputs.set_input(modifier, name, value)
    live = shape(modifier.id_data)
    freeze.freeze(modifier.id_data, modifier)
    assert inputs.get_input(modifier, "Surface") == "Frozen"
    assert_same(modifier.id_data, live)


def test_what_does_not_move_the_samples_stays_live(modifier):
    ob = modifier.id_data
    inputs.set_input(modifier, "Edge Snap", False)  # snapping moves samples
    inputs.set_input(modifier, "Soften Steps", 0)  # and so does this, in Projection Camera
    freeze.freeze(ob, modifier)
    for settings in (
        {"Scale": 1.25, "Falloff": 2.0, "Near": 0.8},
        {"Threshold": 1e6, "Angle": np.pi / 2},
        {"Projection": "Camera", "Focal Length": 35.0, "Far Distance": 9.0},
    ):
        before = [part.tobytes() for part in shape(ob)]
        for name, value in settings.items():
            inputs.set_input(modifier, name, value)
        assert [part.tobytes() for part in shape(ob)] != before
    frozen = shape(ob)
    freeze.unfreeze(ob, modifier)
    assert_same(ob, frozen)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"Edge Snap": False},
        {"Minimum Island": 120},
        {"Projection": "Camera"},
        {"Resolution": 17, "Direction": "Normal"},
    ],
    ids=str,
)
def test_frozen_with_its_cut_it_looks_like_the_live_one(modifier, settings):
    ob = modifier.id_data
    for name, value in settings.items():
        inputs.set_input(modifier, name, value)
    live, former = shape(ob), ob.data
    mesh = freeze.freeze(ob, modifier, cut=True)
    assert 0 < len(live[1]) == len(mesh.loops) < 4 * (HEIGHT - 1) * (WIDTH - 1)
    assert not inputs.get_input(modifier, "Cutoff")
    assert_same(ob, live)
    assert max(abs(vertex.co.z) for vertex in mesh.vertices) == 0.0
    assert "depth_nodes_cut" not in mesh.attributes  # no face is left for a background, and looking for one costs time
    assert freeze.unfreeze(ob, modifier) == former
    assert inputs.get_input(modifier, "Cutoff")
    assert_same(ob, live)


def test_with_its_cut_frozen_the_shape_stays_live(modifier):
    ob = modifier.id_data
    inputs.set_input(modifier, "Angle", np.pi / 2)  # steepness would cut more where the relief stands out more
    freeze.freeze(ob, modifier, cut=True)
    before = shape(ob)
    for name, value in {"Scale": 1.25, "Midlevel": 0.3, "Border Falloff": 0.1}.items():
        inputs.set_input(modifier, name, value)
    frozen = shape(ob)
    assert np.abs(frozen[0] - before[0]).max() > 0.1
    freeze.unfreeze(ob, modifier)
    assert_same(ob, frozen)


def test_freezing_the_cut_where_nothing_is_cut_freezes_the_grid(modifier):
    ob = modifier.id_data
    inputs.set_input(modifier, "Cutoff", False)
    live = shape(ob)
    assert len(freeze.freeze(ob, modifier, cut=True).vertices) == HEIGHT * WIDTH
    assert_same(ob, live)
    freeze.unfreeze(ob, modifier)
    assert not inputs.get_input(modifier, "Cutoff")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"Edge Falloff": 3}, "Edge Falloff to 0"), ({"Threshold": 0.0, "Edge Snap": False}, "Threshold or Angle")],
    ids=str,
)
def test_a_cut_that_can_not_be_frozen_is_refused(modifier, settings, message):
    for name, value in settings.items():
        inputs.set_input(modifier, name, value)
    refused(modifier, message, lambda ob, modifier: freeze.freeze(ob, modifier, cut=True))
    assert inputs.get_input(modifier, "Cutoff")


def test_the_mesh_carries_what_numpy_reads_from_the_image(modifier):
    inputs.set_input(modifier, "Edge Snap", False)
    mesh = freeze.freeze(modifier.id_data, modifier)
    assert len(mesh.vertices) == HEIGHT * WIDTH
    values = np.empty(len(mesh.vertices), np.float32)
    mesh.attributes["depth"].data.foreach_get("value", values)
    positions = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", positions.reshape(-1))
    raw = depth()
    expected = (raw - raw.min()) / (raw.max() - raw.min())
    columns = np.rint((positions[:, 0] / 3.0 + 0.5) * (WIDTH - 1)).astype(int)
    rows = np.rint((0.5 - positions[:, 1] / 2.0) * (HEIGHT - 1)).astype(int)
    np.testing.assert_allclose(values, expected[rows, columns], atol=1e-6)
    assert np.abs(positions[:, 2]).max() == 0.0


def test_unfreezing_gives_everything_back(modifier):
    ob, live, before = modifier.id_data, shape(modifier.id_data), names()
    former, surface = ob.data, inputs.get_input(modifier, "Surface")
    assert not freeze.is_frozen(ob, modifier)
    freeze.freeze(ob, modifier)
    assert freeze.is_frozen(ob, modifier)
    assert {kind: len(now) for kind, now in names().items()} == {
        kind: len(then) + (kind == "meshes") for kind, then in before.items()
    }
    assert freeze.unfreeze(ob, modifier) == former == ob.data
    assert inputs.get_input(modifier, "Surface") == surface
    assert names() == before
    assert_same(ob, live)


def test_a_frozen_relief_survives_saving(tmp_path):
    add_relief()
    ob = bpy.data.objects["Plane"]
    live, former = shape(ob), ob.data.name
    freeze.freeze(ob, ob.modifiers[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    ob = bpy.data.objects["Plane"]
    assert_same(ob, live)
    assert freeze.unfreeze(ob, ob.modifiers[0]).name == former
    assert_same(ob, live)


def test_materials_stay_on_the_way_there_and_back(modifier):
    ob = modifier.id_data
    first, second = bpy.data.materials.new("First"), bpy.data.materials.new("Second")
    ob.data.materials.append(first)
    freeze.freeze(ob, modifier)
    assert list(ob.data.materials) == [first]
    ob.data.materials[0] = second
    freeze.unfreeze(ob, modifier)
    assert list(ob.data.materials) == [second]


def test_other_modifiers_and_other_users_of_the_mesh_are_left_alone(modifier):
    ob = modifier.id_data
    other = bpy.data.objects.new("Other", ob.data)
    bpy.context.collection.objects.link(other)
    ob.modifiers.new("Wave", "WAVE")
    ob.modifiers.move(1, 0)
    live = shape(ob)
    mesh = freeze.freeze(ob, modifier)
    assert [entry.name for entry in ob.modifiers] == ["Wave", "Depth Relief"]
    assert other.data != mesh
    freeze.unfreeze(ob, modifier)
    assert other.data == ob.data
    assert_same(ob, live)


def test_an_animated_input_is_frozen_at_the_present_frame(modifier):
    ob = modifier.id_data
    for frame, resolution in ((1, 10), (11, 20)):
        inputs.set_input(modifier, "Resolution", resolution)
        inputs.keyframe(modifier, "Resolution", frame)
    bpy.context.scene.frame_set(11)
    live = shape(ob)
    freeze.freeze(ob, modifier)
    assert_same(ob, live)


def test_the_uv_map_that_the_modifier_reads_is_there_too(modifier):
    ob = modifier.id_data
    ob.data.uv_layers[0].name = "Picture"
    inputs.set_attribute(modifier, "UV", "Picture")
    live = shape(ob)
    mesh = freeze.freeze(ob, modifier)
    assert {layer.name for layer in mesh.uv_layers} == {"Picture", "UVMap"}
    assert_same(ob, live)


def refused(modifier: bpy.types.NodesModifier, message: str, call=freeze.freeze, error=FreezeError) -> None:
    """Expect a refusal that leaves every datablock and the object's mesh as they were."""
    ob, before, mesh = modifier.id_data, names(), modifier.id_data.data
    with pytest.raises(error, match=message):
        call(ob, modifier)
    assert (names(), ob.data) == (before, mesh)


def test_twice_is_refused(modifier):
    freeze.freeze(modifier.id_data, modifier)
    refused(modifier, "frozen already")


def test_unfreezing_what_is_not_frozen_is_refused(modifier):
    refused(modifier, "not frozen", freeze.unfreeze)


def test_without_an_image_it_is_refused(modifier):
    inputs.set_input(modifier, "Image", None)
    refused(modifier, "no depth image")


def test_in_edit_mode_it_is_refused(modifier):
    bpy.ops.object.mode_set(mode="EDIT")
    refused(modifier, "Object Mode")


def test_another_modifier_is_refused(modifier):
    tree = bpy.data.node_groups.new("Other", "GeometryNodeTree")
    modifier.node_group = tree
    refused(modifier, "no input 'Image'", error=ModifierError)


def test_a_group_inside_is_known_by_any_name(modifier):
    """And a group of the artist's own that is called like it is not taken for it."""
    outer = modifier.node_group.copy()
    nodes = [node for node in outer.nodes if node.bl_idname == "GeometryNodeGroup"]
    node = next(node for node in nodes if node.node_tree.name.startswith("Depth Samples"))
    node.node_tree = node.node_tree.copy()
    node.node_tree.name = "Mine"
    other = outer.nodes.new("GeometryNodeGroup")
    other.node_tree = bpy.data.node_groups.new("Depth Samples of mine", "GeometryNodeTree")
    modifier.node_group = outer
    inputs.set_input(modifier, "Image", bpy.data.images["Depth"])
    inputs.set_input(modifier, "Resolution", WIDTH)
    assert len(freeze.freeze(modifier.id_data, modifier).vertices) == WIDTH * HEIGHT


def test_a_relief_without_its_samples_is_refused(modifier):
    tree = modifier.node_group.copy()
    for node in [node for node in tree.nodes if node.bl_idname == "GeometryNodeGroup"]:
        tree.nodes.remove(node)
    modifier.node_group = tree
    inputs.set_input(modifier, "Image", bpy.data.images["Depth"])
    refused(modifier, "not a Depth Relief")


def test_a_lost_former_mesh_is_said(modifier):
    former = modifier.id_data.data
    freeze.freeze(modifier.id_data, modifier)
    bpy.data.meshes.remove(former)
    refused(modifier, "was deleted", freeze.unfreeze)


@pytest.mark.parametrize("override", [False, True], ids=["linked", "overridden"])
def test_linked_data_is_refused(tmp_path, override):
    add_relief()
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(library, link=True) as (_, here):
        here.objects = ["Plane"]
    ob = here.objects[0]
    if override:
        ob = ob.override_create()
    bpy.context.collection.objects.link(ob)
    refused(ob.modifiers[0], "linked from another file")
