"""The loss, the batches and a few steps of training."""

import numpy as np
import pytest
import torch

from inference.preprocess import to_input
from training import train
from training.batches import Batches, likeness, normalised
from training.loss import loss
from training.network import Draft, load

RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def _one_thread():
    """Layers this small are slower in several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def data(folder) -> None:
    for shard, (rows, columns) in enumerate(((96, 128), (128, 96))):
        ramp = np.linspace(0.1, 1, rows, dtype=np.float32)[None, :, None]
        depth = np.broadcast_to(ramp, (6, rows, columns)).astype(np.float16)
        photos = np.round(255 * depth)[..., None].repeat(3, -1).astype(np.uint8)
        np.save(folder / f"{shard:04d}.rgb.npy", photos)
        np.save(folder / f"{shard:04d}.disparity.npy", depth)


def test_loss_ignores_the_scale_of_the_truth_and_is_least_at_it():
    true = torch.from_numpy(RNG.random((2, 32, 48), np.float32))
    flat = true.flatten(1)
    middle = flat.median(1).values[:, None, None]
    exact = (true - middle) / (true - middle).abs().mean((1, 2), keepdim=True)
    values = [float(loss(guess, true)) for guess in (exact, 0.5 * exact, torch.zeros_like(exact), -exact)]
    assert values == sorted(values)
    assert values[0] < 0.1 < values[1]
    torch.manual_seed(0)
    one = loss(exact, true)
    torch.manual_seed(0)
    np.testing.assert_allclose(float(one), float(loss(exact, 3 * true)), rtol=0.1)


def test_batches_show_depth_where_the_photo_has_it(tmp_path):
    data(tmp_path)
    photos, depths = Batches(tmp_path, 0).draw(8, 32, 48)
    assert photos.shape == (8, 3, 32, 48)
    assert depths.shape == (8, 32, 48)
    for photo, depth in zip(photos, depths, strict=True):  # the photos' grey is their depth
        assert np.corrcoef(photo.mean(0).flatten(), depth.flatten())[0, 1] > 0.95


def test_pictures_that_stand_upright_are_drawn_more_often():
    ramp = np.linspace(0.1, 1, 96)[:, None].repeat(128, 1)
    shares = likeness(np.stack([ramp, ramp[::-1], np.full_like(ramp, 0.5), RNG.random(ramp.shape)]).astype(np.float16))
    np.testing.assert_allclose(shares.sum(), 1)
    assert shares[0] == shares.max() > 10 * shares[1]
    assert shares[3] == shares[1:].min() or shares[1] == shares[1:].min()


def test_shards_that_come_later_are_found(tmp_path):
    batches = Batches(tmp_path, 0)
    assert not batches.shards
    data(tmp_path)
    batches.look()
    assert len(batches.shards) == 2


def test_normalised_is_what_the_predictor_gives():
    photo = RNG.integers(0, 256, (32, 48, 3), dtype=np.uint8)
    pixels = normalised(torch.from_numpy(photo.transpose(2, 0, 1).astype(np.float32) / 255)[None])
    np.testing.assert_allclose(pixels, to_input(photo, 32, 48), atol=1e-5)


def test_the_network_takes_any_multiple_of_its_stride():
    torch.manual_seed(0)
    model = Draft().eval()
    with torch.inference_mode():
        for size in ((32, 48), (48, 32), (64, 160)):
            assert model(torch.zeros(2, 3, *size)).shape == (2, *size)


def test_a_few_steps_learn_a_ramp(tmp_path, monkeypatch):
    data(tmp_path)
    monkeypatch.setattr(train, "SHAPES", ((32, 48),))
    monkeypatch.setattr(train, "DECAY", 0.9)
    ramp = np.linspace(0.1, 1, 32, dtype=np.float32)[:, None].repeat(48, 1)
    monkeypatch.setattr(train, "_held_back", [(np.round(255 * ramp)[..., None].repeat(3, -1).astype(np.uint8), ramp)])
    out = tmp_path / "draft.safetensors"
    train.train(tmp_path, out, steps=40, batch=4, rate=2e-3, seed=0)
    photos, depths = Batches(tmp_path, 1).draw(1, 32, 48)
    with torch.inference_mode():
        found = load(out).eval()(photos)[0]
    assert np.corrcoef(found.flatten(), depths[0].flatten())[0, 1] > 0.8
