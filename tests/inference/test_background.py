"""The second layer, on scenes whose far side is known by construction."""

import numpy as np
import pytest

from inference import background
from inference.edges import RIM

WALL, BOX = 3.0, 1.0  # metres
BLUE, RED = (20, 60, 200), (220, 40, 30)


def box_before_wall(height: int = 120, width: int = 160) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A red box before a blue wall: distance and the mask of the box, (H, W), and the photo, (H, W, 3)."""
    box = np.zeros((height, width), bool)
    box[40:60, 60:85] = True
    depth = np.where(box, BOX, WALL).astype(np.float32)
    photo = np.where(box[..., None], RED, BLUE).astype(np.uint8)
    return depth, box, photo


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """The mask with a square of `by` pixels around each of its pixels."""
    result = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        result[max(row - by, 0) : row + by + 1, max(column - by, 0) : column + by + 1] = True
    return result


def outlined(box: np.ndarray) -> np.ndarray:
    """The box as the front shows it: the outline, one pixel, is the near side's."""
    return grown(box, 1)


def rim_of(box: np.ndarray) -> np.ndarray:
    """What lies beside the box within the rim's width; a pixel that only touches its corner begins one step later."""
    beside = np.zeros_like(box)
    for axis in (0, 1):
        for step in (-1, 1):
            beside |= np.roll(box, step, axis)
    return grown(beside & ~box, RIM - 1) & ~box


def inner(colour: np.ndarray, height: int, width: int) -> np.ndarray:
    """The background's picture without its margins."""
    y, x = background.margins(height, width)
    assert colour.shape == (height + 2 * y, width + 2 * x, 3)
    return colour[y : y + height, x : x + width]


def known(depth: np.ndarray) -> np.ndarray:
    return np.ones(depth.shape, bool)


def test_the_wall_goes_on_behind_the_box() -> None:
    depth, box, photo = box_before_wall()
    back = background.behind(depth, known(depth), "distance", photo)
    reach = round(background.REACH * 160)
    box = outlined(box)
    rows, columns = np.nonzero(box)
    inside = np.minimum.reduce([rows - 39, 60 - rows, columns - 59, 85 - columns])  # pixels from the outline
    hidden = back.presence[box]
    assert hidden[inside < reach].min() == hidden[inside < reach].max() == 1.0
    assert (hidden[inside >= reach] == 0.0).all()
    there = back.presence > 0.0
    # Its colour is the wall's alone, and it lies at the wall: just behind where nothing hides it.
    assert (inner(back.colour, 120, 160)[there] == BLUE).all()
    np.testing.assert_allclose(back.depth[there & box], WALL, rtol=2e-3)
    np.testing.assert_allclose(back.depth[there & ~box], WALL * 1.001, rtol=1e-6)


def test_at_the_rim_it_can_stand_in_for_the_front() -> None:
    depth, box, photo = box_before_wall()
    presence = background.behind(depth, known(depth), "distance", photo).presence
    box = outlined(box)
    rim = rim_of(box)
    np.testing.assert_allclose(presence[rim], 1.0 + (WALL - BOX) / BOX)
    seam = grown(rim, 1) & ~rim & ~box
    assert (presence[seam] == 1.0).all()
    assert (presence[~(seam | rim | box)] == 0.0).all()


def test_no_pixel_gives_way_alone() -> None:
    depth, box, photo = box_before_wall()
    depth[(np.indices(depth.shape).sum(axis=0) % 7 == 0) & ~box] = (
        WALL * 1.07
    )  # dots: an edge around each, and no object
    presence = background.behind(depth, known(depth), "distance", photo).presence
    padded = np.pad(presence, 1)
    around = [np.roll(padded, (row, column), (0, 1)) for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column]
    beside = np.maximum(np.max(around, axis=0)[1:-1, 1:-1], 1.0)
    assert (presence > 1.0).any()
    assert (presence <= beside).all()


def test_mixed_colours_leave_no_ghost() -> None:
    depth, _, photo = box_before_wall()
    blurred = photo.astype(float)
    for _ in range(2):  # as antialiasing and a lens mix them: both ways, over two pixels
        blurred = sum(np.roll(blurred, step, axis) for axis in (0, 1) for step in (-1, 0, 1)) / 6
    back = background.behind(depth, known(depth), "distance", blurred.astype(np.uint8))
    off = np.abs(inner(back.colour, 120, 160)[back.presence > 0.0].astype(int) - BLUE)
    assert off.max() <= 2
    assert off.mean() < 0.5


def test_a_blurred_edge_is_filled_from_where_it_is_far() -> None:
    depth, box, photo = box_before_wall()
    inverse = 1.0 / depth
    for _ in range(2):
        inverse = sum(np.roll(inverse, step, 1) for step in (-1, 0, 1)) / 3
    back = background.behind((1.0 / inverse).astype(np.float32), known(depth), "distance", photo)
    np.testing.assert_allclose(back.depth[(back.presence > 0.0) & ~box], WALL, rtol=5e-3)
    assert (
        back.presence[45, 57:88] >= 1.0
    ).all()  # the box at half its height, blur and all, is backed from side to side


def test_a_plane_goes_on_as_a_plane() -> None:
    depth, box, photo = box_before_wall()
    column = np.arange(160, dtype=np.float32)
    plane = 1.0 / np.broadcast_to(0.2 + 0.002 * column, depth.shape)  # a wall that recedes: 1/z is linear across it
    depth = np.where(box, BOX, plane).astype(np.float32)
    back = background.behind(depth, known(depth), "distance", photo)
    there = back.presence > 0.0
    np.testing.assert_allclose(back.depth[there], plane[there], rtol=0.04)
    assert np.median(np.abs(back.depth[there] / plane[there] - 1)) < 0.01


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (255.0, 0.0), (0.01, -7.0)])
def test_relative_depth_has_no_unit(scale: float, shift: float) -> None:
    _, box, photo = box_before_wall()
    nearness = np.where(box, 1.0, 0.0).astype(np.float32)
    back = background.behind(nearness * np.float32(scale) + np.float32(shift), known(box), "disparity", photo)
    there = back.presence > 0.0
    np.testing.assert_allclose(back.depth[there], shift, atol=0.01 * scale)
    box = outlined(box)
    rim = rim_of(box)
    gap = background.FAR / background.NEAR - 1  # the ends of the range stand for these distances
    np.testing.assert_allclose(back.presence[rim], 1.0 + gap, rtol=1e-4)


def test_it_always_lies_behind() -> None:
    rng = np.random.default_rng(3)
    steps = rng.uniform(1.0, 6.0, (9, 12)).repeat(14, axis=0).repeat(14, axis=1).astype(np.float32)
    photo = rng.integers(0, 256, (*steps.shape, 3), np.uint8)
    back = background.behind(steps, known(steps), "distance", photo)
    behind = back.presence == 1.0
    assert behind.mean() > 0.2
    assert (back.depth[behind] > steps[behind]).all()


def test_one_of_three_surfaces_hides_the_next() -> None:
    depth = np.full((100, 200), 6.0, np.float32)
    depth[:, :120] = 3.0  # a screen before the wall
    depth[40:60, 80:112] = 1.0  # and a box before the screen, near its edge
    photo = np.zeros((100, 200, 3), np.uint8)
    back = background.behind(depth, known(depth), "distance", photo)
    box = depth == 1.0
    rows, columns = np.nonzero(box)
    outline = (np.minimum.reduce([rows - 40, 59 - rows, columns - 80, 111 - columns])) < 10
    assert (back.presence[box][outline] >= 1.0).all()  # behind all of it there is something
    assert back.depth[box & (back.presence > 0)].min() > 1.0
    np.testing.assert_allclose(back.depth[50, 81], 3.0, rtol=0.1)  # far from the screen's edge it is the screen


def test_what_is_unknown_is_filled_from_the_far_side() -> None:
    depth, box, photo = box_before_wall()
    shadow = grown(box, 6) & ~box  # as a sensor's own baseline hides it
    depth[shadow] = 0.0
    photo[shadow] = (0, 255, 0)
    back = background.behind(depth, ~shadow, "distance", photo)
    assert (back.presence[shadow] >= 1.0).all()
    np.testing.assert_allclose(back.depth[shadow], WALL, rtol=5e-3)
    off = np.abs(inner(back.colour, 120, 160)[shadow].astype(int) - BLUE)
    assert off.mean() < 3


def test_nothing_is_behind_what_is_transparent() -> None:
    depth, box, photo = box_before_wall()
    opaque = np.zeros(depth.shape, bool)
    opaque[:, 70:] = True
    back = background.behind(depth, opaque, "distance", photo, opaque)
    assert (back.presence[~opaque] == 0.0).all()
    assert (back.presence[box & opaque] == 1.0).any()


@pytest.mark.parametrize("kind", ["distance", "disparity"])
def test_without_edges_there_is_no_background(kind: background.Kind) -> None:
    ramp = np.linspace(1.0, 2.0, 600, dtype=np.float32)[:, None].repeat(40, axis=1)
    photo = np.full((600, 40, 3), 77, np.uint8)
    back = background.behind(ramp, known(ramp), kind, photo)
    assert (back.presence == 0.0).all()
    assert (back.depth == 0.0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 5), (33, 64)])
@pytest.mark.parametrize("value", [0.0, 2.0])
def test_any_size_and_maps_that_say_nothing(shape: tuple[int, int], value: float) -> None:
    depth = np.full(shape, value, np.float32)
    photo = np.full((*shape, 3), 90, np.uint8)
    back = background.behind(depth, np.full(shape, value > 0.0), "distance", photo)
    assert (back.presence == 0.0).all()
    assert np.isfinite(back.depth).all()
    assert (back.colour == 90).all()


def test_the_photo_goes_on_beyond_its_border() -> None:
    depth, _, photo = box_before_wall()
    photo[:, :80] = (0, 200, 0)
    back = background.behind(depth, known(depth), "distance", photo)
    y, x = background.margins(120, 160)
    assert (y, x) == (15, 20)
    assert (back.colour[y + 10 : -y - 10, :x] == (0, 200, 0)).all()  # left
    assert (back.colour[y + 10 : -y - 10, -x:] == BLUE).all()  # right


def test_the_photo_may_have_any_size() -> None:
    depth, _, photo = box_before_wall()
    for enlarged in (photo.repeat(3, axis=0).repeat(3, axis=1), photo[::2, ::2]):
        back = background.behind(depth, known(depth), "distance", enlarged)
        there = (back.presence > 0.0) & (back.presence != 1.0)
        off = np.abs(inner(back.colour, 120, 160)[there].astype(int) - BLUE)
        assert off.max() <= 2
