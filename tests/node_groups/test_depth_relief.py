"""Depth Relief from image to mesh: vertices and kept faces against numpy, whatever it is dropped on."""

from dataclasses import dataclass
from math import radians
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Euler, Matrix, Vector

from . import reference
from .scene import Mesh, add_group, depth_image, evaluate, mesh_object, plane, probe, relief

SIZES = [(24, 24), (12, 30), (30, 12)]  # height, width
THIN = [(1, 1), (1, 20), (20, 1), (2, 2)]
DEFAULTS: dict[str, Any] = {
    "Kind": "Disparity",
    "Clip Near": 0.0,
    "Clip Far": 0.0,
    "Near": 1.0,
    "Far": 0.0,
    "Invert": False,
    "Falloff": 1.0,
    "Projection": "Relief",
    "Scale": 0.5,
    "Midlevel": 0.0,
    "Border Falloff": 0.0,
    "Near Distance": 1.0,
    "Smooth": 0,
    "Bas-Relief": 0.0,
    "Keep From": 0.0,
    "Keep To": 1.0,
    "Far Distance": 4.0,
    "Focal Length": 50.0,
    "Sensor Width": 36.0,
    "Cutoff": True,
    "Threshold": 0.2,
    "Angle": radians(85),
    "Least Gap": 0.03,
    "Minimum Island": 64,
    "Edge Snap": True,
    "Snap Radius": 3,
    "Soften Steps": 8,
}


@dataclass(frozen=True)
class Expected:
    """The mesh before the cut, (N, 3) and (M, 4), its UV (N, 2), depth (N,), and which faces stay."""

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    depth: np.ndarray
    keep: np.ndarray

    @property
    def left(self) -> np.ndarray:
        """The vertices (K, 3) of the faces that stay, in their order."""
        return self.vertices[np.unique(self.faces[self.keep])]


def expected(
    values: np.ndarray, given: dict[str, Any], valid: np.ndarray | None = None, plane_size: tuple[float, float] = (2, 2)
) -> Expected:
    """Depth Relief in numpy, on a plane around the origin."""
    use = DEFAULTS | given
    height, width = values.shape
    kind, invert = use["Kind"], use["Invert"]
    planes = use if use["Projection"] == "Camera" else DEFAULTS  # a relief has none to choose
    ends = planes["Near Distance"], planes["Far Distance"]
    valid = (np.ones(values.shape, bool) if valid is None else valid) & np.isfinite(values)
    values = np.where(np.isfinite(values), values, 0.0).astype(float)
    columns, rows = reference.grid_counts(width, height, use["Resolution"])
    shares = reference.grid_shares(columns, rows)
    uv = reference.on_pixel_centres(shares, width, height)
    depth, known = reference.sample_known(values, valid, uv)
    low, high = reference.depth_range(values, valid, kind, use["Clip Near"], use["Clip Far"])
    share = reference.normalize(depth, kind, low, high, invert=invert)
    known = known & (share >= use["Keep From"]) & (share <= use["Keep To"])
    compressing = use["Bas-Relief"] > 0 and use["Projection"] == "Relief"
    if use["Edge Snap"] and (use["Cutoff"] or compressing) and max(width, height) > 1:
        radius = int(np.floor(use["Snap Radius"] * (use["Resolution"] - 1) / (max(width, height) - 1) + 0.5))
        plain = reference.normalize(depth, kind, low, high, invert=invert)
        away = depth if kind == "Distance" else reference.to_distance(plain, *ends)
        grid = (columns, rows)
        depth = reference.snap(
            depth.reshape(grid), known.reshape(grid), away.reshape(grid), radius, use["Threshold"] / 2
        ).ravel()
    scene = use["Projection"] == "Camera"
    soft = use["Soften Steps"] if scene and use["Cutoff"] else 0
    if use["Smooth"] or soft:
        plain = reference.normalize(depth, kind, low, high, invert=invert)
        away = depth if kind == "Distance" else reference.to_distance(plain, *ends)
        grid = (columns, rows)
        depth = reference.smooth(
            depth.reshape(grid), known.reshape(grid), away.reshape(grid), use["Smooth"], use["Threshold"] / 2, soft
        ).ravel()
    stands = reference.normalize(depth, kind, low, high, use["Near"], use["Far"], invert, use["Falloff"])
    distance = depth if kind == "Distance" else reference.to_distance(stands, *ends)
    if use["Projection"] == "Camera":
        vertices = reference.unproject(uv, distance, width, height, use["Sensor Width"] / use["Focal Length"])
        view = -vertices
    else:
        if compressing:
            plain = reference.normalize(depth, kind, low, high, invert=invert).reshape(columns, rows)
            flat = reference.compress(plain, known.reshape(columns, rows), use["Bas-Relief"]).ravel()
            stands = reference.normalize(flat, "Disparity", 0, 1, use["Near"], use["Far"], False, use["Falloff"])
        offset = (stands - use["Midlevel"]) * use["Scale"]
        offset = offset * reference.rim(uv, width, height, use["Border Falloff"])
        vertices = np.column_stack([(shares - 0.5) * plane_size, offset])
        view = np.broadcast_to([0.0, 0.0, 1.0], vertices.shape)
    faces = reference.grid_faces(columns, rows)
    keep = np.ones(len(faces), bool)
    if use["Cutoff"]:
        least_gap = use["Least Gap"] if use["Projection"] == "Camera" else 0.0
        rule = (use["Threshold"], use["Angle"], use["Minimum Island"], least_gap)
        grid = (columns, rows)
        stepped = reference.steps(distance.reshape(grid), known.reshape(grid)).ravel() if scene else None
        distance = np.where(known, distance, 1.0)
        cut = reference.cut(vertices, faces, distance, known, view, *rule, uv * [width, height], stepped)
        assert cut.margin > 1e-6, "the picture decides nothing: rounding would"
        keep = cut.keep
    return Expected(vertices, faces, uv, depth, keep)


def scenery(height: int, width: int, kind: str = "Disparity") -> np.ndarray:
    """A slope with noise and a few nearer blocks, one of them small; relative, or in metres."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    values = 0.1 + 0.2 * y + np.random.default_rng(4).uniform(0, 0.02, x.shape)
    values[(np.abs(x - 0.35) < 0.2) & (np.abs(y - 0.4) < 0.25)] += 0.6
    values[(np.abs(x - 0.85) < 0.06) & (np.abs(y - 0.8) < 0.06)] += 0.45
    return (values if kind == "Disparity" else 6 - 5 * values).astype(np.float32)


def assert_same(mesh: Mesh, want: Expected, size: float = 2.0, relative: bool = False) -> None:
    """Faces equal; positions within 1e-5 of the scene's size, or 1e-4 of each vertex's distance from the origin."""
    left = np.unique(want.faces[want.keep])
    place = np.full(len(want.vertices), -1)
    place[left] = np.arange(len(left))
    np.testing.assert_array_equal(mesh.faces, place[want.faces[want.keep]])
    assert mesh.vertices.shape == want.left.shape
    error = np.linalg.norm(mesh.vertices - want.left, axis=1)
    limit = 1e-4 * np.linalg.norm(want.left, axis=1) if relative else 1e-5 * size
    assert (error <= limit).all(), error.max()


@pytest.mark.parametrize("cutoff", [False, True])
@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
@pytest.mark.parametrize("projection", ["Relief", "Camera"])
@pytest.mark.parametrize("size", [*SIZES, *THIN], ids=str)
def test_every_shape_of_picture(size: tuple[int, int], projection: str, kind: str, cutoff: bool) -> None:
    values = scenery(*size, kind=kind)
    resolution = max(*size, 2)
    settings = {"Kind": kind, "Projection": projection, "Resolution": resolution, "Minimum Island": 20}
    settings |= {"Cutoff": cutoff}
    if 1 in size:
        settings |= {"Least Gap": 10.0}  # faces without area have no normal
    want = expected(values, settings)
    if cutoff and size in SIZES:
        assert 0 < want.keep.sum() < len(want.keep)
    mesh = evaluate(relief({"Image": depth_image(values), **settings}))
    assert_same(mesh, want, relative=projection == "Camera")


SETTINGS: list[dict[str, Any]] = [
    {},
    {"Scale": -1.2, "Midlevel": 0.3, "Border Falloff": 0.2, "Falloff": 1.7},
    {"Clip Near": 4.0, "Clip Far": 10.0, "Near": 0.9, "Far": 0.15},
    {"Invert": True, "Near Distance": 0.5, "Far Distance": 3.0},
    {"Edge Snap": False, "Threshold": 0.1, "Angle": radians(70), "Minimum Island": 0},
    {"Snap Radius": 1, "Minimum Island": 8, "Threshold": 0.35},
    {"Projection": "Camera", "Focal Length": 24.0, "Sensor Width": 23.0, "Near Distance": 2.0, "Far Distance": 30.0},
    {"Projection": "Camera", "Kind": "Distance", "Angle": radians(80)},
    {"Projection": "Camera", "Angle": radians(80), "Least Gap": 0.1},
    {"Smooth": 7},
    {"Smooth": 3, "Projection": "Camera", "Near Distance": 0.5, "Far Distance": 3.0, "Cutoff": False},
    {"Keep From": 0.25, "Keep To": 0.9},
    {"Keep From": 0.4, "Projection": "Camera", "Smooth": 2},
    {"Bas-Relief": 1.0},
    {"Bas-Relief": 0.6, "Cutoff": False, "Near": 0.9, "Falloff": 1.3, "Smooth": 2},
    {"Bas-Relief": 0.8, "Kind": "Distance", "Keep From": 0.2, "Border Falloff": 0.1},
    {"Bas-Relief": 1.0, "Projection": "Camera"},
]


@pytest.mark.parametrize("resolution", [30, 17, 47])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_settings(settings: dict[str, Any], resolution: int) -> None:
    values = scenery(20, 30, settings.get("Kind", "Disparity"))
    settings = {"Resolution": resolution} | settings
    mesh = evaluate(relief({"Image": depth_image(values), **settings}, size=(3.0, 2.0)))
    want = expected(values, settings, plane_size=(3, 2))
    assert_same(mesh, want, size=3.0, relative=settings.get("Projection") == "Camera")


@pytest.mark.parametrize("resolution", [30, 47])
@pytest.mark.parametrize("projection", ["Relief", "Camera"])
@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
def test_pixels_that_are_transparent_or_not_finite_leave_holes(kind: str, projection: str, resolution: int) -> None:
    values = scenery(24, 30, kind)
    valid = np.ones((24, 30), bool)
    valid[3:6, 20:24] = False
    values[4, 21] = 1e6
    values[20, 3], values[15, 15], values[2, 2] = np.nan, np.inf, -np.inf
    settings = {"Kind": kind, "Projection": projection, "Resolution": resolution, "Minimum Island": 3}
    want = expected(values, settings, valid)
    assert want.keep.sum() > 300
    mesh = evaluate(relief({"Image": depth_image(values, valid), **settings}))
    assert_same(mesh, want, relative=projection == "Camera")


@pytest.mark.parametrize(
    ("projection", "kind", "gap", "soften", "whole"),
    [
        ("Relief", "Disparity", 0.025, 8, False),
        ("Camera", "Disparity", 0.015, 0, True),
        ("Camera", "Disparity", 0.025, 0, False),
        ("Camera", "Disparity", 0.04, 8, True),
        ("Camera", "Distance", 0.015, 0, True),
        ("Camera", "Distance", 0.025, 0, False),
        ("Camera", "Distance", 0.04, 8, True),
    ],
)
def test_a_small_step_is_torn_or_becomes_a_slope(
    projection: str, kind: str, gap: float, soften: int, whole: bool
) -> None:
    """One step of a few centimetres, two metres away: steeper than 85 degrees from 2 % on."""
    far = np.repeat(np.arange(40)[None] >= 20, 40, axis=0).astype(np.float32)
    values = 1 - far if kind == "Disparity" else 2 * (1 + gap * far)
    settings = {"Kind": kind, "Projection": projection, "Resolution": 400, "Interpolation": "Closest"}
    settings |= {"Near Distance": 2.0, "Far Distance": 2 * (1 + gap), "Edge Snap": False, "Minimum Island": 0}
    faces = evaluate(relief({"Image": depth_image(values), **settings, "Soften Steps": soften})).faces
    assert len(faces) == 399 * (399 if whole else 398)


@pytest.mark.parametrize(("rows", "straight"), [(2, True), (6, False)])
def test_thin_teeth_of_an_outline_are_closed_and_wide_ones_stay(rows: int, straight: bool) -> None:
    """Some models leave teeth along an outline: Edge Snap gives the near side what lies between two that are close."""
    y, x = np.mgrid[:64, :64]
    depth = np.where(x < 32 + np.where(y // rows % 2 == 0, 5, -5), 1.0, 0.2)
    blurred = np.mean([np.roll(depth, shift, axis=1) for shift in range(-2, 3)], axis=0)
    blurred[:, :2], blurred[:, -2:] = 1.0, 0.2
    mesh = evaluate(relief({"Image": depth_image(blurred.astype(np.float32)), "Resolution": 64, "Minimum Island": 0}))
    near = mesh.vertices[mesh.attribute("depth") > 0.6]
    row = np.round((near[:, 1] + 1) * 32 - 0.5).astype(int)
    outline = np.array([near[row == number, 0].max() for number in range(12, 52)]) * 32
    assert (np.ptp(outline) < 0.5) == straight


def test_a_floor_stays_whole_however_flat_it_is_seen() -> None:
    """A floor to 80 pixels from its horizon, where a row is 1.25 % farther than the next, and a kerb of 1.5 %."""
    rows, columns, horizon = 120, 90, 80
    floor = np.repeat(rows * 2 / (np.arange(rows)[:, None] + horizon), columns, axis=1)
    kerb = floor * np.where(np.arange(columns) < columns // 2, 1.0, 1.015)
    settings = {"Kind": "Distance", "Projection": "Camera", "Resolution": rows, "Focal Length": 430.0}
    settings |= {"Minimum Island": 0, "Soften Steps": 0}
    whole, torn = (
        evaluate(relief({"Image": depth_image(values.astype(np.float32)), **settings})) for values in (floor, kerb)
    )
    assert len(whole.faces) == (rows - 1) * (columns - 1)
    corners = whole.vertices[whole.faces].astype(float)
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    ray = corners.mean(axis=1)
    facing = np.abs((normal * ray).sum(axis=1)) / np.linalg.norm(normal, axis=1) / np.linalg.norm(ray, axis=1)
    assert (facing < np.cos(np.radians(85.0))).sum() > 35 * (columns - 1)  # steep, the farther ones
    assert len(torn.faces) <= (rows - 1) * (columns - 2)
    assert len(torn.faces) >= (rows - 1) * (columns - 4)


def test_nothing_known_leaves_no_face_and_no_garbage() -> None:
    values = np.full((8, 8), np.nan, np.float32)
    mesh = evaluate(relief({"Image": depth_image(values), "Resolution": 8}))
    assert len(mesh.sizes) == 0
    mesh = evaluate(relief({"Image": depth_image(values), "Resolution": 8, "Cutoff": False}))
    assert np.isfinite(mesh.vertices).all()
    np.testing.assert_array_equal(mesh.vertices[:, 2], 0.0)


@pytest.mark.parametrize("surface", ["Automatic", "Grid", "Mesh"])
def test_without_an_image_the_mesh_stays(surface: str) -> None:
    mesh = evaluate(relief({"Surface": surface}))
    np.testing.assert_allclose(np.sort(mesh.vertices, axis=0), [[-1, -1, 0], [-1, -1, 0], [1, 1, 0], [1, 1, 0]])
    assert mesh.sizes.tolist() == [4]


def test_a_constant_picture_is_flat_and_whole() -> None:
    mesh = evaluate(relief({"Image": depth_image(np.full((10, 16), 0.37)), "Resolution": 16}))
    assert len(mesh.faces) == 9 * 15
    np.testing.assert_array_equal(mesh.vertices[:, 2], 0.0)


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
def test_the_objects_place_changes_nothing_in_its_space(projection: str) -> None:
    values = scenery(20, 20)
    settings = {"Resolution": 20, "Projection": projection, "Minimum Island": 0}
    ob = relief({"Image": depth_image(values), **settings})
    ob.matrix_world = Matrix.LocRotScale(Vector((3, -1, 7)), Euler((0.3, 1.1, -2)), Vector((2, -0.5, 1.5)))
    assert_same(evaluate(ob), expected(values, settings), relative=projection == "Camera")


def test_a_tilted_quad_is_displaced_along_its_own_normal() -> None:
    corners = np.array([[0, 0, 0], [2, 0, 1], [2, 1, 1], [0, 1, 0]], float)
    corner_uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    values = scenery(10, 20)
    shares = reference.grid_shares(20, 10)
    low, high = reference.depth_range(values.astype(float), np.ones((10, 20), bool), "Disparity", 0, 0)
    stands = reference.normalize(
        reference.sample_linear(values, reference.on_pixel_centres(shares, 20, 10)), "Disparity", low, high
    )
    flat = shares[:, :1] * corners[1] + shares[:, 1:] * corners[3]
    normal = reference.face_normals(corners, [(0, 1, 2, 3)])[0]
    for direction in ("Z", "Normal"):
        settings = {"Image": depth_image(values), "Resolution": 20, "Cutoff": False, "Direction": direction}
        mesh = evaluate(add_group(mesh_object(corners, [(0, 1, 2, 3)], corner_uv), "Depth Relief", settings))
        np.testing.assert_allclose(mesh.vertices, flat + 0.5 * stands[:, None] * normal, atol=2e-5)


@pytest.mark.parametrize("cutoff", [False, True])
@pytest.mark.parametrize("triangles", [False, True])
def test_a_dense_mesh_is_displaced_by_its_uv_map(triangles: bool, cutoff: bool) -> None:
    values = scenery(30, 30)
    shares = reference.grid_shares(15, 15)
    vertices = np.column_stack([shares * 2 - 1, 0.2 * shares[:, 0]])
    uv = 0.1 + 0.8 * shares
    faces: list[Any] = reference.grid_faces(15, 15).tolist()
    if triangles:
        faces = [part for a, b, c, d in faces for part in ((a, b, c), (a, c, d))]
    settings = {"Resolution": 30, "Cutoff": cutoff, "Minimum Island": 4, "Edge Snap": True, "Threshold": 0.3}
    mesh = evaluate(
        add_group(mesh_object(vertices, faces, uv), "Depth Relief", {"Image": depth_image(values), **settings})
    )
    low, high = reference.depth_range(values.astype(float), np.ones((30, 30), bool), "Disparity", 0, 0)
    stands = reference.normalize(reference.sample_linear(values, uv), "Disparity", low, high)
    moved = vertices + 0.5 * stands[:, None] * [0, 0, 1]
    keep = np.ones(len(faces), bool)
    if cutoff:
        distance = reference.to_distance(stands, 1, 4)
        # In a relief the viewer stands along the surface's own normal.
        view = np.repeat(reference.face_normals(vertices, faces)[:1], len(vertices), axis=0)
        cut = reference.cut(moved, faces, distance, np.ones(225, bool), view, 0.3, radians(85), 4, 0.0, uv * 30)
        assert cut.margin > 1e-6
        assert 0 < cut.keep.sum() < len(faces)
        keep = cut.keep
    left = np.unique(np.concatenate([face for face, stays in zip(faces, keep, strict=True) if stays]))
    np.testing.assert_allclose(mesh.vertices, moved[left], atol=2e-5)
    corners = [vertex for face, stays in zip(faces, keep, strict=True) if stays for vertex in face]
    np.testing.assert_array_equal(left[mesh.corners], corners)


@pytest.mark.parametrize("settings", [*(SETTINGS[i] for i in (0, 1, 5, 6, 7)), {"Bas-Relief": 1.0}], ids=str)
def test_frozen_is_what_live_is(settings: dict[str, Any]) -> None:
    """The mesh that Depth Samples hands over, with Surface on Frozen, gives the same relief."""
    kind = settings.get("Kind", "Disparity")
    values = scenery(20, 30, kind)
    settings = {"Resolution": 30} | settings
    want = expected(values, settings, plane_size=(3, 2))
    image = depth_image(values)
    low, high = reference.depth_range(values.astype(float), np.ones((20, 30), bool), kind, 0, 0)
    names = ("Kind", "Resolution", "Near Distance", "Far Distance", "Snap Radius", "Bas-Relief")
    given = {name: settings[name] for name in names if name in settings} | {"Image": image, "Low": low, "High": high}
    given |= {"Threshold": settings.get("Threshold", 0.2) / 2}
    given |= {"Soften Steps": DEFAULTS["Soften Steps"] if settings.get("Projection") == "Camera" else 0}
    ob = plane((3.0, 2.0))
    samples = probe(ob, "Depth Samples", given, keep=True)
    np.testing.assert_allclose(samples.attribute("depth"), want.depth, atol=1e-5)
    np.testing.assert_array_equal(samples.attribute("validity"), 1.0)
    np.testing.assert_array_equal(samples.vertices[:, 2], 0.0)
    bpy.data.objects.remove(ob)
    frozen = mesh_object(samples.vertices, samples.faces, samples.attribute("UV")[:, :2])
    for name in {"depth", "validity", "compressed_height"} & samples.attributes.keys():
        attribute = frozen.data.attributes.new(name, "FLOAT", "POINT")
        attribute.data.foreach_set("value", samples.attribute(name))
    add_group(frozen, "Depth Relief", {"Image": image, **settings, "Surface": "Frozen", "Bas-Relief": 0.0})
    assert_same(evaluate(frozen), want, size=3.0, relative=settings.get("Projection") == "Camera")


@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
@pytest.mark.parametrize("projection", ["Relief", "Camera"])
def test_shaders_find_nearness_and_fog(projection: str, kind: str) -> None:
    values = scenery(20, 30, kind)
    settings = {"Kind": kind, "Projection": projection, "Resolution": 30, "Far": 0.1, "Cutoff": False}
    settings |= {"Near Distance": 0.5, "Far Distance": 9.0}
    mesh = evaluate(relief({"Image": depth_image(values), "Shader Attributes": True, **settings}))
    depth = expected(values, settings).depth
    low, high = float(values.min()), float(values.max())
    nearness = reference.normalize(depth, kind, low, high, 1.0, 0.1)
    near, far = (0.5, 9.0) if projection == "Camera" else (1.0, 4.0)
    near, far = (low, high) if kind == "Distance" else (near, far)
    distance = depth if kind == "Distance" else reference.to_distance(nearness, near, far)
    np.testing.assert_allclose(mesh.attribute("nearness"), nearness, atol=1e-5)
    np.testing.assert_allclose(mesh.attribute("fog"), (distance - near) / (far - near), atol=1e-5)
    without = evaluate(relief({"Image": depth_image(values), **settings}))
    assert not {"nearness", "fog"} & without.attributes.keys()


def shown(ob: bpy.types.Object) -> bpy.types.Mesh:
    ob.update_tag()
    return ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data


def test_uv_map_and_depth_are_on_the_mesh() -> None:
    values = scenery(20, 30)
    settings = {"Resolution": 30, "Minimum Island": 0}
    ob = relief({"Image": depth_image(values), **settings})
    want = expected(values, settings)
    mesh = shown(ob)
    assert [layer.name for layer in mesh.uv_layers] == ["UVMap"]
    uv = np.array([corner.vector for corner in mesh.uv_layers["UVMap"].uv])
    left = np.unique(want.faces[want.keep])
    np.testing.assert_allclose(uv, want.uv[want.faces[want.keep].ravel()], atol=1e-6)
    depth = mesh.attributes["depth"]
    assert (depth.data_type, depth.domain) == ("FLOAT", "POINT")
    np.testing.assert_allclose([d.value for d in depth.data], want.depth[left], atol=1e-6)


@pytest.mark.parametrize("smooth", [True, False])
def test_smooth_normals(smooth: bool) -> None:
    values = scenery(12, 12)
    settings = {"Resolution": 12, "Cutoff": False, "Shade Smooth": smooth}
    want = expected(values, settings)
    mesh = shown(relief({"Image": depth_image(values), **settings}))
    normals = np.array([corner.vector for corner in mesh.corner_normals])
    by_vertex = reference.vertex_normals(want.vertices, want.faces)[want.faces.ravel()]
    by_face = reference.face_normals(want.vertices, want.faces).repeat(4, axis=0)
    np.testing.assert_allclose(normals, by_vertex if smooth else by_face, atol=1e-3)


def materials_of_faces(mesh: bpy.types.Mesh) -> set[str | None]:
    slots = [material.name if material else None for material in mesh.materials]
    return {slots[face.material_index] if face.material_index < len(slots) else None for face in mesh.polygons}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_material_is_set_or_kept(given: bool, own: bool) -> None:
    first, second = (bpy.data.materials.new(name) for name in ("first", "second"))
    inputs = {"Image": depth_image(scenery(12, 12)), "Resolution": 12, "Minimum Island": 0}
    ob = relief(inputs | ({"Material": second} if given else {}))
    if own:
        ob.data.materials.append(first)
    assert materials_of_faces(shown(ob)) == {second.name if given else first.name if own else None}


def test_a_change_of_the_image_shows_at_once() -> None:
    image = depth_image(scenery(12, 12))
    ob = relief({"Image": image, "Resolution": 12, "Cutoff": False})
    evaluate(ob, keep=True)
    values = scenery(12, 12)[:, ::-1].copy()
    pixels = np.ones((12, 12, 4), np.float32)
    pixels[..., :3] = values[::-1, :, None]
    image.pixels.foreach_set(pixels.ravel())
    image.update_tag()
    assert_same(evaluate(ob), expected(values, {"Resolution": 12, "Cutoff": False}))


def softened(amount: np.ndarray, turns: int) -> np.ndarray:
    """A field of a grid (columns, rows), each vertex `turns` times the mean of itself and its neighbours there are."""
    for _ in range(turns):
        total, count = amount.copy(), np.ones(amount.shape)
        for axis in (0, 1):
            for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
                to, come = (here, there) if axis == 0 else ((slice(None), here), (slice(None), there))
                total[to] += amount[come]
                count[to] += 1
        amount = total / count
    return amount


@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
@pytest.mark.parametrize("turns", [1, 5])
def test_edge_falloff_in_a_scene_leans_back_to_what_is_behind(turns: int, kind: str) -> None:
    """A box before a wall: every vertex stays on its ray; those at the cut go back to the far end of the torn faces.

    Farther away the mask, blurred and made stronger, says how much of the way to the blurred far end a vertex goes.
    """
    height, width = 30, 40
    near = np.zeros((height, width), bool)
    near[8:20, 12:26] = True
    tilt = 0.02 * np.linspace(0, 1, width)
    metres = np.where(near, 2.0, 5.0) + tilt
    inverse = 1 / metres
    low, high = inverse.min(), inverse.max()
    values = metres if kind == "Distance" else (inverse - low) / (high - low)
    settings = {"Kind": kind, "Projection": "Camera", "Resolution": width, "Edge Snap": False, "Soften Steps": 0}
    settings |= {"Near Distance": 1 / high, "Far Distance": 1 / low, "Minimum Island": 0}
    image = depth_image(values.astype(np.float32))
    mesh = evaluate(relief({"Image": image, **settings, "Edge Falloff": turns}))
    distance = metres[::-1].T  # columns, rows
    torn = (corner_values(distance).max(axis=0) / corner_values(distance).min(axis=0)) > 1.2
    assert len(mesh.faces) == (width - 1) * (height - 1)
    share, behind, faces = (np.zeros(distance.shape) for _ in range(3))
    farthest = corner_values(distance).max(axis=0)
    for across, up in ((0, 0), (0, 1), (1, 0), (1, 1)):
        block = (slice(across, width - 1 + across), slice(up, height - 1 + up))
        share[block] += torn
        behind[block] += np.where(torn, farthest, 0.0)
        faces[block] += 1
    share, behind = share / faces, behind / faces
    at_cut = (share > 0).astype(float)
    behind = np.where(share > 0, behind / np.where(share > 0, share, 1), 0.0)
    spread, blurred = softened(at_cut, turns), softened(behind, turns)
    back = np.maximum(blurred / np.maximum(spread, 1e-12) - distance, 0.0)
    mask = np.maximum(at_cut, np.clip(spread * np.sqrt(turns + 1), 0, 1))
    wanted = (distance + back * mask).ravel()
    shares = reference.grid_shares(width, height)
    uv = reference.on_pixel_centres(shares, width, height)
    np.testing.assert_allclose(
        mesh.vertices, reference.unproject(uv, wanted, width, height, 36 / 50), rtol=1e-4, atol=1e-4
    )
    assert (mesh.vertices[:, 2] < -1.9).all()  # no rim flies to the camera
    at_the_box = (at_cut.ravel() > 0) & (distance.ravel() < 3)
    assert (-mesh.vertices[at_the_box, 2] > 4.9).all()


def corner_values(field: np.ndarray) -> np.ndarray:
    """The values at the four corners of each face of a grid, (4, columns - 1, rows - 1)."""
    return np.stack([field[:-1, :-1], field[1:, :-1], field[1:, 1:], field[:-1, 1:]])


def test_where_disparity_is_0_a_scene_ends_in_a_flat_backdrop() -> None:
    """A sky above a ridge that rises from 0.05: the whole sky lies at Far Distance, apart from the ridge."""
    height, width, sky = 48, 64, 20
    land = 0.05 + 0.95 * np.linspace(0, 1, height - sky)[:, None] ** 2
    values = np.vstack([np.zeros((sky, width)), np.repeat(land, width, axis=1)]).astype(np.float32)
    settings = {"Projection": "Camera", "Resolution": width, "Near Distance": 2.0, "Far Distance": 500.0}
    mesh = evaluate(relief({"Image": depth_image(values), **settings, "Minimum Island": 0}))
    distance = -mesh.vertices[mesh.faces][..., 2]
    far = distance > 400
    np.testing.assert_allclose(distance[far], 500.0, rtol=1e-5)
    assert (far.all(axis=1) | ~far.any(axis=1)).all()  # no face joins both
    assert far.all(axis=1).sum() >= (sky - 4) * (width - 1)
