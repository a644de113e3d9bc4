"""Frame numbers and patterns as they are typed."""

from pathlib import Path

import pytest

from inference.errors import PhotoError
from inference.video.frames import Pattern, parse, written


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("7", (7,)),
        ("1-4", (1, 2, 3, 4)),
        ("5-5", (5,)),
        ("1-3,7-12:2", (1, 2, 3, 7, 9, 11)),
        ("8, 2 ,2-3", (2, 3, 8)),
        ("-2-1", (-2, -1, 0, 1)),
    ],
)
def test_expressions(text, numbers):
    assert parse(text) == numbers
    assert parse(written(numbers)) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-", "4-1", "1-9:0", "1..4", "1-99999999999"])
def test_what_is_no_expression(text):
    with pytest.raises(PhotoError, match="numbers and ranges"):
        parse(text)


@pytest.mark.parametrize("name", ["shot_%04d.png", "shot_####.png"])
def test_a_sequence_on_disk(tmp_path, name):
    for number in ("0009", "0010", "10000", "11", "000012", "x"):
        (tmp_path / f"shot_{number}.png").touch()
    pattern = Pattern.of(str(tmp_path / name))
    assert pattern.numbers() == (9, 10, 10000)
    assert pattern.path(9) == tmp_path / "shot_0009.png"


def test_brackets_and_dots_are_just_that(tmp_path):
    (tmp_path / "a[1].7.png").touch()
    (tmp_path / "a1x7.png").touch()
    assert Pattern.of(str(tmp_path / "a[1].%d.png")).numbers() == (7,)


@pytest.mark.parametrize("name", ["shot.png", "shot_1.png", "a#_b#.png"])
def test_names_without_one_place_for_the_number(name):
    assert Pattern.of(name) is None
    assert Pattern.of(str(Path("c_##") / name)) is None
