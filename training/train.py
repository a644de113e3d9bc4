"""Trains the draft model: `python -m training.train DATA OUT.safetensors`."""

import argparse
import logging
import time
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .batches import Batches, normalised
from .dataset import frames
from .loss import loss
from .network import Draft, load
from .score import Score, score

SHAPES = ((96, 128), (96, 128), (128, 96), (112, 112), (96, 144))  # multiples of the model's stride
LARGER = 1.25  # for the last part of the training, so that fine detail and larger photos are met
DECAY = 0.998  # of the averaged weights, a step
HELD_BACK = 90_000  # the first shard of the validation: a seed that no training shard has

logger = logging.getLogger(__name__)


def train(data: Path, out: Path, steps: int, batch: int, rate: float, seed: int, start: Path | None = None) -> None:
    """Run the whole schedule and write the averaged weights, also at every validation."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Draft() if start is None else load(start)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(DECAY), use_buffers=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.08)
    batches, started, running = Batches(data, seed), time.monotonic(), 0.0
    for step in range(1, steps + 1):
        size, count = SHAPES[int(rng.integers(len(SHAPES)))], batch
        if step > 0.75 * steps:
            size, count = (round(size[0] * LARGER), round(size[1] * LARGER)), round(batch / LARGER)
        photos, disparities = batches.draw(count, size[0] // 16 * 16, size[1] // 16 * 16)
        with torch.autocast("cpu", torch.bfloat16):
            found = model(photos)
        value = loss(found.float(), disparities)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        averaged.update_parameters(model)
        running += 0.02 * (value.item() - running)
        if step % 100 == 0:
            batches.look()
            pace = (time.monotonic() - started) / step
            logger.info("step %d loss %.4f, %.0f ms a step, %d shards", step, running, 1000 * pace, len(batches.shards))
        if step % 600 == 0 or step == steps:
            total = validate(cast(Draft, averaged.module))
            logger.info("step %d validation: ordinal %.4f delta1 %.4f", step, total.ordinal, total.delta1)
            save(cast(Draft, averaged.module), out)


def save(model: Draft, out: Path) -> None:
    """Write the weights in half precision."""
    tensors: dict[str, Tensor] = {
        name: value.half().contiguous() for name, value in model.state_dict().items() if value.is_floating_point()
    }
    save_file(tensors, out)


_held_back: list[tuple[np.ndarray, np.ndarray]] = []


def validate(model: Draft) -> Score:
    """Return the score on rendered pictures that no training has seen."""
    if not _held_back:
        _held_back.extend((photo, depth.astype(np.float32)) for photo, depth in frames(HELD_BACK, 128))
    scores = []
    model.eval()
    with torch.inference_mode():
        for photo, depth in _held_back:
            pixels = normalised(torch.from_numpy(photo.transpose(2, 0, 1).astype(np.float32) / 255)[None])
            scores.append(score(model(pixels)[0].numpy(), depth, depth > 1e-3))
    ordinal, delta1 = np.nanmean([(one.ordinal, one.delta1) for one in scores], axis=0)
    return Score(float(ordinal), float(delta1))


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    train(
        arguments.data,
        arguments.out,
        arguments.steps,
        arguments.batch,
        arguments.rate,
        arguments.seed,
        arguments.start,
    )


if __name__ == "__main__":
    main()
