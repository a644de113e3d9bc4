"""What stands on the table of the sample still life, each built in metres."""

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

from . import sample_materials as materials
from . import sample_shapes as shapes


def build_jug(at: Vector, rng: np.random.Generator) -> None:
    """A glazed jug with an olive branch in it."""
    glaze, bark, leaf = materials.GLAZE.build(), materials.BARK.build(), materials.LEAF.build()
    outside = [(0.0, 0.0), (0.045, 0.0), (0.05, 0.004), (0.066, 0.04), (0.078, 0.085), (0.072, 0.13), (0.05, 0.165)]
    neck = [(0.038, 0.19), (0.038, 0.21), (0.046, 0.236), (0.048, 0.239), (0.044, 0.237), (0.034, 0.205), (0.04, 0.16)]
    jug = shapes.lathe("Jug", [*outside, *neck, (0.05, 0.12), (0.0, 0.05)], glaze, spout=0.022)
    jug.location, jug.rotation_euler.z = at, 2.7
    handle = shapes.tube(
        "Jug handle",
        [(-0.042, 0, 0.222), (-0.075, 0, 0.228), (-0.103, 0, 0.195), (-0.1, 0, 0.15), (-0.071, 0, 0.105)],
        [0.009, 0.0085, 0.0075, 0.007, 0.010],
        glaze,
    )
    handle.matrix_world = Matrix.Translation(at) @ Matrix.Rotation(2.7, 4, "Z")
    for x, y, z in (
        (-0.23, 0.02, 0.15),
        (-0.10, 0.05, 0.27),
        (0.05, -0.03, 0.28),
        (0.20, 0.03, 0.19),
        (0.10, -0.1, 0.14),
    ):
        tip = Vector((x, y, z))
        path: list[tuple[float, ...]] = [(0.02 * x, 0.02 * y, 0.10), (0.05 * x, 0.05 * y, 0.22)]
        path += [
            (Vector((0, 0, 0.235)) + tip * t + Vector((0, 0, 0.06 * t * (1 - t)))).to_tuple() for t in (0.35, 0.7, 1.0)
        ]
        shapes.branch("Olive", [(at + Vector(point)).to_tuple() for point in path], bark, leaf, rng)


def build_bottle(at: Vector) -> None:
    """A corked bottle of dark glass."""
    profile = [(0.0, 0.004), (0.032, 0.0), (0.0365, 0.006), (0.037, 0.05), (0.037, 0.15), (0.035, 0.175), (0.021, 0.21)]
    profile += [(0.0145, 0.24), (0.0135, 0.275), (0.0165, 0.279), (0.0165, 0.29), (0.0135, 0.292), (0.0, 0.291)]
    shapes.lathe("Bottle", profile, materials.GLASS.build()).location = at
    cork = shapes.lathe("Cork", [(0.0, 0.0), (0.0105, 0.0), (0.0115, 0.024), (0.0, 0.025)], materials.CORK.build())
    cork.location = at + Vector((0, 0, 0.289))


def build_armillary(at: Vector) -> None:
    """An armillary sphere: brass rings thin enough to look through."""
    brass = materials.BRASS.build()
    foot = [(0.0, 0.0), (0.058, 0.0), (0.06, 0.006), (0.045, 0.014), (0.018, 0.022), (0.009, 0.035), (0.008, 0.06)]
    stem = [(0.015, 0.068), (0.008, 0.076), (0.007, 0.10), (0.012, 0.108), (0.005, 0.115), (0.0, 0.117)]
    shapes.lathe("Foot", [*foot, *stem], brass).location = at
    centre = at + Vector((0, 0, 0.215))
    tilt = 0.41  # radians: the 23.4 degrees between equator and ecliptic
    rings = [
        (0.100, 0.0030, (1.5708, 0.0, 0.45)),  # meridian
        (0.094, 0.0022, (1.5708, 0.0, 2.02)),  # colure
        (0.094, 0.0022, (0.25, 0.30, 0.0)),  # equator
        (0.089, 0.0030, (0.25 + tilt, 0.45, 0.3)),  # ecliptic
        (0.109, 0.0026, (0.0, 0.0, 0.0)),  # horizon
    ]
    for radius, thickness, rotation in rings:
        shapes.ring("Ring", radius, thickness, brass, rotation).location = centre
    axis = Vector((-0.30, -0.10, 0.95)).normalized()
    shapes.tube("Axis", [(centre + axis * t).to_tuple() for t in (-0.112, -0.04, 0.04, 0.125)], [0.0014], brass)
    globe = [(0.021 * np.sin(t), -0.021 * np.cos(t)) for t in np.linspace(0, np.pi, 13)]
    shapes.lathe("Globe", globe, materials.WOOD.build()).location = centre


def rest(ob: bpy.types.Object, x: float, y: float, rotation: tuple[float, float, float], height: float = 0.0) -> None:
    """Turn an object and put it down: its lowest point comes to lie at (x, y, height)."""
    turn = Euler(rotation).to_matrix()
    lowest = min((turn @ vertex.co).z for vertex in ob.data.vertices)
    ob.rotation_euler = rotation
    ob.location = (x, y, height - lowest)


def build_fruit(rng: np.random.Generator) -> None:
    """Apples and pears with stems, a lemon, and grapes that hang over the edge of the table."""
    bark = materials.BARK.build()
    apple_skin, pear_skin = materials.APPLE.build(), materials.PEAR.build()
    apple = [(0.0, 0.008), (0.010, 0.004), (0.020, 0.0), (0.033, 0.016), (0.039, 0.038), (0.034, 0.060), (0.02, 0.069)]
    apple += [(0.010, 0.065), (0.004, 0.056), (0.0, 0.053)]
    pear = [(0.0, 0.004), (0.012, 0.0), (0.030, 0.012), (0.036, 0.034), (0.030, 0.058), (0.019, 0.078), (0.0145, 0.093)]
    pear += [(0.008, 0.101), (0.003, 0.099), (0.0, 0.096)]
    lemon = [
        (0.0, 0.0),
        (0.006, 0.002),
        (0.015, 0.010),
        (0.027, 0.032),
        (0.027, 0.050),
        (0.015, 0.072),
        (0.006, 0.081),
        (0.0, 0.084),
    ]
    placed = [
        ("Apple", apple, apple_skin, 0.035, 0.155, (0.12, 0.0, 0.3), 0.056),
        ("Apple", apple, apple_skin, -0.045, 0.235, (-0.5, 0.3, 1.3), 0.056),
        ("Pear", pear, pear_skin, 0.105, 0.235, (0.06, -0.1, 2.0), 0.098),
        ("Pear", pear, pear_skin, 0.135, 0.10, (1.45, 0.0, 1.1), 0.098),
    ]
    for seed, (name, profile, skin, x, y, rotation, top) in enumerate(placed):
        ob = shapes.fruit(name, profile, skin, seed=seed)
        rest(ob, x, y, rotation)
        stem = shapes.tube(
            "Stem", [(0, 0, top - 0.006), (0.001, 0, top + 0.008), (0.006, 0.002, top + 0.024)], [0.0011, 0.0018], bark
        )
        stem.location, stem.rotation_euler = ob.location, rotation
    rest(shapes.fruit("Lemon", lemon, materials.LEMON.build(), seed=9), 0.285, 0.235, (1.42, 0.0, -1.0))
    build_grapes(rng, bark)


def build_grapes(rng: np.random.Generator, bark: bpy.types.Material) -> None:
    """A bunch of grapes along a stalk that runs over the cloth and down across the edge of the table."""
    skin = materials.GRAPE.build()
    stalk = [
        (-0.20, 0.12, 0.035),
        (-0.21, 0.05, 0.030),
        (-0.222, -0.012, 0.010),
        (-0.23, -0.026, -0.06),
        (-0.234, -0.028, -0.115),
    ]
    shapes.tube("Stalk", [(-0.185, 0.17, 0.012), *stalk], [0.002, 0.0015, 0.001], bark)
    curve = shapes.smooth_path(stalk, 40)
    centres: list[np.ndarray] = []
    for _ in range(4000):
        share = rng.uniform()
        spread = 0.030 * np.sin(np.pi * (0.12 + 0.83 * share)) ** 0.7
        centre = curve[int(share * (len(curve) - 1))] + rng.normal(0, spread / 1.6, 3)
        on_table = centre[1] > 0.0 and centre[2] < 0.014
        in_front = centre[1] <= 0.014 and centre[1] > -0.016 and centre[2] < 0.014
        if on_table or in_front or any(np.linalg.norm(centre - other) < 0.0165 for other in centres):
            continue
        centres.append(centre)
    profile = [(0.0095 * np.sin(t), -0.0105 * np.cos(t)) for t in np.linspace(0, np.pi, 9)]
    for centre in centres:
        grape = shapes.lathe("Grape", profile, skin, segments=32)
        grape.location, grape.rotation_euler = Vector(centre.tolist()), Euler(rng.uniform(0, 3, 3).tolist())


def build_knife() -> None:
    """A knife whose handle stands out over the edge of the table, towards the viewer."""
    outline = [(0.0, -0.009), (0.10, -0.009), (0.118, -0.004), (0.125, 0.008), (0.0, 0.008)]
    points = np.array([(x, y, z) for z in (-0.0006, 0.0006) for x, y in outline])
    count = len(outline)
    sides = [(i, (i + 1) % count, (i + 1) % count + count, i + count) for i in range(count)]
    faces = [tuple(range(count))[::-1], tuple(range(count, 2 * count)), *sides]
    blade = shapes.mesh_object("Blade", points, faces, materials.STEEL.build())
    blade.data.shade_flat()
    handle = shapes.box(
        "Handle", (-0.095, -0.0095, -0.007), (0.002, 0.0095, 0.007), materials.WOOD.build(), bevel=0.005
    )
    for part in (blade, handle):
        part.location, part.rotation_euler = (0.335, 0.035, 0.008), (0.0, 0.06, 2.0)
