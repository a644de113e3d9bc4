"""The float image datablock: exact, packed small, rewritten in place, and honest about its origin."""

from pathlib import Path

import bpy
import numpy as np
import pytest

from tests import maps
from tests.addon.enabled import depth_image, errors

DepthInfo = depth_image.DepthInfo
DepthImageError = errors.DepthImageError


def metres(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Distances that use all 24 bits of a float's mantissa."""
    return (1.0 + 9.0 * np.random.default_rng(seed).random((height, width))).astype(np.float32)


def stored(image: bpy.types.Image) -> np.ndarray:
    """The image's pixels, float32 (H, W, 4), top row first, read independently of the code under test."""
    width, height = image.size
    return np.array(image.pixels[:], np.float32).reshape(height, width, 4)[::-1]


def save_and_reload(path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))


def sampling_object(image: bpy.types.Image) -> bpy.types.Object:
    """An object of one vertex, raised to the red channel at the coordinates (0, 0): the lower left pixel."""
    tree = bpy.data.node_groups.new("Sampler", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    new = tree.nodes.new
    texture, separate, combine = (
        new("GeometryNodeImageTexture"),
        new("FunctionNodeSeparateColor"),
        new("ShaderNodeCombineXYZ"),
    )
    group_input, move, group_output = new("NodeGroupInput"), new("GeometryNodeSetPosition"), new("NodeGroupOutput")
    texture.inputs["Image"].default_value = image
    texture.interpolation = "Closest"
    for source, target in (
        (group_input.outputs[0], move.inputs["Geometry"]),
        (texture.outputs["Color"], separate.inputs[0]),
        (separate.outputs[0], combine.inputs["Z"]),
        (combine.outputs[0], move.inputs["Position"]),
        (move.outputs[0], group_output.inputs[0]),
    ):
        tree.links.new(source, target)
    mesh = bpy.data.meshes.new("Point")
    mesh.from_pydata([(0, 0, 0)], [], [])
    ob = bpy.data.objects.new("Point", mesh)
    bpy.context.collection.objects.link(ob)
    ob.modifiers.new("Sampler", "NODES").node_group = tree
    return ob


def height_of(ob: bpy.types.Object) -> float:
    return ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices[0].co.z


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (37, 53), (128, 64)])
def test_distance_is_stored_as_it_is(size):
    values = metres(*size)
    image = depth_image.write("Depth", values, kind="distance")
    assert tuple(image.size) == size[::-1]
    assert image.is_float
    assert image.colorspace_settings.name == "Non-Color"
    expected = np.dstack([values, values, values, np.ones_like(values)])
    np.testing.assert_array_equal(stored(image), expected)


def test_disparity_is_normalised_by_its_valid_range_and_one_is_near():
    values = np.array([[2.0, 4.0, np.nan], [10.0, -np.inf, 900.0]], np.float32)
    validity = np.array([[1, 0.5, 1], [1, 1, 0]], np.float32)
    image = depth_image.write("Depth", values, kind="disparity", validity=validity)
    np.testing.assert_array_equal(stored(image)[..., 0], [[0.0, 0.25, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(stored(image)[..., 3], [[1.0, 0.5, 0.0], [1.0, 0.0, 0.0]])
    known = depth_image.info(image)
    assert (known.raw_min, known.raw_max) == (2.0, 10.0)


def test_invalid_distance_is_stored_as_the_farthest():
    values = np.array([[3.0, np.nan, 0.0, 7.0]], np.float32)
    image = depth_image.write("Depth", values, kind="distance", validity=np.array([[True, True, False, True]]))
    np.testing.assert_array_equal(stored(image)[0, :, 0], [3.0, 7.0, 7.0, 7.0])
    np.testing.assert_array_equal(stored(image)[0, :, 3], [1.0, 0.0, 0.0, 1.0])


def test_a_16_bit_ramp_keeps_all_its_steps():
    ramp = np.arange(65536, dtype=np.float32).reshape(256, 256)
    image = depth_image.write("Depth", ramp, kind="disparity")
    back = np.rint(stored(image)[..., 0].astype(np.float64) * 65535)
    np.testing.assert_array_equal(back, ramp)
    assert len(np.unique(stored(image)[..., 0])) == 65536


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[5.0, 5.0]], [[0.0, 0.0]]),
        ([[-3e38, 0.0, 3e38]], [[0.0, 0.5, 1.0]]),
        ([[0.0, 1e-45]], [[0.0, 1.0]]),
        ([[1e30, 1e30 * 1.5, np.inf]], [[0.0, 1.0, 0.0]]),
    ],
    ids=["flat", "whole range", "denormal", "huge"],
)
def test_extreme_disparity_is_finite(values, expected):
    image = depth_image.write("Depth", np.array(values, np.float32), kind="disparity")
    np.testing.assert_allclose(stored(image)[..., 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("values", "validity", "message"),
    [
        (np.zeros((0, 4), np.float32), None, "one channel"),
        (np.zeros((4, 4, 3), np.float32), None, "one channel"),
        (np.zeros((4, 4), np.complex64), None, "one channel"),
        (np.full((4, 4), np.nan, np.float32), None, "no valid pixel"),
        (np.ones((4, 4), np.float32), np.zeros((4, 4), bool), "no valid pixel"),
        (np.ones((4, 4), np.float32), np.ones((4, 5), bool), "same size"),
    ],
)
def test_what_is_no_depth_map_is_refused_and_leaves_no_image(values, validity, message):
    with pytest.raises(DepthImageError, match=message):
        depth_image.write("Depth", values, kind="disparity", validity=validity)
    assert not bpy.data.images


def test_save_and_reload_is_bit_exact_and_so_is_rewriting_after_it(tmp_path):
    first, second = metres(40, 30), metres(21, 55, seed=1)
    validity = np.random.default_rng(2).random((21, 55)).astype(np.float32)
    depth_image.write("Depth", first, kind="distance").use_fake_user = True
    save_and_reload(tmp_path / "a.blend")
    image = bpy.data.images["Depth"]
    np.testing.assert_array_equal(stored(image)[..., 0], first)
    depth_image.write(image, second, kind="distance", validity=validity)
    save_and_reload(tmp_path / "b.blend")
    image = bpy.data.images["Depth"]
    np.testing.assert_array_equal(stored(image)[..., 0], second)
    np.testing.assert_array_equal(stored(image)[..., 3], validity)
    assert image.colorspace_settings.is_data
    assert image.alpha_mode == "CHANNEL_PACKED"


def test_a_sensors_map_packs_to_a_quarter_of_what_blender_packs():
    values, valid = maps.sensor()
    image = depth_image.write("Depth", values, kind="distance", validity=valid)
    ours = image.packed_file.size
    plain = bpy.data.images.new("Plain", *image.size, alpha=True, float_buffer=True, is_data=True)
    plain.pixels.foreach_set(stored(image)[::-1].reshape(-1))
    plain.pack()
    assert ours * 4 <= plain.packed_file.size


def test_rewriting_keeps_the_datablock_its_users_and_its_name():
    image = depth_image.write("Depth", metres(4, 4), kind="distance")
    ob = sampling_object(image)
    users, pointer = image.users, image.as_pointer()
    for seed, size in enumerate(((4, 4), (4, 4), (9, 6), (1, 1))):
        values = metres(*size, seed=seed)
        assert depth_image.write(image, values, kind="distance") is image
        np.testing.assert_array_equal(stored(image)[..., 0], values)
        assert height_of(ob) == values[-1, 0]
    assert (image.users, image.as_pointer(), image.name) == (users, pointer, "Depth")
    assert len(bpy.data.images) == 1


def test_an_8_bit_image_becomes_a_depth_image():
    image = bpy.data.images.new("Photo", 8, 8)
    values = metres(5, 6)
    depth_image.write(image, values, kind="distance")
    assert image.is_float
    assert image.colorspace_settings.is_data
    np.testing.assert_array_equal(stored(image)[..., 0], values)


def test_an_image_file_on_disk_is_not_touched_and_not_read_again(tmp_path):
    path = tmp_path / "photo.png"
    bpy.data.images.new("New", 8, 8).save(filepath=str(path))
    before = path.read_bytes()
    image = bpy.data.images.load(str(path))
    values = metres(5, 6)
    depth_image.write(image, values, kind="distance")
    image.reload()
    np.testing.assert_array_equal(stored(image)[..., 0], values)
    assert path.read_bytes() == before


def test_undo_and_redo_restore_pixels_size_and_properties():
    first, second = metres(6, 5), metres(8, 9, seed=1)
    depth_image.write("Depth", first, kind="distance").use_fake_user = True
    bpy.ops.ed.undo_push(message="first")
    depth_image.write(bpy.data.images["Depth"], second, kind="disparity")
    bpy.ops.ed.undo_push(message="second")
    bpy.ops.ed.undo()
    np.testing.assert_array_equal(stored(bpy.data.images["Depth"])[..., 0], first)
    assert depth_image.info(bpy.data.images["Depth"]).kind == "distance"
    bpy.ops.ed.redo()
    assert tuple(bpy.data.images["Depth"].size) == (9, 8)
    assert depth_image.info(bpy.data.images["Depth"]).kind == "disparity"


def test_what_is_recorded_can_be_read_after_reload(tmp_path):
    origin = DepthInfo("disparity", source="photo.jpg", model="small", revision="abc", focal_length=35.0)
    image = depth_image.write("Depth", metres(3, 3), kind="distance", info=origin)
    image.use_fake_user = True
    save_and_reload(tmp_path / "a.blend")
    known = depth_image.info(bpy.data.images["Depth"])
    values = metres(3, 3)
    assert known == DepthInfo(
        "distance", float(values.min()), float(values.max()), "photo.jpg", "small", "abc", 35.0, known.version
    )
    manifest = (Path(depth_image.__file__).parents[2] / "blender_manifest.toml").read_text()
    assert f'version = "{known.version}"' in manifest
    depth_image.write(bpy.data.images["Depth"], values, kind="distance")
    assert depth_image.info(bpy.data.images["Depth"]).focal_length is None


def test_an_image_of_another_origin_has_no_info():
    assert depth_image.info(bpy.data.images.new("Photo", 2, 2)) is None


def test_reading_gives_what_was_written_in_its_orientation():
    values = metres(3, 5)
    validity = np.linspace(0.1, 1.0, 15, dtype=np.float32).reshape(3, 5)
    depth, alpha = depth_image.read(depth_image.write("Depth", values, kind="distance", validity=validity))
    np.testing.assert_array_equal(depth, values)
    np.testing.assert_array_equal(alpha, validity)


def test_reading_an_image_without_pixels_is_an_error():
    missing = bpy.data.images.new("Missing", 1, 1)
    missing.source = "FILE"
    with pytest.raises(DepthImageError, match="no pixels"):
        depth_image.read(missing)


@pytest.mark.parametrize("override", [False, True], ids=["linked", "overridden"])
def test_linked_and_overridden_images_are_refused_and_unchanged(tmp_path, override):
    values = metres(4, 4)
    depth_image.write("Depth", values, kind="distance").use_fake_user = True
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.images = ["Depth"]
    image = bpy.data.images["Depth"]
    if override:
        image = image.override_create()
        assert image is not None
    with pytest.raises(DepthImageError, match="linked"):
        depth_image.write(image, metres(2, 2), kind="distance")
    np.testing.assert_array_equal(stored(image)[..., 0], values)


def test_an_image_of_many_pictures_is_refused():
    tiled = bpy.data.images.new("Tiles", 4, 4, tiled=True)
    with pytest.raises(DepthImageError, match="single"):
        depth_image.write(tiled, metres(2, 2), kind="distance")
