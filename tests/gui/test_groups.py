"""The node groups in the window: where they are listed, and what comes of choosing or dragging one."""

import numpy as np
import pytest
from PIL import Image

from tests.gui.window import BUILD


@pytest.mark.parametrize("way", ["by_mouse", "by_search", "without_library"])
def test_add_menu_lists_each_group_once(way, play) -> None:
    play(f"add_menu:{way}")


def test_groups_are_dragged_from_the_asset_browser(play) -> None:
    play("asset_browser:drag")
    browser = np.asarray(Image.open(BUILD / "asset_browser" / "previews.png").convert("RGB"), float)
    tiles = browser[40:, 260:]  # without the header and the catalogs
    colourful = np.ptp(tiles, axis=-1) > 40  # Blender's own icons and theme are grey
    assert colourful.mean() > 0.02
