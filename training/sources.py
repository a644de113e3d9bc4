"""Writes `weights/NOTICE`, which names all that the weights have learnt from: `python -m training.sources INDEX ...`.

An INDEX is the `index.json` of a folder of assets (see `traced/assets.py`) or of measured photos (see `measured.py`).
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .measured import permitted

HEADER = """\
Draft, the built-in depth model of Depth Nodes
Licensed under the Apache License, Version 2.0: see LICENSE.

It contains EfficientNet-Lite2 weights, (c) Google / The TensorFlow Authors and ML Illustrated, Apache-2.0, changed: the
last layers left out, BatchNorm folded into the convolutions, fine-tuned for depth.

It was trained on pictures that training/ renders, on pictures rendered from the models, textures and skies below, and
on the photos with measured depth below. None of them is contained in it. All were changed: reduced in size, converted,
lit and photographed anew. Thanks to all who made them.
"""


def credits_of(index: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield licence, kind, source and author of each entry of an index."""
    entries: list[dict[str, Any]] = json.loads(index.read_text(encoding="utf-8"))
    for entry in entries:
        if "licence_data" in entry:
            if permitted(entry):
                source = entry["source"][0].split("@")[0]
                yield entry["licence_data"], "photo with measured depth", source, "its authors"
        else:
            source = entry["source"].split("@")[0].split(" (")[0]
            yield entry["licence"], entry["kind"], source, entry.get("author") or "its authors"


def notice(indexes: list[Path]) -> str:
    """Return the whole text, sorted by licence."""
    counts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for index in indexes:
        for row in credits_of(index):
            counts[row] += 1
    text, above = HEADER, ""
    for (licence, kind, source, author), count in sorted(counts.items()):
        text += f"\n{licence}\n" if licence != above else ""
        text += f"- {source}, {author}: {count} x {kind}\n"
        above = licence
    return text


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("indexes", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("weights/NOTICE"))
    arguments = parser.parse_args()
    arguments.out.write_text(notice(arguments.indexes), encoding="utf-8")


if __name__ == "__main__":
    main()
