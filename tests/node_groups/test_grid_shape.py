"""Grid Shape: which meshes count as a regular grid, and how many rows and columns they have."""

import numpy as np
import pytest

from . import reference
from .scene import mesh_object, probe


def shape_of(points: int, faces: np.ndarray) -> tuple[bool, int, int]:
    """What the group says of a mesh: whether it is a grid, its rows, its columns."""
    places = np.random.default_rng(0).random((points, 3), np.float32)  # where the vertices are doesn't matter
    found = probe(mesh_object(places, faces), "Grid Shape", {})
    said = [np.unique(found.attribute(name)) for name in ("Is Grid", "Rows", "Columns")]
    assert [values.size for values in said] == [1, 1, 1]
    return bool(said[0][0]), int(said[1][0]), int(said[2][0])


@pytest.mark.parametrize(("columns", "rows"), [(2, 2), (2, 9), (9, 2), (7, 5), (640, 3)])
def test_a_grid_whose_vertices_run_up_its_columns_is_one(columns: int, rows: int) -> None:
    assert shape_of(columns * rows, reference.grid_faces(columns, rows)) == (True, rows, columns)


def test_a_grid_with_a_vertex_more_is_none() -> None:
    """35 + 1 vertices are not 5 rows of anything, though the faces are those of 7 x 5."""
    assert not shape_of(36, reference.grid_faces(7, 5))[0]


@pytest.mark.parametrize("change", ["less", "more"])
def test_a_grid_with_a_face_less_or_more_is_none(change: str) -> None:
    faces = reference.grid_faces(7, 5)
    faces = faces[:-1] if change == "less" else np.concatenate([faces, [[0, 4, 34, 30]]])
    assert not shape_of(35, faces)[0]


def test_a_grid_whose_vertices_run_along_its_rows_is_none() -> None:
    """As Blender's own Add > Mesh > Grid has them: what lies above a vertex is another one there."""
    columns, rows = 7, 5
    renumbered = np.arange(columns * rows).reshape(rows, columns).T.ravel()  # by column -> by row
    assert not shape_of(columns * rows, renumbered[reference.grid_faces(columns, rows)])[0]


def test_a_plane_a_strip_and_triangles_are_none() -> None:
    assert not shape_of(4, np.array([[0, 1, 3, 2]]))[0]  # Blender's plane
    assert not shape_of(3, np.array([[0, 1, 2]]))[0]
    quads = reference.grid_faces(7, 5)
    assert not shape_of(35, np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]))[0]
