"""Colours of a scene whose working space is not Rec. 709."""

import numpy as np
import pytest

from tests.addon.enabled import handover, photo

import bpy  # isort: skip

# Of the primaries, by ITU-R BT.2087 and SMPTE ST 2065-4; columns are what a unit of each becomes in Rec. 709.
FROM = {
    "Linear Rec.2020": [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    "ACEScg": [[1.7051, -0.6218, -0.0833], [-0.1303, 1.1408, -0.0105], [-0.0240, -0.1290, 1.1530]],
}


@pytest.mark.skipif(bpy.app.version < (5, 0), reason="Blender has other working spaces from 5.0 on")
@pytest.mark.parametrize("space", FROM)
def test_colours_reach_the_engine_as_the_photo_has_them(tmp_path, space):
    bpy.ops.wm.set_working_color_space(working_space=space)
    assert bpy.data.colorspace.working_space == space
    image = bpy.data.images.new("painted", 2, 2, float_buffer=True)
    working = np.array([[0.25, 0.5, 0.125], [0.5, 0.25, 0.25], [0.2, 0.2, 0.2], [0.3, 0.4, 0.6]])
    rgba = np.ones((4, 4), np.float32)
    rgba[:, :3] = working
    image.pixels.foreach_set(rgba.ravel())
    given = handover.hand_over(image, tmp_path)
    assert given.linear
    expected = working @ np.array(FROM[space]).T
    found = np.load(given.path)[::-1].reshape(4, 4)  # Blender keeps the bottom row first
    np.testing.assert_allclose(found[:, :3], expected, atol=2e-3)
    srgb = np.where(expected <= 0.0031308, 12.92 * expected, 1.055 * np.maximum(expected, 0) ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(photo.colours(image)[::-1].reshape(4, 3), np.clip(srgb, 0, 1) * 255, atol=1.0)
