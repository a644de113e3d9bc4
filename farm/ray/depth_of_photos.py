"""The depth of a folder of photos by Ray: an actor for each graphics card, which keeps its model.

    python depth_of_photos.py PHOTOS OUTPUT [--actors 4] [--gpus 1] [--model small] [--weights FILE]

Blocks that Ray repeats write the same files again, whole or not at all.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import ray
from depth_nodes_inference.errors import DepthNodesError
from depth_nodes_inference.io import write_depth
from depth_nodes_inference.photo import read_photo
from depth_nodes_inference.predict import Predictor


class Estimator:
    """One loaded model."""

    def __init__(self, output: str, model: str, weights: str | None) -> None:
        self._output = Path(output)
        self._predictor = Predictor.from_catalog(model, weights=Path(weights) if weights else None)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Write the depth of each photo, and say what came of it."""
        said = [self._one(Path(path)) for path in batch["item"]]
        return {"photo": batch["item"], "error": np.array(said, dtype=object)}

    def _one(self, path: Path) -> str:
        try:
            photo = read_photo(path)
            write_depth(self._predictor.predict(photo.rgb, photo.validity), self._output / f"{path.stem}.depth.exr")
        except DepthNodesError as error:  # costs this photo alone
            return str(error)
        return ""


def main() -> None:
    """Estimate, and leave with an error if a photo failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--actors", type=int, default=1)
    parser.add_argument("--gpus", type=float, default=1, help="of each actor; 0 computes on the CPU")
    parser.add_argument("--model", default="small")
    parser.add_argument("--weights")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    paths = sorted(str(path.resolve()) for path in options.photos.iterdir() if path.is_file())
    made = ray.data.from_items(paths).map_batches(
        Estimator,
        fn_constructor_args=(str(options.output.resolve()), options.model, options.weights),
        compute=ray.data.ActorPoolStrategy(size=options.actors),
        num_gpus=options.gpus,
        batch_size=8,
    )
    failed = [row for row in made.take_all() if row["error"]]
    raise SystemExit("\n".join(row["error"] for row in failed) or 0)


if __name__ == "__main__":
    main()
