"""Depth over time: what three usual ways and ours leave of a model's jitter, on clips whose depth is known.

The model's error is played on the true depth (see `tests.simulated_clip`). TAE and AbsRel in percent, OPW in percent of
the range; the least TAE is that of the truth, since whole pixels are compared.
"""

from collections.abc import Callable

import numpy as np

from tests import simulated_clip as clips
from tests.inference.video.clips import stabilised

FRAMES, HEIGHT, WIDTH = 90, 72, 128
DECAY = 0.9
CASES = (("static", 1.0), ("dolly", 1.0), ("truck", 1.0), ("static", 4.0), ("dolly", 4.0))


def per_frame(values: np.ndarray, _clip: clips.Frames) -> np.ndarray:
    low, high = values.min((1, 2), keepdims=True), values.max((1, 2), keepdims=True)
    return (values - low) / (high - low)


def per_sequence(values: np.ndarray, _clip: clips.Frames) -> np.ndarray:
    return (values - values.min()) / np.ptp(values)


def exponential(values: np.ndarray, _clip: clips.Frames) -> np.ndarray:
    ends = np.stack([values.min((1, 2)), values.max((1, 2))], 1)
    for i in range(1, len(ends)):
        ends[i] = DECAY * ends[i - 1] + (1 - DECAY) * ends[i]
    return (values - ends[:, :1, None]) / np.ptp(ends, axis=1)[:, None, None]


def ours(values: np.ndarray, clip: clips.Frames) -> np.ndarray:
    return stabilised(values, clip.rgb)[0]


def with_a_fixed_camera(values: np.ndarray, clip: clips.Frames) -> np.ndarray:
    return stabilised(values, clip.rgb, fixed_camera=True)[0]


WAYS: dict[str, Callable[[np.ndarray, clips.Frames], np.ndarray]] = {
    "minimum and maximum of each frame": per_frame,
    "of the sequence": per_sequence,
    f"exponential mean of both, {DECAY}": exponential,
    "stabilised": ours,
}


def main() -> None:
    """Print the table."""
    shots = {name: clips.shoot(clips.path(name, FRAMES), HEIGHT, WIDTH) for name in ("static", "dolly", "truck")}
    titles = [f"{name}, {'mild' if strength == 1.0 else 'strong'}" for name, strength in CASES]
    print("| TAE / OPW / AbsRel | " + " | ".join(titles) + " |")
    print("|---" * (len(CASES) + 1) + "|")
    rough = [clips.as_predicted(shots[name].z, strength) for name, strength in CASES]
    rows = {**WAYS, "stabilised, Fixed Camera": with_a_fixed_camera, "the truth": lambda _values, clip: 1.0 / clip.z}
    for title, way in rows.items():
        cells = []
        for (name, _), values in zip(CASES, rough, strict=True):
            clip = shots[name]
            if way is with_a_fixed_camera and name != "static":
                cells.append("")
                continue
            made = way(values, clip)
            measures = clips.tae(made, clip), clips.opw(made, clip), clips.absrel(made, clip.z)
            cells.append(" / ".join(f"{measure:.2f}" for measure in measures))
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
