"""The pictures on disk, the loss, the batches and a few steps of training."""

import argparse
import json

import numpy as np
import pytest
import torch

from inference.draft.torch_network import Draft, load
from training import train
from training.average import average
from training.batches import Batches, normalised
from training.loss import loss
from training.pictures import UNKNOWN, Folder, Shards, index, likeness, read, write

RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def _one_thread():
    """Layers this small are slower in several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def shards(folder) -> Shards:
    for shard, (rows, columns) in enumerate(((96, 128), (128, 96))):
        ramp = np.linspace(0.1, 1, rows, dtype=np.float32)[None, :, None]
        depth = np.broadcast_to(ramp, (6, rows, columns)).astype(np.float16)
        photos = np.round(255 * depth)[..., None].repeat(3, -1).astype(np.uint8)
        np.save(folder / f"{shard:04d}.rgb.npy", photos)
        np.save(folder / f"{shard:04d}.disparity.npy", depth)
    return Shards(folder)


def test_loss_ignores_the_scale_of_the_truth_and_is_least_at_it():
    true = torch.from_numpy(RNG.uniform(0.2, 1, (2, 32, 48)).astype(np.float32))
    flat = true.flatten(1)
    middle = flat.median(1).values[:, None, None]
    exact = (true - middle) / (true - middle).abs().mean((1, 2), keepdim=True)
    values = [float(loss(guess, true)) for guess in (exact, 0.5 * exact, torch.zeros_like(exact), -exact)]
    assert values == sorted(values)
    assert values[0] < 0.15 < values[1]
    torch.manual_seed(0)
    one = loss(exact, true)
    torch.manual_seed(0)
    np.testing.assert_allclose(float(one), float(loss(exact, 3 * true)), rtol=0.01)


def test_loss_does_not_see_what_is_unknown():
    true = torch.from_numpy(RNG.uniform(0.2, 1, (1, 32, 48)).astype(np.float32))
    true[:, :, 20:] = UNKNOWN
    values = []
    for filler in (0.0, 50.0):
        found = torch.linspace(-1, 1, 48).expand(1, 32, 48).clone()
        found[:, :, 20:] = filler
        torch.manual_seed(0)
        values.append(float(loss(found, true)))
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_a_picture_comes_back_as_it_was_written(tmp_path):
    inverse = RNG.uniform(0.05, 3, (20, 30)).astype(np.float32)
    inverse[0], inverse[1] = UNKNOWN, 0
    photo = np.full((20, 30, 3), 90, np.uint8)
    write(tmp_path, "one", "scene", photo, inverse)
    photo_back, inverse_back = read(tmp_path, index(tmp_path)[0])
    np.testing.assert_allclose(photo_back, photo, atol=2)
    np.testing.assert_array_equal(inverse_back[0], UNKNOWN)
    np.testing.assert_array_equal(inverse_back[1], 0)
    np.testing.assert_allclose(inverse_back[2:], inverse[2:], rtol=3e-4)


def test_a_scene_is_drawn_or_held_back_as_a_whole(tmp_path):
    photo = np.zeros((8, 8, 3), np.uint8)
    for scene in range(40):
        for view in range(2):
            write(tmp_path, f"{scene}_{view}", f"scene{scene}", photo, np.full((8, 8), 1.0, np.float32))
    folder = Folder(tmp_path, held_back=30)
    assert len(folder.groups) + len(folder.validation) // 2 == 40
    assert all(len(group) == 2 for group in folder.pictures.values())
    assert 3 < len(folder.validation) // 2 < 25


def test_pictures_that_come_later_are_found(tmp_path):
    (tmp_path / "index.jsonl").write_text("")
    folder = Folder(tmp_path)
    write(tmp_path, "one", "a", np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.float32))
    with (tmp_path / "index.jsonl").open("a") as file:
        file.write(json.dumps({"name": "two", "group": "a"})[:-3])  # still being written
    folder.look()
    assert [len(group) for group in folder.pictures.values()] == [1]

    later = Shards(tmp_path)
    assert not later.shards
    shards(tmp_path)
    later.look()
    assert len(later.shards) == 2


def test_batches_show_depth_where_the_photo_has_it(tmp_path):
    photos, depths = Batches([(shards(tmp_path), 1)], 0).draw(12, 32, 48)
    assert photos.shape == (12, 3, 32, 48)
    assert depths.shape == (12, 32, 48)
    alike = [
        np.corrcoef(photo.mean(0).flatten(), depth.flatten())[0, 1]  # the photos' grey is their depth
        for photo, depth in zip(photos, depths, strict=True)
    ]
    assert np.median(np.abs(alike)) > 0.95  # but for noise, holes and filters that turn it around


def test_pictures_that_stand_upright_are_drawn_more_often():
    ramp = np.linspace(0.1, 1, 96)[:, None].repeat(128, 1)
    shares = likeness(np.stack([ramp, ramp[::-1], np.full_like(ramp, 0.5), RNG.random(ramp.shape)]).astype(np.float16))
    np.testing.assert_allclose(shares.sum(), 1)
    assert shares[0] == shares.max() > 10 * shares[1]
    assert shares[3] == shares[1:].min() or shares[1] == shares[1:].min()


def test_normalised_is_what_the_trunk_was_trained_with():
    photo = RNG.integers(0, 256, (32, 48, 3), dtype=np.uint8)
    pixels = normalised(torch.from_numpy(photo.transpose(2, 0, 1).astype(np.float32) / 255)[None])
    np.testing.assert_allclose(pixels[0].permute(1, 2, 0), (photo.astype(np.float64) - 127) / 128, atol=1e-5)


def test_a_few_steps_learn_a_ramp_and_the_trunk_rests(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "SHAPES", ((64, 64),))
    monkeypatch.setattr(train, "LARGER", ((64, 64),))
    monkeypatch.setattr(train, "DECAY", 0.9)
    monkeypatch.setattr(train, "PIXELS", 64 * 64)
    ramp = np.linspace(0.1, 1, 64, dtype=np.float32)[:, None].repeat(64, 1)
    held_back = [(np.round(255 * ramp)[..., None].repeat(3, -1).astype(np.uint8), ramp)]
    options = argparse.Namespace(
        out=tmp_path / "draft.safetensors", steps=30, batch=4, rate=2e-3, trunk_rate=1e-4, seed=0,
        frozen_for=0.5, frozen=5, edges=0.5,
    )  # fmt: skip
    torch.manual_seed(0)
    network = Draft()
    before = {name: weight.clone() for name, weight in network.trunk.state_dict().items()}
    train.train(network, Batches([(shards(tmp_path), 1)], 0), held_back, options)
    assert train.validate(load(options.out), held_back).ordinal > 0.8
    changed = {name for name, weight in network.trunk.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed
    assert all(name.startswith(("stages.5", "stages.6")) and "depthwise" not in name for name in changed)


def test_the_average_of_two_runs_lies_between_them(tmp_path):
    paths = []
    for seed in range(2):
        torch.manual_seed(seed)
        paths.append(tmp_path / f"{seed}.safetensors")
        train.save(Draft(), paths[-1])
    one, other, mean = load(paths[0]), load(paths[1]), average(paths)
    torch.testing.assert_close(mean.head.weight, (one.head.weight + other.head.weight) / 2)
    torch.testing.assert_close(mean.trunk.stem.bias, (one.trunk.stem.bias + other.trunk.stem.bias) / 2)
