"""Blender in another language."""

import pytest


def test_names_and_words_of_a_translated_blender_change_nothing(play) -> None:
    said = play("translated:chinese")
    assert said["uv map"] != "UVMap"  # the language is really on
    assert said["height"] == pytest.approx([0.0, 0.5], abs=1e-3)
    assert said["menus"] == {"Kind": "Disparity", "Projection": "Relief", "Surface": "Automatic"}
    assert said["frozen"] == [True, True]


def test_a_failed_import_opens_its_dialog_again_in_a_translated_blender(play) -> None:
    play("translated:dialogs_again")


def test_an_artists_first_minute_in_a_translated_blender(play) -> None:
    measured = play("translated:first_minute")
    assert measured["holes"] < 0.005
