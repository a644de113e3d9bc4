"""How well disparities rank and measure depth, and find its edges, on rendered pictures and on photos.

`python -m training.score FOLDER [--weights FILE]` reads a folder of pictures as `pictures.py` writes it, or every .npz
of a folder: `rgb` uint8 (H, W, 3), `depth` float32 (H, W), `valid` bool (H, W), and `meta`, JSON whose "kind" is
depth_m, disparity_px or relative_8bit_far_high.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from inference.draft.architecture import SIZE, input_size
from inference.draft.torch_network import Draft, load
from inference.predict import Predictor

from .accuracy import delta1, fit, ordinal
from .batches import normalised
from .pictures import Folder

STEPS = np.linspace(1.05, 1.25, 10)  # ratios of neighbouring distances that count as an edge
Array = NDArray[np.floating[Any]]
Guess = Callable[[NDArray[np.uint8]], Array]


@dataclass(frozen=True)
class Score:
    """ordinal: share of pairs in the right order. delta1: share of pixels within 25 % of the true distance, or nan.

    boundary: Depth Pro's F1 of edges, where it was asked for, else nan.
    """

    ordinal: float
    delta1: float
    boundary: float = float("nan")


@dataclass(frozen=True)
class Truth:
    """A photo (H, W, 3), its inverse depths (H, W), where they are `valid`, and whether they are more than an order."""

    rgb: NDArray[np.uint8]
    inverse: Array
    valid: NDArray[np.bool_]
    measured: bool = True
    exact: bool = False  # known at every pixel, so that edges can be compared


def score(disparity: Array, truth: Truth) -> Score:
    """Compare disparities (H, W), larger is nearer, with the truth: see `accuracy.py`.

    What is not `measured` has an order and nothing else.
    """
    found, true = disparity[truth.valid].astype(np.float64), truth.inverse[truth.valid].astype(np.float64)
    order = ordinal(found, true)
    if not truth.measured:
        return Score(order, float("nan"))
    scale, shift = fit(found, true)
    close = delta1(scale * found + shift, true)
    if not truth.exact:
        return Score(order, close)
    least = 1e-3 * float(true.mean())  # the sky is far, not infinitely far
    fitted = np.maximum(scale * disparity.astype(np.float64) + shift, least)
    return Score(order, close, boundary_f1(fitted, np.maximum(truth.inverse.astype(np.float64), least)))


def boundary_f1(found: Array, true: Array) -> float:
    """Return how well the edges of inverse depths (H, W) agree, 0 to 1.

    Bochkovskii et al. 2024, "Depth Pro": an edge is where neighbours' distances differ by more than a ratio; precision
    and recall of those in the same place and direction make F1, and ten ratios count in proportion to their size.
    """
    scores = []
    for step in STEPS:
        edges, exact = _edges(found, step), _edges(true, step)
        both = float((edges & exact).sum())
        precision, recall = both / max(edges.sum(), 1), both / max(exact.sum(), 1)
        scores.append(2 * precision * recall / max(precision + recall, 1e-9))
    return float(np.average(scores, weights=STEPS))


def _edges(inverse: Array, step: float) -> NDArray[np.bool_]:
    """Return for each pair of neighbours, to the right and below, whether the one or the other is in front."""
    across, down = inverse[:, 1:] / inverse[:, :-1], inverse[1:] / inverse[:-1]
    return np.concatenate([part.ravel() for part in (across > step, across < 1 / step, down > step, down < 1 / step)])


def photo(path: Path) -> Truth:
    """Return a photo with measured depth."""
    with np.load(path) as file:
        rgb, depth, valid = file["rgb"], file["depth"], file["valid"]
        kind = json.loads(bytes(file["meta"]))["kind"]
    if kind == "disparity_px":
        return Truth(rgb, depth, valid & (depth > 0))
    if kind == "depth_m":
        valid = valid & (depth > 0)
        return Truth(rgb, 1 / np.where(valid, depth, 1), valid)
    return Truth(rgb, 1 / (1 + depth), valid, measured=False)


def truths(folder: Path, held_back: int = 100) -> Iterator[tuple[str, Truth]]:
    """Yield the photos of a folder by their names, or `held_back` in 100 scenes of a folder of pictures."""
    if (folder / "index.jsonl").exists():
        for number, (rgb, inverse) in enumerate(Folder(folder, held_back).validation):
            yield f"{number:04d}", Truth(rgb, inverse, inverse > 0, exact=bool((inverse >= 0).all()))
    else:
        for path in sorted(folder.glob("*.npz")):
            yield path.stem, photo(path)


def upright(rgb: NDArray[np.uint8]) -> Array:
    """The trivial guess: what is lower in the picture is nearer."""
    return np.repeat(np.arange(rgb.shape[0], dtype=np.float32)[:, None], rgb.shape[1], 1)


def luminance(rgb: NDArray[np.uint8]) -> Array:
    """The other trivial guess: what is brighter is nearer."""
    return rgb.astype(np.float32).mean(-1)


def guess_of(network: Draft, size: int = SIZE, *, mirrored: bool = False) -> Guess:
    """Return what guesses disparities (H, W) of a photo (H, W, 3), `mirrored`: averaged with those of its mirror."""

    def guess(rgb: NDArray[np.uint8]) -> Array:
        pixels = torch.from_numpy(rgb.transpose(2, 0, 1).astype(np.float32) / 255)[None]
        small = F.interpolate(pixels, input_size(rgb.shape[0], rgb.shape[1], size), mode="bilinear", antialias=True)
        with torch.inference_mode():
            disparity = network(normalised(small))
            if mirrored:
                disparity = (disparity + network(normalised(small.flip(3))).flip(2)) / 2
        return F.interpolate(disparity[:, None], rgb.shape[:2], mode="bilinear")[0, 0].numpy()

    return guess


def as_shipped(weights: Path, size: int = SIZE) -> Guess:
    """Return what guesses disparities (H, W) as the extension does: mirrored, then sharpened by the photo."""
    predictor = Predictor.from_catalog("draft", weights=weights, size=size)
    return lambda rgb: predictor.predict(rgb).values


def mean(scores: list[Score]) -> Score:
    """Return the means over photos."""
    rows = np.array([(one.ordinal, one.delta1, one.boundary) for one in scores])
    known = np.isfinite(rows)
    sums, counts = np.where(known, rows, 0).sum(0), known.sum(0)
    return Score(*(float(total / count) if count else float("nan") for total, count in zip(sums, counts, strict=True)))


def main() -> None:
    """Print the mean scores of the trivial guesses, and of weights where they are given, theirs for each photo too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="a trained model's")
    parser.add_argument("--size", type=int, default=SIZE, help="of the shorter side at which the model sees a photo")
    parser.add_argument("--mirrored", action="store_true", help="average with the mirrored photo's depth")
    parser.add_argument("--held-back", type=int, default=100, help="of 100 scenes of a folder of pictures")
    arguments = parser.parse_args()
    guesses: dict[str, Guess] = {"lower is nearer": upright, "brighter is nearer": luminance}
    if arguments.weights:
        guesses = {
            "model": guess_of(load(arguments.weights), arguments.size, mirrored=arguments.mirrored),
            "model as it ships, sharpened": as_shipped(arguments.weights, arguments.size),
        }
    shown = list(truths(arguments.folder, arguments.held_back))
    for name, guess in guesses.items():
        scores = {key: score(guess(truth.rgb), truth) for key, truth in shown}
        few = scores if name == "model" and len(scores) < 50 else {}
        for row, one in ((f"{name}, {len(scores)} pictures", mean(list(scores.values()))), *few.items()):
            print(f"{row:<32} ordinal {one.ordinal:.3f}  delta1 {one.delta1:.3f}  boundary F1 {one.boundary:.3f}")


if __name__ == "__main__":
    main()
