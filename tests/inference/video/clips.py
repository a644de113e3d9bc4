"""The stabiliser over arrays in memory: through the files that it works on."""

import tempfile
from pathlib import Path

import numpy as np

from inference.video import raw
from inference.video.raw import Making, Note, Raw
from inference.video.record import Record
from inference.video.stabilise import Finisher, measure

MAKING = Making("small", "local", 518, "float32")


def stabilised(
    values: np.ndarray,
    rgb: np.ndarray,
    *,
    kind: str = "disparity",
    validity: np.ndarray | None = None,
    cuts: tuple[int, ...] | None = None,
    fixed_camera: bool = False,
) -> tuple[np.ndarray, Record]:
    """Return the stabilised frames, (n, h, w), and the record of them."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (one, picture) in enumerate(zip(values, rgb, strict=True), 1):
            note = Note(MAKING, kind, "", *one.shape)
            known = None if validity is None else validity[number - 1]
            raw.write(Raw(one, picture, known, note), raw.path_of(Path(folder), number))
        numbers = range(1, len(values) + 1)
        record = measure(Path(folder), numbers, cuts=cuts, fixed_camera=fixed_camera)
        finisher = Finisher(record, Path(folder))
        return np.stack([finisher.frame(number)[1] for number in numbers]), record
