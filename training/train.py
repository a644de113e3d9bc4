"""Trains Draft: `python -m training.train OUT.safetensors --pictures FOLDER --shards FOLDER --shards-share 0.4`."""

import argparse
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)
from torch.optim.swa_utils import AveragedModel

from inference.draft.torch_network import Draft, load

from .batches import Batches
from .loss import loss
from .pictures import Folder, Picture, Shards
from .pretrained import folded, published
from .score import Score, Truth, guess_of, mean, score

SHAPES = ((160, 192), (160, 224), (192, 160), (160, 160), (192, 256))
LARGER = ((192, 256), (192, 192), (224, 224), (256, 192), (192, 288), (224, 288))  # once the trunk learns
PIXELS = 160 * 192  # of a picture of the batch size; larger pictures come fewer at a time
DECAY = 0.996  # of the averaged weights, a step; less at the beginning
HELD_BACK = 12  # of 100 scenes in folders of pictures, for validation
EVERY = 200  # steps between validations

logger = logging.getLogger(__name__)


class Training:
    """A network, what it is taught by, and the average of its weights over the last steps."""

    def __init__(self, network: Draft, batches: Batches, options: argparse.Namespace) -> None:
        self.network, self.batches, self.options = network, batches, options
        self.rng = np.random.default_rng(options.seed)
        self.averaged = AveragedModel(network, multi_avg_fn=_average)
        trunk = {id(weight) for weight in network.trunk.parameters()}
        rest = [weight for weight in network.parameters() if id(weight) not in trunk]
        rates = [options.rate, options.trunk_rate]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": rest, "lr": rates[0], "weight_decay": 0.02},
                {"params": list(network.trunk.parameters()), "lr": rates[1], "weight_decay": 0.0},
            ]
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, rates, options.steps, pct_start=0.1)
        self.freeze(len(network.trunk.stages))

    def freeze(self, stages: int) -> None:
        """Let the trunk learn after its first `stages` only, and there the convolutions across channels.

        The depthwise filters stay as published: their gradient costs a quarter of a step.
        """
        for name, weight in self.network.trunk.named_parameters():
            part, stage, *_ = name.split(".")
            weight.requires_grad_(part == "stages" and int(stage) >= stages and "depthwise" not in name)

    def step(self, shapes: Sequence[tuple[int, int]], edges: float) -> float:
        """Learn from one batch and return its loss."""
        height, width = shapes[int(self.rng.integers(len(shapes)))]
        count = max(4, round(self.options.batch * PIXELS / (height * width)))
        photos, inverse = self.batches.draw(count, height, width)
        found = F.interpolate(self.network(photos)[:, None], (height, width), mode="bilinear")[:, 0]
        value = loss(found, inverse, edges)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        return value.item()

    def average(self) -> Draft:
        """Return the network with the averaged weights."""
        return cast(Draft, self.averaged.module)


@torch.no_grad()
def _average(averaged: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int) -> None:
    count = int(steps)
    for average, weight in zip(averaged, current, strict=True):
        average.lerp_(weight, 1 - min(DECAY, (count + 1) / (count + 10)))


def train(network: Draft, batches: Batches, held_back: Sequence[Picture], options: argparse.Namespace) -> None:
    """Run the whole schedule; keep the averaged weights that did best on the pictures held back."""
    training, started, running, best = Training(network, batches, options), time.monotonic(), 0.0, -np.inf
    frozen = round(options.frozen_for * options.steps)
    for step in range(1, options.steps + 1):
        if step == frozen + 1:
            training.freeze(options.frozen)
        value = training.step(SHAPES if step <= frozen else LARGER, options.edges)
        running += (value - running) * max(0.02, 1 / step)
        if step % 50 == 0:
            batches.look()
            pace = (time.monotonic() - started) / step
            logger.info("step %d loss %.4f, %.0f ms a step", step, running, 1000 * pace)
        if step % EVERY == 0 or step == options.steps:
            total = validate(training.average(), held_back)
            logger.info("step %d validation: %s", step, total)
            save(training.average(), options.out.with_suffix(".last.safetensors"))
            if total.ordinal + total.delta1 > best:
                best = total.ordinal + total.delta1
                save(training.average(), options.out)


def save(network: Draft, out: Path) -> None:
    """Write the weights in half precision."""
    out.parent.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, out)


def validate(network: Draft, held_back: Sequence[Picture]) -> Score:
    """Return the mean score on pictures that no training has seen."""
    guess = guess_of(network, 192)  # what most of them measure: at their own size
    truths = [Truth(photo, inverse, inverse > 0, exact=True) for photo, inverse in held_back]
    return mean([score(guess(truth.rgb), truth) for truth in truths])


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, help="a folder of `training.path_traced`")
    parser.add_argument("--shards", type=Path, help="a folder of `training.dataset`")
    parser.add_argument("--shards-share", type=float, default=0.0)
    parser.add_argument("--real", type=Path, help="photos with measured depth, in the layout of --pictures")
    parser.add_argument("--real-share", type=float, default=0.0)
    parser.add_argument("--start", type=Path, help="weights to go on from, else the trunk's published ones")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--trunk-rate", type=float, default=1.5e-4)
    parser.add_argument("--frozen-for", type=float, default=0.25, help="share of the steps in which the trunk rests")
    parser.add_argument("--frozen", type=int, default=3, help="the trunk's stages that never learn")
    parser.add_argument("--edges", type=float, default=0.5, help="weight of the gradients in the loss")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    if options.start:
        network = load(options.start)
    else:
        network = Draft()
        network.trunk.load_state_dict(folded(published()))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pictures = Folder(options.pictures, HELD_BACK)
    sources: list[tuple[Folder | Shards, float]] = [(pictures, 1 - options.shards_share - options.real_share)]
    sources += [(Shards(options.shards), options.shards_share)] if options.shards_share else []
    sources += [(Folder(options.real), options.real_share)] if options.real_share else []
    logger.info("%d pictures, %d held back", pictures.seen, len(pictures.validation))
    train(network, Batches(sources, options.seed), pictures.validation, options)


if __name__ == "__main__":
    main()
