"""What leaves Blender: the files that its own exporters write of a relief, read by its own importers."""

import json
import struct
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.addon.enabled import inputs, relief, to_mesh

GREY = 128


@pytest.fixture
def built(tmp_path: Path) -> relief.Relief:
    """A grey photo with a lighter box before its middle, as a scene with a background."""
    near = np.zeros((45, 60), bool)
    near[15:30, 20:40] = True
    np.save(tmp_path / "grey_depth.npy", np.where(near, 1.0, 3.0).astype(np.float32))
    image = bpy.data.images.new("grey", 60, 45)
    rgba = np.ones((45, 60, 4), np.float32)
    rgba[..., :3] = np.where(near[..., None], 200, GREY) / np.float32(255)
    image.pixels.foreach_set(rgba[::-1].ravel())
    image.file_format = "PNG"
    image.save(filepath=str(tmp_path / "grey.png"))
    bpy.data.images.remove(image)
    made = relief.from_files(
        tmp_path / "grey.png",
        tmp_path / "grey_depth.npy",
        collection=bpy.context.scene.collection,
        kind="distance",
        projection="Camera",
    )
    inputs.set_input(made.modifier, "Resolution", 60)
    bpy.context.view_layer.update()
    return made


def evaluated(ob: bpy.types.Object) -> bpy.types.Mesh:
    ob.update_tag()
    return ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data


def only(ob: bpy.types.Object) -> None:
    for other in bpy.context.view_layer.objects:
        other.select_set(other == ob)
    bpy.context.view_layer.objects.active = ob


def export(ob: bpy.types.Object, kind: str, path: Path) -> None:
    """Write one object with its modifiers applied."""
    only(ob)
    match kind:
        case "glb":
            bpy.ops.export_scene.gltf(filepath=str(path), use_selection=True, export_apply=True)
        case "obj":
            for image in bpy.data.images:  # an OBJ refers to files
                if image.packed_file and not image.is_float:
                    image.filepath_raw, image.file_format = str(path.with_name("behind.png")), "PNG"
                    image.save()
                    image.unpack(method="REMOVE")
            bpy.ops.wm.obj_export(
                filepath=str(path), export_selected_objects=True, apply_modifiers=True, path_mode="COPY"
            )
        case "fbx":
            bpy.ops.export_scene.fbx(
                filepath=str(path), use_selection=True, use_mesh_modifiers=True, path_mode="COPY", embed_textures=True
            )
        case "usd":
            bpy.ops.wm.usd_export(filepath=str(path), selected_objects_only=True, evaluation_mode="RENDER")


def imported(kind: str, path: Path) -> list[bpy.types.Object]:
    """Read a file, and return its meshes."""
    before = set(bpy.data.objects)
    match kind:
        case "glb":
            bpy.ops.import_scene.gltf(filepath=str(path))
        case "obj":
            bpy.ops.wm.obj_import(filepath=str(path))
        case "fbx":
            bpy.ops.import_scene.fbx(filepath=str(path))
        case "usd":
            bpy.ops.wm.usd_import(filepath=str(path))
    return [ob for ob in set(bpy.data.objects) - before if ob.type == "MESH"]


def pictures(ob: bpy.types.Object) -> list[np.ndarray]:
    """The picture that each slot's material shows, as 8-bit grey (H, W), the bottom row first."""
    shown = []
    for material in ob.data.materials:
        nodes = [node for node in material.node_tree.nodes if node.bl_idname == "ShaderNodeTexImage"]
        assert nodes, f"{material.name} shows no picture"
        image = nodes[0].image
        pixels = np.array(image.pixels[:], np.float32).reshape(image.size[1], image.size[0], -1)
        shown.append(np.round(pixels[..., 0] * 255).astype(int))
    return shown


def test_a_relief_has_one_slot_a_picture(built: relief.Relief) -> None:
    mesh = evaluated(built.ob)
    behind = inputs.get_input(built.modifier, "Background Material")
    assert [material.name for material in mesh.materials] == ["grey", behind.name]
    assert [material.name for material in built.ob.data.materials] == ["grey", behind.name]
    inputs.set_input(built.modifier, "Background", False)
    assert [material and material.name for material in evaluated(built.ob).materials] == ["grey"]


@pytest.mark.parametrize("kind", ["glb", "obj", "fbx", "usd"])
@pytest.mark.parametrize("plain", [False, True])
def test_every_format_keeps_geometry_uv_and_pictures(
    built: relief.Relief, tmp_path: Path, kind: str, plain: bool
) -> None:
    ob = to_mesh.convert(built.ob, built.modifier)[0] if plain else built.ob
    mesh = evaluated(ob)
    faces, slots = len(mesh.polygons), len(mesh.materials)
    path = tmp_path / f"out.{'usdc' if kind == 'usd' else kind}"
    export(ob, kind, path)
    [back] = imported(kind, path)
    per_quad = 2 if kind == "glb" else 1
    assert len(back.data.polygons) == faces * per_quad
    if kind == "obj" and not plain and bpy.app.version >= (5, 2):
        return  # it takes the active UV map, which a modifier can't choose there
    assert back.data.uv_layers
    uv = np.empty(len(back.data.loops) * 2, np.float32)
    back.data.uv_layers[0].data.foreach_get("uv", uv)
    assert np.ptp(uv.reshape(-1, 2), axis=0).min() > 0.9
    assert len(back.data.materials) == slots == 2
    for picture in pictures(back):
        assert GREY in np.unique(picture)


def test_glb_is_unlit_and_sound(built: relief.Relief, tmp_path: Path) -> None:
    """Grey 128 stays 128 in every viewer only if nothing lights it and nothing adds to it."""
    export(built.ob, "glb", tmp_path / "out.glb")
    data = (tmp_path / "out.glb").read_bytes()
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    described = json.loads(data[20 : 20 + length])
    for material in described["materials"]:
        assert "KHR_materials_unlit" in material["extensions"]
        assert "baseColorTexture" in material["pbrMetallicRoughness"]
        assert "baseColorFactor" not in material["pbrMetallicRoughness"]
        assert "emissiveFactor" not in material
        assert "emissiveTexture" not in material
