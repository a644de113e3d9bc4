"""MoGe-2 against its own package, and the lens and the shift that a map of points is solved for."""

import json
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
import torch
from PIL import Image
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from inference.catalog import get
from inference.cli import estimate
from inference.depth import Lens
from inference.errors import ModelNameError, WeightsError
from inference.io import read_depth
from inference.model import moge_2, pinhole
from inference.model.moge_2 import LAYOUT, WIDTHS, MoGe2
from inference.model.weights import published_names
from inference.predict import Predictor
from tests.inference import published

HEIGHT, WIDTH = 84, 126


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    pytest.importorskip("moge", reason="the package is what ours is held against")
    return published.fill(published.moge(list(WIDTHS)))


@pytest.fixture(scope="module")
def path(theirs: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "model.pt"
    torch.save({"model_config": {"remap_output": "exp"}, "model": theirs.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def model(path: Path) -> MoGe2:
    return MoGe2(moge_2.build(get("moge-small"), path))


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(0).random((HEIGHT, WIDTH, 3), np.float32)


@pytest.mark.parametrize("tokens", [24, 35])  # grids of 4 x 6 and 5 x 7, whose aspect is not the photo's
def test_points_mask_normals_and_scale_are_the_packages(theirs, model, photo, tokens):
    with torch.inference_mode():
        image = torch.from_numpy(photo).permute(2, 0, 1)[None]
        expected = {name: found[0].numpy() for name, found in theirs(image, num_tokens=tokens).items()}
        rows, columns = round((tokens / 1.5) ** 0.5), round((tokens * 1.5) ** 0.5)
        seen = model.prepare(photo, 14 * rows, 14 * columns)
        points, mask, scale, normals = model._network(*seen, True)
        points, mask, normals = (F.interpolate(x, (HEIGHT, WIDTH), mode="bilinear")[0] for x in (points, mask, normals))
    z = points[2].exp()
    ours = {
        "points": torch.stack([points[0] * z, points[1] * z, z], dim=-1),
        "mask": mask[0].sigmoid(),
        "normal": F.normalize(normals, dim=0).permute(1, 2, 0),
        "metric_scale": scale[0],
    }
    assert set(ours) == set(expected)
    length = normals.norm(dim=0).numpy()[..., None]  # as it is normalised, the error of a short normal grows
    for name, original in expected.items():
        error = np.abs(ours[name].numpy() - original) * (length / length.max() if name == "normal" else 1.0)
        assert error.max() <= 2e-5 * np.abs(original).max(), name


def test_names_and_parameters_are_those_of_the_published_file(theirs):
    with torch.device("meta"):
        tensors = moge_2.MoGe(moge_2.CONFIG, WIDTHS).state_dict()
    names = {name for ours in tensors for name in published_names(ours, LAYOUT)}
    unused = {"encoder.backbone.mask_token", "encoder.image_mean", "encoder.image_std"}
    assert names | unused == set(theirs.state_dict())
    assert sum(tensor.numel() for tensor in tensors.values()) + 384 == 35_103_656  # with the mask token


def test_a_file_without_the_entry_is_refused(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"no tensors named encoder\.backbone"):
        moge_2.build(get("moge-small"), tmp_path / "model.pt")


@pytest.mark.parametrize(("height", "width"), [(300, 400), (400, 300), (200, 200), (100, 333)])
def test_it_sees_the_shorter_side_at_the_size_asked_for(model, height, width):
    rows, columns = model.sizes(height, width, 518)
    assert min(rows, columns) == 518
    assert rows % 14 == columns % 14 == 0
    assert abs(columns / rows - width / height) <= 14 / 518 * max(1, width / height)


def test_normals_are_a_map_beside_the_depth_where_asked_for(theirs, path, tmp_path, capsys):
    rgb = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    asked = [str(tmp_path / "a.png"), "--model", "moge-small", "--weights", str(path), "--size", "42", "--json"]
    assert estimate.run([*asked, "--normals"]) == 0
    record = json.loads(capsys.readouterr().out)
    with OpenEXR.File(record["normals"], separate_channels=True) as file:
        channels = file.channels()
        ours = np.stack([channels[name].pixels for name in "RGB"], axis=-1)
    with torch.inference_mode():
        image = torch.from_numpy(rgb).permute(2, 0, 1)[None] / 255
        original = theirs(image, num_tokens=12)["normal"][0].numpy()  # 3 x 4
    np.testing.assert_allclose(ours, original * (0.5, -0.5, -0.5) + 0.5, atol=1e-4)  # as the package shows them
    assert Path(record["normals"]) == tmp_path / "a.normals.exr"
    depth = read_depth(tmp_path / "a.depth.exr")
    assert estimate.run([*asked, "-o", f"{tmp_path}/alone/"]) == 0
    np.testing.assert_array_equal(read_depth(tmp_path / "alone" / "a.depth.exr").values, depth.values)
    assert [file.name for file in (tmp_path / "alone").iterdir()] == ["a.depth.exr"]
    with pytest.raises(ModelNameError, match=r"Small gives no normals.*moge-small"):
        estimate.run([str(tmp_path / "a.png"), "--normals"])


# --- The whole way, with points of which all is known -----------------------------------------------------------------


def scene(height: int, width: int, focal_length: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the points (H, W, 3) of a hilly floor as a camera of that lens sees them, and how far each is, (H, W)."""
    y, x = np.mgrid[:height, :width]
    depth = 6 + 3 * np.sin(x / width * 5) * np.cos(y / height * 4) + 2 * y / height
    pixels = focal_length / 36 * max(height, width)
    rays = np.stack([(x + 0.5 - width / 2) / pixels, (y + 0.5 - height / 2) / pixels, np.ones_like(depth)], axis=-1)
    return rays * depth[..., None], depth


def says(model: MoGe2, monkeypatch: pytest.MonkeyPatch, points: np.ndarray, mask: np.ndarray, scale: float) -> None:
    """Let the network put out these points, (H, W, 3), at the size at which they are asked for."""
    xyz = torch.from_numpy(np.stack([*(points[..., i] / points[..., 2] for i in (0, 1)), np.log(points[..., 2])]))
    geometry = moge_2.Geometry(xyz[None].float(), torch.from_numpy(mask)[None, None].float(), torch.tensor([scale]))
    monkeypatch.setattr(model._network, "forward", lambda *_: geometry)


@pytest.mark.parametrize(("height", "width"), [(120, 180), (180, 120)])
@pytest.mark.parametrize("focal_length", [18.0, 27.0, 85.0])
def test_lens_and_metres_of_a_known_scene_come_out(path, monkeypatch, height, width, focal_length):
    points, depth = scene(height, width, focal_length)
    points[..., 2] -= 1.5  # the network knows z up to a shift alone
    mask = np.where(depth > 5, 5.0, -5.0)
    model = MoGe2(moge_2.build(get("moge-small"), path))
    says(model, monkeypatch, points, mask, 2.0)
    found = Predictor(model, get("moge-small"), revision="local", size=56).predict(
        np.zeros((height, width, 3), np.uint8)
    )
    assert found.kind == "distance"
    assert found.lens.source == "model"
    assert found.lens.focal_length == pytest.approx(focal_length, rel=1e-3)
    np.testing.assert_array_equal(found.validity, mask > 0)
    np.testing.assert_allclose(found.values[mask > 0], 2 * depth[mask > 0], rtol=2e-3)
    assert (found.values[mask < 0] == 0).all()
    assert found.raw_min == pytest.approx(2 * depth[mask > 0].min(), rel=2e-3)


def test_a_known_lens_is_kept_and_decides_the_shift(path, monkeypatch):
    points, depth = scene(120, 180, 40.0)
    points[..., 2] -= 1.5
    points[..., :2] *= 1.1  # as if seen by a lens of 36 mm
    model = MoGe2(moge_2.build(get("moge-small"), path))
    says(model, monkeypatch, points, np.ones(depth.shape), 1.0)
    photo = np.zeros((120, 180, 3), np.uint8)
    predictor = Predictor(model, get("moge-small"), revision="local", size=56)
    free, bound = predictor.predict(photo), predictor.predict(photo, focal_length=40.0)
    assert free.lens == Lens(pytest.approx(36.36, rel=1e-3), "model")
    assert bound.lens == Lens(40.0, "photo")
    assert bound.values.mean() > free.values.mean()


def test_the_shift_has_the_least_cost_where_points_are_noisy():
    points, _ = scene(128, 192, 30.0)
    points += np.random.default_rng(1).normal(0, 0.05, points.shape)
    points[..., 2] -= 1.0
    valid = np.ones(points.shape[:2], bool)
    focal, shift = pinhole.focal_and_shift(points, valid, 1.5)
    rows, columns = np.arange(64) * 2, np.arange(64) * 3
    pixels = np.stack(np.meshgrid(2 * columns + 1 - 192, 2 * rows + 1 - 128), axis=-1) / np.hypot(128, 192)
    xyz = points[np.ix_(rows, columns)]

    def cost(t: float, f: float | None = None) -> tuple[float, float]:
        rays = xyz[..., :2] / (xyz[..., 2:] + t)
        f = f or float((rays * pixels).sum() / (rays * rays).sum())
        return float(((f * rays - pixels) ** 2).sum()), f

    best, best_focal = min(cost(t) for t in np.linspace(0, 2, 4001))
    assert cost(shift, focal)[0] <= best * (1 + 1e-6)
    assert focal == pytest.approx(best_focal, rel=1e-3)


def test_points_that_no_lens_shows_leave_the_usual_one(path, monkeypatch):
    points, depth = scene(120, 180, 27.0)
    points[..., :2] *= -1  # mirrored: the focal length would be negative
    model = MoGe2(moge_2.build(get("moge-small"), path))
    says(model, monkeypatch, points, np.ones(depth.shape), 1.0)
    found = Predictor(model, get("moge-small"), revision="local", size=56).predict(np.zeros((120, 180, 3), np.uint8))
    assert found.lens.source == "assumed"
    np.testing.assert_allclose(found.values, depth, rtol=1e-3)


def test_too_few_points_say_nothing():
    assert pinhole.focal_and_shift(np.ones((64, 64, 3)), np.zeros((64, 64), bool), 1.0) is None
