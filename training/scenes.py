"""Whole scenes: where things stand, what lights them, and where the camera is."""

from collections.abc import Callable

import numpy as np

from . import figures, things
from .outdoors import garden, ground, heaven, landscape, scatter, street
from .render import Scene, owners
from .solids import Array
from .stage import WORLD, Frame, Stage, pitch, roll, yaw


def random_scene(rng: np.random.Generator, tiles: int) -> Scene:
    """Return a scene of a kind drawn by the shares in `KINDS`; `tiles` is how many patterns the bank has."""
    shares = np.array([share for _, share in KINDS])
    while True:
        make = KINDS[int(rng.choice(len(KINDS), p=shares / shares.sum()))][0]
        scene = make(Stage(rng, tiles))
        if _shows_enough(scene) or rng.random() < 0.1:
            return scene


def _shows_enough(scene: Scene) -> bool:
    """Whether several solids can be seen and none fills the picture."""
    counts = np.unique(owners(scene, 36, 48), return_counts=True)[1] / (36 * 48)
    return bool((counts > 0.006).sum() >= 5 and counts.max() < 0.65)


def _shell(stage: Stage) -> Array:
    """Put up an empty room with its floor at 0 and return its half sizes (3,), metres."""
    half = np.array([stage.between(1.2, 5), stage.between(1.15, 1.7), stage.between(1.5, 6)])
    turn = np.eye(3)
    white = stage.between(0.5, 1)
    walls = stage.material(2, saturation=0.25, plain=0.7, value=white)
    stage.add("room", WORLD, (0, half[1], 0), tuple(half), walls, turn)
    floor = stage.material(1, saturation=0.5, plain=0.4, hue=stage.between(0.03, 0.15))
    stage.add("box", WORLD, (0, -0.01, 0), (half[0], 0.012, half[2]), floor, turn)
    if stage.rng.random() < 0.5:
        ceiling = stage.material(2, saturation=0.1, plain=0.8, value=0.95)
        stage.add("box", WORLD, (0, 2 * half[1], 0), (half[0], 0.01, half[2]), ceiling, turn)
    for _ in range(int(stage.rng.integers(0, 7))):
        _on_wall(stage, half)
    for _ in range(int(stage.rng.integers(1, 4))):
        place = half * stage.rng.uniform(-0.8, 0.8, 3)
        place[1] = 2 * half[1] * stage.between(0.6, 0.97)
        stage.point_light(place, stage.between(0.5, 5), shadow=stage.rng.random() < 0.7)
    return half


def _on_wall(stage: Stage, half: Array) -> None:
    """Hang a picture, window, door or curtain on a wall."""
    wall = Frame(np.zeros(3), yaw(np.pi / 2 * int(stage.rng.integers(4))))
    depth, across = (half[0], half[2]) if abs(wall.axes[0, 2]) > 0.5 else (half[2], half[0])
    x = across * stage.between(-0.9, 0.9)
    if stage.rng.random() < 0.3:
        door = stage.material(1, saturation=0.4)
        stage.add("box", wall, (x, 1.0, depth), (0.45, 1.0, 0.04), door)
        return
    wide, tall = stage.rng.uniform(0.2, 0.9, 2)
    y = stage.between(1.1, 1.8)
    bright = stage.between(0.5, 3) if stage.rng.random() < 0.35 else 0.0
    frame, pane = stage.material(1, saturation=0.3), stage.material(0.5, plain=0.3, glow=bright)
    stage.add("box", wall, (x, y, depth), (wide, tall, 0.03), frame)
    stage.add("box", wall, (x, y, depth), (wide * 0.9, tall * 0.9, 0.035), pane)


def room(stage: Stage) -> Scene:
    """A furnished room from eye height, looking level or down."""
    half = _shell(stage)
    target = np.zeros(3)
    for _ in range(int(stage.rng.integers(6, 18))):
        x, z = half[0] * stage.between(-0.95, 0.95), half[2] * stage.between(-0.7, 0.95)
        against = stage.rng.random() < 0.6
        if against and stage.rng.random() < 0.5:
            x = np.sign(x) * (half[0] - 0.4)
        elif against:
            z = half[2] - 0.4
        turn = yaw(np.pi / 2 * int(stage.rng.integers(4)) + stage.rng.normal(0, 0.15))
        thing = things.FURNITURE[int(stage.rng.integers(len(things.FURNITURE)))]
        size = 1.7 if thing is figures.person else stage.between(0.7, 1.4)
        thing(stage, WORLD.at(x, 0, z, turn), size)
        target = np.array([x, stage.between(0.2, 1.1), z])
    for _ in range(int(stage.rng.integers(0, 5))):
        place = WORLD.at(
            half[0] * stage.between(-0.8, 0.8), 0, half[2] * stage.between(-0.8, 0.8), yaw(stage.between(0, 7))
        )
        things.small(stage)(stage, place, stage.between(0.3, 0.8))
    x, z = half[0] * stage.between(-0.8, 0.8), -half[2] * stage.between(0.1, 0.95)
    eye = np.array([x, stage.between(0.5, 1.8), z])
    stage.clear(eye, 0.35)
    return stage.scene(stage.camera(eye, target, stage.focal()), stage.ambient())


def tabletop(stage: Stage) -> Scene:
    """Things on a table from close by, level to straight down, with a room or a wall behind."""
    half = _shell(stage)
    for _ in range(int(stage.rng.integers(1, 7))):
        thing = things.FURNITURE[int(stage.rng.integers(len(things.FURNITURE)))]
        turn = yaw(np.pi / 2 * int(stage.rng.integers(4)) + stage.rng.normal(0, 0.15))
        thing(stage, WORLD.at(half[0] * stage.between(-0.9, 0.9), 0, half[2] * stage.between(0, 0.95), turn), 1.0)
    height = stage.between(0.4, 1.0)
    x, z = stage.rng.uniform(0.3, 1.2, 2)
    table = WORLD.at(0, height, -half[2] * stage.between(0, 0.5), yaw(stage.rng.normal(0, 0.4)))
    stage.clear(table.origin, 1.2)
    top = stage.material(0.5, saturation=0.4, plain=0.4)
    stage.add("box", table, (0, -0.03, 0), (x, 0.03, z), top)
    size = stage.between(0.08, 0.5)
    if stage.rng.random() < 0.25:  # something upright behind
        board = stage.material(0.5, saturation=0.4)
        stage.add("box", table, (0, 0.5, stage.between(1.2, 3) * size), (x, 0.6, 0.02), board)
    spread = size * stage.between(0.8, 3)
    for _ in range(int(stage.rng.choice([1, 2, 4, 8, 12, 20]))):
        place = table.at(
            np.clip(stage.rng.normal(0, spread), -x, x), 0, np.clip(stage.rng.normal(0, spread), -z, z),
            yaw(stage.between(0, 7)),
        )  # fmt: skip
        _fallen(stage, place, size * np.exp(stage.rng.normal(0, 0.35)))
    down = stage.between(0.05, 1.5) if stage.rng.random() < 0.7 else stage.between(0.9, 1.55)
    apart = size * np.exp(stage.between(np.log(1.2), np.log(6)))
    target = table(stage.rng.normal(0, spread / 3), size * stage.between(0, 0.4), stage.rng.normal(0, spread / 3))
    heading = stage.rng.normal(0, 0.5)
    eye = target - apart * np.array([np.sin(heading) * np.cos(down), -np.sin(down), np.cos(heading) * np.cos(down)])
    eye[1] = min(eye[1], 2 * half[1] - 0.1)
    stage.clear(eye, 0.3 * size)
    return stage.scene(stage.camera(eye, target, stage.focal(), tilt=0.1), stage.ambient())


def _fallen(stage: Stage, frame: Frame, size: float) -> None:
    """Put down a small thing, which may lie on its side."""
    if stage.rng.random() < 0.25:
        tilt = roll(np.pi / 2 + stage.rng.normal(0, 0.1)) @ yaw(stage.between(0, 7))
        frame = frame.at(0, size * stage.between(0.1, 0.25), 0, tilt)
    things.small(stage)(stage, frame, size)


def container(stage: Stage) -> Scene:
    """Into a bin, drawer, shelf compartment or corner: walls all around, things inside."""
    half = np.array([stage.between(0.2, 0.6), stage.between(0.15, 0.5), stage.between(0.15, 0.6)])
    wood = stage.material(0.6, saturation=0.4)
    stage.add("room", WORLD, (0, half[1], 0), tuple(half), wood)
    if stage.rng.random() < 0.6:
        floor = stage.material(0.6, saturation=0.3)
        stage.add("box", WORLD, (0, 0, 0), (half[0], 0.01, half[2]), floor)
    for _ in range(int(stage.rng.integers(1, 14))):
        x, z = half[0] * stage.between(-0.8, 0.8), half[2] * stage.between(-0.6, 0.8)
        _fallen(stage, WORLD.at(x, 0, z, yaw(stage.between(0, 7))), 0.7 * half[1] * stage.between(0.4, 1.2))
    above = stage.rng.random() < 0.5
    eye = half * np.array([stage.rng.normal(0, 0.3), 1.9 if above else stage.between(0.7, 1.7), -0.9])
    target = half * np.array([stage.rng.normal(0, 0.2), stage.between(0, 0.8), stage.between(-0.2, 0.8)])
    stage.point_light(half * np.array([stage.between(-0.8, 0.8), 1.9, -0.8]), stage.between(0.3, 2), shadow=True)
    stage.clear(eye, 0.2 * half[1])
    return stage.scene(stage.camera(eye, target, stage.between(0.6, 1.4), tilt=0.08), stage.between(0.3, 1))


def portrait(stage: Stage) -> Scene:
    """A person, animal or plant near the camera, a room or open ground behind."""
    outside = stage.rng.random() < 0.4
    deep = 4.0
    if outside:
        ground(stage)
        scatter(stage, 10, 4, 30)
    else:
        half = _shell(stage)
        deep = half[2]
        for _ in range(int(stage.rng.integers(2, 8))):
            thing = things.FURNITURE[int(stage.rng.integers(len(things.FURNITURE)))]
            thing(
                stage,
                WORLD.at(
                    half[0] * stage.between(-0.9, 0.9), 0, deep * stage.between(0.1, 0.95), yaw(stage.between(0, 7))
                ),
                1,
            )
    spot = WORLD.at(stage.rng.normal(0, 0.3), 0, -deep * stage.between(0, 0.5))
    stage.clear(spot.origin, 0.8)
    thing = (figures.person, figures.animal, things.plant, things.heap)[
        int(stage.rng.choice(4, p=[0.4, 0.35, 0.15, 0.1]))
    ]
    size = 1.7 if thing is figures.person else stage.between(0.4, 1.2)
    thing(stage, spot.at(0, 0, 0, yaw(stage.rng.normal(0, 0.5))), size)
    if stage.rng.random() < 0.3:
        thing(stage, spot.at(stage.between(-1, 1), 0, stage.between(0.3, 2), yaw(stage.rng.normal(0, 0.7))), size)
    target = spot(stage.rng.normal(0, 0.1) * size, size * stage.between(0.2, 0.9), 0)
    eye = target + np.array([stage.rng.normal(0, 0.3), stage.rng.normal(0.15, 0.3), -1.0]) * size * stage.between(
        0.5, 1.8
    )
    eye[1] = max(eye[1], 0.1)
    stage.clear(eye, 0.15 * size)
    return stage.scene(
        stage.camera(eye, target, stage.focal()), stage.ambient(), sky=heaven(stage) if outside else None
    )


def jumble(stage: Stage) -> Scene:
    """Solids of every kind in the air of a room: nothing can be told from where it stands."""
    half = _shell(stage)
    stage.clear(np.zeros(3), 0.8)
    for _ in range(int(stage.rng.integers(3, 25))):
        z = np.exp(stage.between(np.log(0.5), np.log(half[2] * 1.8)))
        place = (z * stage.rng.normal(0, 0.35), half[1] + z * stage.rng.normal(0, 0.3), -half[2] + z)
        size = tuple(z * np.exp(stage.rng.uniform(np.log(0.02), np.log(0.35), 3)))
        turn = yaw(stage.between(0, 7)) @ pitch(stage.between(-1.5, 1.5))
        kind = stage.rng.choice(["box", "ellipsoid", "frustum", "card"])
        stage.add(kind, WORLD, place, size, stage.material(z / 4, saturation=0.7), turn, stage.between(0, 1.2))
    eye = np.array([0, half[1], -half[2] * 0.98])
    forward = np.array([stage.rng.normal(0, 0.2), stage.rng.normal(0, 0.3), 1])
    stage.clear(eye, 0.15)
    return stage.scene(stage.camera(eye, eye + forward, stage.focal(), tilt=0.3), stage.ambient())


KINDS: tuple[tuple[Callable[[Stage], Scene], float], ...] = (
    (room, 0.26), (tabletop, 0.32), (container, 0.09), (portrait, 0.11), (street, 0.06), (landscape, 0.05),
    (garden, 0.06), (jumble, 0.05),
)  # fmt: skip
