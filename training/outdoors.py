"""Scenes under the sky."""

import numpy as np

from . import figures, things
from .render import Scene
from .solids import Array
from .stage import WORLD, Frame, Stage, pitch, roll, yaw


def ground(stage: Stage) -> None:
    """Lay the ground and light it with a sun."""
    earth = stage.material(2, saturation=0.6, plain=0.2, hue=stage.between(0.05, 0.35))
    stage.add("box", WORLD, (0, -1, 0), (400, 1, 400), earth)
    stage.sun(stage.between(0.5, 2), shadow=stage.rng.random() < 0.8)


def heaven(stage: Stage) -> Array:
    """Return the colours of a sky (2, 3), at the horizon and overhead."""
    blue = stage.colour(0.5, stage.between(0.5, 1), stage.between(0.52, 0.62))
    pale = blue + (1 - blue) * stage.between(0.3, 1)
    return np.stack([pale, blue]).astype(np.float32) * stage.between(0.6, 1.4)


def scatter(stage: Stage, count: int, near: float, far: float) -> None:
    """Put trees, bushes, rocks, posts, people and boxes onto open ground."""
    for _ in range(count):
        z = np.exp(stage.between(np.log(near), np.log(far)))
        place = WORLD.at(z * stage.between(-0.9, 0.9), 0, z, yaw(stage.between(0, 7)))
        pick = stage.rng.random()
        if pick < 0.45:
            tree(stage, place, stage.between(1, 9))
        elif pick < 0.6:
            things.ball(stage, place, stage.between(0.5, 4))
        elif pick < 0.75:
            figures.person(stage, place, 1.7)
        else:
            things.lamp(stage, place, stage.between(1, 4))


def tree(stage: Stage, frame: Frame, size: float) -> None:
    """A trunk, and leaves as balls or cards; a bush where the trunk is short."""
    bark = stage.material(0.5, saturation=0.4, hue=0.08, value=stage.between(0.1, 0.5))
    green = stage.material(
        size / 8, saturation=0.9, hue=stage.between(0.15, 0.4), value=stage.between(0.15, 0.6), plain=0.1
    )
    trunk = size * stage.between(0, 0.5)
    stage.limb(frame, (0, 0, 0), (0, trunk + 0.1 * size, 0), 0.03 * size, bark, 0.7)
    kind, wide = (
        stage.rng.choice(["ellipsoid", "card", "frustum"], p=[0.55, 0.35, 0.1]),
        size * stage.between(0.15, 0.35),
    )
    if kind == "frustum":
        stage.add("frustum", frame, (0, trunk + size * 0.35, 0), (wide, size * 0.35, wide), green, taper=0.05)
        return
    for _ in range(int(stage.rng.integers(3, 16))):
        x, y, z = stage.rng.normal(0, 0.6 * wide, 3)
        leaf = wide * stage.rng.uniform(0.3, 0.9, 3)
        turn = yaw(stage.between(0, 7)) @ pitch(stage.rng.normal(0, 0.5))
        centre = (x, trunk + wide + abs(y), z)
        stage.add(kind, frame, centre, leaf, green, turn, stage.between(0, 0.9))


def street(stage: Stage) -> Scene:
    """A street between houses, with cars and people."""
    ground(stage)
    wide = stage.between(3, 9)
    road, kerb = (
        stage.material(3, saturation=0.1, plain=0.4),
        stage.material(2, saturation=0.1, value=stage.between(0.3, 0.8)),
    )
    stage.add("box", WORLD, (0, 0.005, 100), (wide * 0.6, 0.01, 150), road)
    for side in (-1, 1):
        stage.add("box", WORLD, (side * wide * 0.85, 0.07, 100), (wide * 0.25, 0.07, 150), kerb)
        z = stage.between(-5, 10)
        while z < 100 and stage.rng.random() < 0.95:
            x, y, deep = stage.between(2, 6), stage.between(2, 9), stage.between(3, 10)
            wall = stage.material(4, saturation=0.5, plain=0.2)
            stage.add("box", WORLD, (side * (wide * 1.1 + x), y, z + deep), (x, y, deep), wall)
            pane = stage.material(1, saturation=0.2, value=stage.between(0, 0.6))
            for floor in range(int(y / 1.5)):
                for column in range(int(deep / 1.5)):
                    place = (side * wide * 1.1, 1.5 + 3 * floor, z + 1.5 + 3 * column)
                    stage.add("box", WORLD, place, (0.06, 0.7, 0.5), pane)
            z += 2 * deep + stage.between(0, 6)
    for _ in range(int(stage.rng.integers(1, 10))):
        _car(
            stage,
            WORLD.at(
                stage.rng.choice([-0.45, 0.45, 0.2]) * wide, 0, stage.between(4, 50), yaw(stage.rng.normal(0, 0.1))
            ),
        )
    for _ in range(int(stage.rng.integers(0, 8))):
        x = stage.rng.choice([-0.85, 0.85]) * wide
        thing, size = (figures.person, 1.7) if stage.rng.random() < 0.6 else (tree, stage.between(3, 7))
        thing(stage, WORLD.at(x, 0.1, stage.between(2.5, 40), yaw(stage.between(0, 7))), size)
    eye = np.array([wide * stage.between(-0.8, 0.8), stage.between(0.8, 3), 0.0])
    forward = np.array([stage.rng.normal(0, 0.25), stage.rng.normal(-0.05, 0.12), 1])
    stage.clear(eye, 0.5)
    fog = stage.between(0, 0.03) if stage.rng.random() < 0.4 else 0.0
    return stage.scene(stage.camera(eye, eye + forward, stage.focal()), stage.ambient(), fog, heaven(stage))


def _car(stage: Stage, frame: Frame) -> None:
    paint, glass, rubber = (
        stage.material(2, saturation=0.8, plain=0.9),
        stage.material(1, value=0.1),
        stage.material(1, value=0.05),
    )
    stage.add("box", frame, (0, 0.65, 0), (0.85, 0.35, 2.1), paint)
    stage.add("box", frame, (0, 1.2, 0.2), (0.7, 0.28, 1.1), glass)
    stage.add("box", frame, (0, 1.46, 0.2), (0.72, 0.03, 1.0), paint)
    for x in (-0.8, 0.8):
        for z in (-1.3, 1.3):
            stage.add("frustum", frame, (x, 0.32, z), (0.32, 0.1, 0.32), rubber, roll(np.pi / 2))


def landscape(stage: Stage) -> Scene:
    """Open ground with trees, rocks and hills up to the sky."""
    ground(stage)
    for _ in range(int(stage.rng.integers(0, 7))):
        z = stage.between(25, 250)
        size = z * stage.rng.uniform(0.1, 0.8, 3) * (1, 0.35, 1)
        hill = stage.material(z / 8, saturation=0.5, hue=stage.between(0.1, 0.6))
        peak = stage.rng.random() < 0.3
        stage.add(
            "frustum" if peak else "ellipsoid", WORLD, (z * stage.between(-1, 1), 0, z), tuple(size), hill, taper=0.1
        )
    scatter(stage, int(stage.rng.integers(3, 25)), 2.5, 70)
    eye = np.array([0, stage.between(0.3, 4), 0.0])
    forward = np.array([0, stage.rng.normal(-0.1, 0.2), 1])
    stage.clear(eye, 0.5)
    fog = stage.between(0, 0.03) if stage.rng.random() < 0.5 else 0.0
    return stage.scene(stage.camera(eye, eye + forward, stage.focal()), stage.ambient(), fog, heaven(stage))


def garden(stage: Stage) -> Scene:
    """Flowers and leaves from close by, the rest behind them."""
    ground(stage)
    if stage.rng.random() < 0.5:
        wall = stage.material(1, plain=0.2)
        stage.add("box", WORLD, (0, 1.5, stage.between(0.8, 4)), (20, 1.5, 0.1), wall)
    scatter(stage, int(stage.rng.integers(0, 10)), 1.5, 20)
    for _ in range(int(stage.rng.integers(2, 14))):
        z = np.exp(stage.between(np.log(0.25), np.log(3)))
        place = WORLD.at(z * stage.rng.normal(0, 0.35), stage.between(-0.2, 0), z, yaw(stage.between(0, 7)))
        (things.plant if stage.rng.random() < 0.7 else tree)(stage, place, stage.between(0.3, 0.8))
    eye = np.array([0, stage.between(0.15, 1.2), 0.0])
    forward = np.array([stage.rng.normal(0, 0.1), stage.rng.normal(-0.35, 0.35), 1])
    stage.clear(eye, 0.08)
    return stage.scene(stage.camera(eye, eye + forward, stage.focal()), stage.ambient(), sky=heaven(stage))
