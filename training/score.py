"""How well disparities rank and measure depth, on the synthetic pictures held back and on photos with measured depth.

`python -m training.score FOLDER [--weights FILE]` reads every .npz of a folder: `rgb` uint8 (H, W, 3), `depth` float32
(H, W), `valid` bool (H, W), and `meta`, JSON whose "kind" is depth_m, disparity_px or relative_8bit_far_high.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from .batches import normalised
from .network import SIZE, STRIDE, load

PAIRS = 50_000
APART = 1.15  # a pair counts where one inverse depth is larger than the other by this factor
WITHIN = 1.25  # delta1's
Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Score:
    """ordinal: share of pairs in the right order. delta1: share of pixels within 25 % of the true distance, or nan."""

    ordinal: float
    delta1: float


def score(disparity: Array, inverse: Array, valid: NDArray[np.bool_], *, measured: bool = True) -> Score:
    """Compare disparities (H, W), larger is nearer, with true inverse depths (H, W) where `valid`.

    Scale and shift come from least squares in inverse depth. What is not `measured` has an order and nothing else.
    """
    found, true = disparity[valid].astype(np.float64), inverse[valid].astype(np.float64)
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, len(true), (2, PAIRS))
    ratio = true[one] / true[other]
    counted = (ratio > APART) | (ratio < 1 / APART)
    ordered = (found[one] > found[other]) == (ratio > 1)
    ordinal = float(ordered[counted].mean()) if counted.any() else float("nan")
    if not measured:
        return Score(ordinal, float("nan"))
    design = np.stack([found, np.ones_like(found)], 1)
    fit = design @ np.linalg.lstsq(design, true, rcond=None)[0]
    quotient = np.maximum(fit, 1e-9) / true
    return Score(ordinal, float((np.maximum(quotient, 1 / quotient) < WITHIN).mean()))


def photo(path: Path) -> tuple[NDArray[np.uint8], Array, NDArray[np.bool_], bool]:
    """Return a photo, its inverse depths, where they are valid, and whether they are more than an order."""
    with np.load(path) as file:
        rgb, depth, valid = file["rgb"], file["depth"], file["valid"]
        kind = json.loads(bytes(file["meta"]))["kind"]
    if kind == "disparity_px":
        return rgb, depth, valid & (depth > 0), True
    if kind == "depth_m":
        valid = valid & (depth > 0)
        return rgb, 1 / np.where(valid, depth, 1), valid, True
    return rgb, 1 / (1 + depth), valid, False


def upright(rgb: NDArray[np.uint8]) -> Array:
    """The trivial guess: what is lower in the picture is nearer."""
    return np.repeat(np.arange(rgb.shape[0], dtype=np.float32)[:, None], rgb.shape[1], 1)


def luminance(rgb: NDArray[np.uint8]) -> Array:
    """The other trivial guess: what is brighter is nearer."""
    return rgb.astype(np.float32).mean(-1)


def guess_of(weights: Path) -> Callable[[NDArray[np.uint8]], Array]:
    """Return what a trained model guesses: disparities (H, W) of a photo (H, W, 3)."""
    model = load(weights).eval()

    def guess(rgb: NDArray[np.uint8]) -> Array:
        height, width = rgb.shape[:2]
        fit = [max(round(SIZE / min(height, width) * side / STRIDE), 1) * STRIDE for side in (height, width)]
        pixels = torch.from_numpy(rgb.transpose(2, 0, 1).astype(np.float32) / 255)[None]
        small = F.interpolate(pixels, fit, mode="bilinear", antialias=True)
        with torch.inference_mode():
            disparity = model(normalised(small))
        return F.interpolate(disparity[:, None], (height, width), mode="bilinear")[0, 0].numpy()

    return guess


def table(folder: Path, guess: Callable[[NDArray[np.uint8]], Array]) -> dict[str, Score]:
    """Return the score of each photo of a folder by its name."""
    scores = {}
    for path in sorted(folder.glob("*.npz")):
        rgb, inverse, valid, measured = photo(path)
        scores[path.stem] = score(guess(rgb), inverse, valid, measured=measured)
    return scores


def mean(scores: dict[str, Score]) -> Score:
    """Return the means over photos."""
    ordinal, delta1 = np.nanmean([(one.ordinal, one.delta1) for one in scores.values()], axis=0)
    return Score(float(ordinal), float(delta1))


def main() -> None:
    """Print the mean scores of the trivial guesses, and of weights where they are given, theirs for each photo too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="a trained model's")
    arguments = parser.parse_args()
    guesses: dict[str, Callable[[NDArray[np.uint8]], Array]] = {
        "lower is nearer": upright,
        "brighter is nearer": luminance,
    }
    if arguments.weights:
        guesses["model"] = guess_of(arguments.weights)
    for name, guess in guesses.items():
        scores = table(arguments.folder, guess)
        for row, one in ((name, mean(scores)), *(scores.items() if name == "model" else ())):
            print(f"{row:<32} ordinal {one.ordinal:.3f}  delta1 {one.delta1:.3f}")


if __name__ == "__main__":
    main()
