"""Every network of the catalog on one photo: `python -m tests.benchmarks.bench_networks [ROUNDS]`.

Each network lives in a process of its own with random weights, and they take turns: a round is one photo through each.
Columns: parameters, the time of the processors that a photo takes (median) and how many times Small's that is, and the
peak memory of the process. The photo is 4:3, seen at the size of training; a video network sees it as a clip of one.
"""

import json
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from torch import nn

from inference import catalog, model
from inference.model import depth_anything_3, depth_anything_v2, moge_2, plain, video_depth_anything
from tests.benchmarks.contender import peak_memory

PHOTO = (720, 960)
NAMES = (
    "small",
    "base",
    "large",
    "small-indoor",
    "v1-base",
    "v1-large",
    "da3-mono",
    "da3-metric",
    "moge-small",
    "video-small",
    "video-base",
    "video-large",
)


def network(spec: catalog.ModelSpec) -> nn.Module:
    """Return the network of a model with random weights."""
    config = plain.CONFIGS.get(spec.encoder)
    match spec.family:
        case "depth_anything_3":
            made = depth_anything_3.network(config)
        case "moge_2":
            made = moge_2.MoGe(moge_2.CONFIG, moge_2.WIDTHS)
        case "video_depth_anything":
            made = video_depth_anything.network(config)
        case _:
            made = plain.DepthAnything(config, spec.max_distance)
    for name, tensor in made.state_dict().items():
        if name.endswith(("gamma", "cls_token", "pos_embed", "positions")):
            tensor.normal_(0.0, 0.1)
    return made.eval().requires_grad_(False)


def as_model(spec: catalog.ModelSpec) -> model.Model:
    """Return it as a `Model` on the CPU."""
    made = network(spec)
    match spec.family:
        case "depth_anything_3":
            return depth_anything_3.DepthAnything3(made, kind=spec.kind)
        case "moge_2":
            return moge_2.MoGe2(made)
        case "video_depth_anything":
            return video_depth_anything.VideoDepthAnything(made, kind=spec.kind)
        case _:
            return depth_anything_v2.DepthAnythingV2(made)


def serve(name: str) -> None:
    """Answer each line on stdin by the processor seconds of one photo; at the end, tell the parameters and the peak."""
    spec = catalog.get(name)
    made = as_model(spec)
    photo = np.random.default_rng(0).integers(0, 256, (*PHOTO, 3), np.uint8)
    rows, columns = made.sizes(*PHOTO, spec.trained)
    prepared = made.prepare(photo, rows, columns)
    made.run(prepared, PHOTO, None)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        made.run(prepared, PHOTO, None)
        print(json.dumps(time.process_time() - start), flush=True)
    print(json.dumps([spec.bytes // 4, peak_memory()]), flush=True)


class Contender:
    """The process of one network."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.bench_networks", "serve", name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.seconds: list[float] = []

    def turn(self) -> None:
        """Let a photo through and note the time."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.seconds.append(json.loads(self.process.stdout.readline()))

    def leave(self) -> list[int]:
        """End the process and return its parameters and the bytes it needed at most."""
        self.process.stdin.close()
        return json.loads(self.process.stdout.readline())


def main() -> None:
    """Let all networks take turns, and print the table."""
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    reference = Contender(NAMES[0])
    print(
        f"{PHOTO[1]} x {PHOTO[0]} photo, {rounds} rounds, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    print(f"{'':20}{'parameters':>12}{'processor':>11}{'to Small':>10}{'memory':>10}")
    for name in NAMES:  # two at a time: all of them would not fit into memory
        contender = Contender(name)
        first = len(reference.seconds)
        for _ in range(rounds):
            reference.turn()
            contender.turn()
        parameters, memory = contender.leave()
        mine, small = (statistics.median(seconds) for seconds in (contender.seconds, reference.seconds[first:]))
        told = f"{parameters / 1e6:10.0f} M{mine:9.2f} s{mine / small:10.2f}{memory / 2**20:7.0f} MB"
        print(f"{name:20}{told}", flush=True)
    reference.leave()


if __name__ == "__main__":
    main()
