"""Edge-Aware Cutoff: the faces it keeps are exactly those that numpy keeps."""

from collections.abc import Sequence
from math import radians
from typing import Any

import numpy as np
import pytest

from . import reference
from .scene import Mesh, mesh_object, probe

COLUMNS, ROWS = 40, 31
UP = np.array([0.0, 0.0, 1.0])


def relief(columns: int = COLUMNS, rows: int = ROWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of a grid that stands out by noise and a few blocks, and the distance of each from a viewer above."""
    shares = reference.grid_shares(columns, rows)
    random = np.random.default_rng(seed)
    height = random.uniform(0.0, 0.1, len(shares))
    for _ in range(25):
        low, size = random.uniform(0, 0.9, 2), random.uniform(0.03, 0.3, 2)
        height[((shares > low) & (shares < low + size)).all(axis=1)] = random.uniform(0.2, 1.0)
    vertices = np.column_stack([shares * 4 - 2, height]).astype(np.float32).astype(float)
    return vertices, (2 - vertices[:, 2]).astype(np.float32).astype(float)


def mixed_faces(columns: int = COLUMNS, rows: int = ROWS) -> list[tuple[int, ...]]:
    """Quads and, in every third cell, two triangles."""
    faces: list[tuple[int, ...]] = []
    for place, (a, b, c, d) in enumerate(reference.grid_faces(columns, rows)):
        faces += [(a, b, c), (a, c, d)] if place % 3 == 0 else [(a, b, c, d)]
    return faces


def run(
    vertices: np.ndarray,
    faces: Sequence[Sequence[int]],
    distance: np.ndarray,
    settings: dict[str, Any],
    known: np.ndarray | None = None,
    view: np.ndarray | None = None,
) -> Mesh:
    fields = {
        "Distance": distance,
        "View": np.broadcast_to(UP, vertices.shape) if view is None else view,
        "Validity": np.ones(len(vertices)) if known is None else known.astype(float),
        "Rest Position": vertices * [1, 1, 0],
    }
    ob = mesh_object(vertices, faces)
    ob.data.attributes.new("vertex", "INT", "POINT").data.foreach_set("value", np.arange(len(vertices)))
    return probe(ob, "Edge-Aware Cutoff", {"Least Gap": 0.0} | settings, fields, {"Keep": "FACE"})


def faces_of(mesh: Mesh) -> set[tuple[int, ...]]:
    """The faces by the numbers that their vertices had before the cut."""
    if len(mesh.sizes) == 0:
        return set()
    numbers = mesh.attribute("vertex")[mesh.corners]
    return {tuple(face) for face in np.split(numbers, np.cumsum(mesh.sizes)[:-1])}


def chosen(faces: Sequence[Sequence[int]], keep: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(map(int, face)) for face, stays in zip(faces, keep, strict=True) if stays}


SETTINGS = [
    {"Threshold": 0.1, "Angle": radians(90), "Minimum Island": 0},
    {"Threshold": 0.1, "Angle": radians(90), "Minimum Island": 30},
    {"Threshold": 1000.0, "Angle": radians(60), "Minimum Island": 0},
    {"Threshold": 0.25, "Angle": radians(75), "Minimum Island": 5},
    {"Threshold": 0.02, "Angle": radians(90), "Minimum Island": 3},
    {"Threshold": 0.03, "Angle": radians(50), "Minimum Island": 2},
    {"Threshold": 0.3, "Angle": radians(40), "Minimum Island": 2, "Least Gap": 0.05},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("unknown", [0.0, 0.05])
@pytest.mark.parametrize("mesh", ["grid", "triangles and quads"])
def test_exactly_the_faces_that_numpy_keeps(mesh: str, unknown: float, settings: dict[str, Any]) -> None:
    vertices, distance = relief()
    faces = reference.grid_faces(COLUMNS, ROWS) if mesh == "grid" else mixed_faces()
    known = np.random.default_rng(1).uniform(size=len(vertices)) >= unknown
    view = np.broadcast_to(UP, vertices.shape)
    names = ("Threshold", "Angle", "Minimum Island")
    rule = (settings[name] for name in names)
    cut = reference.cut(vertices, faces, distance, known, view, *rule, settings.get("Least Gap", 0.0))
    assert cut.margin > 1e-7
    expected = chosen(faces, cut.keep)
    assert len(expected) < len(faces)
    result = run(vertices, faces, distance, settings, known)
    assert faces_of(result) == expected
    assert result.attribute("Keep").all()
    marked = run(vertices, faces, distance, settings | {"Delete": False}, known)
    np.testing.assert_allclose(marked.vertices, vertices, atol=1e-6)
    np.testing.assert_array_equal(marked.attribute("Keep"), cut.keep)


def test_the_angle_is_to_each_vertex_own_view_ray() -> None:
    vertices, _ = relief()
    viewpoint = np.array([0.3, -0.2, 2.5])
    view = viewpoint - vertices
    distance = np.linalg.norm(view, axis=1)
    faces = reference.grid_faces(COLUMNS, ROWS)
    cut = reference.cut(vertices, faces, distance, np.ones(len(vertices), bool), view, 1e5, radians(55), 0)
    assert cut.margin > 1e-7
    assert 0 < cut.keep.sum() < len(faces)
    result = run(vertices, faces, distance, {"Threshold": 1e5, "Angle": radians(55), "Minimum Island": 0}, view=view)
    assert faces_of(result) == chosen(faces, cut.keep)


def test_a_face_seen_from_behind_stays() -> None:
    vertices, distance = relief()
    faces = reference.grid_faces(COLUMNS, ROWS)[:, ::-1]
    settings = {"Threshold": 1e5, "Angle": radians(75), "Minimum Island": 0}
    cut = reference.cut(
        vertices,
        faces,
        distance,
        np.ones(len(vertices), bool),
        np.broadcast_to(UP, vertices.shape),
        1e5,
        radians(75),
        0,
    )
    assert faces_of(run(vertices, faces, distance, settings)) == chosen(faces, cut.keep)


@pytest.mark.parametrize("shape", [(40, 31), (9, 12), (3, 4), (2, 2)], ids=str)
@pytest.mark.parametrize("unknown", [0.0, 0.05])
def test_steps_tear_earlier_than_slopes(shape: tuple[int, int], unknown: float) -> None:
    columns, rows = shape
    vertices, distance = relief(columns, rows)
    known = np.random.default_rng(1).uniform(size=len(vertices)) >= unknown
    faces, grid = reference.grid_faces(columns, rows), (columns, rows)
    view = np.broadcast_to(UP, vertices.shape)
    stepped = reference.steps(distance.reshape(grid), known.reshape(grid)).ravel()
    rule = 1000.0, radians(20), 0, 0.2
    cut = reference.cut(vertices, faces, distance, known, view, *rule, stepped=stepped)
    assert cut.margin > 1e-7
    settings = dict(zip(("Threshold", "Angle", "Minimum Island", "Least Gap"), rule, strict=True)) | {"Steps": True}
    expected = chosen(faces, cut.keep)
    if len(faces) > 100:
        without = reference.cut(vertices, faces, distance, known, view, *rule)
        assert 0 < len(expected) < without.keep.sum()
    assert faces_of(run(vertices, faces, distance, settings, known)) == expected


@pytest.mark.parametrize("jump", [0.19, 0.21])
@pytest.mark.parametrize("scale", [0.01, 1.0, 1000.0])
def test_the_threshold_is_relative(scale: float, jump: float) -> None:
    """A gap counts by the nearer distance: the same surface ten times as far away cuts the same."""
    vertices = np.pad(reference.grid_shares(4, 2), ((0, 0), (0, 1)))
    distance = np.where(vertices[:, 0] < 0.5, 1.0, 1 + jump) * scale
    settings = {"Threshold": 0.2, "Minimum Island": 0}
    assert len(run(vertices, reference.grid_faces(4, 2), distance, settings).sizes) == (3 if jump < 0.2 else 2)


@pytest.mark.parametrize("minimum", [0, 1, 2, 4, 5, 6, 7, 100])
def test_islands_touching_at_a_corner_are_one(minimum: int) -> None:
    """Pieces of 4 and 1 faces that share one vertex are one of 5; one face lies apart, and a large sheet too."""
    columns, rows = 8, 4
    vertices = np.pad(reference.grid_shares(columns, rows), ((0, 0), (0, 1)))
    faces = [face for place, face in enumerate(reference.grid_faces(columns, rows)) if place in {0, 1, 3, 4, 8, 18}]
    sheet = reference.grid_faces(41, 41) + len(vertices)
    vertices = np.vstack([vertices, np.pad(reference.grid_shares(41, 41) + 2.0, ((0, 0), (0, 1)))])
    faces += [*sheet]
    known = np.ones(len(vertices), bool)
    cut = reference.cut(vertices, faces, known + 1.0, known, np.broadcast_to(UP, vertices.shape), 0.2, 1.4, minimum)
    assert cut.keep.sum() == len(sheet) + (6 if minimum <= 1 else 5 if minimum <= 5 else 0)
    result = run(vertices, faces, known + 1.0, {"Minimum Island": minimum})
    assert faces_of(result) == chosen(faces, cut.keep)


def test_edge_says_which_vertices_lie_at_the_cut() -> None:
    """With and without deletion: the corners of torn faces, and nothing at the picture's own border."""
    vertices = np.pad(reference.grid_shares(9, 6), ((0, 0), (0, 1)))
    distance = np.where(vertices[:, 0] < 0.55, 1.0, 3.0)
    faces = reference.grid_faces(9, 6)
    cut = reference.cut(
        vertices, faces, distance, np.ones(54, bool), np.broadcast_to(UP, vertices.shape), 0.2, radians(85), 0
    )
    expected = np.isin(np.arange(54), faces[cut.torn])
    assert expected.sum() == 12
    settings = {"Threshold": 0.2, "Minimum Island": 0}
    marked = run(vertices, faces, distance, settings | {"Delete": False})
    np.testing.assert_array_equal(marked.attribute("Edge"), expected)
    left = run(vertices, faces, distance, settings)
    np.testing.assert_array_equal(left.attribute("Edge"), expected[left.attribute("vertex")])


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_edge_falloff_flattens_and_deletes_nothing(steps: int) -> None:
    columns, rows = 40, 21
    shares = reference.grid_shares(columns, rows)
    step = shares[:, 0] > 0.5
    vertices = np.column_stack([shares * 2, 0.3 + 0.7 * step])
    faces = reference.grid_faces(columns, rows)
    settings = {"Threshold": 0.2, "Minimum Island": 64, "Edge Falloff": steps}
    result = run(vertices, faces, 2 - vertices[:, 2], settings)
    assert faces_of(result) == chosen(faces, np.ones(len(faces), bool))
    assert result.attribute("Keep").all()
    np.testing.assert_allclose(result.vertices[:, :2], vertices[:, :2], atol=1e-6)
    column = np.arange(columns).repeat(rows)
    from_cut = np.where(column >= columns // 2, column - columns // 2, columns // 2 - 1 - column)
    share = result.vertices[:, 2] / vertices[:, 2]
    np.testing.assert_allclose(share[from_cut == 0], 0.0, atol=1e-6)
    np.testing.assert_allclose(share[from_cut > steps], 1.0, atol=1e-6)
    assert (
        (share[(from_cut > 0) & (from_cut <= steps)] < 1) & (share[(from_cut > 0) & (from_cut <= steps)] >= 0)
    ).all()
    rising = share.reshape(columns, rows)[columns // 2 :, rows // 2]
    assert (np.diff(rising) >= -1e-6).all()


def test_edge_falloff_still_deletes_unknown_faces() -> None:
    vertices, distance = relief()
    known = np.random.default_rng(2).uniform(size=len(vertices)) > 0.02
    faces = reference.grid_faces(COLUMNS, ROWS)
    settings = {"Threshold": 0.2, "Minimum Island": 0, "Edge Falloff": 4}
    result = run(vertices, faces, distance, settings, known)
    assert faces_of(result) == chosen(faces, known[faces].all(axis=1))


def test_all_unknown_leaves_nothing() -> None:
    vertices, distance = relief()
    result = run(vertices, mixed_faces(), distance, {}, np.zeros(len(vertices), bool))
    assert len(result.sizes) == 0


@pytest.mark.parametrize(("close", "stands_at", "hole"), [(True, 0.75, 0), (False, 0.75, 4), (True, 0.65, 4)])
def test_a_speck_is_a_hole_if_it_is_asked_for_or_a_needle(close: bool, stands_at: float, hole: int) -> None:
    """One vertex that stands out alone: four faces around it. A needle's jump is twice the threshold of 20 %."""
    vertices = np.pad(reference.grid_shares(COLUMNS, ROWS), ((0, 0), (0, 1)))
    distance = np.ones(len(vertices))
    distance[20 * ROWS + 15] = stands_at
    faces = reference.grid_faces(COLUMNS, ROWS)
    result = run(vertices, faces, distance, {"Minimum Island": 0, "Close Specks": close})
    assert len(result.sizes) == len(faces) - hole


@pytest.mark.parametrize(("apart", "hole"), [(2, 4 + 4), (3, 4)])
def test_what_is_torn_beside_unknown_faces_belongs_to_their_hole(apart: int, hole: int) -> None:
    """One vertex stands out by less than a needle, one is unknown: 2 vertices apart, their faces share vertices."""
    vertices = np.pad(reference.grid_shares(COLUMNS, ROWS), ((0, 0), (0, 1)))
    distance, known = np.ones(len(vertices)), np.ones(len(vertices), bool)
    distance[20 * ROWS + 15], known[(20 + apart) * ROWS + 15] = 0.75, False
    faces = reference.grid_faces(COLUMNS, ROWS)
    result = run(vertices, faces, distance, {"Minimum Island": 0}, known)
    assert len(result.sizes) == len(faces) - hole
