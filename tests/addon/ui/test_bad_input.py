"""Bad input as an artist meets it: a report that says what to do, and a scene that is as it was."""

import numpy as np
import pytest

from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

import bpy  # isort: skip


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()
    bpy.ops.mesh.primitive_plane_add()


def state() -> dict:
    """Return everything that a failed operator could have changed."""
    scene, layer = bpy.context.scene, bpy.context.view_layer
    return {
        "datablocks": sorted((data.id_type, data.name_full) for data in bpy.data.user_map()),
        "objects": sorted(ob.name for ob in scene.objects),
        "selected": sorted(ob.name for ob in layer.objects.selected),
        "active": layer.objects.active,
        "camera": scene.camera,
        "render": (scene.render.resolution_x, scene.render.resolution_y),
        "meshes": {ob.name: ob.data.name for ob in scene.objects if ob.data},
        "modifiers": {ob.name: [modifier.name for modifier in ob.modifiers] for ob in scene.objects},
    }


def refused(operator, **arguments) -> str:
    """Return the report of an operator that must refuse, and check that it left everything as it was."""
    before = state()
    with pytest.raises(RuntimeError) as error:
        operator(**arguments)
    assert state() == before
    return str(error.value)


def missing_photo(folder):
    write_depth(folder / "photo_depth.npy", hill())
    return {"filepath": str(folder / "photo.png")}


def missing_depth(folder):
    return {"filepath": str(write_photo(folder / "photo.png")), "depth_path": str(folder / "gone.exr")}


def no_depth_beside(folder):
    return {"filepath": str(write_photo(folder / "photo.png"))}


def nothing_given(folder):
    return {}


def folder_as_photo(folder):
    write_depth(folder / "d.npy", hill())
    return {"filepath": str(folder), "depth_path": str(folder / "d.npy")}


def truncated_png(folder):
    photo = write_photo(folder / "photo.png", 200, 200)
    photo.write_bytes(photo.read_bytes()[:200])
    write_depth(folder / "photo_depth.npy", hill(200, 200))
    return {"filepath": str(photo)}


def truncated_jpeg(folder):
    photo = write_photo(folder / "photo.jpg", 200, 200)
    photo.write_bytes(photo.read_bytes()[:1500])
    write_depth(folder / "photo_depth.npy", hill(200, 200))
    return {"filepath": str(photo)}


def empty_photo(folder):
    (folder / "photo.png").touch()
    write_depth(folder / "photo_depth.npy", hill())
    return {"filepath": str(folder / "photo.png")}


def text_as_photo(folder):
    (folder / "photo.png").write_text("not a picture")
    write_depth(folder / "photo_depth.npy", hill())
    return {"filepath": str(folder / "photo.png")}


def truncated_depth(folder):
    depth = write_depth(folder / "photo_depth.npy", hill())
    depth.write_bytes(depth.read_bytes()[:300])
    return {"filepath": str(write_photo(folder / "photo.png"))}


def zero_sized_depth(folder):
    write_depth(folder / "photo_depth.npy", np.zeros((0, 5), np.float32))
    return {"filepath": str(write_photo(folder / "photo.png"))}


def all_nan_depth(folder):
    write_depth(folder / "photo_depth.npy", np.full((36, 48), np.nan, np.float32))
    return {"filepath": str(write_photo(folder / "photo.png"))}


def colour_as_depth(folder):
    write_photo(folder / "photo_depth.png")
    return {"filepath": str(write_photo(folder / "photo.png"))}


def unknown_format(folder):
    (folder / "depth.txt").write_text("1 2 3")
    return {"filepath": str(write_photo(folder / "photo.png")), "depth_path": str(folder / "depth.txt")}


def photo_on_its_side(folder):
    write_depth(folder / "photo_depth.npy", hill(36, 48))
    return {"filepath": str(write_photo(folder / "photo.png", 48, 36))}


def two_photos(folder):
    for name in ("a.png", "b.png"):
        write_photo(folder / name)
    return {
        "filepath": str(folder / "a.png"),
        "directory": str(folder),
        "files": [{"name": "a.png"}, {"name": "b.png"}],
    }


def three_files(folder):
    files = [{"name": name} for name in ("a.png", "b.png", "a_depth.png")]
    return {"filepath": str(folder / "a.png"), "directory": str(folder), "files": files}


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (missing_photo, "choose"),
        (missing_depth, "gone.exr"),
        (no_depth_beside, "photo_depth.png"),
        (nothing_given, "choose a photo"),
        (folder_as_photo, "choose"),
        (truncated_png, "again"),
        (truncated_jpeg, "photo again"),
        (empty_photo, "again"),
        (text_as_photo, "again"),
        (truncated_depth, "photo_depth.npy"),
        (zero_sized_depth, "photo_depth.npy"),
        (all_nan_depth, "photo_depth.npy"),
        (colour_as_depth, "photo_depth.png"),
        (unknown_format, "depth.txt"),
        (photo_on_its_side, "upright"),
        (two_photos, "Depth Map"),
        (three_files, "Select one photo"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("camera", [False, True], ids=["", "camera"])
def test_import_refuses_and_leaves_no_trace(tmp_path, make, advice, camera):
    report = refused(bpy.ops.depth_nodes.import_relief, use_camera=camera, **make(tmp_path))
    assert report.startswith("Error: ")
    assert advice.lower() in report.lower()


def test_a_missing_asset_file_leaves_no_trace(tmp_path, monkeypatch):
    """The last step before the object: by now the photo and the depth image are in the file."""
    assets = extension.module("addon.scene.groups")
    monkeypatch.setattr(assets, "BLEND", tmp_path / "gone.blend")
    write_depth(tmp_path / "photo_depth.npy", hill())
    report = refused(bpy.ops.depth_nodes.import_relief, filepath=str(write_photo(tmp_path / "photo.png")))
    assert "install" in report.lower()
    refused(bpy.ops.depth_nodes.add_modifier)


def test_partly_nan_depth_is_imported_with_holes(tmp_path):
    values = hill()
    values[:10] = np.nan
    values[:, :5] = np.inf
    write_depth(tmp_path / "photo_depth.npy", values)
    bpy.ops.depth_nodes.import_relief(filepath=str(write_photo(tmp_path / "photo.png")), background=False)
    ob = bpy.context.object
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.array([vertex.co for vertex in mesh.vertices])
    assert len(points) > 100
    assert np.isfinite(points).all()
    assert points[:, 1].max() < 0.75 - 1.5 * 8 / 36  # the rows without depth are cut away


def test_no_active_object():
    bpy.context.view_layer.objects.active = None
    for operator in (
        bpy.ops.depth_nodes.freeze_grid,
        bpy.ops.depth_nodes.unfreeze_grid,
        bpy.ops.depth_nodes.add_modifier,
    ):
        assert "active" in refused(operator)


def test_an_object_that_is_no_mesh():
    bpy.ops.object.empty_add()
    assert "mesh object" in refused(bpy.ops.depth_nodes.add_modifier)
    assert "Depth Relief modifier" in refused(bpy.ops.depth_nodes.freeze_grid)


def test_edit_mode(tmp_path):
    extension.module("addon.scene.relief").add_modifier(bpy.context.object)
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Object Mode" in refused(bpy.ops.depth_nodes.freeze_grid)
    assert "Object Mode" in refused(bpy.ops.depth_nodes.import_relief, filepath=str(tmp_path / "photo.png"))


def test_freezing_without_an_image():
    extension.module("addon.scene.relief").add_modifier(bpy.context.object)
    assert "image" in refused(bpy.ops.depth_nodes.freeze_grid).lower()


def test_a_mesh_without_uv_map_is_warned_about_and_survives():
    ob = bpy.context.object
    ob.data.uv_layers.remove(ob.data.uv_layers[0])
    bpy.ops.depth_nodes.add_modifier()
    relief = extension.module("addon.scene.relief")
    image = extension.module("addon.depth.image").write("d", hill(), kind="disparity")
    relief.set_depth(relief.find_modifier(ob), image)
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    assert np.isfinite([vertex.co for vertex in mesh.vertices]).all()


@pytest.fixture
def linked(tmp_path):
    """A collection with a relief, linked from another file."""
    relief = extension.module("addon.scene.relief")
    ob = bpy.context.object
    ob.name = "Theirs"
    image = extension.module("addon.depth.image").write("d", hill(), kind="disparity")
    relief.set_depth(relief.add_modifier(ob), image)
    collection = bpy.data.collections.new("Theirs")
    collection.objects.link(ob)
    bpy.data.libraries.write(str(tmp_path / "theirs.blend"), {collection})
    bpy.ops.wm.read_homefile(use_empty=True)
    extension.enable()
    with bpy.data.libraries.load(str(tmp_path / "theirs.blend"), link=True) as (_, wanted):
        wanted.collections = ["Theirs"]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    return wanted.collections[0]


def test_linked_objects_are_refused(linked):
    bpy.context.view_layer.objects.active = linked.objects[0]
    assert "linked" in refused(bpy.ops.depth_nodes.add_modifier)
    assert "linked" in refused(bpy.ops.depth_nodes.freeze_grid)


def test_a_linked_collection_takes_no_new_relief(linked, tmp_path):
    layer_collection = bpy.context.view_layer.layer_collection.children["Theirs"]
    bpy.context.view_layer.active_layer_collection = layer_collection
    report = refused(bpy.ops.depth_nodes.import_relief, filepath=str(tmp_path / "photo.png"))
    assert "active collection is linked" in report


def test_an_overridden_relief_is_not_frozen(linked):
    override = linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    ob = override.objects[0]
    bpy.context.view_layer.objects.active = ob
    assert "make it local" in refused(bpy.ops.depth_nodes.freeze_grid).lower()
