"""Shapes of the sample still life: turned shapes, tubes, rings, leaves, fruit and a draped cloth. Metres, z up."""

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix, Vector, noise

Point = tuple[float, float, float]
Path = Sequence[Sequence[float]] | np.ndarray  # (N, 3) or (N, 2)


def mesh_object(
    name: str, points: np.ndarray, faces: Sequence[Sequence[int]], material: bpy.types.Material
) -> bpy.types.Object:
    """Make a smooth-shaded object of `points` ((N, 3), metres) and `faces` and link it to the scene."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(point) for point in points], [], faces)
    mesh.shade_smooth()
    mesh.materials.append(material)
    ob = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(ob)
    return ob


def grid_faces(rows: int, columns: int, *, closed: bool = False) -> list[tuple[int, int, int, int]]:
    """Return the quads of a grid stored row by row; `closed` joins the last column to the first."""
    last = columns if closed else columns - 1
    return [
        (row * columns + column, row * columns + right, (row + 1) * columns + right, (row + 1) * columns + column)
        for row in range(rows - 1)
        for column in range(last)
        for right in ((column + 1) % columns,)
    ]


def smooth_path(points: Path, steps: int = 12) -> np.ndarray:
    """Return a Catmull-Rom curve ((N, D)) through `points`, with `steps` samples between two of them."""
    p = np.asarray(points, dtype=np.float64)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.vstack([*pieces, p[-2:-1]])


def lathe(
    name: str,
    profile: Sequence[tuple[float, float]],
    material: bpy.types.Material,
    *,
    segments: int = 96,
    spout: float = 0.0,
) -> bpy.types.Object:
    """Turn a profile of (radius, height) about the z axis; `spout` pulls the rim towards +x by that many metres."""
    curve = smooth_path(profile)
    angle = np.linspace(0.0, 2 * np.pi, segments, endpoint=False)
    radius, height = np.maximum(curve[:, :1], 0.0), np.broadcast_to(curve[:, 1:], (len(curve), segments))
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    near_rim = np.clip((height / height.max() - 0.8) / 0.2, 0.0, 1.0) ** 2
    x = x + spout * near_rim * np.clip(np.cos(angle), 0.0, 1.0) ** 10
    points = np.stack([x, y, height], axis=-1).reshape(-1, 3)
    return mesh_object(name, points, grid_faces(len(curve), segments, closed=True), material)


def tube(
    name: str,
    path: Path,
    radii: Sequence[float],
    material: bpy.types.Material,
    *,
    closed: bool = False,
) -> bpy.types.Object:
    """Sweep a circle along `path`; `radii` run from the path's start to its end."""
    points = np.asarray(path) if closed else smooth_path(path)
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution, curve.use_fill_caps = "3D", 1.0, 6, True
    spline = curve.splines.new("POLY")
    spline.points.add(len(points) - 1)
    spline.use_cyclic_u = closed
    thickness = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(radii)), radii)
    for target, point, radius in zip(spline.points, points, thickness, strict=True):
        target.co, target.radius = (*point, 1.0), radius
    spline.use_smooth = True
    curve.materials.append(material)
    ob = bpy.data.objects.new(name, curve)
    bpy.context.collection.objects.link(ob)
    return ob


def ring(name: str, radius: float, thickness: float, material: bpy.types.Material, rotation: Point) -> bpy.types.Object:
    """Make a wire ring about the origin, turned by an Euler `rotation` in radians."""
    angle = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros_like(angle)], axis=-1)
    ob = tube(name, path, [thickness], material, closed=True)
    ob.rotation_euler = rotation
    return ob


def box(name: str, low: Point, high: Point, material: bpy.types.Material, *, bevel: float = 0.003) -> bpy.types.Object:
    """Make an axis-aligned box with rounded edges."""
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    ob = mesh_object(name, corners, faces, material)
    modifier = ob.modifiers.new("Bevel", "BEVEL")
    modifier.width, modifier.segments = bevel, 3
    modifier.harden_normals = True
    return ob


def fruit(
    name: str, profile: Sequence[tuple[float, float]], material: bpy.types.Material, *, seed: int, lobes: float = 0.03
) -> bpy.types.Object:
    """Turn a profile and make it as irregular as grown things are; `lobes` is the share by which the radius varies."""
    ob = lathe(name, profile, material)
    size = max(height for _, height in profile)
    for vertex in ob.data.vertices:
        sample = vertex.co / size * 1.3 + Vector((seed * 7.3, 0.0, 0.0))
        vertex.co.xy *= 1.0 + lobes * noise.noise(sample)
        vertex.co.z += 0.5 * lobes * size * noise.noise(sample * 1.7 + Vector((0.0, 5.0, 0.0)))
    return ob


def leaf(
    name: str, length: float, width: float, material: bpy.types.Material, *, curl: float = 0.2
) -> bpy.types.Object:
    """Make a lance-shaped leaf from the origin along +x, folded at its midrib and curled downwards."""
    along, across = np.meshgrid(np.linspace(0, 1, 17), np.linspace(-1, 1, 7), indexing="ij")
    half = width / 2 * np.sin(np.pi * along**0.85) ** 0.9
    points = np.stack(
        [along * length, across * half, np.abs(across) * half * 0.35 - curl * length * along**2], axis=-1
    ).reshape(-1, 3)
    return mesh_object(name, points, grid_faces(17, 7), material)


def branch(
    name: str,
    path: Path,
    bark: bpy.types.Material,
    leaves: bpy.types.Material,
    rng: np.random.Generator,
) -> None:
    """Make a twig along `path` with pairs of leaves on its upper two thirds."""
    tube(name, path, [0.0028, 0.0022, 0.0009], bark)
    curve = smooth_path(path)
    start = len(curve) // 3
    for index in np.linspace(start, len(curve) - 1, 13).astype(int):
        here, before = Vector(curve[index]), Vector(curve[index - 1])
        direction = (here - before).normalized()
        for side in (-1.0, 1.0):
            tip = 1.0 - 0.45 * (index - start) / (len(curve) - start)
            ob = leaf(f"{name} leaf", rng.uniform(0.045, 0.06) * tip, 0.013 * tip, leaves, curl=rng.uniform(-0.05, 0.3))
            turn = Matrix.Rotation(rng.uniform(0, 2 * np.pi) if side > 0 else rng.uniform(0, np.pi), 4, direction)
            lean = direction.orthogonal().lerp(direction, rng.uniform(0.3, 0.55)).normalized()
            ob.matrix_world = Matrix.Translation(here) @ turn @ lean.to_track_quat("X", "Z").to_matrix().to_4x4()


def draped_cloth(
    name: str, centre: tuple[float, float], size: tuple[float, float], turn: float, material: bpy.types.Material
) -> bpy.types.Object:
    """Lay a cloth on the table top (z = 0) so that it hangs over the edge at y = 0, and let it fall in folds there.

    `centre` and `size` are metres on the table, `turn` is the angle of its weave to the edge in radians.
    """
    a, b = np.meshgrid(np.linspace(-0.5, 0.5, 260) * size[0], np.linspace(-0.5, 0.5, 260) * size[1], indexing="ij")
    x = centre[0] + a * np.cos(turn) - b * np.sin(turn)
    way = centre[1] + a * np.sin(turn) + b * np.cos(turn)  # along the cloth: >= 0 on the table, < 0 beyond its edge
    lift, radius = 0.004, 0.012
    quarter = radius * np.pi / 2
    bend = np.clip(-way / quarter, 0.0, 1.0) * np.pi / 2  # how far the cloth has turned from lying to hanging
    down = np.maximum(-way - quarter, 0.0)
    wrinkle = np.array([noise.noise(Vector((u * 7.0, v * 7.0, 2.0))) for u, v in zip(x.flat, way.flat, strict=True)])
    wrinkle = wrinkle.reshape(x.shape)
    fold = 0.5 + 0.5 * np.sin(115.0 * x + 2.2 * wrinkle + 6.0 * down)
    out = down / (down + 0.08) * 0.026 * fold  # folds open as the cloth hangs lower
    ridge = np.maximum(1.0 - np.abs(wrinkle) * 7.0, 0.0) ** 2
    rise = lift + 0.012 * ridge * np.clip(way / 0.05, 0.0, 1.0)
    x = x * (1.0 - 0.25 * down) + centre[0] * 0.25 * down
    y = np.where(way > 0, way, -(radius + lift) * np.sin(bend) - out)
    z = np.where(way > 0, rise, (radius + lift) * np.cos(bend) - radius - down)
    ob = mesh_object(name, np.stack([x, y, z], axis=-1).reshape(-1, 3), grid_faces(260, 260), material)
    ob.modifiers.new("Thickness", "SOLIDIFY").thickness = 0.0015
    return ob
