"""Path-traced scenes indoors: rooms, hallways, partitions, shelves and bins, desks from above, tables, whole places.

Each function sets a scene up in the empty file and returns where a photographer may stand: a function that draws a
`View`. A view that turns out to look at a wall from close by is thrown away by `path_traced.py`.
"""

import math
from random import Random

from mathutils import Vector

from .assets import bounds
from .furnish import PLAIN, Scene, clutter, models, on_walls, room, row_of_books, table
from .views import View, Views, lens


def living_room(scene: Scene) -> Views:
    """A room with furniture along its walls, or a hallway."""
    rng = scene.rng
    width, depth = (
        (rng.uniform(1.3, 2.2), rng.uniform(6, 12)) if rng.random() < 0.2 else (rng.uniform(3, 7), rng.uniform(3, 7))
    )
    height, area = room(scene, width, depth), (-width / 2, -depth / 2, width / 2, depth / 2)
    on_walls(scene, width, depth, rng.randint(1, 6))
    if width > 3 and rng.random() < 0.6:
        top = rng.uniform(0.4, 0.78)
        place = table(
            scene,
            rng.uniform(-0.2, 0.2) * width,
            rng.uniform(-0.2, 0.2) * depth,
            rng.uniform(0.8, 1.8),
            rng.uniform(0.5, 1),
            top,
        )
        scene.scatter(rng.randint(2, 6), place, top, models(scene, ("table",), count=6), tallest=0.6)
        scene.taken.append(place)
    furniture = models(scene, ("floor",), ("furniture", "appliance", "decor", "plant"), 8)
    scene.scatter(rng.randint(4, 9), area, 0, furniture, tallest=height - 0.1, wall=0.75)
    scene.scatter(
        rng.randint(1, 6), area, 0, models(scene, ("floor", "table"), count=5), tallest=height - 0.1, wall=0.3
    )

    def view(rng: Random) -> View:
        side = rng.choice((-1, 1))
        place = Vector((rng.uniform(-0.4, 0.4) * width, side * rng.uniform(0.2, 0.45) * depth, rng.uniform(0.9, 1.75)))
        target = Vector((rng.uniform(-0.4, 0.4) * width, -side * rng.uniform(0.1, 0.45) * depth, rng.uniform(0.2, 1.4)))
        return View(place, target, lens(rng), 0.5)

    return view


def partitions(scene: Scene) -> Views:
    """A large room cut up by screens and desks, of which one often fills half the picture."""
    rng = scene.rng
    width, depth = rng.uniform(5, 10), rng.uniform(5, 12)
    room(scene, width, depth)
    on_walls(scene, width, depth, 4)
    screen, frame = (
        scene.library.material(rng, *names) for names in (("fabric", "carpet", "plaster", "wood"), ("metal", "wood"))
    )
    for _ in range(rng.randint(3, 7)):
        x, y = rng.uniform(-0.4, 0.4) * width, rng.uniform(-0.4, 0.4) * depth
        long, high, across = rng.uniform(1, 3), rng.uniform(1.1, 2.1), rng.random() < 0.5
        w, d = (long / 2, 0.03) if across else (0.03, long / 2)
        scene.box((x - w, y - d, 0.02), (x + w, y + d, high), screen)
        scene.box((x - w, y - d, high), (x + w, y + d, high + 0.04), frame)
        scene.taken.append((x - w - 0.05, y - d - 0.05, x + w + 0.05, y + d + 0.05))
        top, off = rng.uniform(0.68, 0.78), rng.choice((-1, 1)) * 0.5
        desk = table(
            scene,
            x + (0 if across else off),
            y + (off if across else 0),
            *((long, 0.7) if across else (0.7, long)),
            top,
        )
        scene.scatter(
            rng.randint(1, 4),
            desk,
            top,
            models(scene, ("table",), ("electronics", "book", "tableware", "box", "misc"), 4),
            tallest=0.5,
        )
        clutter(scene, rng.randint(0, 4), desk, top, 0.3)
    scene.scatter(
        6,
        (-width / 2, -depth / 2, width / 2, depth / 2),
        0,
        models(scene, ("floor",), ("furniture", "box"), 5),
        tallest=2,
    )

    def view(rng: Random) -> View:
        place = Vector((rng.uniform(-0.45, 0.45) * width, rng.uniform(-0.45, 0.45) * depth, rng.uniform(1, 1.8)))
        turn = rng.uniform(0, 2 * math.pi)
        return View(place, place + Vector((math.cos(turn), math.sin(turn), rng.uniform(-0.5, 0.1))), lens(rng), 0.35)

    return view


def shelf(scene: Scene) -> Views:
    """A shelf, cupboard or bin, seen from afar or with one compartment filling the picture."""
    rng = scene.rng
    room(scene, 6, 5)
    columns, rows = rng.randint(1, 4), rng.randint(1, 5)
    w, h, deep, thick = rng.uniform(0.3, 0.9), rng.uniform(0.22, 0.5), rng.uniform(0.25, 0.6), rng.uniform(0.012, 0.03)
    base = rng.choice((0.05, rng.uniform(0.3, 1.0)))
    material, back = scene.library.material(rng, *PLAIN, "wood"), 2.45
    left, right, top = -columns * w / 2, columns * w / 2, base + rows * h
    for row in range(rows + 1):
        scene.box((left, back - deep, base + row * h), (right, back, base + row * h + thick), material)
    for column in range(columns + 1):
        x = left + column * w
        scene.box((x - thick / 2, back - deep, 0), (x + thick / 2, back, top + thick), material)
    if rng.random() < 0.6:
        scene.box((left, back - 0.01, base), (right, back, top), scene.library.material(rng, *PLAIN, "metal"))
    things = models(scene, ("table",), count=14)
    for row in range(rows):
        for column in range(columns):
            x, z, kind = left + column * w + thick, base + row * h + thick, rng.random()
            area = (x, back - deep + 0.01, x + w - 2 * thick, back - 0.02)
            if kind < 0.3:
                row_of_books(
                    scene, area[0], area[2] - rng.uniform(0, 0.5) * w, back - rng.uniform(0.02, deep / 3), z, h - thick
                )
            elif kind < 0.9:
                scene.taken.clear()
                scene.scatter(rng.randint(2, 8), area, z, things, tallest=h - 2 * thick)
                clutter(scene, rng.randint(0, 4), area, z, min(0.5 * h, 0.2))
    scene.scatter(5, (-3, -2.5, 3, 1.4), 0, models(scene, ("floor",), count=5), tallest=2, wall=0.8)
    on_walls(scene, 6, 5, 3)

    def view(rng: Random) -> View:
        column, row = rng.randrange(columns), rng.randrange(rows)
        target = Vector((left + (column + 0.5) * w, back - deep / 2, base + (row + 0.5) * h))
        away = rng.choice((rng.uniform(0.3, 0.8), rng.uniform(0.6, 1.5), rng.uniform(1.2, 3)))
        place = Vector(
            (target.x + rng.gauss(0, 0.3) * away, back - deep - away, target.z + rng.uniform(-0.1, 0.5) * away)
        )
        return View(place, target, lens(rng), 0.15)

    return view


def desk_from_above(scene: Scene) -> Views:
    """A crowded desk, bench or floor, seen steeply from above; sometimes things in a tray or a bin."""
    rng = scene.rng
    room(scene, 5, 5)
    top, w, d = rng.uniform(0.6, 0.8), rng.uniform(0.8, 1.8), rng.uniform(0.6, 1.0)
    area = table(scene, 0, 0, w, d, top)
    if rng.random() < 0.35:  # a tray or bin
        x, y, rim, wall = rng.uniform(0.15, 0.35), rng.uniform(0.12, 0.3), rng.uniform(0.03, 0.3), 0.01
        material = scene.library.material(rng, "metal", "plaster", "wood")
        for low, high in (
            ((-x, -y), (x, -y + wall)),
            ((-x, y - wall), (x, y)),
            ((-x, -y), (-x + wall, y)),
            ((x - wall, -y), (x, y)),
        ):
            scene.box((*low, top), (*high, top + rim), material)
        scene.scatter(
            rng.randint(3, 9),
            (-x + wall, -y + wall, x - wall, y - wall),
            top,
            models(scene, ("table",), count=8),
            tallest=0.3,
        )
        scene.taken.append((-x, -y, x, y))
    scene.scatter(
        rng.randint(2, 4),
        area,
        top,
        models(scene, ("table",), ("electronics", "appliance", "box", "toy"), 4),
        tallest=0.6,
    )
    scene.scatter(rng.randint(5, 16), area, top, models(scene, ("table",), count=12), tallest=0.45)
    clutter(scene, rng.randint(2, 14), area, top, 0.32)
    scene.lamp((rng.uniform(-1, 1), rng.uniform(-1, 1), 2.1), rng.uniform(5, 40), rng.uniform(0.1, 0.6))
    scene.scatter(
        5, (-2.5, -2.5, 2.5, 2.5), 0, models(scene, ("floor",), ("furniture", "box"), 5), tallest=1.2, wall=0.6
    )

    def view(rng: Random) -> View:
        target = Vector((rng.uniform(-0.3, 0.3) * w, rng.uniform(-0.3, 0.3) * d, top))
        return _down_at(rng, target, degrees=(35, 85), metres=(0.45, 1.3))

    return view


def on_a_table(scene: Scene) -> Views:
    """Things on a table in a room, seen from a chair."""
    rng = scene.rng
    room(scene, rng.uniform(3, 6), rng.uniform(3, 6))
    top, w, d = rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.8), rng.uniform(0.6, 1.1)
    area = table(scene, 0, 0, w, d, top)
    middle = (-0.25, -0.2, 0.25, 0.2)
    scene.scatter(rng.randint(1, 5), middle, top, models(scene, ("table",), count=5), tallest=0.4)
    scene.scatter(rng.randint(1, 9), area, top, models(scene, ("table",), count=8), tallest=0.5)
    clutter(scene, rng.randint(0, 4), area, top, 0.25)
    scene.taken.append(area)
    scene.scatter(rng.randint(2, 7), (-2, -2, 2, 2), 0, models(scene, ("floor",), count=6), tallest=2, wall=0.9)
    on_walls(scene, 4, 4, 2)

    def view(rng: Random) -> View:
        target = Vector((rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15), top + rng.uniform(0, 0.12)))
        return _down_at(rng, target, degrees=(6, 50), metres=(0.4, 1.4))

    return view


def _down_at(rng: Random, target: Vector, *, degrees: tuple[float, float], metres: tuple[float, float]) -> View:
    """Look down at a place from any side, so steeply and from so far away."""
    turn, steep, away = rng.uniform(0, 6.28), math.radians(rng.uniform(*degrees)), rng.uniform(*metres)
    offset = Vector((math.cos(turn) * math.cos(steep), math.sin(turn) * math.cos(steep), math.sin(steep)))
    return View(target + away * offset, target, lens(rng), 0.2)


def ready_made(scene: Scene) -> Views:
    """A whole place that somebody has modelled."""
    rng = scene.rng
    entries = scene.library.of("room")
    entry = rng.choices(entries, [entry.get("weight", 1) for entry in entries])[0]
    mesh = scene.library.mesh(entry)
    scene.put(mesh, (0, 0, 0))
    low, high = (Vector(corner) for corner in bounds(mesh))
    scene.library.light_by_sky(rng, rng.uniform(0.8, 2), "nature", "street", "sky")
    for _ in range(8):
        scene.lamp(
            (rng.uniform(low.x, high.x), rng.uniform(low.y, high.y), min(high.z, 2.4) - 0.05), rng.uniform(40, 120)
        )

    def view(rng: Random) -> View:
        if entry["category"] == "diorama":
            turn, away = rng.uniform(0, 6.28), rng.uniform(0.7, 1.2) * max(high)
            place = Vector((math.cos(turn) * away, math.sin(turn) * away, rng.uniform(0.3, 0.9) * high.z))
            return View(place, Vector((0, 0, 0.35 * high.z)), lens(rng), 0.4)
        place = Vector((rng.uniform(low.x, high.x), rng.uniform(low.y, high.y), rng.uniform(1.0, 1.75)))
        turn = rng.uniform(0, 6.28)
        return View(place, place + Vector((math.cos(turn), math.sin(turn), rng.uniform(-0.4, 0.1))), lens(rng), 0.5)

    return view
