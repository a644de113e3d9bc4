"""Smooth Depth against a mean of five that numpy takes on the grid."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from . import reference
from .scene import depth_image, evaluate, mesh_object, probe, relief
from .test_edge_snap import COLUMNS, ROWS, blurred_steps, grid


def smoothed(depth: np.ndarray, known: np.ndarray, turns: int, settings: dict[str, Any]) -> np.ndarray:
    fields = {"Depth": depth.ravel(), "Validity": known.ravel().astype(float)}
    mesh = probe(grid(*depth.shape), "Smooth Depth", {"Smooth": turns, "Soften Steps": 0, **settings}, fields)
    return mesh.attribute("Depth").reshape(depth.shape)


@pytest.mark.parametrize(("turns", "soft"), [(0, 0), (1, 0), (2, 0), (9, 0), (0, 1), (0, 5), (2, 8), (0, 60)])
@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
def test_every_number_of_turns(kind: str, turns: int, soft: int) -> None:
    depth, known = blurred_steps() + (kind == "Distance"), np.random.default_rng(3).uniform(size=(COLUMNS, ROWS)) > 0.1
    settings = {"Kind": kind, "Threshold": 0.05, "Near Distance": 1.0, "Far Distance": 5.0, "Low": 0.0, "High": 1.0}
    distance = depth if kind == "Distance" else reference.to_distance(depth, 1.0, 5.0)
    settings |= {"Soften Steps": soft}
    expected = reference.smooth(depth, known, distance, turns, 0.05, soft)
    assert (expected != depth).any() == (turns + soft > 0)
    np.testing.assert_allclose(smoothed(depth, known, turns, settings), expected, atol=2e-6)


@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (9, 2), (3, 3)])
def test_small_and_narrow_grids(shape: tuple[int, int]) -> None:
    depth, known = blurred_steps(*shape), np.ones(shape, bool)
    expected = reference.smooth(depth, known, reference.to_distance(depth, 1.0, 4.0), 3, 10.0)
    np.testing.assert_allclose(smoothed(depth, known, 3, {"Threshold": 10.0}), expected, atol=2e-6)


def test_noise_goes_and_the_edge_stays() -> None:
    x = np.arange(30)[:, None] * np.ones((1, 20))
    truth = np.where(x < 15, 1.0, 2.0)
    noisy = truth + np.random.default_rng(0).normal(0, 0.02, truth.shape)
    known = np.ones(truth.shape, bool)
    result = smoothed(noisy, known, 30, {"Kind": "Distance", "Threshold": 0.3})
    assert (result - truth).std() < 0.3 * (noisy - truth).std()
    assert (result[15] - result[14]).min() > 0.95


def test_contour_steps_of_eight_bits_become_a_slope() -> None:
    slope = np.linspace(0.3, 0.35, 60)[:, None] * np.ones((1, 8))
    steps = np.round(slope * 255) / 255
    result = smoothed(steps, np.ones(steps.shape, bool), 100, {"Threshold": 0.2})
    inner = np.s_[8:-8]
    assert np.abs(result - slope)[inner].max() < 0.4 * np.abs(steps - slope)[inner].max()


def test_any_other_mesh_passes() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0]], float)
    depth = np.array([0.0, 0.2, 1.0, 0.4, 0.1])
    fields = {"Depth": depth, "Validity": np.ones(5)}
    mesh = probe(mesh_object(vertices, [(0, 1, 2, 3), (1, 4, 2)]), "Smooth Depth", {"Smooth": 5}, fields)
    np.testing.assert_allclose(mesh.attribute("Depth"), depth, atol=1e-7)


@pytest.mark.parametrize("less", [0, 9, 40])
def test_the_viewport_may_have_fewer_vertices_than_a_render(less: int, tmp_path: Path) -> None:
    values = {"Resolution": 24, "Viewport Resolution": less, "Cutoff": False}
    ob = relief({"Image": depth_image(blurred_steps()), **values})
    width, height = ROWS, COLUMNS  # an image of (23, 17) rows and columns
    assert len(evaluate(ob, keep=True).vertices) == np.prod(reference.grid_counts(width, height, less or 24))
    bpy.ops.object.select_all(action="DESELECT")
    ob.select_set(True)
    options = {"export_selected_objects": True, "export_eval_mode": "DAG_EVAL_RENDER"}
    bpy.ops.wm.obj_export(filepath=str(tmp_path / "rendered.obj"), **options)
    lines = (tmp_path / "rendered.obj").read_text().splitlines()
    rendered = sum(line.startswith("v ") for line in lines)
    assert rendered == np.prod(reference.grid_counts(width, height, 24))
