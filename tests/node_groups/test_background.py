"""The second layer in Depth Relief, against numpy: what stays of the front, what lies behind it, and where."""

from typing import Any

import bpy
import numpy as np
import pytest
from mathutils.bvhtree import BVHTree

from inference import background
from node_groups import background_layer, disparity_to_distance

from . import reference
from .scene import depth_image, evaluate, mesh_object, probe, relief

HEIGHT, WIDTH = 24, 32
SPREAD = 36.0 / 50.0  # of the default lens
MARGIN = 0.125


def scenery() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance of the front, that of the background, and its presence, (H, W) each: a box before a slanted wall."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    wall = 4.0 + 0.01 * x
    box = (x >= 12) & (x < 20) & (y >= 8) & (y < 16)
    around = (x >= 9) & (x < 23) & (y >= 5) & (y < 19)  # and its rim of three pixels
    front = np.where(box, 2.0, wall)
    presence = np.where(box, 1.0, np.where(around, 2.0, 0.0))
    behind = np.where(around, wall + 0.05, 0.0)
    return front, behind, presence


def layered(front: np.ndarray, behind: np.ndarray, presence: np.ndarray) -> bpy.types.Image:
    """The depth image of both layers."""
    image = depth_image(front.astype(np.float32))
    pixels = np.ones((*front.shape, 4), np.float32)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = front, behind, presence
    image.pixels.foreach_set(pixels[::-1].ravel())
    image.update()
    return image


def material(name: str) -> bpy.types.Material:
    return bpy.data.materials.get(name) or bpy.data.materials.new(name)


SETTINGS: dict[str, Any] = {
    "Kind": "Distance",
    "Projection": "Camera",
    "Resolution": WIDTH,
    "Minimum Island": 0,
    "Border": 0.0,
    "Soften Steps": 0,
}


def of_grid(picture: np.ndarray) -> np.ndarray:
    """A picture as the grid of a vertex a pixel has it, flat: up each column in turn."""
    return picture[::-1].T.ravel()


def two_layers(threshold: float) -> tuple[np.ndarray, np.ndarray, int]:
    """The vertices (N, 3) and faces (M, 4) of both layers, the front first, and how many faces are the front's."""
    front, behind, presence = (of_grid(picture) for picture in scenery())
    uv = reference.on_pixel_centres(reference.grid_shares(WIDTH, HEIGHT), WIDTH, HEIGHT)
    faces = reference.grid_faces(WIDTH, HEIGHT)
    outlined = np.zeros((HEIGHT, WIDTH), bool)  # Edge Snap gives the outline to the box
    outlined[7:17, 11:21] = True
    outlined = of_grid(outlined)
    front = np.where(outlined, 2.0, front)
    gives_way = (presence > 1 + threshold / 2) & ~outlined
    corners = front[faces]
    keep = (corners.max(axis=1) <= corners.min(axis=1) * (1 + threshold)) & ~gives_way[faces].any(axis=1)
    there = (presence >= 0.5)[faces].any(axis=1)
    back = np.where(presence >= 0.5, behind, front)
    parts = []
    for chosen, distance in ((keep, front), (there, back)):
        left = np.unique(faces[chosen])
        place = np.full(len(uv), -1)
        place[left] = np.arange(len(left))
        vertices = reference.unproject(uv, distance, WIDTH, HEIGHT, SPREAD)[left]
        parts.append((vertices, place[faces[chosen]]))
    (first, first_faces), (second, second_faces) = parts
    return np.vstack([first, second]), np.vstack([first_faces, second_faces + len(first)]), len(first_faces)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 1.9])
def test_both_layers_stand_where_numpy_says(threshold: float) -> None:
    # At 1.9 the rim stays with the front: the edge, whose gap the image calls 1, is torn by its angle alone.
    image = layered(*scenery())
    ob = relief(
        {"Image": image, "Background": True, "Threshold": threshold, "Angle": 0.0, "Least Gap": 10.0, **SETTINGS}
    )
    mesh = evaluate(ob)
    vertices, faces, _ = two_layers(threshold)
    np.testing.assert_array_equal(mesh.faces, faces)
    np.testing.assert_allclose(mesh.vertices, vertices, atol=1e-5)


def test_nothing_is_missing_between_the_layers() -> None:
    """Of every face of the picture there is one at least: from the camera that fits no hole shows."""
    image = layered(*scenery())
    for resolution in (WIDTH, 21, 55):
        ob = relief({"Image": image, "Background": True, **SETTINGS, "Resolution": resolution})
        mesh = evaluate(ob)
        seen = mesh.vertices[:, :2] / -mesh.vertices[:, 2:]
        quads = seen[mesh.faces].astype(float)
        x, y = quads[..., 0], quads[..., 1]
        area = 0.5 * np.abs(np.sum(x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1), axis=1))
        columns, rows = reference.grid_counts(WIDTH, HEIGHT, resolution)
        whole = SPREAD**2 * (WIDTH - 1) * (HEIGHT - 1) / WIDTH**2
        centre = quads.mean(axis=1) / SPREAD * [1, WIDTH / HEIGHT] + 0.5
        share = (centre * [WIDTH, HEIGHT] - 0.5) / [WIDTH - 1, HEIGHT - 1]
        centres = set(map(tuple, np.floor(share * [columns - 1, rows - 1]).astype(int)))
        assert len(centres) == (columns - 1) * (rows - 1)
        assert area.sum() >= whole


def test_each_layer_has_its_picture() -> None:
    image = layered(*scenery())
    settings = {"Material": material("front"), "Background Material": material("back")}
    ob = relief({"Image": image, "Background": True, "Threshold": 0.2, **SETTINGS, **settings})
    mesh = evaluate(ob, keep=True)
    evaluated = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    names = [slot.name if slot else None for slot in evaluated.materials]
    slot = mesh.attribute("material_index")
    front = np.array(names)[slot] == "front"
    assert (np.array(names)[slot[~front]] == "back").all()
    assert front[: front.sum()].all()
    corner = np.repeat(front, 4)
    uv = mesh.attribute("UVMap")
    seen = mesh.vertices[mesh.corners]
    shown = (seen[:, :2] / -seen[:, 2:] / SPREAD) * [1, WIDTH / HEIGHT] + 0.5  # where the camera sees each corner
    np.testing.assert_allclose(uv[corner], shown[corner], atol=1e-5)
    size = np.array([WIDTH, HEIGHT])
    margin = np.round(size * MARGIN)
    np.testing.assert_allclose(uv[~corner], ((shown * size + margin) / (size + 2 * margin))[~corner], atol=1e-5)
    bpy.data.objects.remove(ob)


@pytest.mark.parametrize("resolution", [WIDTH, 21, 55])
def test_beyond_the_border_the_background_goes_on(resolution: int) -> None:
    front, behind, presence = scenery()
    front[:, :6] = 2.0  # something near that the frame cuts off
    behind[:, :9], presence[:, :6], presence[:, 6:9] = 5.0, 1.0, 2.0
    image = layered(front, behind, presence)
    ob = relief({"Image": image, "Background": True, **SETTINGS, "Border": 0.1, "Resolution": resolution})
    mesh = evaluate(ob)
    seen = (mesh.vertices[:, :2] / -mesh.vertices[:, 2:] / SPREAD) * [1, WIDTH / HEIGHT] + 0.5
    np.testing.assert_allclose([seen.min(axis=0), seen.max(axis=0)], [[-0.1, -0.1], [1.1, 1.1]], atol=1e-5)
    left = seen[:, 0] < 0
    np.testing.assert_allclose(-mesh.vertices[left & (seen[:, 1] > 0.1) & (seen[:, 1] < 0.9), 2], 5.0, rtol=1e-5)
    flat = evaluate(relief({"Image": image, "Background": True, **SETTINGS, "Border": 0.1, "Projection": "Relief"}))
    assert np.abs(flat.vertices[:, 0]).max() <= 1.0 + 1e-6  # a relief ends where its plane ends


def shown_beyond(border: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how far beyond the picture's left border each corner lies, and how far the place that it shows there."""
    image = layered(*scenery())
    settings = {"Material": material("front"), "Background Material": material("back")}
    mesh = evaluate(relief({"Image": image, "Background": True, **SETTINGS, **settings, "Border": border}))
    seen = mesh.vertices[mesh.corners]
    margin = round(WIDTH * MARGIN)
    lies = -0.5 - seen[:, 0] / -seen[:, 2] / SPREAD
    shows = (margin - mesh.attribute("UVMap")[:, 0] * (WIDTH + 2 * margin)) / WIDTH
    beyond = lies > 1e-4
    return lies[beyond], shows[beyond]


@pytest.mark.parametrize("border", [0.05, 0.1, MARGIN])
def test_within_the_margin_of_its_picture_the_border_shows_what_is_there(border: float) -> None:
    lies, shows = shown_beyond(border)
    assert lies.max() == pytest.approx(border, abs=1e-4)
    np.testing.assert_allclose(shows, lies, atol=1e-5)


def test_a_wider_border_stretches_the_margin_of_its_picture() -> None:
    """It ends where the picture ends, and begins as if nothing were stretched."""
    lies, shows = shown_beyond(0.35)
    assert lies.max() == pytest.approx(0.35, abs=1e-4)
    assert shows.max() == pytest.approx(MARGIN, abs=1e-4)
    order = np.argsort(lies)
    slopes = shows[order] / lies[order]
    assert slopes[0] == pytest.approx(1.0, abs=0.1)
    assert (np.diff(slopes) < 1e-4).all()
    assert (np.diff(shows[order]) > -1e-4).all()


@pytest.mark.parametrize(("layers", "stays"), [(True, 25), (False, 0)])
def test_a_small_piece_of_the_far_side_stays_where_nothing_would_show_in_its_place(layers: bool, stays: int) -> None:
    """A screen with a window of 6 x 6 vertices, 25 faces: a loose, small piece, but the background ends around it."""
    x, y = np.meshgrid(np.arange(40), np.arange(30))
    window = (x >= 12) & (x < 18) & (y >= 10) & (y < 16)
    image = layered(np.where(window, 6.0, 2.0), np.where(window, 0.0, 6.0), np.where(window, 0.0, 1.0))
    settings = {**SETTINGS, "Resolution": 40, "Minimum Island": 60, "Edge Snap": False, "Soften Steps": 0}
    mesh = evaluate(relief({"Image": image, "Background": layers, **settings}))
    corners = mesh.vertices[mesh.faces]
    seen = corners[..., :2] / -corners[..., 2:] / SPREAD * 40 + [19.5, 14.5]  # pixels
    far = (-corners[..., 2] > 5.9).all(axis=1)
    inside = (np.abs(seen.mean(axis=1) - [14.5, 16.5]) < 2.6).all(axis=1)
    assert (far & inside).sum() == stays


@pytest.mark.parametrize(("layers", "whole"), [(True, True), (False, False)])
def test_a_steep_face_without_a_jump_stays_where_nothing_lies_behind(layers: bool, whole: bool) -> None:
    """A step of 10 % seen through a long lens: steep, no jump, and the background of the image is elsewhere."""
    far = np.arange(40)[None] >= 20
    front = np.repeat(np.where(far, 2.2, 2.0), 30, axis=0)
    behind, presence = np.full(front.shape, 3.0), np.zeros(front.shape)
    presence[:4, :4] = 1.0
    settings = {**SETTINGS, "Resolution": 40, "Edge Snap": False, "Soften Steps": 0, "Focal Length": 400.0}
    image = layered(front, behind, presence)
    mesh = evaluate(relief({"Image": image, "Background": layers, **settings}))
    of_front = (-mesh.vertices[mesh.faces][..., 2] < 2.5).all(axis=1)
    assert of_front.sum() == 29 * (39 if whole else 38)


@pytest.mark.parametrize(("stands_at", "hole"), [(1.6, 0), (1.3, 4)])
def test_the_background_shows_through_no_speck_but_a_needle(stands_at: float, hole: int) -> None:
    """One vertex before the screen: its jump is a needle from twice the threshold of 20 % on."""
    front = np.full((30, 40), 2.0)
    front[15, 20] = stands_at
    image = layered(front, np.full(front.shape, 6.0), np.ones(front.shape))
    settings = {**SETTINGS, "Resolution": 40, "Edge Snap": False, "Soften Steps": 0, "Border": 0.0}
    mesh = evaluate(relief({"Image": image, "Background": True, **settings}))
    of_front = (-mesh.vertices[mesh.faces][..., 2] < 2.5).all(axis=1)
    assert of_front.sum() == 29 * 39 - hole


def seen_by(camera: float, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc before a disc before a slanted plane: the distance of each pixel and which surface it is, 2 the nearest.

    camera: how far it stands to the right of the one that took the photo, in metres.
    """
    across, up = np.meshgrid((np.arange(width) - (width - 1) / 2), (height - 1) / 2 - np.arange(height))
    across, up = across / width * SPREAD, up / width * SPREAD  # per metre of distance
    distance = (1 - 0.1 * camera) / (1 / 3.2 + 0.1 * across + 0.05 * up)  # where distance / 3.2 + x / 10 + y / 20 is 1
    surface = np.zeros(distance.shape, int)
    for number, (x, y, radius, away) in enumerate([(-0.09, 0.03, 0.34, 2.2), (0.14, -0.03, 0.2, 1.6)], 1):
        inside = np.hypot(camera + across * away - x, up * away - y) < radius
        distance, surface = np.where(inside, away, distance), np.where(inside, number, surface)
    return distance, surface


@pytest.mark.parametrize("share", [-0.1, -0.05, 0.05, 0.1])
def test_three_depths_one_behind_another_leave_no_hole(share: float) -> None:
    """A camera moves aside by a share of the distance. What the photo shows stays, and nothing is empty."""
    width, height = 160, 120
    taken, _ = seen_by(0.0, width, height)
    front = taken.astype(np.float32)
    back = background.behind(front, np.ones(front.shape, bool), "distance", np.zeros((*front.shape, 3), np.uint8))
    image = layered(front, back.depth, back.presence)
    mesh = evaluate(relief({"Image": image, "Background": True, **SETTINGS, "Resolution": width, "Border": 0.35}))
    tree = BVHTree.FromPolygons(mesh.vertices.tolist(), mesh.faces.tolist())
    camera = share * float(np.median(taken))
    wanted, surface = seen_by(camera, width, height)
    found = np.full(wanted.shape, np.nan)
    for row, column in np.ndindex(*wanted.shape):
        ray = (column - (width - 1) / 2) / width * SPREAD, ((height - 1) / 2 - row) / width * SPREAD, -1.0
        place = tree.ray_cast((camera, 0.0, 0.0), ray)[0]
        if place is not None:
            found[row, column] = -place.z
    assert np.isfinite(found).all()
    # Where the photo shows the same point, the same distance is found, but at outlines, which are a pixel wide.
    rows, columns = np.mgrid[:height, :width]
    from_photo = columns + camera / wanted / SPREAD * width
    inside = (from_photo >= 3) & (from_photo <= width - 4)
    nearest = np.rint(np.clip(from_photo, 0, width - 1)).astype(int)
    shown = inside & (np.abs(taken[rows, nearest] / wanted - 1) < 0.01)
    edge = np.zeros(shown.shape, bool)
    for shift in range(-4, 5):
        for axis in (0, 1):
            edge |= np.roll(surface, shift, axis) != surface
    right = np.abs(found / wanted - 1) < 0.02
    assert shown[~edge].mean() > 0.6
    assert right[shown & ~edge].mean() > 0.99
    # What lies behind never comes out nearer than the nearest surface that is there.
    assert found.min() > 1.6 * 0.99


def test_without_background_green_and_blue_count_for_nothing() -> None:
    front, behind, presence = scenery()
    plain = evaluate(relief({"Image": depth_image(front.astype(np.float32)), **SETTINGS}))
    off = evaluate(relief({"Image": layered(front, behind, presence), **SETTINGS}))
    np.testing.assert_array_equal(off.vertices, plain.vertices)
    np.testing.assert_array_equal(off.faces, plain.faces)
    assert {"background", "background_depth"}.isdisjoint(off.attributes)


def test_relative_depth_shares_one_range() -> None:
    nearness = np.where(of_box(), 1.0, 0.2)
    nearness[-6:, :6] = 0.0
    behind = np.where(scenery()[2] > 0, 0.2, 0.0)
    image = layered(nearness, behind, scenery()[2])
    shape = {"Near Distance": 2.0, "Far Distance": 10.0, "Near": 0.9, "Falloff": 1.5}
    mesh = evaluate(relief({"Image": image, "Background": True, **SETTINGS, "Kind": "Disparity", **shape}))
    wanted = reference.to_distance(
        reference.normalize(np.array([1.0, 0.2, 0.0]), "Disparity", 0, 1, 0.9, 0, False, 1.5), 2, 10
    )
    np.testing.assert_allclose(np.unique(np.round(-mesh.vertices[:, 2], 4)), np.sort(np.round(wanted, 4)), atol=2e-4)


def of_box() -> np.ndarray:
    return scenery()[2] == 1.0


def test_edge_falloff_keeps_the_rim() -> None:
    image = layered(*scenery())
    soft = {"Edge Falloff": 4, "Background": True}
    mesh = evaluate(relief({"Image": image, **SETTINGS, **soft, "Projection": "Relief"}))
    whole = (WIDTH - 1) * (HEIGHT - 1)
    assert len(mesh.faces) > whole  # nothing of the front goes


def test_a_depth_image_with_a_background_is_no_picture_in_colour() -> None:
    ob = relief({"Image": layered(*scenery()), **SETTINGS})
    evaluate(ob, keep=True)
    ob.update_tag()
    bpy.context.view_layer.update()
    said = [warning.message for warning in getattr(ob.modifiers[0], "node_warnings", ())]
    assert not [message for message in said if "colour" in message]
    bpy.data.objects.remove(ob)


def test_background_layer_alone() -> None:
    """The group by itself: the flat faces behind the front, with their depth and both UVs."""
    front, behind, presence = scenery()
    image = layered(front, behind, presence)
    uv = reference.on_pixel_centres(reference.grid_shares(WIDTH, HEIGHT), WIDTH, HEIGHT)
    grid = grid_object(uv)
    fields = {"Depth": of_grid(front), "Background Depth": of_grid(behind), "Presence": of_grid(presence)}
    mesh = probe(grid, "Background Layer", {"Image": image}, fields)
    faces = reference.grid_faces(WIDTH, HEIGHT)
    there = (of_grid(presence) >= 0.5)[faces].any(axis=1)
    left = np.unique(faces[there])
    assert len(mesh.faces) == there.sum()
    np.testing.assert_allclose(mesh.attribute("UV")[:, :2], uv[left], atol=1e-6)
    back = np.where(of_grid(presence) >= 0.5, of_grid(behind), of_grid(front))
    np.testing.assert_allclose(mesh.attribute("Depth"), back[left], rtol=1e-6)


def grid_object(uv: np.ndarray) -> bpy.types.Object:
    """A flat grid of a vertex a pixel, with that UV."""
    vertices = np.column_stack([reference.grid_shares(WIDTH, HEIGHT), np.zeros(len(uv))])
    return mesh_object(vertices, reference.grid_faces(WIDTH, HEIGHT), uv)


def test_what_fills_the_image_takes_the_groups_defaults_for_granted():
    """Neither imports the other, so each states what both need."""
    near, far = (socket.properties["default_value"] for socket in disparity_to_distance.ENDS)
    assert (near, far) == (background.NEAR, background.FAR)
    assert background.MARGIN == background_layer.MARGIN
