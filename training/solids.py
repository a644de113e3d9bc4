"""Simple solids, and where rays meet them.

A solid lives in coordinates of its own, in which it fills the cube from -1 to 1: an affine map brings rays there
without changing their parameter t, so that one formula serves every size and orientation.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["box", "room", "ellipsoid", "frustum", "card"]
Array = NDArray[np.floating[Any]]
NEAR = 1e-3


@dataclass(frozen=True)
class Solid:
    """One solid in the world.

    centre (3,) metres; axes (3, 3) whose columns are its directions; half (3,) metres along them; material: an index.
    room: a box seen from inside. frustum: along its second axis, with a radius of 1 below and `taper` above.
    card: a rectangle across its third axis, with an outline cut out by `taper` (see `card_covers`).
    """

    kind: Kind
    centre: Array
    axes: Array
    half: Array
    material: int
    taper: float = 1.0

    def to_local(self) -> Array:
        """Return (3, 3), from directions in the world to the solid's own."""
        return (self.axes.T / self.half[:, None]).astype(np.float32)

    def corners(self) -> Array:
        """Return the (8, 3) corners of the box around the solid."""
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
        return self.centre + (signs * self.half) @ self.axes.T


def intersect(solid: Solid, origin: Array, x: Array, y: Array, z: Array) -> Array:
    """Return the smallest t > NEAR at which `origin + t * (x, y, z)` meets the solid, inf where it doesn't.

    origin: (3,) or (n, 3), and x, y, z: arrays of one form, all in the solid's own coordinates.
    """
    a, b, c = np.moveaxis(np.asarray(origin, np.float32), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if solid.kind in ("box", "room"):
            return _box(a, b, c, x, y, z, inside=solid.kind == "room")
        if solid.kind == "ellipsoid":
            return _first(*_roots(x * x + y * y + z * z, a * x + b * y + c * z, a * a + b * b + c * c - 1))
        if solid.kind == "frustum":
            return _frustum(a, b, c, x, y, z, solid.taper)
        t = -c / z
        return np.where((t > NEAR) & card_covers(a + t * x, b + t * y, solid.taper), t, np.inf).astype(np.float32)


def card_covers(x: Array, y: Array, shape: float) -> NDArray[np.bool_]:
    """Return whether a card is there: leaves and petals around its middle, more of them the larger `shape` is."""
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    lobes = np.floor(3 + shape * 6)
    return radius < 0.7 + 0.3 * np.cos(lobes * angle + 9 * shape) * np.cos(5 * radius + 20 * shape)


def _roots(square: Array, half_linear: Array, constant: Array) -> tuple[Array, Array]:
    """Return both t of `square t^2 + 2 half_linear t + constant = 0`, nan where there are none."""
    root = np.sqrt(half_linear * half_linear - square * constant)
    return (-half_linear - root) / square, (-half_linear + root) / square


def _first(one: Array, other: Array) -> Array:
    low, high = np.fmin(one, other), np.fmax(one, other)
    return np.where(low > NEAR, low, np.where(high > NEAR, high, np.inf)).astype(np.float32)


def _box(a: Array, b: Array, c: Array, x: Array, y: Array, z: Array, *, inside: bool) -> Array:
    enter: Array = np.full(np.shape(x), -np.inf, np.float32)
    leave: Array = -enter
    for at, step in ((a, x), (b, y), (c, z)):
        one, other = (-1 - at) / step, (1 - at) / step
        enter, leave = np.fmax(enter, np.fmin(one, other)), np.fmin(leave, np.fmax(one, other))
    hit = (leave >= enter) & (leave > NEAR)
    if inside:
        return np.where(hit, leave, np.inf)
    return np.where(hit & (enter > NEAR), enter, np.inf)


def _frustum(a: Array, b: Array, c: Array, x: Array, y: Array, z: Array, taper: float) -> Array:
    slope, middle = (taper - 1) / 2, (taper + 1) / 2  # the radius is middle + slope * height
    radius, change = middle + slope * b, slope * y
    sides = _roots(x * x + z * z - change * change, a * x + c * z - radius * change, a * a + c * c - radius * radius)
    best: Array = np.full(np.shape(x), np.inf, np.float32)
    for t in sides:
        best = np.where((t > NEAR) & (np.abs(b + t * y) <= 1), np.fmin(best, t), best)
    for height, size in ((-1, 1.0), (1, taper)):
        t = (height - b) / y
        best = np.where((t > NEAR) & ((a + t * x) ** 2 + (c + t * z) ** 2 <= size * size), np.fmin(best, t), best)
    return best.astype(np.float32)


def normals(kinds: NDArray[np.uint8], points: Array, tapers: Array) -> Array:
    """Return (n, 3) normals, not unit ones, at `points` (n, 3), all in the solids' own coordinates.

    kinds: (n,), indices into `KINDS`.
    """
    result = points.copy()  # right for an ellipsoid
    flat = kinds != KINDS.index("ellipsoid")
    axis = np.abs(points).argmax(1)
    result[flat] = np.eye(3, dtype=np.float32)[axis[flat]] * np.sign(points[flat, axis[flat], None])
    result[kinds == KINDS.index("room")] *= -1
    result[kinds == KINDS.index("card")] = (0, 0, 1)
    side = (kinds == KINDS.index("frustum")) & (np.abs(points[:, 1]) < 0.999)
    slope = (tapers[side] - 1) / 2
    result[side] = points[side]
    result[side, 1] = -slope * ((tapers[side] + 1) / 2 + slope * points[side, 1])
    return result


KINDS: tuple[Kind, ...] = ("box", "room", "ellipsoid", "frustum", "card")
