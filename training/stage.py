"""A scene while it is being built: materials drawn from a palette, solids placed in frames of their own."""

from dataclasses import dataclass

import numpy as np

from .render import Camera, Light, Material, Scene
from .solids import Array, Kind, Solid

Vector = tuple[float, float, float] | Array


@dataclass(frozen=True)
class Frame:
    """A place in the world: origin (3,) metres, and axes (3, 3) whose columns are right, up and forward."""

    origin: Array
    axes: Array

    def __call__(self, x: float, y: float, z: float) -> Array:
        """Return the point of the world at these coordinates of the frame."""
        return self.origin + self.axes @ np.array([x, y, z])

    def at(self, x: float, y: float, z: float, turn: Array | None = None) -> "Frame":
        """Return a frame at that point of this one, turned by a rotation (3, 3)."""
        return Frame(self(x, y, z), self.axes if turn is None else self.axes @ turn)


WORLD = Frame(np.zeros(3), np.eye(3))


def yaw(angle: float) -> Array:
    """Return a rotation about the up axis."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def pitch(angle: float) -> Array:
    """Return a rotation about the right axis; a positive angle looks up."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def roll(angle: float) -> Array:
    """Return a rotation about the forward axis."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


class Stage:
    """Collects a scene's solids, materials and lights."""

    def __init__(self, rng: np.random.Generator, tiles: int) -> None:
        self.rng = rng
        self.tiles = tiles
        self.hue = rng.random()  # the scene's own, so that its colours go together as often as not
        self.solids: list[Solid] = []
        self.materials: list[Material] = []
        self.lights: list[Light] = []

    def between(self, low: float, high: float) -> float:
        """Return a number drawn evenly."""
        return float(self.rng.uniform(low, high))

    def colour(self, saturation: float = 0.5, value: float | None = None, hue: float | None = None) -> Array:
        """Return a linear colour (3,), more or less `saturation` strong."""
        rng = self.rng
        if hue is None:
            hue = self.hue + rng.normal(0, 0.06) if rng.random() < 0.4 else rng.random()
        strength = np.clip(saturation * rng.beta(0.9, 1.8) * 1.6, 0, 0.95)
        value = rng.beta(1.3, 1.6) if value is None else value
        ramp = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
        return (value * (1 - strength + strength * ramp)).astype(np.float32) ** 1.6

    def material(
        self, scale: float, *, saturation: float = 0.5, plain: float = 0.5, value: float | None = None,
        hue: float | None = None, glow: float = 0.0,
    ) -> int:  # fmt: skip
        """Add a material for things of about `scale` metres; `plain` is how often it has one colour. Return which."""
        rng = self.rng
        first = self.colour(saturation, value, hue)
        if rng.random() < plain:
            second = first * rng.uniform(0.85, 1)
        else:
            second = first * rng.uniform(0.2, 0.8) if rng.random() < 0.5 else self.colour(saturation)
        sizes = scale * np.exp(rng.uniform(np.log(0.3), np.log(3), 2))
        tiles = (int(rng.integers(self.tiles)), int(rng.integers(self.tiles)))
        gloss = rng.uniform(0.05, 0.4) if rng.random() < 0.3 else 0.0
        contrast = rng.uniform(0, 0.25) if rng.random() < 0.8 else rng.uniform(0.3, 1)
        self.materials.append(
            Material(np.stack([first, second]), tiles, (sizes[0], sizes[1]), contrast, gloss, glow, rng.random())
        )
        return len(self.materials) - 1

    def add(
        self, kind: Kind, frame: Frame, centre: Vector, half: Vector, material: int,
        turn: Array | None = None, taper: float = 1.0,
    ) -> None:  # fmt: skip
        """Put a solid into a frame: centre and half sizes in metres along the frame's axes, turned by `turn` (3, 3)."""
        axes = frame.axes if turn is None else frame.axes @ turn
        self.solids.append(Solid(kind, frame(*centre), axes, np.maximum(half, 1e-4), material, taper))

    def limb(self, frame: Frame, start: Vector, end: Vector, radius: float, material: int, taper: float = 1.0) -> None:
        """Put a rounded rod between two points of a frame; its end is `taper` times as thick."""
        start_, end_ = np.array(start), np.array(end)
        along = end_ - start_
        length = max(float(np.linalg.norm(along)), 1e-4)
        up = along / length
        side = np.cross(up, (1, 0, 0) if abs(up[0]) < 0.8 else (0, 0, 1))
        side /= np.linalg.norm(side)
        turn = np.stack([side, up, np.cross(side, up)], 1)
        middle = (start_ + end_) / 2
        self.add("frustum", frame, tuple(middle), (radius, length / 2, radius), material, turn, taper)
        self.add("ellipsoid", frame, end, (radius * taper,) * 3, material)
        self.add("ellipsoid", frame, start, (radius,) * 3, material)

    def point_light(self, position: Array, strength: float, *, shadow: bool) -> None:
        """Add a lamp whose light is `strength` at a metre."""
        tint = np.exp(self.rng.normal(0, 0.12, 3))
        self.lights.append(Light(position.astype(np.float32), (tint * strength).astype(np.float32), False, shadow))

    def sun(self, strength: float, *, shadow: bool) -> None:
        """Add a sun in a direction of the upper half of the sky."""
        direction = self.rng.normal(size=3)
        direction[1] = abs(direction[1]) + 0.3
        tint = np.array([1.05, 1, self.between(0.7, 1)])
        direction /= np.linalg.norm(direction)
        self.lights.append(Light(direction.astype(np.float32), (tint * strength).astype(np.float32), True, shadow))

    def camera(self, position: Array, target: Array, focal: float, *, tilt: float = 0.04) -> Camera:
        """Return a camera at a position that looks at a target, tilted about its view by a few degrees."""
        forward = target - position
        forward = forward / np.linalg.norm(forward)
        heading = np.arctan2(forward[0], forward[2])
        axes = yaw(heading) @ pitch(np.arcsin(forward[1])) @ roll(self.rng.normal(0, tilt))
        return Camera(position.astype(np.float32), axes.astype(np.float32), focal)

    def clear(self, eye: Array, reach: float) -> None:
        """Take away what stands within `reach` metres of a point."""
        self.solids = [
            solid
            for solid in self.solids
            if solid.kind == "room"
            or (np.maximum(np.abs(solid.axes.T @ (eye - solid.centre)) - solid.half, 0) ** 2).sum() > reach**2
        ]

    def focal(self) -> float:
        """Return a focal length in picture heights: 71 to 26 degrees from top to bottom."""
        return float(np.exp(self.between(np.log(0.7), np.log(2.2))))

    def ambient(self) -> float:
        """Return how much light there is in the shade."""
        return self.between(0.15, 0.9)

    def scene(self, camera: Camera, ambient: float, fog: float = 0.0, sky: Array | None = None) -> Scene:
        """Return the scene as seen by a camera."""
        contact = self.between(0, 0.35)
        return Scene(camera, self.solids, self.materials, self.lights, ambient, contact, fog, sky)
