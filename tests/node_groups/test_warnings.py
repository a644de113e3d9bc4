"""What the groups tell the artist on the modifier, and when they keep quiet."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from .scene import add_group, depth_image, evaluate, mesh_object, plane, relief


def grey(height: int = 16, width: int = 16) -> np.ndarray:
    return np.linspace(0, 1, height * width).reshape(height, width)


def warnings(ob: bpy.types.Object) -> list[tuple[str, str]]:
    """Level and message of each warning on the object's modifier."""
    evaluate(ob, keep=True)
    found = [(warning.type, warning.message) for warning in ob.modifiers[0].node_warnings]
    bpy.data.objects.remove(ob)
    return found


def on_plane(values: dict[str, Any]) -> list[tuple[str, str]]:
    return warnings(relief({"Resolution": 16, "Cutoff": False, **values}))


@pytest.mark.parametrize("projection", ["Relief", "Camera"])
@pytest.mark.parametrize("kind", ["Disparity", "Distance"])
def test_nothing_is_said_when_all_is_well(kind: str, projection: str) -> None:
    image = depth_image(grey() if kind == "Disparity" else 1 + 9 * grey())
    assert on_plane({"Image": image, "Kind": kind, "Projection": projection}) == []


@pytest.mark.parametrize("background", [False, True])
def test_a_background_that_bas_relief_hides(background: bool) -> None:
    given = {"Image": depth_image(grey()), "Bas-Relief": 0.5, "Background": background}
    said = on_plane(given)
    assert len(said) == background
    assert all(level == "INFO" and "hides the background" in message for level, message in said)
    assert on_plane({**given, "Projection": "Camera"}) == []


def test_no_image() -> None:
    [(level, message)] = on_plane({})
    assert level == "WARNING"
    assert "image" in message


def test_a_picture_in_colour() -> None:
    image = depth_image(grey())
    pixels = np.random.default_rng(0).uniform(0, 1, (16, 16, 4)).astype(np.float32)
    pixels[..., 3] = 1
    image.pixels.foreach_set(pixels.ravel())
    image.update_tag()
    [(level, message)] = on_plane({"Image": image, "Cutoff": False})
    assert level == "WARNING"
    assert "colour" in message


def test_a_grey_8_bit_picture_is_no_picture_in_colour() -> None:
    image = bpy.data.images.new("8 bit", 16, 16, is_data=True)
    image.pixels.foreach_set(np.repeat(grey(), 4).astype(np.float32))
    image.update_tag()
    assert on_plane({"Image": image}) == []


def test_distance_read_as_disparity() -> None:
    [(level, message)] = on_plane({"Image": depth_image(1 + 9 * grey()), "Kind": "Disparity"})
    assert level == "INFO"
    assert "Distance" in message


def test_negative_distances() -> None:
    found = on_plane({"Image": depth_image(grey() - 0.5), "Kind": "Distance"})
    assert [level for level, message in found if "Disparity" in message] == ["WARNING"]


@pytest.mark.parametrize("resolution", [15, 16, 17])
def test_resolution_beyond_the_image(resolution: int) -> None:
    found = on_plane({"Image": depth_image(grey(12, 16)), "Resolution": resolution})
    assert [level for level, message in found if "Resolution" in message] == (["INFO"] if resolution > 16 else [])


def test_resolution_says_nothing_about_a_mesh_that_is_used_as_it_is() -> None:
    shares = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]], float)
    ob = mesh_object(np.pad(shares, ((0, 0), (0, 1))), [(0, 2, 3, 1), (2, 4, 5, 3)], shares / [2, 1])
    add_group(ob, "Depth Relief", {"Image": depth_image(grey()), "Resolution": 4096, "Cutoff": False})
    assert warnings(ob) == []


def test_a_plane_without_a_uv_map() -> None:
    ob = add_group(plane(uv=False), "Depth Relief", {"Image": depth_image(grey()), "Resolution": 16})
    [(level, message)] = warnings(ob)
    assert level == "INFO"
    assert "UV map" in message


def test_no_camera() -> None:
    settings = {"Image": depth_image(grey()), "Projection": "Camera", "Lens": "Camera Object"}
    [(level, message)] = on_plane(settings)
    assert level == "WARNING"
    assert "camera" in message


def test_a_lens_without_camera_object_needs_no_camera() -> None:
    assert on_plane({"Image": depth_image(grey()), "Projection": "Camera", "Lens": "Field of View"}) == []
    assert on_plane({"Image": depth_image(grey()), "Projection": "Relief", "Lens": "Camera Object"}) == []


def test_a_depth_map_that_blender_reads_as_srgb(tmp_path: Path) -> None:
    """A straight ramp in a file of 8 bits: as sRGB its middle stands at 0.214; as data nothing is said."""
    Image.fromarray(np.round(grey(64, 64) * 255).astype(np.uint8)).save(tmp_path / "ramp.png")
    loaded = bpy.data.images.load(str(tmp_path / "ramp.png"))
    assert loaded.colorspace_settings.name == "sRGB"
    [(level, message)] = on_plane({"Image": loaded})
    assert level == "WARNING"
    assert "Non-Color" in message
    loaded.colorspace_settings.name = "Non-Color"
    assert on_plane({"Image": loaded}) == []
