"""People and animals to put into a scene, each standing on the origin of its frame."""

import numpy as np

from .stage import Frame, Stage, pitch, yaw


def person(stage: Stage, frame: Frame, size: float) -> None:
    """Somebody standing or sitting: rods and balls, `size` tall."""
    sits = stage.rng.random() < 0.35
    skin = stage.material(
        size / 4, saturation=0.5, hue=stage.between(0.02, 0.08), value=stage.between(0.3, 0.95), plain=0.9
    )
    shirt, trousers, hair = (
        stage.material(size / 4, saturation=0.7),
        stage.material(size / 4),
        stage.material(size / 8, value=0.2),
    )
    hip, wide = size * (0.28 if sits else 0.5), size * 0.09
    for sign in (-1, 1):
        knee = (
            (sign * wide, hip - 0.02 * size, -0.25 * size)
            if sits
            else (sign * wide * 1.1, hip / 2, stage.rng.normal(0, 0.04) * size)
        )
        foot = (sign * wide * 1.1, 0.03 * size, knee[2] + stage.rng.normal(0, 0.03) * size)
        stage.limb(frame, (sign * wide * 0.8, hip, 0), knee, 0.055 * size, trousers, 0.8)
        stage.limb(frame, knee, foot, 0.042 * size, trousers, 0.8)
        hand = (
            sign * size * stage.between(0.05, 0.3),
            hip + size * stage.between(-0.1, 0.45),
            -size * stage.between(0, 0.25),
        )
        elbow = (sign * 0.2 * size, hip + 0.12 * size, -0.02 * size)
        stage.limb(frame, (sign * 0.13 * size, hip + 0.3 * size, 0), elbow, 0.04 * size, shirt, 0.8)
        stage.limb(frame, elbow, hand, 0.03 * size, skin if stage.rng.random() < 0.5 else shirt, 0.8)
    stage.add("ellipsoid", frame, (0, hip + 0.17 * size, 0), (0.14 * size, 0.22 * size, 0.085 * size), shirt)
    stage.limb(frame, (0, hip + 0.33 * size, 0), (0, hip + 0.4 * size, 0), 0.04 * size, skin)
    stage.add("ellipsoid", frame, (0, hip + 0.44 * size, 0), (0.055 * size, 0.075 * size, 0.065 * size), skin)
    stage.add("ellipsoid", frame, (0, hip + 0.46 * size, 0.015 * size), (0.06 * size, 0.07 * size, 0.062 * size), hair)


def animal(stage: Stage, frame: Frame, size: float) -> None:
    """A dog, cat, horse or toy of one: body, head, legs and tail, looking about."""
    fur = stage.material(size / 4, saturation=0.5, hue=stage.between(0.02, 0.12), plain=0.4)
    dark = stage.material(size / 8, value=0.1)
    leg, body = size * stage.between(0.15, 0.4), size * stage.between(0.13, 0.22)
    long = size * stage.between(0.3, 0.45)
    rise = stage.between(-0.1, 0.6)
    torso = frame.at(0, leg + body, 0, yaw(stage.between(0, 7)))
    stage.add("ellipsoid", torso, (0, 0, 0), (body, body, long), fur, pitch(-rise))
    head = (0.0, long * np.sin(rise) + body * 1.1, -long * np.cos(rise))
    skull = size * stage.between(0.1, 0.17)
    stage.limb(torso, (0, 0, -long * 0.7), head, body * 0.6, fur)
    stage.add("ellipsoid", torso, head, (skull, skull, skull * 1.1), fur)
    stage.add(
        "ellipsoid",
        torso,
        (head[0], head[1] - skull * 0.3, head[2] - skull),
        (skull * 0.5, skull * 0.4, skull * 0.6),
        dark,
    )
    for sign in (-1, 1):
        stage.add(
            "ellipsoid",
            torso,
            (sign * skull * 0.8, head[1] + skull * 0.8, head[2]),
            (skull * 0.3, skull * 0.6, skull * 0.2),
            dark,
        )
        for end in (-0.7, 0.7):
            stage.limb(
                torso,
                (sign * body * 0.6, 0, end * long),
                (sign * body * 0.7, -leg - body * 0.9, end * long),
                body * 0.25,
                fur,
            )
    stage.limb(torso, (0, 0, long), (0, body, long * 1.5), body * 0.15, fur)
