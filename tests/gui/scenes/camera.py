"""The matching camera under a hand."""

import bpy
import numpy as np

from tests.gui.driver import Hand, Steps, area, at, see, window, within
from tests.gui.stage import DEPTH, PHOTO, positions, tab


def moved() -> Steps:
    """It is moved, turned and given another lens while the scene stays; then it goes back to the photo's view."""
    viewport = area("VIEW_3D")
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    with within(viewport):
        bpy.ops.depth_nodes.import_relief(
            filepath=str(PHOTO), depth_path=str(DEPTH), projection="Camera", use_camera=True
        )
    relief = window().view_layer.objects.active
    camera = bpy.context.scene.camera
    yield from tab(viewport)
    yield 1.5
    see("photo_view")
    before, place, lens = positions(relief), camera.matrix_world.copy(), camera.data.lens
    with within(viewport):
        bpy.ops.object.select_all(action="DESELECT")
    camera.select_set(True)
    window().view_layer.objects.active = camera
    hand = Hand()
    hand.move(at(viewport, 0.3, 0.4))
    for keys in ("g", "x", "0", "period", "3", "Return"):
        yield from hand.press(keys)
    for keys in ("r", "z", "5", "Return"):
        yield from hand.press(keys)
    camera.data.lens = 80.0
    yield 1.0
    see("moved")
    assert round(camera.matrix_world.translation.x - place.translation.x, 4) == 0.3
    np.testing.assert_array_equal(positions(relief), before)
    camera.data.lens = lens
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.photo_view")))
    yield 1.0
    see("returned")
    np.testing.assert_allclose(np.array(camera.matrix_world), np.array(place), atol=1e-6)
    np.testing.assert_array_equal(positions(relief), before)
    window().view_layer.objects.active = relief
    yield 0.5
    for name in ("shape", "photo"):
        yield from hand.click((yield from hand.find(viewport, "depth_nodes.show_photo")))
        yield 0.5
        see(f"show_{name}")
        assert viewport.spaces.active.shading.color_type == ("MATERIAL" if name == "shape" else "TEXTURE")
