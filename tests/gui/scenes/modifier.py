"""Add Modifier > Depth > Depth Relief on a plane, then the image, then the arrow in the viewport."""

import numpy as np

from tests.gui.driver import Hand, Steps, area, measured, region, see, until
from tests.gui.stage import addon, depth_image, over, plane, positions

TO_DEPTH = 141  # pixels in the Add Modifier menu of Blender 5.2
ARROW = 76  # pixels from the origin to the arrow's head


def add() -> Steps:
    """Each step changes what the modifier makes."""
    ob = plane()
    image = depth_image()
    yield 1.0
    properties, viewport = area("PROPERTIES"), area("VIEW_3D")
    hand = Hand()
    x, y = yield from hand.find(properties, "wm.call_menu", "WINDOW", x=0.5)
    yield from hand.click((x, y))
    yield 1.0  # Blender reads its asset libraries when a menu first wants them
    yield from hand.glide((x + 20, y - TO_DEPTH))
    yield 0.5
    see("menu")
    yield from hand.glide((x - 200, y - TO_DEPTH))
    yield from hand.click(hand.place)
    yield until("the modifier is there", lambda: len(ob.modifiers) == 1)
    modifier = ob.modifiers[0]
    assert modifier.node_group["depth_nodes"].startswith("Depth Relief ")
    assert len(positions(ob)) == 4
    see("without_image")

    x, y = yield from hand.find(properties, "image.new", "WINDOW", x=0.55)
    yield from hand.click((x - 0.12 * region(properties).width, y))
    yield from hand.write(image.name.lower())
    yield from hand.press("Return")
    yield until("the image is set", lambda: addon("scene.inputs").get_input(modifier, "Image") == image)
    addon("scene.inputs").set_input(modifier, "Kind", "Distance")
    yield 2.0
    see("relief")
    height = positions(ob)[:, 2]
    assert len(height) > 100_000
    np.testing.assert_allclose((height.min(), height.max()), (0.0, 0.5), atol=1e-6)

    x, y = over(viewport, (0.0, 0.0, 0.0))
    yield from hand.drag((x, y + ARROW), (x, y + 2 * ARROW), "arrow")
    scale = addon("scene.inputs").get_input(modifier, "Scale")
    assert scale > 0.6
    np.testing.assert_allclose(positions(ob)[:, 2].max(), scale, rtol=1e-6)
    measured["scale"] = scale
