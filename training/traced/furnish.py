"""What the path-traced layouts are built of: boxes, rooms, rows of things, and things set down where there is space."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import bpy
from mathutils import Vector

from .assets import Entry, Library, bounds

Rectangle = tuple[float, float, float, float]  # least x and y, greatest x and y
INDOORS = ("wood", "tiles", "carpet", "stone", "concrete", "fabric")
WALLS = ("plaster", "plaster", "wallpaper", "brick", "concrete", "wood", "tiles")
PLAIN = ("wood", "plaster", "metal", "fabric", "leather", "concrete")


@dataclass
class Scene:
    """A scene that is being set up: its chance, its assets, and what stands on its floor already."""

    rng: Random
    library: Library
    taken: list[Rectangle] = field(default_factory=list)

    def put(self, mesh: bpy.types.Mesh, place: Sequence[float], yaw: float = 0.0, scale: float = 1.0) -> None:
        """Set a mesh down."""
        thing = bpy.data.objects.new("thing", mesh)
        thing.location, thing.rotation_euler, thing.scale = place, (0, 0, yaw), (scale,) * 3
        bpy.context.scene.collection.objects.link(thing)

    def box(self, low: Sequence[float], high: Sequence[float], material: bpy.types.Material, yaw: float = 0.0) -> None:
        """Set up a box between two corners, turned about its own middle."""
        half = (Vector(high) - Vector(low)) / 2
        signs = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
        faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        mesh = bpy.data.meshes.new("box")
        mesh.from_pydata(
            [[sign * side for sign, side in zip(corner, half, strict=True)] for corner in signs], [], faces
        )
        mesh.materials.append(material)
        self.put(mesh, Vector(low) + half, yaw)

    def ball(self, middle: Sequence[float], radii: Sequence[float], material: bpy.types.Material) -> None:
        """Set up an ellipsoid."""
        bpy.ops.mesh.primitive_uv_sphere_add(segments=24, ring_count=14, location=middle, scale=radii)
        thing = bpy.context.object
        thing.data.materials.append(material)
        thing.data.polygons.foreach_set("use_smooth", [True] * len(thing.data.polygons))

    def lamp(self, place: Sequence[float], power: float, size: float = 0.5) -> None:
        """Hang up a square lamp that shines down."""
        light = bpy.data.lights.new("lamp", "AREA")
        light.energy, light.size = power, size
        warmth = self.rng.uniform(0.55, 1.0)
        light.color = (1, 0.6 + 0.4 * warmth, 0.2 + 0.8 * warmth)
        thing = bpy.data.objects.new("lamp", light)
        thing.location = place
        bpy.context.scene.collection.objects.link(thing)

    def free(self, place: Rectangle) -> bool:
        """Whether nothing stands in a rectangle yet."""
        return not any(
            place[0] < other[2] and other[0] < place[2] and place[1] < other[3] and other[1] < place[3]
            for other in self.taken
        )

    def scatter(
        self, count: int, area: Rectangle, height: float, entries: Sequence[Entry], *, tallest: float, wall: float = 0.0
    ) -> None:
        """Set `count` things down in a rectangle at a height, side by side; `wall` is how many go to its rim."""
        rng = self.rng
        for entry in rng.choices(entries, k=count):
            mesh = self.library.mesh(entry)
            low, high = bounds(mesh)
            for _ in range(15):
                yaw = rng.choice((0, 1, 2, 3)) * math.pi / 2 + (rng.gauss(0, 0.1) if rng.random() < 0.5 else 0)
                if area[2] - area[0] < 3 or area[3] - area[1] < 3:  # on a table, anyhow
                    yaw = rng.uniform(0, 2 * math.pi)
                cos, sin = abs(math.cos(yaw)), abs(math.sin(yaw))
                sides = high - low
                w, d = (sides[0] * cos + sides[1] * sin) / 2, (sides[0] * sin + sides[1] * cos) / 2
                if sides[2] > tallest or 2 * w > area[2] - area[0] or 2 * d > area[3] - area[1]:
                    break
                x, y = rng.uniform(area[0] + w, area[2] - w), rng.uniform(area[1] + d, area[3] - d)
                if rng.random() < wall:
                    if rng.random() < 0.5:
                        x = rng.choice((area[0] + w + 0.02, area[2] - w - 0.02))
                    else:
                        y = rng.choice((area[1] + d + 0.02, area[3] - d - 0.02))
                place = (float(x - w), float(y - d), float(x + w), float(y + d))
                if self.free(place):
                    self.taken.append(place)
                    self.put(mesh, (x, y, height), yaw)
                    break


def models(scene: Scene, roles: Sequence[str], categories: Sequence[str] = (), count: int = 12) -> list[Entry]:
    """Return some models to set down, few enough that a scene is built quickly."""
    return [scene.library.pick(scene.rng, roles=roles, categories=categories) for _ in range(count)]


def room(scene: Scene, width: float, depth: float) -> float:
    """Build a room around the origin, with lamps and often a window; return its height."""
    rng, library = scene.rng, scene.library
    height, x, y = rng.uniform(2.3, 3.2), width / 2, depth / 2
    floor, wall = library.material(rng, *INDOORS), library.material(rng, *WALLS)
    other = library.material(rng, *WALLS) if rng.random() < 0.4 else wall
    scene.box((-x, -y, -0.1), (x, y, 0), floor)
    scene.box((-x, -y, height), (x, y, height + 0.1), library.material(rng, "plaster", "concrete", "plaster", "wood"))
    sides = [((-x, y), (x, y + 0.1)), ((-x, -y - 0.1), (x, -y)), ((-x - 0.1, -y), (-x, y)), ((x, -y), (x + 0.1, y))]
    window = rng.randrange(6)
    for number, (low, high) in enumerate(sides):
        material = other if number == 0 else wall
        if number != window:
            scene.box((*low, 0), (*high, height), material)
            continue
        along = 0 if high[0] - low[0] > 1 else 1  # a wall with a hole in it, in four pieces
        sill, top = rng.uniform(0, 1), rng.uniform(1.8, 2.2)
        start, end = sorted(rng.uniform(low[along] * 0.9, high[along] * 0.9) for _ in range(2))
        pieces = ((low[along], start, 0, height), (end, high[along], 0, height))
        for least, greatest, bottom, upper in (*pieces, (start, end, 0, sill), (start, end, top, height)):
            a, b = list(low), list(high)
            a[along], b[along] = least, greatest
            scene.box((*a, bottom), (*b, upper), material)
    for _ in range(rng.randint(1, 3)):
        scene.lamp(
            (rng.uniform(-x, x) * 0.7, rng.uniform(-y, y) * 0.7, height - 0.03),
            rng.uniform(20, 90),
            rng.uniform(0.2, 1),
        )
    library.light_by_sky(rng, rng.uniform(0.6, 2.0), "nature", "street", "sky")
    return height


def on_walls(scene: Scene, width: float, depth: float, count: int) -> None:
    """Hang pictures, boards and doors on the walls of a room."""
    rng = scene.rng
    for _ in range(count):
        door = rng.random() < 0.35
        w, h = (
            (rng.uniform(0.7, 1.0), rng.uniform(1.9, 2.1)) if door else (rng.uniform(0.2, 1.4), rng.uniform(0.2, 0.9))
        )
        bottom, thick = 0.0 if door else rng.uniform(1.0, 1.6), rng.uniform(0.01, 0.05)
        material = scene.library.material(rng, *PLAIN, "carpet", "stone", scale=rng.uniform(0.3, 1))
        at, side = rng.uniform(-0.4, 0.4), rng.choice((-1, 1))
        if rng.random() < 0.5:
            x, y = at * width, side * (depth / 2 - thick / 2)
            scene.box((x - w / 2, y - thick / 2, bottom), (x + w / 2, y + thick / 2, bottom + h), material)
        else:
            x, y = side * (width / 2 - thick / 2), at * depth
            scene.box((x - thick / 2, y - w / 2, bottom), (x + thick / 2, y + w / 2, bottom + h), material)


def table(scene: Scene, x: float, y: float, width: float, depth: float, height: float) -> Rectangle:
    """Build a table and return its top's rectangle."""
    rng = scene.rng
    material, thick, leg = scene.library.material(rng, *PLAIN, "wood", "stone"), rng.uniform(0.02, 0.05), 0.06
    area = (x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)
    scene.box((*area[:2], height - thick), (*area[2:], height), material)
    for left in (area[0] + 0.03, area[2] - 0.03 - leg):
        for front in (area[1] + 0.03, area[3] - 0.03 - leg):
            scene.box((left, front, 0), (left + leg, front + leg, height - thick), material)
    return area


def clutter(scene: Scene, count: int, area: Rectangle, height: float, largest: float) -> None:
    """Lay boxes, books and sheets on a surface, also over one another."""
    rng = scene.rng
    for _ in range(count):
        w, d = rng.uniform(0.04, largest), rng.uniform(0.04, largest)
        h = rng.choice((0.004, rng.uniform(0.01, 0.06), rng.uniform(0.05, largest)))
        x, y = rng.uniform(area[0] + w / 2, area[2] - w / 2), rng.uniform(area[1] + d / 2, area[3] - d / 2)
        material = scene.library.material(rng, *PLAIN, "carpet", "wallpaper", "stone", scale=rng.uniform(0.1, 0.6))
        low = (x - w / 2, y - d / 2, height)
        scene.box(low, (x + w / 2, y + d / 2, height + h), material, rng.choice((0.0, rng.uniform(0, 6.28))))
        if rng.random() < 0.7:
            scene.taken.append((low[0], low[1], x + w / 2, y + d / 2))


def row_of_books(scene: Scene, left: float, right: float, back: float, bottom: float, space: float) -> None:
    """Stand books or boxes side by side from left to right, their backs at y = `back`, less than `space` tall."""
    rng, x = scene.rng, left
    tall, deep = rng.uniform(0.5, 0.95) * space, rng.uniform(0.4, 0.95)
    materials = [scene.library.material(rng, *PLAIN, "wallpaper", "carpet", scale=0.3) for _ in range(4)]
    while x < right:
        wide = rng.uniform(0.015, 0.06) if tall < 0.4 else rng.uniform(0.05, 0.2)
        h, d = tall * rng.uniform(0.75, 1), deep * rng.uniform(0.12, 0.25)
        if x + wide <= right and rng.random() < 0.93:
            scene.box((x, back - d, bottom), (x + wide, back, bottom + h), rng.choice(materials))
        x += wide + 0.002
