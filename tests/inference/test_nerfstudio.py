"""What a prior's maps are to nerfstudio: its own data parser, depth dataset and cameras, held against a known scene."""

from pathlib import Path

import numpy as np
import pytest

from inference.prior import dataset, targets
from tests import still_life

parsing = pytest.importorskip("nerfstudio.data.dataparsers.nerfstudio_dataparser")
datasets = pytest.importorskip("nerfstudio.data.datasets.depth_dataset")


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_nerfstudio_finds_the_depth_and_the_place_of_each_pixel(tmp_path: Path, scale: float) -> None:
    """To half a unit of the file, in a scene of any size, and 0 where nothing is known."""
    scene = still_life.make(points=50)
    still_life.write(scene, tmp_path)
    found = dataset.read(tmp_path)
    views = [
        dataset.View(
            **{
                **vars(view),
                "points": view.points * scale,
                "world_to_camera": view.world_to_camera * [1, 1, 1, scale],
                "reach": float(shot.distance.max()) * scale * 1.001,
            }
        )
        for view, shot in zip(found.views, scene.shots, strict=True)
    ]
    target = targets.Transforms(
        dataset.Dataset(tmp_path, found.images, tuple(views), found.points, found.colours), tmp_path
    )
    for view, shot in zip(views, scene.shots, strict=True):
        with np.errstate(divide="ignore"):
            target.add(view, np.where(shot.distance > 0, 1 / (shot.distance * np.float32(scale)), np.float32(np.nan)))
    target.close()

    parser = parsing.NerfstudioDataParserConfig(
        data=tmp_path / "transforms_depth.json",
        depth_unit_scale_factor=target.unit,
        downscale_factor=1,
        eval_mode="all",
        load_3D_points=False,
    ).setup()
    outputs = parser.get_dataparser_outputs("train")
    read = datasets.DepthDataset(outputs)
    shrunk = outputs.dataparser_scale  # into a box of its own
    places, expected = [], []
    for index, (view, shot) in enumerate(zip(views, scene.shots, strict=True)):
        assert outputs.image_filenames[index].samefile(tmp_path / "images" / view.name)
        depth = read[index]["depth_image"][..., 0].numpy() / shrunk
        known = shot.distance > 0
        off = np.abs(depth - shot.distance * scale)[known]
        assert off.max() <= 0.5 * target.unit + 1e-6 * scale  # as float32
        assert (depth[~known] == 0).all()
        rays = outputs.cameras.generate_rays(camera_indices=index)
        along = rays.directions * rays.metadata["directions_norm"]
        places.append((rays.origins.numpy() + along.numpy() * (depth * shrunk)[..., None])[known][::97] / shrunk)
        row, column = (axis[known][::97] + 0.5 for axis in np.mgrid[: view.height, : view.width])
        z = shot.distance[known][::97]
        here = np.stack([(column - view.cx) / view.fx * z, (row - view.cy) / view.fy * z, z], axis=1)
        expected.append((here - shot.pose[:, 3]) @ shot.pose[:, :3] * scale)
    # nerfstudio turns and moves the scene: what stays are the distances between points, of all photos.
    places, expected = np.concatenate(places), np.concatenate(expected)
    for step in (1, 7, len(places) // 2):
        spans, known_spans = (np.linalg.norm(each[step:] - each[:-step], axis=1) for each in (places, expected))
        np.testing.assert_allclose(spans, known_spans, atol=2 * target.unit + 1e-4 * scale)
