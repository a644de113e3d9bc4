"""A clip in the window: its frames estimated, and played."""

import shutil

import numpy as np
from PIL import Image

from tests import simulated_clip as clips
from tests.gui.window import BUILD


def test_frames_are_estimated_given_up_gone_on_with_and_played(play) -> None:
    shutil.rmtree(BUILD / "clip", ignore_errors=True)
    clips.save(clips.shoot(clips.path("truck", 10, 0.15), 192, 256), BUILD / "clip")
    measured = play("clip:play")
    print(measured)
    assert measured["frames"] == list(range(1, 11))
    assert measured["files"] == 10
    assert min(measured["height"].values()) > 0.01  # each frame is a relief
    early, late = (np.asarray(Image.open(BUILD / "clip" / f"frame_{frame}.png").convert("L"), int) for frame in (2, 9))
    assert (np.abs(early - late) > 8).mean() > 0.01
