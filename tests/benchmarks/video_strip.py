"""Draws the strip of frames in the README: depth of each frame by itself, stabilised, and how much each flickers.

    .venvs/inference/bin/python -m tests.benchmarks.video_strip

The clip and its true depth are those of `tests.simulated_clip`; the error is a model's that sees each frame alone.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inference.io import cubehelix
from tests import simulated_clip as clips
from tests.inference.video.clips import stabilised

OUTPUT = Path(__file__).resolve().parents[2] / "docs" / "video.jpg"
COUNT, SHOWN = 60, range(36, 42)
HEIGHT, WIDTH = 90, 160
WORST = 0.02  # of the range: where the flicker is white


def main() -> None:
    """Write the picture."""
    clip = clips.shoot(clips.path("dolly", COUNT), HEIGHT, WIDTH)
    rough = clips.as_predicted(clip.z, 2.0)
    steady, _ = stabilised(rough, clip.rgb)
    low, high = rough.min((1, 2), keepdims=True), rough.max((1, 2), keepdims=True)
    alone = (rough - low) / (high - low)
    truth = 1.0 / clip.z
    rows = [clip.rgb[list(SHOWN)]]
    for values in (alone, steady):
        fitted = _fitted(values, truth)
        away = fitted - truth
        flicker = np.abs(away[1:] - away[:-1])[[frame - 1 for frame in SHOWN]] / np.ptp(truth)
        rows += [_grey(((fitted - truth.min()) / np.ptp(truth))[list(SHOWN)]), _error(flicker)]
    strip = np.concatenate([np.concatenate(list(row), 1) for row in rows])
    titles = ("frames", "each by itself", "its flicker", "stabilised", "its flicker")
    picture = Image.new("RGB", (strip.shape[1] + 150, strip.shape[0]), "white")
    picture.paste(Image.fromarray(strip), (150, 0))
    draw = ImageDraw.Draw(picture)
    for place, title in enumerate(titles):
        draw.text((8, place * HEIGHT + HEIGHT / 2 - 10), title, fill="black", font=ImageFont.load_default(20))
    picture.save(OUTPUT, quality=88)
    print(OUTPUT)


def _fitted(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the frames after one scale and shift for the clip."""
    x, y = values.reshape(-1).astype(np.float64), truth.reshape(-1)
    scale = np.cov(x, y)[0, 1] / x.var(ddof=1)
    return np.asarray(scale * (values - x.mean()) + y.mean())


def _grey(share: np.ndarray) -> np.ndarray:
    shown = np.clip(share * 255, 0, 255).astype(np.uint8)
    return np.repeat(shown[..., None], 3, axis=3)


def _error(share: np.ndarray) -> np.ndarray:
    return cubehelix()[np.clip(share / WORST * 255, 0, 255).astype(np.uint8)]


if __name__ == "__main__":
    main()
