"""Building a relief from a script: the plane, the material, the cameras, and which file is the depth map."""

import numpy as np
import pytest
from mathutils import Matrix, Vector
from PIL import Image

from tests.addon.pictures import hill, write_depth, write_photo
from tools import extension

import bpy  # isort: skip
from bpy_extras.object_utils import world_to_camera_view

SIZES = {"wide": (64, 36), "tall": (30, 50), "square": (40, 40)}


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


@pytest.fixture
def relief():
    return extension.module("addon.scene.relief")


@pytest.fixture
def files(tmp_path):
    """Return a function that writes a photo and its depth map of one size, and gives their paths."""

    def write(size=(48, 36), depth_size=None):
        photo = write_photo(tmp_path / "photo.png", *size)
        return photo, write_depth(tmp_path / "photo_depth.npy", hill(*(depth_size or size)))

    return write


def coarse(made) -> None:
    """Give a relief a grid of few vertices, of which Python can look at each."""
    extension.module("addon.scene.inputs").set_input(made.modifier, "Resolution", 96)


def evaluated(ob: bpy.types.Object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return world positions (N, 3), and the vertex index and UV (M,), (M, 2) of every corner, after the modifiers."""
    bpy.context.view_layer.update()
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    uv = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.uv_layers["UVMap"].data.foreach_get("uv", uv)
    matrix = np.array(ob.matrix_world)
    return points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3], corners, uv.reshape(-1, 2)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_plane_has_the_photos_aspect_and_shows_all_of_it(relief, size):
    mesh = extension.module("addon.scene.plane").plane("p", *size)
    corners = np.array([vertex.co for vertex in mesh.vertices])
    uv = np.array([loop.uv for loop in mesh.uv_layers["UVMap"].data])
    half = np.array(size) / max(size)
    np.testing.assert_allclose(corners[:, :2], (uv * 2 - 1) * half, atol=1e-6)
    np.testing.assert_array_equal(corners[:, 2], 0)
    assert sorted(map(tuple, uv)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert mesh.polygons[0].normal.z == pytest.approx(1)


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_from_the_camera_the_relief_looks_like_the_photo(relief, files, size, projection):
    scene = bpy.context.scene
    made = relief.from_files(
        *files(size),
        collection=scene.collection,
        matrix=Matrix.Translation((3, -2, 1)) @ Matrix.Rotation(0.7, 4, (1, 2, 3)),
        projection=projection,
        scene=scene,
        background=False,
    )
    coarse(made)
    points, corners, uv = evaluated(made.ob)
    assert len(points) > 100
    seen = np.array([world_to_camera_view(scene, scene.camera, Vector(p)) for p in points])
    assert np.ptp(seen[:, 2]) > 0.05, "depth moves nothing"
    assert (seen[:, 2] > scene.camera.data.clip_start).all()
    # A relief fills its plane from rim to rim, but samples pixel centres: half a pixel of the depth map at the rim.
    allowed = 0.5 / np.array(size) if projection == "Relief" else 0
    assert (np.abs(seen[corners, :2] - uv) < allowed + 1e-4).all()
    assert (scene.render.resolution_x, scene.render.resolution_y) == size


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
def test_a_render_from_the_camera_is_the_photo(relief, tmp_path, projection):
    """Whatever the light: a lamp close by, which would burn out a lit surface, changes nothing."""
    photo = write_photo(tmp_path / "a.png", 60, 40)
    depth = write_depth(tmp_path / "a_depth.npy", hill(480, 320))
    scene = bpy.context.scene
    relief.from_files(photo, depth, collection=scene.collection, projection=projection, scene=scene)
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
    lamp.data.energy = 1000
    lamp.location = (1, -2, 1)
    scene.collection.objects.link(lamp)
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 4, False
    scene.cycles.use_light_tree = False  # sorting the faces of a relief, which all shine, takes most of the time
    scene.render.filepath = str(tmp_path / "render.png")
    bpy.ops.render.render(write_still=True)
    rendered = np.asarray(Image.open(tmp_path / "render.png").convert("RGB"), np.float32)
    expected = np.asarray(Image.open(photo), np.float32)
    inner = np.s_[2:-2, 2:-2]  # at the rim the pixel filter mixes in the background
    assert np.abs(rendered - expected)[inner].mean() < 2
    assert np.abs(rendered - expected)[inner].max() < 8


def test_near_things_come_towards_the_camera(relief, files):
    for projection in ("Relief", "Camera"):
        scene = bpy.context.scene
        options = {"projection": projection, "scene": scene, "background": False}
        made = relief.from_files(*files(), collection=scene.collection, **options)
        coarse(made)
        points, corners, uv = evaluated(made.ob)
        distance = np.array([world_to_camera_view(scene, scene.camera, Vector(point)).z for point in points])
        middle = corners[np.argmin(np.hypot(*(uv - 0.5).T))]
        corner = corners[np.argmin(np.hypot(*uv.T))]
        assert distance[middle] < distance[corner] - 0.05, projection


def test_the_photos_aspect_wins_over_the_depth_maps(relief, files):
    made = relief.from_files(*files((60, 40), depth_size=(40, 40)), collection=bpy.context.scene.collection)
    coarse(made)
    points, _, uv = evaluated(made.ob)
    local = points @ np.array(relief.STANDING)[:3, :3]
    np.testing.assert_allclose(np.ptp(local[:, :2], axis=0), (2, 2 * 40 / 60), atol=1e-4)
    np.testing.assert_allclose((uv.min(axis=0), uv.max(axis=0)), ((0.5 / 40,) * 2, (39.5 / 40,) * 2), atol=1e-6)


def test_a_standing_relief_faces_the_front_view(relief, files):
    made = relief.from_files(*files(), collection=bpy.context.scene.collection)
    coarse(made)
    points, corners, uv = evaluated(made.ob)
    x, y = np.polyfit(uv[:, 0], points[corners, 0], 1)[0], np.polyfit(uv[:, 1], points[corners, 2], 1)[0]
    assert x > 0  # the photo's right is to the right
    assert y > 0  # its top is up
    middle = points[corners[np.argmin(np.hypot(*(uv - 0.5).T))]]
    assert middle[1] < points[:, 1].max() - 0.01  # near comes out of the wall, towards the viewer


def test_material_shows_the_photo_without_a_second_shading(relief, files):
    made = relief.from_files(*files(), collection=bpy.context.scene.collection)
    coarse(made)
    material = made.ob.data.materials[0]
    nodes = material.node_tree.nodes
    texture = nodes.active  # what Workbench shows
    assert texture.type == "TEX_IMAGE"
    assert texture.image.colorspace_settings.name == "sRGB"
    assert texture.inputs["Vector"].links[0].from_node.uv_map == "UVMap"
    outputs = {node.target: node for node in nodes if node.type == "OUTPUT_MATERIAL" and node.target != "ALL"}
    assert set(outputs) == {"EEVEE", "CYCLES"}
    [mix] = {node.inputs["Surface"].links[0].from_node for node in outputs.values()}
    assert mix.inputs[0].default_value == 0
    assert mix.inputs[1].links[0].from_node.type == "EMISSION"
    mesh = made.ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    behind = extension.module("addon.scene.inputs").get_input(made.modifier, "Background Material")
    assert {mesh.materials[face.material_index].name for face in mesh.polygons} == {material.name, behind.name}


def test_a_transparent_photo_makes_its_depth_invalid_there(relief, tmp_path):
    photo = write_photo(tmp_path / "a.png", 40, 20, opaque_columns=10)
    depth = write_depth(tmp_path / "a_depth.npy", hill(80, 40))
    made = relief.from_files(photo, depth, collection=bpy.context.scene.collection)
    alpha = np.array(made.depth.pixels).reshape(40, 80, 4)[..., 3]
    expected = np.zeros((40, 80))
    expected[:, :20] = 1
    np.testing.assert_array_equal(alpha, expected)


def test_a_sky_next_to_infinitely_far_is_imported_flat(relief, tmp_path):
    values = np.linspace(0.0, 1.0, 40 * 60, dtype=np.float32).reshape(40, 60)
    values[:10] = np.random.default_rng(0).random((10, 60)) * 0.008
    depth = write_depth(tmp_path / "a_depth.npy", values)
    photo = write_photo(tmp_path / "a.png", 60, 40)
    made = relief.from_files(photo, depth, kind="disparity", near_is="bright", background=False)
    stored = np.array(made.depth.pixels).reshape(40, 60, 4)[::-1, :, 0]
    assert (stored[:10] == 0).all()
    np.testing.assert_allclose(stored[10:], values[10:], atol=1e-6)


def test_a_small_depth_map_keeps_the_fine_grid(relief, files):
    """A cut costs one face to either side: on a grid finer than the pixels it is finer too."""
    made = relief.from_files(*files((48, 36)), collection=bpy.context.scene.collection)
    inputs = extension.module("addon.scene.inputs")
    assert inputs.get_input(made.modifier, "Resolution") == 1024


def test_metric_depth_with_a_focal_length_sets_the_lens(relief, tmp_path):
    depth_image, inputs = extension.module("addon.depth.image"), extension.module("addon.scene.inputs")
    photo = extension.module("addon.scene.photo").load(write_photo(tmp_path / "a.png"))
    image = depth_image.write(
        "d", 1 + hill(), kind="distance", info=depth_image.DepthInfo(kind="distance", focal_length=28.0)
    )
    _, modifier = relief.add(photo, image, collection=bpy.context.scene.collection, projection="Camera")
    assert inputs.get_input(modifier, "Kind") == "Distance"
    assert inputs.get_input(modifier, "Lens") == "Focal Length"
    assert inputs.get_input(modifier, "Focal Length") == pytest.approx(28.0)


def test_a_jpeg_with_a_thumbnail_and_a_trailer_is_complete(tmp_path):
    """The thumbnail has an end marker of its own, and phones append films: neither says whether the photo is whole."""
    photo = extension.module("addon.scene.photo")
    picture = Image.new("RGB", (64, 48), (200, 90, 20))
    picture.save(tmp_path / "plain.jpg")
    plain = (tmp_path / "plain.jpg").read_bytes()
    thumbnail = b"\xff\xe1" + (len(plain) + 2).to_bytes(2, "big") + plain
    whole = plain[:2] + thumbnail + plain[2:]
    (tmp_path / "whole.jpg").write_bytes(whole + b"trailer\xff\xda" * 3)
    (tmp_path / "cut.jpg").write_bytes(whole[:-20])
    assert tuple(photo.load(tmp_path / "whole.jpg").size) == (64, 48)
    with pytest.raises(extension.module("addon.errors").PhotoError, match="incomplete"):
        photo.load(tmp_path / "cut.jpg")


@pytest.mark.parametrize("names", [("UVMap",), ("map1",), ("UV 贴图",), ("first", "shown")])
def test_a_modifier_reads_the_mesh_s_own_uv_map_whatever_its_name(relief, names):
    """As importers and a translated Blender name it; of several maps the one that textures read."""
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=32, y_subdivisions=32)
    ob = bpy.context.object
    uv = np.empty(2 * len(ob.data.loops), np.float32)
    ob.data.uv_layers[0].uv.foreach_get("vector", uv)
    ob.data.uv_layers.remove(ob.data.uv_layers[0])
    for name in names:
        layer = ob.data.uv_layers.new(name=name, do_init=False)
        layer.uv.foreach_set("vector", uv if name == names[-1] else np.zeros_like(uv))
    ob.data.uv_layers[names[-1]].active_render = True
    modifier = relief.add_modifier(ob)
    depth = np.tile(np.linspace(0, 1, 48, dtype=np.float32), (36, 1))
    relief.set_depth(modifier, extension.module("addon.depth.image").write("d", depth, kind="disparity"))
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    heights = [vertex.co.z for vertex in mesh.vertices]
    scale = extension.module("addon.scene.inputs").get_input(modifier, "Scale")
    assert np.ptp(heights) == pytest.approx(scale, rel=0.02)


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
def test_the_camera_shows_colours_as_they_are(relief, files, projection):
    scene = bpy.context.scene
    assert scene.view_settings.view_transform == "AgX"
    relief.from_files(*files(), projection=projection, scene=scene)
    assert scene.view_settings.view_transform == "Standard"
