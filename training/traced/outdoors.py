"""Path-traced scenes in the open air, and people: streets, gardens, portraits; as in `indoors.py`."""

import math
from random import Random

import bpy
from mathutils import Vector

from .assets import bounds
from .furnish import Scene, models, on_walls, room
from .views import View, Views, lens


def _ground(scene: Scene, *textures: str) -> None:
    """Lay a gently uneven ground 160 metres wide."""
    rng, size, cells = scene.rng, 160, 80
    tall, phases = rng.choice((0.0, rng.uniform(0.05, 0.6))), [rng.uniform(0, 6.28) for _ in range(4)]
    points = []
    for row in range(cells + 1):
        for column in range(cells + 1):
            x, y = (column / cells - 0.5) * size, (row / cells - 0.5) * size
            away = min(1.0, math.hypot(x, y) / 25)
            wave = math.sin(x / 9 + phases[0]) + math.sin(y / 13 + phases[1]) + math.sin((x + y) / 23 + phases[2])
            points.append((x, y, tall * away * wave * 2))
    faces = [
        (a, a + 1, a + cells + 2, a + cells + 1)
        for row in range(cells)
        for a in range(row * (cells + 1), row * (cells + 1) + cells)
    ]
    mesh = bpy.data.meshes.new("ground")
    mesh.from_pydata(points, [], faces)
    mesh.materials.append(scene.library.material(rng, *textures, scale=rng.uniform(1.5, 4)))
    scene.put(mesh, (0, 0, 0))


def _daylight(scene: Scene) -> None:
    rng = scene.rng
    scene.library.light_by_sky(rng, rng.uniform(0.6, 1.4), "nature", "street", "sky")
    if rng.random() < 0.5:
        light = bpy.data.lights.new("sun", "SUN")
        light.energy, light.angle = rng.uniform(1, 4), 0.01
        thing = bpy.data.objects.new("sun", light)
        thing.rotation_euler = (rng.uniform(0.2, 1.1), 0, rng.uniform(0, 6.28))
        bpy.context.scene.collection.objects.link(thing)


def _house(scene: Scene, x: float, y: float, w: float, d: float, h: float) -> None:
    """Build a block with rows of windows and a door on all sides."""
    rng = scene.rng
    scene.box(
        (x, y, 0),
        (x + w, y + d, h),
        scene.library.material(rng, "brick", "plaster", "concrete", "stone", scale=rng.uniform(1.5, 4)),
    )
    glass, step, floor = scene.library.material(rng, "metal", "plaster"), rng.uniform(1.6, 3.5), rng.uniform(2.6, 3.4)
    wide, tall, out = rng.uniform(0.6, 1.3), rng.uniform(0.9, 1.8), rng.choice((0.02, 0.12))
    for storey in range(min(int(h / floor), 4)):
        for window in range(min(int(w / step), 8)):
            left, bottom = x + (window + 0.3) * step, storey * floor + 0.8
            scene.box((left, y - out, bottom), (left + wide, y + d + out, bottom + tall), glass)
        for window in range(min(int(d / step), 8)):
            front, bottom = y + (window + 0.3) * step, storey * floor + 0.8
            scene.box((x - out, front, bottom), (x + w + out, front + wide, bottom + tall), glass)


def street(scene: Scene) -> Views:
    """A road between houses, with cars, trees, lamps and people."""
    rng = scene.rng
    _daylight(scene)
    _ground(scene, "asphalt", "paving", "concrete")
    half, y = rng.uniform(3, 8), -20.0
    for side in (-1, 1):
        kerb = sorted((side * half, side * (half + 3)))
        scene.box((kerb[0], -60, 0), (kerb[1], 60, 0.14), scene.library.material(rng, "paving", "concrete", "stone"))
        y = -20.0
        while y < 60:
            d, w, h = rng.uniform(6, 16), rng.uniform(5, 12), rng.uniform(3, 16)
            if rng.random() < 0.75:
                near = half + rng.uniform(2.5, 6)
                _house(scene, near if side > 0 else -near - w, y, w, d, h)
                scene.taken.append((near, y, near + w, y + d) if side > 0 else (-near - w, y, -near, y + d))
            y += d + rng.choice((0.0, rng.uniform(1, 8)))
    scene.scatter(rng.randint(2, 7), (-half, 3, half, 35), 0, models(scene, ("outdoor",), ("vehicle",), 5), tallest=5)
    scene.scatter(
        rng.randint(3, 9),
        (-half - 3, 1, half + 3, 25),
        0.1,
        models(scene, ("outdoor", "floor"), ("tree", "street", "person", "plant"), 7),
        tallest=12,
    )

    def view(rng: Random) -> View:
        place = Vector((rng.uniform(-half, half) * 1.2, rng.uniform(-12, 2), rng.uniform(1.2, 2.2)))
        target = place + Vector((rng.gauss(0, 0.35), 1, rng.uniform(-0.12, 0.12)))
        return View(place, target, lens(rng), 1.0)

    return view


def _plant(scene: Scene, leaf: bpy.types.Material, flower: bpy.types.Material) -> bpy.types.Mesh:
    """Return a tuft of leaves, some with a flower on top, as one mesh of up to half a metre."""
    rng = scene.rng
    points: list[Vector] = []
    faces: list[tuple[int, ...]] = []
    kinds: list[int] = []
    tall, wide, spread = rng.uniform(0.1, 0.5), rng.uniform(0.006, 0.05), rng.uniform(0.1, 0.7)
    for _ in range(rng.randint(12, 40)):
        turn, lean, long = rng.uniform(0, 6.28), rng.uniform(0, spread), tall * rng.uniform(0.4, 1)
        out, side = Vector((math.cos(turn), math.sin(turn), 0)), Vector((-math.sin(turn), math.cos(turn), 0)) * wide
        bend = [out * lean * long * t * t + Vector((0, 0, long * (t - 0.3 * lean * t * t))) for t in (0, 0.5, 1)]
        start = len(points)
        points += [bend[0] - side / 2, bend[0] + side / 2, bend[1] - side, bend[1] + side, bend[2]]
        faces += [(start, start + 1, start + 3, start + 2), (start + 2, start + 3, start + 4)]
        kinds += [0, 0]
        if rng.random() < 0.3:
            size, start = rng.uniform(0.01, 0.04), len(points)
            points += [
                bend[2] + Vector((math.cos(a), math.sin(a), 0.3 * (-1) ** n)) * size
                for n, a in enumerate((0, 1.05, 2.1, 3.15, 4.2, 5.25))
            ]
            faces, kinds = [*faces, tuple(range(start, start + 6))], [*kinds, 1]
    mesh = bpy.data.meshes.new("plant")
    mesh.from_pydata(points, [], faces)
    for material in (leaf, flower):
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", kinds)
    return mesh


def garden(scene: Scene) -> Views:
    """Grass, beds of flowers, trees and a fence or a wall; also from close by."""
    rng, library = scene.rng, scene.library
    _daylight(scene)
    _ground(scene, "grass", "ground", "grass", "stone")
    plants = [
        _plant(
            scene,
            library.material(rng, "grass", "bark", scale=0.4),
            library.material(rng, "fabric", "wallpaper", scale=3),
        )
        for _ in range(4)
    ]
    beds = [(rng.uniform(-3, 3), rng.uniform(1.5, 6), rng.uniform(0.3, 1.5)) for _ in range(rng.randint(1, 4))]
    for x, y, wide in beds:
        for _ in range(round(90 * wide)):
            scene.put(
                rng.choice(plants),
                (x + rng.gauss(0, wide), y + rng.gauss(0, wide * 0.6), 0),
                rng.uniform(0, 6.28),
                rng.uniform(0.6, 1.6),
            )
    far, wood = rng.uniform(6, 18), library.material(rng, "wood", "brick", "stone")
    if rng.random() < 0.6:
        wide, gap, high = rng.uniform(0.08, 0.3), rng.choice((0.0, 0.06)), rng.uniform(0.8, 2)
        for number in range(round(20 / (wide + gap))):
            x = -10 + number * (wide + gap)
            scene.box((x, far, 0), (x + wide, far + 0.05, high), wood)
    if rng.random() < 0.5:
        _house(scene, rng.uniform(-14, 2), far + rng.uniform(1, 10), rng.uniform(6, 14), 6, rng.uniform(3, 8))
    scene.scatter(
        rng.randint(2, 6),
        (-9, 4, 9, far - 0.5),
        0,
        models(scene, ("outdoor",), ("tree", "rock", "plant"), 4),
        tallest=12,
    )
    scene.scatter(
        rng.randint(1, 5),
        (-3, 2, 3, 7),
        0,
        models(scene, ("floor", "outdoor"), ("plant", "furniture", "animal", "decor", "box"), 5),
        tallest=2.5,
    )

    def view(rng: Random) -> View:
        x, y, wide = rng.choice(beds)
        if rng.random() < 0.5:
            place = Vector((x + rng.gauss(0, 0.3), y - wide - rng.uniform(0.4, 1.2), rng.uniform(0.25, 1.2)))
            return View(place, Vector((x, y, rng.uniform(0.05, 0.35))), lens(rng), 0.15)
        place = Vector((rng.uniform(-3, 3), rng.uniform(-3, 0), rng.uniform(1, 1.8)))
        return View(place, Vector((rng.uniform(-2, 2), 6, rng.uniform(0, 1.5))), lens(rng), 0.6)

    return view


def portrait(scene: Scene) -> Views:
    """Somebody of ellipsoids, or an animal, in front of a room or of the open air."""
    rng, library = scene.rng, scene.library
    if rng.random() < 0.6:
        room(scene, 6, 7)
        on_walls(scene, 6, 7, 5)
        scene.scatter(
            6,
            (-3, 0.8, 3, 3.5),
            0,
            models(scene, ("floor",), ("furniture", "decor", "plant", "appliance"), 6),
            tallest=2.2,
            wall=0.8,
        )
    else:
        _daylight(scene)
        _ground(scene, "grass", "paving", "ground", "asphalt")
        scene.scatter(
            8, (-9, 3, 9, 25), 0, models(scene, ("outdoor",), ("tree", "vehicle", "street", "building"), 6), tallest=12
        )
    head = rng.uniform(1.0, 1.7)
    if rng.random() < 0.25:
        thing = library.mesh(
            library.pick(rng, roles=("floor", "table", "outdoor"), categories=("person", "animal", "toy", "statue"))
        )
        size = (bounds(thing)[1] - bounds(thing)[0]).max()
        scene.put(thing, (0, 0, 0), rng.uniform(0, 6.28), rng.uniform(0.7, 1.75) / size)
        head = rng.uniform(0.4, 0.9)
    else:
        skin, cloth, hair = (
            library.material(rng, "leather", "plaster", scale=3),
            library.material(rng, "fabric", "carpet", scale=0.5),
            library.material(rng, "bark", "fabric", "carpet", scale=0.2),
        )
        for number in range(rng.choice((1, 1, 1, 2))):
            x, y, z = (
                number * rng.uniform(0.5, 0.8),
                rng.uniform(-0.1, 0.4) * number,
                head + number * rng.uniform(-0.15, 0.15),
            )
            scene.ball((x, y, z), (0.075, 0.095, 0.115), skin)
            scene.ball((x, y + 0.02, z + 0.03), (0.085, 0.1, rng.uniform(0.09, 0.14)), hair)
            scene.ball((x, y - 0.1, z - 0.02), (0.012, 0.02, 0.02), skin)
            scene.ball((x, y + 0.01, z - 0.13), (0.05, 0.05, 0.07), skin)
            scene.ball((x, y + 0.03, z - 0.4), (rng.uniform(0.18, 0.25), rng.uniform(0.11, 0.15), 0.28), cloth)
            scene.ball((x, y + 0.03, z - 0.8), (0.18, 0.14, 0.35), cloth)
            for side in (-1, 1):
                scene.ball((x + side * 0.26, y + rng.uniform(-0.15, 0.05), z - 0.45), (0.055, 0.07, 0.25), cloth)
                scene.ball((x + side * 0.1, y, 0.45 * z), (0.08, 0.09, 0.45 * z), cloth)

    def view(rng: Random) -> View:
        away, turn = rng.uniform(0.6, 2.6), rng.gauss(0, 0.4)
        place = Vector((away * math.sin(turn), -away * math.cos(turn), head + rng.uniform(-0.3, 0.3)))
        return View(place, Vector((rng.uniform(-0.2, 0.2), 0, head - rng.uniform(0, 0.4))), lens(rng), 0.3)

    return view
