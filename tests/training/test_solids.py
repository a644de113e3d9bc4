"""Where rays meet solids, against a search along each ray for the first point inside."""

import numpy as np
import pytest

from training.solids import NEAR, Solid, intersect, normals

RNG = np.random.default_rng(3)
STEPS = np.linspace(0, 8, 4001)  # 0.002 apart


def inside(kind: str, points: np.ndarray, taper: float) -> np.ndarray:
    x, y, z = np.moveaxis(points, -1, 0)
    if kind == "ellipsoid":
        return x * x + y * y + z * z < 1
    if kind == "frustum":
        return (np.abs(y) < 1) & (np.hypot(x, z) < (1 + taper) / 2 + (taper - 1) / 2 * y)
    return (np.abs(points) < 1).all(-1)


@pytest.mark.parametrize(
    ("kind", "taper"), [("box", 1), ("ellipsoid", 1), ("frustum", 1), ("frustum", 0.3), ("frustum", 1.5)]
)
def test_first_point_of_a_solid(kind, taper):
    origin = RNG.normal(size=(400, 3))
    origin *= 3 / np.linalg.norm(origin, axis=1, keepdims=True)
    ray = RNG.normal(size=(400, 3)) * 0.5 - origin
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    within = inside(kind, origin[:, None] + STEPS[:, None] * ray[:, None], taper)  # (400, 4001)
    expected = np.where(within.any(1), STEPS[within.argmax(1)], np.inf)
    solid = Solid(kind, np.zeros(3), np.eye(3), np.ones(3), 0, taper)
    found = intersect(solid, origin, *ray.T)
    grazed = np.abs(within.sum(1)) < 20  # too thin to be found by steps for certain
    assert (~grazed & np.isfinite(expected)).sum() > 100
    np.testing.assert_allclose(
        found[~grazed & np.isfinite(expected)], expected[~grazed & np.isfinite(expected)], atol=3e-3
    )
    assert np.isinf(found[within.sum(1) == 0]).mean() > 0.9


def test_room_is_seen_from_inside():
    room = Solid("room", np.zeros(3), np.eye(3), np.ones(3), 0)
    ray = RNG.normal(size=(100, 3))
    expected = (1 / np.abs(ray)).min(1)
    np.testing.assert_allclose(intersect(room, np.zeros(3), *ray.T), expected, rtol=1e-5)


def test_what_lies_behind_is_not_met():
    for kind in ("box", "ellipsoid", "frustum", "card"):
        solid = Solid(kind, np.zeros(3), np.eye(3), np.ones(3), 0)
        assert np.isinf(intersect(solid, np.array([0.1, 0.2, 5.0]), *np.array([[0.0], [0.0], [1.0]])))


def test_normals_are_those_of_the_surface():
    """A step across the surface along the normal leaves the solid; one against it enters."""
    for number, (kind, taper) in enumerate((("box", 1.0), ("ellipsoid", 1.0), ("frustum", 0.4))):
        origin = RNG.normal(size=(300, 3))
        origin *= 4 / np.linalg.norm(origin, axis=1, keepdims=True)
        ray = 0.4 * RNG.normal(size=(300, 3)) - origin
        solid = Solid(kind, np.zeros(3), np.eye(3), np.ones(3), 0, taper)
        t = intersect(solid, origin, *ray.T)
        points = (origin + t[:, None] * ray)[np.isfinite(t)]
        assert len(points) > 150
        kinds = np.full(len(points), (0, 2, 3)[number], np.uint8)
        across = normals(kinds, points.astype(np.float32), np.full(len(points), taper, np.float32))
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        assert inside(kind, points - 0.01 * across, taper).mean() > 0.95
        assert not inside(kind, points + 0.01 * across, taper).any()
    assert NEAR > 0
