"""Which file is the depth map: by the names that neighbouring tools and the artists give."""

from pathlib import Path

import pytest

from tests.addon.enabled import errors, pairing

FOUND = {
    "photo.jpg": [
        "photo_depth.png",
        "photo.depth.exr",
        "photo-depth.npy",
        "Photo Depth.tif",
        "photo.jpg.depth.pfm",
        "photo_disparity.png",
        "photo_depth_from_tool.png",
        "photo_depth16.png",
        "photo-dpt_beit_large_512.png",
        "photo-midas_v21_small_256.pfm",
        "photo_vits_disparity8.png",
        "depth_photo.png",
        "photo.npy",
    ],
    "sample_photo.jpg": ["sample_depth.exr", "sample_photo_depth.png"],
    "room_2.png": ["room_2_depth.png", "depth_room_2.png"],
}


@pytest.mark.parametrize(("photo", "name"), [(photo, name) for photo, names in FOUND.items() for name in names])
def test_a_depth_map_beside_a_photo_is_found(tmp_path: Path, photo: str, name: str) -> None:
    for other in (photo, "other_depth.png", "photograph_depth.png", "photo_edited.png", "room_depth.png", "room.png"):
        (tmp_path / other).touch()
    assert pairing.find_depth(tmp_path / photo) is None
    (tmp_path / name).touch()
    assert pairing.find_depth(tmp_path / photo) == tmp_path / name
    for pair in ((photo, name), (name, photo)):
        apart = pairing.tell_apart(*(tmp_path / one for one in pair))
        assert apart == (tmp_path / photo, tmp_path / name)


def test_the_most_exact_of_the_meant_names_is_taken(tmp_path: Path) -> None:
    for name in ("photo.jpg", "photo_depth.png", "photo.depth.exr", "depth_photo.png"):
        (tmp_path / name).touch()
    assert pairing.find_depth(tmp_path / "photo.jpg").name == "photo.depth.exr"


def test_several_candidates_are_asked_about(tmp_path: Path) -> None:
    for name in ("photo.jpg", "depth_photo.png", "photo-dpt_large.png"):
        (tmp_path / name).touch()
    with pytest.raises(errors.PhotoError, match=r"depth_photo.png.*photo-dpt_large.png"):
        pairing.find_depth(tmp_path / "photo.jpg")


@pytest.mark.parametrize("names", [("one.png", "two.png"), ("a_depth.png", "b_depth.png")])
def test_names_that_do_not_say_are_asked_about(names: tuple[str, str]) -> None:
    with pytest.raises(errors.PhotoError, match="may be"):
        pairing.tell_apart(*map(Path, names))
