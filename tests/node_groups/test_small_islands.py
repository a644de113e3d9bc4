"""Small Islands: the faces that it names are those of numpy's small pieces, whatever the blocks that it skips."""

import numpy as np
import pytest

from . import reference
from .scene import mesh_object, probe

COLUMNS, ROWS = 71, 54


def selection(kind: str) -> np.ndarray:
    """Which faces are there, column after column, (70, 53) bool."""
    random = np.random.default_rng(3)
    chosen = np.ones((COLUMNS - 1, ROWS - 1), bool)
    if kind == "sparse":
        chosen &= random.uniform(size=chosen.shape) > 0.45
    elif kind == "moats":  # rectangles of all sizes, each with a ditch around it, some across the border
        for _ in range(60):
            x, y = random.integers(-3, COLUMNS - 4), random.integers(-3, ROWS - 4)
            wide, high = random.integers(1, 14, 2)
            chosen[max(x, 0) : max(x + wide + 2, 0), max(y, 0) : max(y + high + 2, 0)] = False
            chosen[max(x + 1, 0) : max(x + wide + 1, 0), max(y + 1, 0) : max(y + high + 1, 0)] = True
    elif kind == "threads":  # a thin bridge keeps a small piece on a large one
        chosen[20:23] = chosen[:, 30:33] = False
        chosen[21, 5] = chosen[20:23, 40] = True
        chosen[23:26, 5] = False
    elif kind == "nothing":
        chosen[:] = False
    return chosen


@pytest.mark.parametrize("minimum", [0, 1, 2, 3, 9, 16, 64, 65, 300, 4000])
@pytest.mark.parametrize("kind", ["whole", "sparse", "moats", "threads", "nothing"])
@pytest.mark.parametrize("surface", ["grid", "any mesh"])
def test_names_the_faces_of_small_pieces(surface: str, kind: str, minimum: int) -> None:
    chosen = selection(kind).ravel()
    faces = reference.grid_faces(COLUMNS, ROWS)
    if surface == "any mesh":  # the same faces in another order are no grid any more
        order = np.random.default_rng(4).permutation(len(faces))
        faces, chosen = faces[order], chosen[order]
    expected = reference.crumbs(COLUMNS * ROWS, faces, chosen, minimum)
    if kind == "moats" and 9 <= minimum <= 300:
        assert expected.any()
        assert (chosen & ~expected).any()
    ob = mesh_object(np.pad(reference.grid_shares(COLUMNS, ROWS), ((0, 0), (0, 1))), faces)
    ob.data.attributes.new("chosen", "BOOLEAN", "FACE").data.foreach_set("value", chosen)
    result = probe(
        ob, "Small Islands", {"Minimum Island": minimum}, names={"Selection": "chosen"}, domains={"Small": "FACE"}
    )
    np.testing.assert_array_equal(result.attribute("Small"), expected)
    assert len(result.sizes) == len(faces)
