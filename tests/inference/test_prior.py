"""Depth as a prior: read by others' own readers, and right against a scene whose depth is known."""

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap
import pytest
from PIL import Image

from inference.depth import Depth
from inference.errors import DatasetError
from inference.prior import colmap, dataset, fit, run, targets, write_colmap
from tests import still_life
from tests.inference.test_cli import assert_one_error
from tests.inference.test_cli import run as command

SCALE, OFFSET = 2.7, -0.4  # what a relative model's numbers are off by


@pytest.fixture(scope="module")
def scene() -> still_life.Scene:
    return still_life.make(points=400, wrong=0.1)


@pytest.fixture
def folder(scene: still_life.Scene, tmp_path: Path) -> Path:
    """The dataset with COLMAP's model in its binary form, which COLMAP itself wrote from the text."""
    still_life.write(scene, tmp_path)
    model = tmp_path / "sparse" / "0"
    reconstruction = pycolmap.Reconstruction(str(model))
    reconstruction.write_binary(str(model))
    return tmp_path


def estimator(scene: still_life.Scene, metric: bool = False) -> Callable[[Path], Depth]:
    """A model that is right but for what no model knows; of pixels that nothing reached it says nothing."""
    shots = {shot.name: shot for shot in scene.shots}

    def estimate(photo: Path) -> Depth:
        distance = shots[f"{photo.parent.name}/{photo.name}"].distance
        known = distance > 0
        values = np.where(known, distance if metric else (1 / np.maximum(distance, 1e-6) - OFFSET) / SCALE, 0)
        values = values.astype(np.float32)
        kind: Any = "distance" if metric else "disparity"
        return Depth(values, known, kind, float(values[known].min()), float(values[known].max()), "", "")

    return estimate


def made(found: dataset.Dataset, to: targets.To, folder: Path, estimate: Callable[[Path], Depth]) -> list[Any]:
    results = list(run.run(found, to, folder, estimate))
    assert [type(result).__name__ for result in results] == ["Aligned"] * len(found.views) + ["Written"]
    return results


# --- Reading ------------------------------------------------------------------------------------------------------


def test_text_and_binary_are_one_model(scene, folder):
    binary = dataset.read(folder)
    for path in (folder / "sparse" / "0").glob("*.bin"):
        path.unlink()
    text = dataset.read(folder)
    for one in (binary, text):
        assert [view.name for view in one.views] == [shot.name for shot in scene.shots]
        np.testing.assert_allclose(one.points, scene.points, rtol=1e-6)
        for view, shot, (numbers, places) in zip(one.views, scene.shots, scene.seen, strict=True):
            assert (view.width, view.height) == (still_life.WIDTH, still_life.HEIGHT)
            np.testing.assert_allclose([view.fx, view.fy], scene.focal, rtol=1e-6)
            np.testing.assert_allclose(view.world_to_camera, shot.pose, atol=1e-9)
            np.testing.assert_allclose(view.points, scene.points[numbers], rtol=1e-6)
            np.testing.assert_allclose(view.places, places, rtol=1e-6)


def test_transforms_say_the_same_cameras(scene, folder):
    """What we wrote for nerfstudio is read again, and gives the same alignment without a list of who sees what."""
    found = dataset.read(folder)
    made(found, "nerfstudio", folder, estimator(scene))
    again = folder / "again"
    shutil.copytree(folder / "images", again / "images")
    shutil.copy(folder / "sparse_points.ply", again)
    shutil.copy(folder / "transforms_depth.json", again / "transforms.json")
    read = dataset.read(again)
    for view, before in zip(read.views, found.views, strict=True):
        np.testing.assert_allclose(view.world_to_camera, before.world_to_camera, atol=1e-9)
    aligned = [one for one in made(read, "ngp", again, estimator(scene)) if isinstance(one, run.Aligned)]
    for one in aligned:
        np.testing.assert_allclose(one.alignment.scale, SCALE, rtol=0.02)
    with pytest.raises(DatasetError, match=r"3dgs.*COLMAP"):
        list(run.run(read, "3dgs", again, estimator(scene)))


def test_colmap_reads_the_model_that_is_written(scene, folder):
    """Its cameras, poses, points and tracks, which it also projects to the places that were seen."""
    found = dataset.read(folder)
    numbers = [numbers for numbers, _ in scene.seen]
    write_colmap.write(found, numbers, folder / "written")
    read = pycolmap.Reconstruction(str(folder / "written"))
    assert sorted(image.name for image in read.images.values()) == [view.name for view in found.views]
    assert len(read.cameras) == 1
    assert len(read.points3D) == len(found.points)
    for view, seen in zip(found.views, numbers, strict=True):
        image = next(image for image in read.images.values() if image.name == view.name)
        np.testing.assert_allclose(image.cam_from_world().matrix(), view.world_to_camera, atol=1e-12)
        np.testing.assert_allclose(image.camera.params, [view.fx, view.fy, view.cx, view.cy], rtol=1e-12)
        for point, number, place in zip(image.points2D, seen, view.places, strict=True):
            np.testing.assert_allclose(point.xy, place, rtol=1e-12)
            there = read.points3D[point.point3D_id]
            np.testing.assert_allclose(there.xyz, found.points[number], rtol=1e-12)
            assert image.image_id in {element.image_id for element in there.track.elements}
    again = dataset.read(folder)
    np.testing.assert_allclose(again.views[0].points, found.views[0].points)


@pytest.mark.parametrize("seed", range(3))
def test_quaternions_of_any_rotation(seed):
    rng = np.random.default_rng(seed)
    for turn in (*np.eye(4)[:, :3], rng.normal(size=3) * [1e-4, 1, 1], rng.normal(size=3)):
        half = np.append(turn, rng.normal())
        half /= np.linalg.norm(half)
        rotation = colmap.rotation(np.roll(half, 1))
        found = write_colmap.quaternion(rotation)
        np.testing.assert_allclose(abs(found @ np.roll(half, 1)), 1.0, atol=1e-12)
        np.testing.assert_allclose(colmap.rotation(found), rotation, atol=1e-12)


# --- The fit ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.3])
def test_wrong_points_move_the_line_by_little(wrong):
    rng = np.random.default_rng(7)
    x = rng.uniform(0.1, 1.0, 400)
    y = SCALE * x + 0.2
    y *= 1 + rng.normal(0, 0.01, 400)
    off = rng.random(400) < wrong
    y[off] = rng.uniform(0.01, 6.0, off.sum())
    estimate = x.astype(np.float32).reshape(20, 20)
    places = np.stack(np.meshgrid(np.arange(20) + 0.5, np.arange(20) + 0.5), -1).reshape(-1, 2)
    found = fit.align(estimate, places, y, (20, 20))
    assert abs(found.scale / SCALE - 1) < (0.005 if wrong < 0.2 else 0.03)
    assert found.points == 400
    assert abs(found.inliers - (1 - wrong)) < 0.07
    # The medians alone, as it is usually done, are far off with a tenth of wrong points.
    usual = np.mean(np.abs(y - np.median(y))) / np.mean(np.abs(x - np.median(x)))
    assert wrong == 0.0 or abs(usual / SCALE - 1) > 0.05


def test_what_can_not_be_aligned_is_refused():
    estimate = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    places = np.stack(np.meshgrid(np.arange(20) + 0.5, np.arange(20) + 0.5), -1).reshape(-1, 2)
    inverted = 2.0 - estimate.ravel().astype(float)
    with pytest.raises(DatasetError, match="inverted"):
        fit.align(estimate, places, inverted, (20, 20))
    with pytest.raises(DatasetError, match="sees 9 points"):
        fit.align(estimate, places[:9], inverted[:9], (20, 20))
    with pytest.raises(DatasetError, match="flat"):
        fit.align(np.ones_like(estimate), places, inverted, (20, 20))


# --- What each reader gets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [False, True])
def test_3dgs_finds_the_inverse_depth(scene, folder, metric):
    """By the formula of its trainer: PNG / 2^16, times scale, plus offset."""
    made(dataset.read(folder), "3dgs", folder, estimator(scene, metric))
    params = json.loads((folder / "sparse" / "0" / "depth_params.json").read_text())
    assert sorted(params) == sorted(shot.name.removesuffix(".png") for shot in scene.shots)
    for shot in scene.shots:
        name = shot.name.removesuffix(".png")
        with Image.open(folder / "depths" / f"{name}.png") as image:
            assert image.mode == "I;16"
            samples = np.asarray(image).astype(float)
        inverse = samples / 2**16 * params[name]["scale"] + params[name]["offset"]
        known = shot.distance > 0
        np.testing.assert_allclose(inverse[known], 1 / shot.distance[known], rtol=0.01)


@pytest.mark.parametrize(("to", "key"), [("nerfstudio", "depth_file_path"), ("ngp", "depth_path")])
def test_nerfstudio_and_ngp_find_distances(scene, folder, to, key):
    made(dataset.read(folder), to, folder, estimator(scene))
    said = json.loads((folder / "transforms_depth.json").read_text())
    assert said["enable_depth_loading"] is True
    unit = said["integer_depth_scale"]
    assert unit == 1e-3
    for frame, shot in zip(said["frames"], scene.shots, strict=True):
        assert (folder / frame["file_path"]).is_file()
        with Image.open(folder / frame[key]) as image:
            distance = np.asarray(image) * unit
        assert distance.shape == shot.photo.shape[:2]  # ngp takes no other size
        known = shot.distance > 0
        np.testing.assert_allclose(distance[known], shot.distance[known], atol=unit / 2 + 1e-2 * shot.distance.max())
        assert (distance[~known] == 0).all()
        # A point on the axis of OpenGL's camera, looking along -Z, is where the pose says.
        matrix = np.array(frame["transform_matrix"])
        ahead = matrix @ [0.0, 0.0, -2.0, 1.0]
        np.testing.assert_allclose(shot.pose @ ahead, [0.0, 0.0, 2.0], atol=1e-9)


def test_colmap_fuses_the_scene(scene, folder):
    """COLMAP's own stereo fusion takes the maps and puts the scene together."""
    made(dataset.read(folder), "colmap", folder, estimator(scene))
    maps = folder / "stereo" / "depth_maps"
    first = scene.shots[0]
    found = pycolmap.DepthMap()
    found.read(str(maps / f"{first.name}.geometric.bin"))
    depth = found.to_array()
    known = first.distance > 0
    np.testing.assert_allclose(depth[known], first.distance[known], rtol=0.01)
    (folder / "fused").mkdir()
    options = pycolmap.StereoFusionOptions()
    options.min_num_pixels = 2
    options.num_threads = 1
    fused = pycolmap.stereo_fusion(
        output_path=str(folder / "fused"), workspace_path=str(folder), input_type="geometric", options=options
    )
    points = np.array([point.xyz for point in fused.points3D.values()])
    assert len(points) > 0.3 * known.sum()
    # Each lies on a surface of the scene: seen from the first camera, its distance is what is known there.
    x, y, z = points.T
    column = (scene.focal * x / z + still_life.WIDTH / 2).astype(int)
    row = (scene.focal * y / z + still_life.HEIGHT / 2).astype(int)
    inside = (column >= 0) & (column < still_life.WIDTH) & (row >= 0) & (row < still_life.HEIGHT)
    off = np.abs(z[inside] / first.distance[row[inside], column[inside]] - 1)
    assert np.median(off) < 0.005
    assert (off < 0.05).mean() > 0.9


def test_normals_face_the_camera(scene, folder):
    view = dataset.read(folder).views[0]
    x = (np.arange(view.width) + 0.5 - view.cx) / view.fx
    slope = np.broadcast_to(2.0 / (1.0 - 0.5 * x), (view.height, view.width)).astype(np.float32)  # z = 2 + x / 2
    normal = targets.normals(view, slope)
    wanted = np.array([0.5, 0.0, -1.0]) / np.hypot(0.5, 1.0)
    np.testing.assert_allclose(normal[5:-5, 5:-5], np.broadcast_to(wanted, normal[5:-5, 5:-5].shape), atol=2e-3)


def test_a_photo_without_depth_keeps_the_others(scene, folder):
    good = estimator(scene)

    def estimate(photo: Path) -> Depth:
        depth = good(photo)
        if photo.name == "1.png":
            depth.values[:] = -depth.values
        return depth

    results = list(run.run(dataset.read(folder), "3dgs", folder, estimate))
    (refused,) = (one for one in results if isinstance(one, run.Refused))
    assert refused.name == "view/1.png"
    assert "inverted" in str(refused.error)
    params = json.loads((folder / "sparse" / "0" / "depth_params.json").read_text())
    assert params["view/1"] == {"scale": 0.0, "offset": 0.0}  # which tells the trainer that there is no depth


def test_a_map_of_another_shape_costs_its_photo(scene, folder):
    good = estimator(scene)

    def estimate(photo: Path) -> Depth:
        depth = good(photo)
        return replace(depth, values=depth.values.T, validity=None) if photo.name == "1.png" else depth

    results = list(run.run(dataset.read(folder), "nerfstudio", folder, estimate))
    (refused,) = (one for one in results if isinstance(one, run.Refused))
    assert "is 180 x 240, its camera 240 x 180, another shape" in str(refused.error)
    frames = json.loads((folder / "transforms_depth.json").read_text())["frames"]
    with Image.open(folder / frames[1]["depth_file_path"]) as image:
        assert np.asarray(image).max() == 0


@pytest.mark.parametrize("to", targets.TARGETS)
def test_a_full_disk_leaves_nothing_that_names_maps(scene, folder, monkeypatch, to):
    found, write = dataset.read(folder), Path.write_bytes
    before = {path for path in folder.rglob("*") if path.is_file()}

    def full(path: Path, data: bytes) -> int:
        if len({path for path in folder.rglob("*") if path.is_file()} - before) >= 2:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DatasetError, match=r"can't be written to \(No space left on device\). Name another folder"):
        list(run.run(found, to, folder, estimator(scene)))
    left = {path for path in folder.rglob("*") if path.is_file()} - before
    assert len(left) == 2
    assert {path.suffix for path in left} <= {".png", ".bin"}


# --- As a command -------------------------------------------------------------------------------------------------


def test_the_command(scene, folder):
    depths = folder / "maps"
    depths.mkdir()
    for shot in scene.shots:
        np.save(depths / Path(shot.name).with_suffix(".npy").name, shot.distance)
    result = command("prior", folder, "--to", "3dgs", "--depths", depths, "--depth-is", "metres")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [*(shot.name for shot in scene.shots), "written"]
    assert "inliers, residual" in lines[0]
    assert (folder / "depths" / "view" / "0.png").is_file()


def broken(folder: Path) -> Iterator[tuple[str, Callable[[], object], str]]:
    """What can be wrong with a dataset: its name, how it comes about, and what is said of it."""
    model = folder / "sparse" / "0"
    camera = model / "cameras.txt"
    yield "no cameras", lambda: shutil.rmtree(folder / "sparse"), "holds neither a COLMAP model"
    yield "distorted", lambda: camera.write_text("1 OPENCV 240 180 200 200 120 90 .1 0 0 0\n"), "image_undistorter"
    yield "no points", lambda: (model / "points3D.txt").write_text("# none\n"), "has no points"
    yield "damaged", lambda: (model / "images.txt").write_text("1 0 0 garbage\n\n"), "damaged"


@pytest.mark.parametrize("name", ["no cameras", "distorted", "no points", "damaged"])
def test_a_dataset_that_is_none(scene, tmp_path, name):
    still_life.write(scene, tmp_path)
    ((breaks, message),) = ((act, said) for case, act, said in broken(tmp_path) if case == name)
    breaks()
    before = sorted(tmp_path.rglob("*"))
    assert_one_error(command("prior", tmp_path, "--to", "3dgs", "--depths", tmp_path), message)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_photo_fits_and_nothing_names_the_maps(scene, folder):
    result = command("prior", folder, "--to", "nerfstudio", "--depths", folder / "nowhere")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: no photo's depth could be aligned")
    assert not (folder / "transforms_depth.json").exists()
