"""Rendered distances against what geometry says, and that pictures come out the same every time."""

import numpy as np

from training.dataset import frames
from training.photograph import photograph
from training.render import Camera, Light, Material, Scene, render
from training.solids import Solid
from training.stage import pitch
from training.textures import TILE, make_bank

GREY = Material(np.full((2, 3), 0.5, np.float32), (0, 1), (1.0, 1.0), 0.0, 0.0)
BANK = make_bank(0, 8)


def look_at(solids: list[Solid], camera: Camera, **more) -> tuple[np.ndarray, np.ndarray]:
    scene = Scene(camera, solids, [GREY], **more)
    return render(scene, 48, 64, BANK, np.random.default_rng(0))


def test_a_floor_is_as_far_as_the_cameras_height_and_slope_say():
    floor = Solid("box", np.array([0, -1.0, 0]), np.eye(3), np.array([500.0, 1, 500]), 0)
    down, height, focal = 0.4, 1.7, 1.1
    camera = Camera(np.array([0.3, height, -2.0]), pitch(-down), focal)
    _, distance = look_at([floor], camera, sky=np.ones((2, 3), np.float32))
    slope = (24 - (np.arange(48) + 0.5)) / (48 * focal)  # upwards, a metre along the axis
    fall = np.sin(down) - slope * np.cos(down)  # how much a ray sinks a metre along the axis
    expected = np.where(fall > 0.01, height / np.where(fall > 0.01, fall, 1), np.inf)
    np.testing.assert_allclose(distance[expected < 100], np.repeat(expected[expected < 100, None], 64, 1), rtol=1e-4)
    assert np.isinf(distance[fall < 0]).all()


def test_the_nearer_of_two_balls_is_seen():
    near = Solid("ellipsoid", np.array([0, 0, 3.0]), np.eye(3), np.full(3, 0.5), 0)
    far = Solid("ellipsoid", np.array([0, 0, 6.0]), np.eye(3), np.full(3, 2.0), 0)
    for solids in ([near, far], [far, near]):
        _, distance = look_at(solids, Camera(np.zeros(3), np.eye(3), 1.0))
        assert abs(distance[24, 32] - 2.5) < 5e-3
        assert abs(distance[24, 32 + 14] - 4.3) < 0.3  # beside the near ball: the far one


def test_what_stands_in_the_light_throws_a_shadow():
    floor = Solid("box", np.array([0, -0.1, 3]), np.eye(3), np.array([5, 0.1, 5]), 0)
    roof = Solid("box", np.array([0, 0.8, 3]), np.eye(3), np.array([0.5, 0.05, 0.5]), 0)
    sun = Light(np.array([-1, 1, 0], np.float32) / np.sqrt(2), np.ones(3, np.float32), far=True, shadow=True)
    camera = Camera(np.array([0, 3, 0.0]), pitch(-np.pi / 4), 1.0)
    lit, _ = look_at([floor], camera, lights=[sun])
    shaded, _ = look_at([floor, roof], camera, lights=[sun])
    for x, share in ((0.9, 0.5), (2.0, 1.0), (-1.0, 1.0)):  # the shadow lies beside the roof, away from the sun
        right, up, forward = (np.array([x, 0, 3.0]) - camera.position) @ camera.axes
        row, column = int(24 - 48 * up / forward), int(32 + 48 * right / forward)
        assert (shaded[row, column].mean() < 0.6 * lit[row, column].mean()) == (share < 1)


def test_patterns_repeat_without_a_seam():
    step = np.abs(np.diff(BANK[0, 2].astype(float), axis=0)).mean()
    seam = np.abs(BANK[0, 2, 0].astype(float) - BANK[0, 2, TILE - 1]).mean()
    assert seam < 2 * step


def test_frames_are_the_same_every_time_and_differ_from_each_other():
    one, other = list(frames(1, 2)), list(frames(1, 2))
    for (photo, disparity), (again, disparity_again) in zip(one, other, strict=True):
        np.testing.assert_array_equal(photo, again)
        np.testing.assert_array_equal(disparity, disparity_again)
        assert photo.shape == (192, 256, 3)
        assert disparity.max() == 1
        assert disparity.min() >= 0
    assert (one[0][0] != one[1][0]).mean() > 0.5


def test_a_photo_keeps_light_from_dark():
    colour = np.full((64, 64, 3), 0.1, np.float32)
    colour[:, 32:] = 0.6
    distance = np.full((64, 64), 2.0, np.float32)
    for seed in range(10):
        photo = photograph(colour, distance, np.random.default_rng(seed)).astype(float)
        assert photo[:, 40:].mean() > photo[:, :24].mean() + 20
