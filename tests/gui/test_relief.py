"""From a photo to a relief, by every way that a hand can take."""

import numpy as np
import pytest
from PIL import Image

from tests.gui.window import BUILD, ROOT


def likeness(picture: Image.Image) -> float:
    """Return the correlation of a picture's brightness with the sample photo's, both at 96 x 64."""
    small = [np.asarray(one.convert("L").resize((96, 64)), float) for one in (picture, PHOTO)]
    return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1])


PHOTO = Image.open(ROOT / "assets" / "sample_photo.jpg")


def test_modifier_image_and_arrow(play) -> None:
    play("modifier:add")


def test_a_dropped_photo(play) -> None:
    play("photo:drop")


def test_a_dropped_photo_needs_no_engine(play) -> None:
    measured = play("photo:drop_at_once")
    print(measured)
    assert measured["nearer below than above"] > 0.1  # the table's edge, and the wall


def test_a_chosen_photo_is_seen_in_every_renderer(play) -> None:
    frame = play("photo:choose")["frame"]
    seen = {name: Image.open(BUILD / "photo" / f"{name}.png").crop(frame) for name in ("workbench", "eevee")}
    seen["cycles"] = Image.open(BUILD / "photo" / "cycles.png")
    likenesses = {name: round(likeness(picture), 3) for name, picture in seen.items()}
    print(likenesses)
    assert min(likenesses.values()) > 0.85, likenesses  # Workbench adds light, EEVEE a view transform


def test_the_cut_is_frozen_too(play) -> None:
    play("freeze:with_its_cut")


def test_estimating_is_cancelled_and_finished(play) -> None:
    measured = play("estimate:again")
    print(measured)
    assert measured["redraws"] > 5  # Blender goes on drawing while the model works


@pytest.mark.parametrize("scene", ["no_engine", "no_licence", "image_editor"])
def test_panels_say_what_is_missing(scene, play) -> None:
    play(f"trouble:{scene}")


def test_an_artists_first_minute(play) -> None:
    measured = play("minute:play")
    print(measured)
    assert measured["holes"] < 0.005


@pytest.mark.parametrize("scene", ["dialogs:alone", "dialogs:again", "engine:set_up", "engine:better", "camera:moved"])
def test_what_a_hand_found_wrong_once(scene, play) -> None:
    play(scene)


def test_first_sight(play) -> None:
    play("minute:first_sight")


def test_the_modifiers_panel_fits_a_laptop(play) -> None:
    measured = play("minute:panels")
    print(measured)
    assert max(measured.values()) <= 700  # pixels at scale 1, with what stands above the panel


def test_arrows_stand_at_their_values(play) -> None:
    places = play("minute:gizmos")
    print(places)
    with Image.open(BUILD / "minute" / "arrow_relief.png") as picture:
        relief = np.asarray(picture.convert("RGB"), int)
    with Image.open(BUILD / "minute" / "arrow_camera.png") as picture:
        camera = np.asarray(picture.convert("RGB"), int)
    assert coloured(relief, (255, 255, 0), places["front"])
    assert not coloured(relief, (0, 255, 255), None)
    assert coloured(camera, (0, 255, 255), places["near"])
    assert coloured(camera, (0, 255, 255), places["far"])


def coloured(picture: np.ndarray, colour: tuple[int, int, int], place: list[float] | None) -> bool:
    """Return whether a picture has pixels of about a colour, within an arrow's length of a place or anywhere."""
    if place is not None:
        x, y = (round(side) for side in place)
        picture = picture[max(y - 110, 0) : y + 110, max(x - 110, 0) : x + 110]
    return bool((np.abs(picture - colour).max(axis=2) < 100).sum() > 5)


def test_a_dataset_is_rendered_and_stopped(play) -> None:
    measured = play("dataset:export")
    print(measured)
    assert measured["pictures"] == ["0001.png", "0002.png", "0003.png"]
    assert measured["turns while it rendered"] > 5  # Blender goes on all the while
    assert measured["windows"] == 1
    assert measured["left"] == ["stopped.png"]  # the picture of the screen
