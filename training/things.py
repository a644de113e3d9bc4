"""Things to put into a scene, each standing on the origin of its frame."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from .figures import person
from .solids import Kind
from .stage import Frame, Stage, pitch, roll, yaw

Thing = Callable[[Stage, Frame, float], None]


def carton(stage: Stage, frame: Frame, size: float) -> None:
    """A box with or without print, sometimes with others on it."""
    height = 0.0
    for _ in range(int(stage.rng.choice([1, 1, 1, 2, 4]))):
        x, y, z = size * stage.rng.uniform(0.1, 0.6, 3)
        skin = stage.material(size / 2, plain=0.35)
        stage.add("box", frame, (0, height + y, 0), (x, y, z), skin, yaw(stage.between(-0.3, 0.3)))
        height += 2 * y


def books(stage: Stage, frame: Frame, size: float) -> None:
    """A pile of flat books, or a row of upright ones."""
    count, standing, at = int(stage.rng.integers(1, 7)), stage.rng.random() < 0.5, 0.0
    for _ in range(count):
        thick = size * stage.between(0.03, 0.1)
        wide, tall = size * stage.between(0.25, 0.4), size * stage.between(0.35, 0.5)
        cover = stage.material(size / 2, saturation=0.8, plain=0.4)
        if standing:
            lean = roll(stage.rng.normal(0, 0.05))
            stage.add("box", frame, (at - count * size * 0.06, tall, 0), (thick, tall, wide), cover, lean)
        else:
            stage.add("box", frame, (0, at + thick, 0), (tall, thick, wide), cover, yaw(stage.rng.normal(0, 0.3)))
        at += 2 * thick


def can(stage: Stage, frame: Frame, size: float) -> None:
    """A tin, cup, pot or bin: one frustum, perhaps open at the top, perhaps with a handle."""
    radius, half = size * stage.between(0.12, 0.4), size * stage.between(0.1, 0.5)
    taper = stage.between(0.8, 1.4) if stage.rng.random() < 0.6 else 1.0
    skin = stage.material(size / 2, saturation=0.7, plain=0.5)
    stage.add("frustum", frame, (0, half, 0), (radius, half, radius), skin, taper=taper)
    if stage.rng.random() < 0.6:
        inner = stage.material(size, value=stage.between(0.02, 0.5))
        top = radius * taper * 0.9
        stage.add("frustum", frame, (0, 2 * half, 0), (top, 0.004 * size, top), inner)
    if stage.rng.random() < 0.4:
        turned = frame.at(0, half, 0, yaw(stage.between(0, 7)))
        reach, rise, thick = radius * 1.7, half * 0.5, radius * 0.12
        points = [
            (radius * 0.9, rise, 0.0),
            (reach, rise * 0.7, 0.0),
            (reach, -rise * 0.7, 0.0),
            (radius * 0.9, -rise, 0.0),
        ]
        for start, end in pairwise(points):
            stage.limb(turned, start, end, thick, skin)


def bottle(stage: Stage, frame: Frame, size: float) -> None:
    """A body, shoulders, a neck and a cap."""
    radius, half = size * stage.between(0.12, 0.25), size * stage.between(0.25, 0.45)
    skin = stage.material(size / 2, plain=0.6)
    neck, cap = radius * stage.between(0.25, 0.5), stage.material(size)
    stage.add("frustum", frame, (0, half, 0), (radius, half, radius), skin)
    shoulder = radius * stage.between(0.5, 1.2)
    stage.add(
        "frustum", frame, (0, 2 * half + shoulder / 2, 0), (radius, shoulder / 2, radius), skin, taper=neck / radius
    )
    rise = size * stage.between(0.05, 0.15)
    stage.add("frustum", frame, (0, 2 * half + shoulder + rise, 0), (neck, rise, neck), cap)
    if stage.rng.random() < 0.5:
        label = stage.material(size / 3, saturation=0.8, plain=0.2)
        stage.add("frustum", frame, (0, half, 0), (radius * 1.01, half * 0.5, radius * 1.01), label)


def ball(stage: Stage, frame: Frame, size: float) -> None:
    """A ball, fruit, stone or cushion."""
    x, y, z = size * stage.between(0.1, 0.4) * stage.rng.uniform(0.6, 1.2, 3)
    skin = stage.material(size / 2, saturation=0.8)
    stage.add("ellipsoid", frame, (0, y, 0), (x, y, z), skin, yaw(stage.between(0, 7)))


def screen(stage: Stage, frame: Frame, size: float) -> None:
    """A monitor on its foot, or an open laptop."""
    wide, tall = size * stage.between(0.5, 0.9), size * stage.between(0.35, 0.5)
    case, lit = stage.material(size, saturation=0.1), stage.material(size / 2, plain=0.3, glow=stage.between(0, 1))
    if stage.rng.random() < 0.5:
        stage.add("box", frame, (0, tall * 1.4, 0), (wide, tall, 0.02 * size), case)
        stage.add("box", frame, (0, tall * 1.4, -0.021 * size), (wide * 0.95, tall * 0.9, 0.002 * size), lit)
        stage.add("box", frame, (0, 0.2 * tall, 0.05 * size), (0.06 * size, 0.3 * tall, 0.03 * size), case)
        stage.add("box", frame, (0, 0.01 * size, 0), (wide * 0.4, 0.01 * size, 0.2 * size), case)
    else:
        stage.add("box", frame, (0, 0.02 * size, -tall), (wide, 0.02 * size, tall), case)
        stage.add("box", frame, (0, 0.042 * size, -tall * 0.9), (wide * 0.9, 0.002 * size, tall * 0.5), lit)
        stage.add("box", frame, (0, tall, 0.1 * tall), (wide, tall, 0.015 * size), lit, pitch(stage.between(-0.4, 0.1)))


def wire(stage: Stage, frame: Frame, size: float) -> None:
    """A cable, hose, pen or tool: a chain of rods."""
    radius = size * stage.between(0.008, 0.05)
    skin = stage.material(size)
    at, heading, joint = np.zeros(3), stage.between(0, 7), int(stage.rng.integers(1, 6))
    at[1] = radius
    for _ in range(joint):
        heading += stage.rng.normal(0, 0.7)
        step = size * stage.between(0.15, 0.5) * np.array([np.cos(heading), 0, np.sin(heading)])
        stage.limb(frame, at, at + step, radius, skin)
        at = at + step


def sheet(stage: Stage, frame: Frame, size: float) -> None:
    """A paper, keyboard, plate, board or rug: something flat."""
    x, z = size * stage.rng.uniform(0.2, 0.7, 2)
    skin, thick = stage.material(size / 2, plain=0.4), size * stage.between(0.002, 0.03)
    kind: Kind = "box" if stage.rng.random() < 0.7 else "frustum"
    stage.add(kind, frame, (0, thick, 0), (x, thick, z), skin, yaw(stage.between(-0.5, 0.5)))


def heap(stage: Stage, frame: Frame, size: float) -> None:
    """A toy, machine or bag: a few solids pushed into each other."""
    skins = [stage.material(size / 3, saturation=0.8) for _ in range(3)]
    for _ in range(int(stage.rng.integers(2, 7))):
        half = size * stage.rng.uniform(0.05, 0.25, 3)
        x, y, z = size * stage.rng.uniform(-0.25, 0.25, 3)
        kind = stage.rng.choice(["box", "ellipsoid", "frustum"])
        turn = yaw(stage.between(0, 7)) @ pitch(stage.rng.normal(0, 0.6)) @ roll(stage.rng.normal(0, 0.6))
        stage.add(kind, frame, (x, abs(y) + half[1] * 0.7, z), tuple(half), int(stage.rng.choice(skins)), turn,
                  stage.between(0.3, 1.3))  # fmt: skip


def plant(stage: Stage, frame: Frame, size: float) -> None:
    """A pot with stems, leaves and perhaps blossoms."""
    pot = stage.material(size / 2)
    stage.add("frustum", frame, (0, 0.12 * size, 0), (0.1 * size, 0.12 * size, 0.1 * size), pot, taper=1.3)
    green = stage.material(size / 4, saturation=0.8, hue=stage.between(0.2, 0.4), value=stage.between(0.2, 0.7))
    blossom = stage.material(size / 8, saturation=0.9)
    for _ in range(int(stage.rng.integers(4, 14))):
        lean, turn = stage.between(0, 0.9), stage.between(0, 7)
        reach = size * stage.between(0.3, 0.7)
        tip = (
            reach * np.sin(lean) * np.cos(turn),
            0.2 * size + reach * np.cos(lean),
            reach * np.sin(lean) * np.sin(turn),
        )
        stage.limb(frame, (0, 0.2 * size, 0), tip, 0.008 * size, green)
        leaf = size * stage.between(0.06, 0.2)
        facing = yaw(stage.between(0, 7)) @ pitch(stage.between(-1.2, 1.2))
        skin = blossom if stage.rng.random() < 0.3 else green
        if stage.rng.random() < 0.5:
            stage.add("card", frame, tip, (leaf, leaf, leaf), skin, facing, stage.between(0, 0.9))
        else:
            stage.add("ellipsoid", frame, tip, (leaf * 0.5, leaf, leaf * 0.1), skin, facing)


def table(stage: Stage, frame: Frame, size: float) -> None:
    """A table or desk with legs and things on it."""
    x, z, height = size * stage.between(0.5, 0.9), size * stage.between(0.35, 0.6), size * stage.between(0.35, 0.75)
    top = stage.material(size / 2, saturation=0.4, hue=stage.between(0.04, 0.12))
    legs = stage.material(size / 2, saturation=0.3)
    stage.add("box", frame, (0, height - 0.02 * size, 0), (x, 0.02 * size, z), top)
    for sign_x in (-1, 1):
        for sign_z in (-1, 1):
            place = (sign_x * x * 0.92, height / 2 - 0.02 * size, sign_z * z * 0.92)
            stage.add("box", frame, place, (0.025 * size, height / 2, 0.025 * size), legs)
    for _ in range(int(stage.rng.integers(0, 6))):
        spot = frame.at(
            x * stage.between(-0.8, 0.8), height, z * stage.between(-0.8, 0.8), yaw(stage.between(-0.6, 0.6))
        )
        small(stage)(stage, spot, size * stage.between(0.12, 0.4))


def chair(stage: Stage, frame: Frame, size: float) -> None:
    """A chair with a back."""
    skin, legs = stage.material(size / 2, saturation=0.6), stage.material(size)
    seat = size * 0.45
    stage.add("box", frame, (0, seat, 0), (0.22 * size, 0.03 * size, 0.22 * size), skin)
    stage.add("box", frame, (0, seat + 0.25 * size, 0.21 * size), (0.22 * size, 0.22 * size, 0.02 * size), skin,
              pitch(stage.between(-0.2, 0)))  # fmt: skip
    for x in (-0.2, 0.2):
        for z in (-0.2, 0.2):
            stage.limb(frame, (x * size, 0, z * size), (x * size * 0.9, seat, z * size * 0.9), 0.018 * size, legs)


def sofa(stage: Stage, frame: Frame, size: float) -> None:
    """A sofa, armchair or bed with cushions."""
    x, z = size * stage.between(0.4, 1), size * stage.between(0.35, 0.6)
    skin, low = stage.material(size / 2, saturation=0.5), size * stage.between(0.12, 0.25)
    stage.add("box", frame, (0, low, 0), (x, low, z), skin)
    stage.add("box", frame, (0, 2 * low, z * 0.85), (x, 2 * low, z * 0.2), skin, pitch(stage.between(-0.2, 0)))
    for sign in (-1, 1):
        stage.add("box", frame, (sign * x, low * 1.4, 0), (0.08 * size, low * 1.5, z), skin)
    cushion = stage.material(size / 4, saturation=0.7)
    for _ in range(int(stage.rng.integers(0, 5))):
        place = (x * stage.between(-0.8, 0.8), 2.6 * low, z * stage.between(-0.2, 0.5))
        stage.add(
            "ellipsoid", frame, place, (0.2 * size, 0.16 * size, 0.08 * size), cushion, pitch(stage.between(-0.9, 0))
        )


def shelf(stage: Stage, frame: Frame, size: float) -> None:
    """Open shelves filled with small things."""
    x, z, tall = size * stage.between(0.3, 0.7), size * stage.between(0.12, 0.22), size * stage.between(0.6, 1.1)
    wood, thick = stage.material(size / 2, saturation=0.4), 0.015 * size
    stage.add("box", frame, (0, tall, z), (x, tall, thick), wood)
    for sign in (-1, 1):
        stage.add("box", frame, (sign * x, tall, 0), (thick, tall, z), wood)
    count = int(stage.rng.integers(2, 6))
    for level in range(count + 1):
        height = 2 * tall * level / count
        stage.add("box", frame, (0, height, 0), (x, thick, z), wood)
        if level < count:
            for _ in range(int(stage.rng.integers(0, 5))):
                place = frame.at(x * stage.between(-0.8, 0.8), height + thick, z * stage.between(-0.5, 0.3))
                small(stage)(stage, place, 1.6 * min(tall / count, z))


def cabinet(stage: Stage, frame: Frame, size: float) -> None:
    """A cupboard, fridge, stove or drawer unit."""
    x, y, z = size * stage.between(0.2, 0.6), size * stage.between(0.3, 1.0), size * stage.between(0.2, 0.35)
    skin, knob = stage.material(size / 2, saturation=0.4), stage.material(size)
    stage.add("box", frame, (0, y, 0), (x, y, z), skin)
    rows = int(stage.rng.integers(1, 5))
    front = stage.material(size / 2, saturation=0.4)
    for row in range(rows):
        middle = 2 * y * (row + 0.5) / rows
        stage.add("box", frame, (0, middle, -z), (x * 0.95, y / rows * 0.92, 0.01 * size), front)
        stage.add(
            "box", frame, (0, middle + y / rows * 0.6, -z - 0.02 * size), (x * 0.2, 0.01 * size, 0.01 * size), knob
        )
    if stage.rng.random() < 0.5:
        small(stage)(stage, frame.at(x * stage.between(-0.5, 0.5), 2 * y, 0), size * stage.between(0.2, 0.4))


def lamp(stage: Stage, frame: Frame, size: float) -> None:
    """A lamp or post: a pole with a shade."""
    pole, shade = stage.material(size), stage.material(size / 3, glow=stage.between(0, 1.5))
    height, radius = size * stage.between(0.6, 1.5), size * stage.between(0.1, 0.25)
    stage.limb(frame, (0, 0, 0), (0, height, 0), 0.02 * size, pole)
    stage.add("frustum", frame, (0, height, 0), (radius, radius * 0.8, radius), shade, taper=stage.between(0.4, 1))
    stage.add("frustum", frame, (0, 0.01 * size, 0), (radius * 0.8, 0.01 * size, radius * 0.8), pole)


SMALL: tuple[Thing, ...] = (carton, carton, books, can, can, bottle, ball, screen, wire, sheet, heap, heap, plant)
FURNITURE: tuple[Thing, ...] = (table, table, chair, chair, sofa, shelf, cabinet, cabinet, lamp, carton, plant, person)


def small(stage: Stage) -> Thing:
    """Return one of the things that stand on a table."""
    return SMALL[int(stage.rng.integers(len(SMALL)))]
