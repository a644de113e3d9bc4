"""Mesh files, read by others' readers. That the surfaces are Blender's is tested beside the node groups."""

import json
import shutil
import struct
import subprocess
from math import atan, tan
from pathlib import Path
from typing import Any

import lib3mf
import manifold3d
import numpy as np
import pytest
import trimesh
from PIL import ExifTags, Image

from inference.depth import Depth
from inference.errors import DepthFileError, MeshError
from inference.io import write_depth
from inference.lens import focal_length
from inference.maps import read_map
from inference.mesh import solid_files, write
from inference.mesh.cut import small_islands
from inference.mesh.scene import Scene, build
from inference.mesh.shape import Shape
from inference.mesh.solid import Plate, solid
from inference.picture import Photo
from tests.inference.test_cli import assert_one_error, run

HEIGHT, WIDTH = 60, 80
FOCAL = 28.0
NEAR, FAR = (200, 60, 40), (40, 90, 160)


def box() -> np.ndarray:
    """Where a box stands before a wall, (H, W)."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:45, 25:60] = True
    return mask


def metres() -> Depth:
    values = np.where(box(), 1.0, 3.0).astype(np.float32)
    return Depth(values, None, "distance", 1.0, 3.0, "", "")


def photo(alpha: np.ndarray | None = None) -> Photo:
    return Photo(np.where(box()[..., None], NEAR, FAR).astype(np.uint8), alpha)


def scene(**shape: Any) -> Scene:
    return build(metres(), photo(), Shape(**{"vertices": WIDTH, "focal_length": FOCAL, **shape}))


def document(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the JSON and the binary data of a .glb file."""
    data = path.read_bytes()
    magic, version, total, size, kind = struct.unpack_from("<4sIIII", data)
    assert (magic, version, total, kind) == (b"glTF", 2, len(data), 0x4E4F534A)
    length, kind = struct.unpack_from("<II", data, 20 + size)
    assert (kind, 28 + size + length) == (0x004E4942, len(data))
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def accessor(said: dict[str, Any], binary: bytes, index: int) -> np.ndarray:
    entry = said["accessors"][index]
    view = said["bufferViews"][entry["bufferView"]]
    dtype = {5126: "<f4", 5125: "<u4", 5123: "<u2"}[entry["componentType"]]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[entry["type"]]
    assert view["byteOffset"] % 4 == 0
    return np.frombuffer(binary, dtype, entry["count"] * width, view["byteOffset"]).reshape(-1, width)


# --- glTF ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("projection", ["camera", "relief"])
def test_the_camera_in_the_file_sees_each_vertex_at_its_uv(tmp_path, projection):
    path = tmp_path / "scene.glb"
    write.write(scene(projection=projection), path)
    said, binary = document(path)
    primitive = said["meshes"][0]["primitives"][0]
    places = accessor(said, binary, primitive["attributes"]["POSITION"])
    uv = accessor(said, binary, primitive["attributes"]["TEXCOORD_0"])
    node = next(node for node in said["nodes"] if "camera" in node)
    camera = said["cameras"][node["camera"]]
    seen = places - node.get("translation", [0, 0, 0])
    if projection == "camera":
        lens = camera["perspective"]
        half = tan(lens["yfov"] / 2)
        assert lens["aspectRatio"] == WIDTH / HEIGHT
        x, y = (seen[:, axis] / -seen[:, 2] for axis in (0, 1))
        x, y = x / (half * lens["aspectRatio"]), y / half
    else:
        lens = camera["orthographic"]
        x, y = seen[:, 0] / lens["xmag"], seen[:, 1] / lens["ymag"]
    assert (seen[:, 2] < -lens["znear"]).all()
    assert (seen[:, 2] > -lens["zfar"]).all()
    np.testing.assert_allclose(np.stack([(x + 1) / 2, (1 - y) / 2], 1), uv, atol=1e-5)
    entry = said["accessors"][primitive["attributes"]["POSITION"]]
    assert entry["min"] == places.min(axis=0).tolist()
    assert entry["max"] == places.max(axis=0).tolist()


def test_materials_and_pictures(tmp_path):
    path = tmp_path / "scene.glb"
    made = scene()
    write.write(made, path)
    said, binary = document(path)
    assert said["extensionsUsed"] == ["KHR_materials_unlit"]
    assert [mesh["name"] for mesh in said["meshes"]] == ["front", "background"]
    for material, image, (*_, picture) in zip(said["materials"], said["images"], made.parts(), strict=True):
        assert material["extensions"] == {"KHR_materials_unlit": {}}
        assert (material["doubleSided"], material["pbrMetallicRoughness"]["metallicFactor"]) == (True, 0.0)
        view = said["bufferViews"][image["bufferView"]]
        (tmp_path / "picture.jpg").write_bytes(binary[view["byteOffset"] :][: view["byteLength"]])
        with Image.open(tmp_path / "picture.jpg") as file:
            assert np.abs(np.asarray(file).astype(int) - picture).mean() < 3
    assert all((one["wrapS"], one["wrapT"]) == (33071, 33071) for one in said["samplers"])


def test_trimesh_reads_what_was_written(tmp_path):
    made = scene()
    write.write(made, tmp_path / "scene.glb")
    read = trimesh.load(tmp_path / "scene.glb")
    for name, layer, _ in made.parts():
        mesh = read.geometry[name]
        assert (len(mesh.vertices), len(mesh.faces)) == (len(layer.vertices), 2 * len(layer.quads))
        np.testing.assert_allclose(mesh.vertices, layer.vertices, atol=1e-6)
        np.testing.assert_allclose(mesh.visual.uv, layer.uv, atol=1e-6)
        assert (mesh.face_normals[:, 2] > -1e-6).all()  # they face the camera


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Khronos' validator, an npm package, in the version and with the hash that are pinned beside this file."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("npm")
    for file in (Path(__file__).parent / "gltf_validator").iterdir():
        shutil.copy(file, folder)
    quietly = ("--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
    done = subprocess.run([npm, "ci", *quietly], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules" / "gltf-validator"


def issues(validator: Path, *paths: Path) -> list[dict[str, Any]]:
    """What the validator finds in each file."""
    script = "const [, module, ...paths] = process.argv; for (const path of paths) require(module)"
    script += ".validateBytes(new Uint8Array(require('fs').readFileSync(path)))"
    script += ".then(found => console.log(JSON.stringify(found.issues)), error => { throw error })"
    command = [str(shutil.which("node")), "-e", script, str(validator), *map(str, paths)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_khronos_finds_nothing_wrong(tmp_path, validator):
    paths = []
    for name, shape, points in (("a", {}, False), ("b", {"projection": "relief"}, False), ("c", {}, True)):
        paths.append(tmp_path / f"{name}.glb")
        write.write(scene(**shape), paths[-1], points=points)
    found = issues(validator, *paths)
    assert len(found) == 3
    for one in found:
        assert (one["numErrors"], one["numWarnings"], one["messages"] if one["numHints"] else []) == (0, 0, [])
    wrong = paths[0].with_name("wrong.glb")
    wrong.write_bytes(paths[0].read_bytes().replace(b'"count":', b'"cound":', 1))
    assert issues(validator, wrong)[0]["numErrors"] > 0


# --- Points, PLY, OBJ ---------------------------------------------------------------------------------------------


def test_points_have_colours(tmp_path):
    made = scene()
    write.write(made, tmp_path / "points.glb", points=True)
    said, binary = document(tmp_path / "points.glb")
    primitive = said["meshes"][0]["primitives"][0]
    assert primitive["mode"] == 0
    linear = accessor(said, binary, primitive["attributes"]["COLOR_0"])[:, :3] / 65535
    # Sharp colours, exactly on pixel centres: what the photo has there, whichever side the outline went to.
    column, row = (made.front.uv * [WIDTH, HEIGHT]).astype(int).T
    near = box()[HEIGHT - 1 - row, column]
    wanted = np.where(near[:, None], NEAR, FAR) / 255
    wanted = np.where(wanted <= 0.04045, wanted / 12.92, ((wanted + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(linear, wanted, atol=2e-5)

    write.write(made, tmp_path / "points.ply", points=True)
    cloud = trimesh.load(tmp_path / "points.ply")
    count = len(made.front.vertices)
    assert len(cloud.vertices) == sum(len(layer.vertices) for _, layer, _ in made.parts())
    np.testing.assert_allclose(cloud.vertices[:count], made.front.vertices, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(cloud.colors)[:count, :3], np.where(near[:, None], NEAR, FAR))


def test_a_large_photo_colours_few_vertices_by_means(tmp_path):
    rgb = np.zeros((HEIGHT * 4, WIDTH * 4, 3), np.uint8)
    rgb[::2] = 200  # lines that single pixels would meet or miss
    made = build(metres(), Photo(rgb, None), Shape(vertices=WIDTH, background=False))
    write.write(made, tmp_path / "points.ply", points=True)
    colours = np.asarray(trimesh.load(tmp_path / "points.ply").colors)[:, :3]
    assert np.abs(colours.astype(int) - 100).max() <= 1


def test_ply_and_obj_hold_the_mesh(tmp_path):
    made = scene()
    faces = sum(2 * len(layer.quads) for _, layer, _ in made.parts())
    write.write(made, tmp_path / "scene.ply")
    mesh = trimesh.load(tmp_path / "scene.ply", process=False)
    assert len(mesh.faces) == faces
    np.testing.assert_allclose(mesh.vertices[: len(made.front.vertices)], made.front.vertices, atol=1e-6)
    write.write(made, tmp_path / "my scene.obj")
    read = trimesh.load(tmp_path / "my scene.obj", process=False, split_object=True, group_material=False)
    meshes = list(read.geometry.values())
    assert sum(len(one.faces) for one in meshes) == faces
    front = next(one for one in meshes if one.visual.material.name == "front")
    there, wanted = (
        np.hstack(pair) for pair in ((front.vertices, front.visual.uv), (made.front.vertices, made.front.uv))
    )
    there, wanted = (rows[np.lexsort(np.round(rows[:, 3:] * 1000).T)] for rows in (there, wanted))
    np.testing.assert_allclose(there, wanted, atol=1e-5)
    assert front.visual.material.image.size == (WIDTH, HEIGHT)


# --- Closed reliefs -----------------------------------------------------------------------------------------------

PLATE = Plate(width=60.0, relief=6.0, base=1.5, pitch=0.75)


def opening() -> np.ndarray:
    """A transparency with two discs that touch at a corner, and crumbs."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    alpha = (((x - 25) ** 2 + (y - 28) ** 2) < 18**2) | (((x - 62) ** 2 + (y - 40) ** 2) < 12**2)
    alpha |= np.random.default_rng(1).random(alpha.shape) < 0.03
    alpha[46:50, 34:38] = alpha[50:54, 38:42] = True  # corner to corner
    return alpha.astype(np.float32)


@pytest.mark.parametrize("alpha", [None, opening()], ids=["whole", "outline"])
@pytest.mark.parametrize("negative", [False, True])
def test_a_closed_relief_is_one(tmp_path, alpha, negative):
    plate = Plate(60.0, 6.0, 1.5, 0.75, negative, outline=alpha is not None)
    made = solid(metres(), photo(alpha), plate)
    for name in ("relief.stl", "relief.3mf"):
        solid_files.write(made, tmp_path / name)
    mesh = trimesh.load(tmp_path / "relief.stl")
    mesh.merge_vertices()
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0
    assert len(mesh.faces) == len(made.triangles)
    shape = manifold3d.Manifold(manifold3d.Mesh(made.vertices, made.triangles))
    assert shape.status() == manifold3d.Error.NoError
    assert shape.volume() == pytest.approx(float(mesh.volume), rel=1e-4)

    reader = (model := lib3mf.get_wrapper().CreateModel()).QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(tmp_path / "relief.3mf"))
    assert reader.GetWarningCount() == 0
    assert model.GetUnit() == lib3mf.ModelUnit.MilliMeter
    objects = model.GetMeshObjects()
    assert objects.MoveNext()
    found = objects.GetCurrentMeshObject()
    assert found.IsManifoldAndOriented()
    assert (found.GetVertexCount(), found.GetTriangleCount()) == (len(made.vertices), len(made.triangles))


@pytest.mark.parametrize("alpha", [None, opening()], ids=["whole", "outline"])
def test_admesh_has_nothing_to_repair(tmp_path, alpha):
    admesh = shutil.which("admesh")
    if admesh is None:
        pytest.skip("needs admesh")
    path = tmp_path / "relief.stl"
    solid_files.write(solid(metres(), photo(alpha), Plate(60.0, 6.0, 1.5, 0.75, outline=alpha is not None)), path)

    def repaired(path: Path) -> dict[str, set[str]]:
        said = subprocess.run([admesh, str(path)], capture_output=True, text=True, check=True).stdout
        lines = [line.split(":") for line in said.partition("Facet Status")[2].splitlines() if line.count(":") >= 1]
        return {name.strip(): set(rest[0].split()[:2]) for name, *rest in lines}

    counts = (
        "Total disconnected facets",
        "Degenerate facets",
        "Edges fixed",
        "Facets removed",
        "Facets added",
        "Facets reversed",
        "Backwards edges",
        "Normals fixed",
    )
    assert {name: repaired(path)[name] for name in counts} == {name: {"0"} for name in counts}
    data = path.read_bytes()  # and it would say so: the last triangle is left out
    path.write_bytes(data[:80] + struct.pack("<I", (len(data) - 84) // 50 - 1) + data[84:-50])
    assert repaired(path)["Total disconnected facets"] != {"0"}


def test_its_size_and_sides():
    made = solid(metres(), photo(), PLATE)
    np.testing.assert_allclose(made.vertices.min(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(made.vertices.max(axis=0), [60.0, 45.0, 7.5], rtol=1e-5)
    x, y, z = made.vertices.T
    middle = (np.abs(x / 60 - 42.5 / 80) < 0.1) & (np.abs(1 - y / 45 - 32.5 / 60) < 0.1) & (z > 0)
    np.testing.assert_allclose(z[middle], 7.5, rtol=1e-5)  # the box stands where the photo shows it, seen from above
    corner = (x > 55) & (y > 40) & (z > 0)
    np.testing.assert_allclose(z[corner], 1.5, rtol=1e-5)
    mould = solid(metres(), photo(), Plate(60.0, 6.0, 1.5, 0.75, negative=True))
    x, y, z = mould.vertices.T
    middle = (np.abs(1 - x / 60 - 42.5 / 80) < 0.1) & (np.abs(1 - y / 45 - 32.5 / 60) < 0.1) & (z > 0)
    np.testing.assert_allclose(z[middle], 1.5, rtol=1e-5)


def test_what_is_unknown_goes_on_from_around():
    depth = metres()
    known = np.ones(depth.values.shape, bool)
    known[2:12, 2:12] = False
    values = np.where(known, depth.values, 0).astype(np.float32)
    made = solid(Depth(values, known, "distance", 1.0, 3.0, "", ""), photo(), PLATE)
    np.testing.assert_allclose(made.vertices, solid(depth, photo(), PLATE).vertices, atol=1e-4)


# --- Depth maps and lenses ----------------------------------------------------------------------------------------


def test_depth_maps_are_read_as_they_were_written(tmp_path):
    values = np.random.default_rng(2).uniform(-3, 9, (20, 30)).astype(np.float32)
    depth = Depth(values, None, "disparity", float(values.min()), float(values.max()), "small", "1")
    for name, form, tolerance in (("a.exr", "exr", 0), ("a.png", "png16", 12 / 65535)):
        write_depth(depth, tmp_path / name, form)
        read = read_map(tmp_path / name).depth
        np.testing.assert_allclose(read.values, values, atol=tolerance)
        assert (read.kind, read.raw_min, read.raw_max) == ("disparity", depth.raw_min, depth.raw_max)
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(DepthFileError, match="--depth-is"):
        read_map(tmp_path / "a.npy")
    np.testing.assert_array_equal(read_map(tmp_path / "a.npy", "bright").depth.values, values)
    np.testing.assert_array_equal(read_map(tmp_path / "a.npy", "dark").depth.values, -values)


def test_integers_are_millimetres_and_0_is_unknown(tmp_path):
    samples = np.array([[0, 1500], [2000, 65535]], np.uint16)
    Image.fromarray(samples).save(tmp_path / "sensor.png")
    read = read_map(tmp_path / "sensor.png", "metres").depth
    np.testing.assert_allclose(read.values, samples / 1000, rtol=1e-6)
    np.testing.assert_array_equal(read.validity, samples > 0)
    Image.fromarray((samples >> 8).astype(np.uint8)).save(tmp_path / "coarse.png")
    with pytest.raises(DepthFileError, match="too coarse"):
        read_map(tmp_path / "coarse.png", "bright")


def test_the_sample_says_its_own_lens():
    known = read_map(Path(__file__).parents[2] / "assets" / "sample_depth.exr")
    assert known.depth.kind == "distance"
    assert known.focal_length == pytest.approx(36 / (2 * tan(atan(36 / known.focal_length / 2))))
    assert 10 < known.focal_length < 100


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({ExifTags.Base.FocalLengthIn35mmFilm: 50}, 50 * 36 / 43.2666 * 1.25),
        # 4000 pixels at 4000 / 20 mm: the sensor is 20 mm wide.
        ({ExifTags.Base.FocalLength: 25.0, 0xA20E: 508.0 * 10, 0xA210: 2, 0xA002: 4000, 0xA003: 3000}, 25 * 36 / 20),
        ({ExifTags.Base.FocalLength: 25.0}, None),
        ({}, None),
    ],
)
def test_the_lens_of_a_photo(tmp_path, tags, wanted):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update(tags)
    Image.new("RGB", (4000, 3000)).save(tmp_path / "photo.jpg", exif=exif)
    found = focal_length(tmp_path / "photo.jpg")
    assert found == (wanted if wanted is None else pytest.approx(wanted, rel=1e-4))


@pytest.mark.parametrize("minimum", [1, 2, 5, 30, 10_000])
def test_small_islands(minimum):
    good = np.random.default_rng(minimum).random((40, 70)) < 0.35
    labels = np.zeros(good.shape, int)
    for start in zip(*np.nonzero(good), strict=True):  # a flood from each face
        if labels[start]:
            continue
        piece, waiting = len(np.unique(labels)), [start]
        labels[start] = piece
        while waiting:
            row, column = waiting.pop()
            for r in range(max(row - 1, 0), min(row + 2, 40)):
                for c in range(max(column - 1, 0), min(column + 2, 70)):
                    if good[r, c] and not labels[r, c]:
                        labels[r, c] = piece
                        waiting.append((r, c))
    sizes = np.bincount(labels.ravel())
    np.testing.assert_array_equal(small_islands(good, minimum), good & (sizes[labels] < minimum))


# --- As a command -------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A photo and its depth map, in a folder of their own."""
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(photo().rgb).save(folder / "photo.png")
    np.save(folder / "depth.npy", metres().values)
    return folder / "photo.png", folder / "depth.npy"


def mesh(files: tuple[Path, Path], *arguments: str | Path, cwd: Path | None = None) -> Any:
    """Run the command on the photo and its map."""
    picture, depth = files
    known = ("--depth", depth, "--depth-is", "metres", "--vertices", str(WIDTH))
    return run("mesh", picture, *known, *arguments, cwd=cwd or picture.parent)


@pytest.mark.parametrize("name", ["a.glb", "a.ply", "a.obj", "a.stl", "a.3mf"])
def test_the_command(files, tmp_path, name):
    result = mesh(files, "-o", tmp_path / name, "--focal", "28")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{tmp_path / name}: ")
    assert (tmp_path / name).stat().st_size > 100_000


def test_a_lens_that_is_assumed_is_told(files, tmp_path):
    result = mesh(files, "-o", tmp_path / "a.glb")
    assert result.stderr == "note: no focal length is known, 50 mm is taken; set it with --focal\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "a.fbx"), ".glb, .ply, .obj, .stl, .3mf"),
        (("-o", "nowhere/a.glb"), "there is no folder nowhere"),
        (("-o", "a.obj", "--points"), "an OBJ file holds no points"),
        (("-o", "a.stl", "--outline"), "no transparent part"),
        (("-o", "a.stl", "--pitch", "0.001"), "--pitch"),
    ],
)
def test_what_can_not_be_made(files, tmp_path, arguments, message):
    assert_one_error(mesh(files, "--focal", "28", *arguments, cwd=tmp_path), message)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_cut_that_leaves_nothing(files, tmp_path):
    unknown = np.indices((HEIGHT, WIDTH)).sum(axis=0) % 2  # every other pixel, as on a chessboard
    np.save(files[1], np.where(unknown, 0.0, metres().values).astype(np.float32))
    assert_one_error(mesh(files, "-o", tmp_path / "a.glb", "--focal", "28"), "--threshold")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_map_of_another_shape(files, tmp_path):
    np.save(files[1], metres().values.T)
    assert_one_error(mesh(files, "-o", tmp_path / "a.glb", "--focal", "28"), "60 x 80, the photo 80 x 60")


def test_nothing_is_known(files):
    with pytest.raises(MeshError, match="no valid pixel"):
        build(Depth(np.full((HEIGHT, WIDTH), np.nan, np.float32), None, "distance", 0, 0, "", ""), photo(), Shape())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device on this system")
def test_a_full_disk_leaves_what_was_there(files, tmp_path, monkeypatch):
    target = tmp_path / "a.glb"
    target.write_bytes(b"of an earlier run")

    def full(path: Path, *_: object, **__: object) -> Any:
        return open("/dev/full", "wb")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(MeshError, match="written"):
        write.write(scene(), target)
    monkeypatch.undo()
    assert target.read_bytes() == b"of an earlier run"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.glb", "in"]
