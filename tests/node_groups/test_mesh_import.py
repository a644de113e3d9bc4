"""What `inference.mesh` writes, as Blender's own importers read it."""

from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view

from inference.depth import Depth
from inference.mesh import solid_files, write
from inference.mesh.scene import build
from inference.mesh.shape import Shape
from inference.mesh.solid import Plate, solid
from inference.picture import Photo

HEIGHT, WIDTH = 45, 60


@pytest.fixture(autouse=True)
def empty() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)


def given() -> tuple[Depth, Photo]:
    """A box before a slanted wall, in metres, and a photo."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    box = (x > 15) & (x < 40) & (y > 12) & (y < 33)
    values = np.where(box, 1.5, 3.0 + 0.01 * x).astype(np.float32)
    photo = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    return Depth(values, None, "distance", float(values.min()), float(values.max()), "", ""), Photo(photo, None)


@pytest.mark.parametrize("projection", ["camera", "relief"])
def test_the_imported_camera_sees_each_vertex_at_its_uv(tmp_path: Path, projection: str) -> None:
    shape = Shape(projection=projection, vertices=WIDTH, focal_length=28.0, border=0.0)  # type: ignore[arg-type]
    made = build(*given(), shape)
    write.write(made, tmp_path / "scene.glb")
    bpy.ops.import_scene.gltf(filepath=str(tmp_path / "scene.glb"))
    scene = bpy.context.scene
    (camera,) = (ob for ob in bpy.data.objects if ob.type == "CAMERA")
    front = bpy.data.objects["front"]
    assert "background" in bpy.data.objects
    scene.render.resolution_x, scene.render.resolution_y = 10 * WIDTH, 10 * HEIGHT
    if projection == "relief":  # its plane has the photo's aspect between the outermost pixel centres
        squeezed = WIDTH / HEIGHT * made.camera.ymag / made.camera.xmag
        scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = max(1 / squeezed, 1), max(squeezed, 1)
    bpy.context.view_layer.update()
    uv = {}
    for corner, place in zip(front.data.loops, front.data.uv_layers[0].uv, strict=True):
        uv[corner.vertex_index] = tuple(place.vector)
    for vertex in list(front.data.vertices)[::37]:
        seen = world_to_camera_view(scene, camera, front.matrix_world @ vertex.co)
        np.testing.assert_allclose(seen[:2], uv[vertex.index], atol=1e-5)
        assert seen.z > 0
    kinds = {node.bl_idname for node in front.active_material.node_tree.nodes}
    assert "ShaderNodeBsdfPrincipled" not in kinds  # unlit: nothing shades the photo
    assert "ShaderNodeTexImage" in kinds


def test_a_closed_relief_has_no_open_edge(tmp_path: Path) -> None:
    solid_files.write(solid(*given(), Plate(width=60.0, pitch=1.0)), tmp_path / "relief.stl")
    bpy.ops.wm.stl_import(filepath=str(tmp_path / "relief.stl"))
    (ob,) = bpy.context.selected_objects
    np.testing.assert_allclose(ob.dimensions, [60.0, 45.0, 10.0], rtol=1e-4)
    mesh = bmesh.new()
    mesh.from_mesh(ob.data)
    assert [edge for edge in mesh.edges if not edge.is_manifold] == []
    assert mesh.calc_volume(signed=True) > 60 * 45 * 2
    mesh.free()
