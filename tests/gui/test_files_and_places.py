"""What stays: in files, in undo, in other windows and scenes, and without the extension."""

import pytest

from tests.gui.window import BUILD, ROOT


def test_a_saved_relief_is_the_same(play) -> None:
    play("keep:save")
    play("keep:reopen", BUILD / "keep" / "relief.blend", keep=True)


def test_a_file_of_a_former_release_opens(play) -> None:
    """The file was made by the code that became 0.1.0, its release set to 0.0.9, with the vertices it had beside it."""
    play("keep:former", ROOT / "tests" / "gui" / "relief_0.0.9.blend")


def test_undo_and_redo(play) -> None:
    play("undo:whole_way")


@pytest.mark.parametrize("scene", ["two_windows", "two_scenes", "disable"])
def test_windows_scenes_and_without_the_extension(scene, play) -> None:
    play(f"places:{scene}")
