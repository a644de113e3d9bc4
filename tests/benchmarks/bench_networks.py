"""Every network of the catalog on one photo: `python -m tests.benchmarks.bench_networks [ROUNDS]`.

Each network lives in a process of its own with random weights, and takes turns with Small: a round is one photo through
both. The time is the processors', all together, and the limit that of the products and sums at the rate of a large
product of matrices. Columns: parameters, how many times as long as Small, and the peak memory of the process. The photo
is 4:3, seen at the size of training; a video network sees it as a clip of one.
"""

import sys
import time

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from inference import catalog, model
from inference.model import depth_anything_3, depth_anything_v2, moge_2, plain, video_depth_anything
from tests.benchmarks.machine import matrix_peak
from tests.benchmarks.measure import Row, Stopwatch
from tests.benchmarks.processes import Served, peak_memory, serve

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


def be(name: str) -> None:
    """Answer each line on stdin by the processor seconds of one photo; at the end, tell parameters, peak and GFLOP."""
    spec = catalog.get(name)
    made = as_model(spec)
    photo = np.random.default_rng(0).integers(0, 256, (*PHOTO, 3), np.uint8)
    rows, columns = made.sizes(*PHOTO, spec.trained)
    prepared = made.prepare(photo, rows, columns)
    made.run(prepared, PHOTO, None)
    serve(
        Stopwatch(clock=time.process_time).of(lambda: made.run(prepared, PHOTO, None)),
        lambda: [spec.bytes // 4, peak_memory(), gflop(spec, rows, columns)],
    )


def gflop(spec: catalog.ModelSpec, rows: int, columns: int) -> float:
    """Count the products and sums of one photo, in 1e9, in the plain network."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        aspect = (PHOTO[1] / PHOTO[0],) if spec.family == "moge_2" else ()
        network(spec)(torch.empty(1, 3, rows, columns), *aspect)
    return counter.get_total_flops() / 1e9


def main() -> None:
    """Let all networks take turns, and print the table."""
    if sys.argv[1:2] == ["be"]:
        be(sys.argv[2])
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    watch, rows = Stopwatch(), []
    each_core = matrix_peak() / torch.get_num_threads()
    reference = Served("tests.benchmarks.bench_networks", "be", NAMES[0])
    for name in NAMES:  # two at a time: all of them would not fit into memory
        network = Served("tests.benchmarks.bench_networks", "be", name)
        times = watch.interleaved({"small": reference.turn, name + " ": network.turn}, rounds, warmups=0)
        parameters, memory, work = network.leave()
        taken, small = times[name + " "], times["small"]
        words = (f"{taken.median / small.median:.2f}", f"{parameters / 1e6:.0f} M", f"{memory / 2**20:.0f} MB")
        rows.append(Row(name, taken, work / each_core, words))
    reference.leave()
    title = f"{PHOTO[1]} x {PHOTO[0]} photo, processor time, {rounds} rounds, torch {torch.__version__}"
    watch.show(title, f"at {each_core:.0f} GFLOP/s a core", rows, ("to Small", "parameters", "memory"))


if __name__ == "__main__":
    main()
