"""Brings photos with measured depth into the layout that the training reads: `python -m training.measured FOLDER OUT`.

FOLDER holds an `index.json`, a list with a line for each photo: `name`, `rgb` and `depth` (a JPEG, and an aligned PNG
of 16 bits whose value divided by `scale` is a distance in metres, 0 unknown), `kind`, `split_group` (its source),
`licence_class`, `licence_data` and `source`. Only distances under permissive licences are taken.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .pictures import UNKNOWN, write


def permitted(entry: dict[str, Any]) -> bool:
    """Whether a photo may be learnt from: its licence is permissive, and its depth a distance."""
    return entry["licence_class"] == "permissive" and entry["kind"] == "distance"


def main() -> None:
    """Read the arguments and convert."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    entries = json.loads((arguments.folder / "index.json").read_text(encoding="utf-8"))
    for entry in filter(permitted, entries):
        with Image.open(arguments.folder / entry["rgb"]) as file:
            photo = np.asarray(file.convert("RGB"))
        with Image.open(arguments.folder / entry["depth"]) as file:
            distance = np.asarray(file).astype(np.float32) / entry["scale"]
        inverse = np.where(distance > 0, 1 / np.maximum(distance, 1e-6), UNKNOWN).astype(np.float32)
        write(arguments.out, entry["name"], entry["split_group"], photo, inverse)


if __name__ == "__main__":
    main()
