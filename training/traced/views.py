"""Where a photographer may stand in a scene, and with which lens."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from mathutils import Vector


@dataclass(frozen=True)
class View:
    """Where a camera stands, what it looks at, its horizontal angle of view (radians) and how near things may be."""

    place: Vector
    target: Vector
    angle: float
    near: float


Views = Callable[[Random], View]


def lens(rng: Random) -> float:
    """Return a lens's angle: from a short telephoto to the wide one of a phone."""
    return math.radians(rng.choice((rng.uniform(28, 45), rng.uniform(45, 65), rng.uniform(60, 85))))
