"""A model of clips against its published way: `python -m tests.benchmarks.bench_clips [HEIGHT WIDTH [ROUNDS]]`.

The published code is not a package, so it is read again here in plain torch: the encoder and the head of Depth Anything
V2's package, with attention as two products and a softmax; attention over time likewise, all pixels at once; all 32
frames of a window through the encoder, though ten of them have been there. Both compute from the same random weights in
float32 on one thread of the CPU, each in a process of its own, in turns. Timed are the encoder for a frame and the rest
for a window, which has 22 new frames. The published code encodes 32 frames at once, here one by one: at once they would
need several GB more. The time is the processor's for each new frame, the limit that of the products and sums at the
rate of a large product of matrices. Columns: a frame in the encoder, a window in the head, how many times as long as
ours, peak memory of the process, largest difference in parts of the range.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)
from torch.utils.flop_counter import FlopCounterMode

from inference.catalog import get
from inference.model import devices, video_depth_anything, windows
from inference.model.plain import PATCH, VITS
from inference.model.weights import published_names
from tests.benchmarks.contender import original, stand_in
from tests.benchmarks.machine import torch_rates
from tests.benchmarks.measure import Row, Stopwatch, Taken, duration
from tests.benchmarks.processes import Served, peak_memory, serve

CHANNELS = (VITS.channels[2], VITS.channels[3], VITS.features, VITS.features)


class OverTime(nn.Module):
    """One block over time: arXiv:2501.12375, with the attention of arXiv:2307.04725, as it stands on paper."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)
        self.enter, self.leave = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.query, self.key, self.value = (
            nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in range(2)) for _ in range(3)
        )
        self.out = nn.ModuleList(nn.Linear(channels, channels) for _ in range(2))
        self.up, self.down = nn.Linear(channels, 8 * channels), nn.Linear(4 * channels, channels)
        self.register_buffer("places", torch.zeros(2, windows.LENGTH, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Turn (T, C, h, w) into the same shape."""
        height, width = x.shape[2:]
        y = self.enter(self.norm(x).flatten(2).permute(2, 0, 1))  # (h w, T, C)
        for one in range(2):
            n = self.norms[one](y) + self.places[one]
            q, k, v = (
                part[one](n).unflatten(2, (video_depth_anything.HEADS, -1)).transpose(1, 2)
                for part in (self.query, self.key, self.value)
            )
            weights = (q @ k.transpose(2, 3) * q.shape[-1] ** -0.5).softmax(-1)
            y = y + self.out[one]((weights @ v).transpose(1, 2).flatten(2))
        value, gate = self.up(self.norms[2](y)).chunk(2, -1)
        y = self.leave(y + self.down(value * F.gelu(gate)))
        return x + y.permute(1, 2, 0).unflatten(2, (height, width))


class PublishedWay(nn.Module):
    """The whole network over the frames of a window."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.still = original("vits")
        self.over_time = nn.ModuleList(OverTime(channels) for channels in CHANNELS)

    def encode(self, frame: Tensor) -> tuple[Tensor, ...]:
        """Return the four taps, each (1, h w, C), of a frame (1, 3, H, W)."""
        taps: tuple[Tensor, ...] = self.still.pretrained.get_intermediate_layers(frame, list(VITS.taps))
        return taps

    def forward(self, taps: list[tuple[Tensor, ...]], rows: int, columns: int) -> Tensor:
        """Turn the taps of T frames into (T, H, W)."""
        head, scratch = self.still.depth_head, self.still.depth_head.scratch
        maps = []
        for level, of_frames in enumerate(zip(*taps, strict=True)):
            tokens = torch.cat(of_frames).transpose(1, 2).unflatten(2, (rows, columns))
            maps.append(head.resize_layers[level](head.projects[level](tokens)))
        maps[2], maps[3] = self.over_time[0](maps[2]), self.over_time[1](maps[3])
        one, two, three, four = (
            narrow(each)
            for narrow, each in zip(
                (scratch.layer1_rn, scratch.layer2_rn, scratch.layer3_rn, scratch.layer4_rn), maps, strict=True
            )
        )
        path = self.over_time[2](scratch.refinenet4(four, size=three.shape[2:]))
        path = self.over_time[3](scratch.refinenet3(path, three, size=two.shape[2:]))
        path = scratch.refinenet2(path, two, size=one.shape[2:])
        path = scratch.output_conv1(scratch.refinenet1(path, one))
        parts = [
            scratch.output_conv2(
                F.interpolate(part, (PATCH * rows, PATCH * columns), mode="bilinear", align_corners=True)
            )
            for part in path.split(4)
        ]
        return F.relu(torch.cat(parts))[:, 0]


def weights(theirs: PublishedWay) -> dict[str, Tensor]:
    """Return the tensors under the names of the published files."""
    tensors = {name.replace("depth_head.", "head."): value for name, value in theirs.still.state_dict().items()}
    for number, block in enumerate(theirs.over_time):
        ours = {"norm": block.norm, "widen": block.enter, "narrow": block.leave, "fc1": block.up, "fc2": block.down}
        ours |= {f"norm{one + 1}": block.norms[one] for one in range(3)}
        ours |= {f"attn{one + 1}.proj": block.out[one] for one in range(2)}
        for name, layer in ours.items():
            for kind, value in layer.state_dict().items():
                (published,) = published_names(f"head.over_time.{number}.{name}.{kind}", video_depth_anything.LAYOUT)
                tensors[published] = value
        for one in range(2):
            name = f"head.over_time.{number}.attn{one + 1}"
            names = published_names(f"{name}.qkv.weight", video_depth_anything.LAYOUT)
            parts = block.query[one], block.key[one], block.value[one]
            tensors |= {name: part.weight for name, part in zip(names, parts, strict=True)}
            (places,) = published_names(f"{name}.positions", video_depth_anything.LAYOUT)
            tensors[places] = block.places[one][None]
    return tensors


def be(name: str, folder: Path, height: int, width: int) -> None:
    """Be one of the two: tell for each round the seconds of a frame and of a window, and the peak memory at the end."""
    devices.prepare(1)
    model = video_depth_anything.VideoDepthAnything(
        video_depth_anything.build(get("video-small"), folder / "video.pth"), kind="disparity"
    )
    theirs = PublishedWay().eval() if name == "published" else None
    frames = list(np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8))

    def run() -> list[float]:
        begun = time.process_time()
        with torch.inference_mode():
            if theirs is None:
                encoded = [model.encode(frame, min(height, width)) for frame in frames]
            else:
                encoded = [theirs.encode(model.prepare(frame, height, width)) for frame in frames]
            between = time.process_time()
            window = [_copied(encoded[slot % 2]) for slot in range(windows.LENGTH)]  # each frame has maps of its own
            filled = time.process_time()
            depths = model.window(window) if theirs is None else theirs(window, height // PATCH, width // PATCH).numpy()
        seconds = [(between - begun) / len(frames), time.process_time() - filled]
        np.save(folder / f"{name}.npy", np.stack(list(depths)))
        return seconds

    serve(run, peak_memory)


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    return tuple(map(_copied, value)) if isinstance(value, tuple) else value


def gflop(height: int, width: int) -> float:
    """Count the products and sums for each new frame, in 1e9, with each frame once through the encoder."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network = video_depth_anything.network(VITS)
        taps = network.encoder(torch.empty(windows.STEP, 3, height, width))
        every = [torch.empty(windows.LENGTH, *tap.shape[1:]) for tap in taps]
        network.head(every, height // PATCH, width // PATCH)
    return counter.get_total_flops() / 1e9 / windows.STEP


def main(height: int = 518, width: int = 924, rounds: int = 2) -> None:
    """Let both run, and print the table."""
    titles = {"ours": "ours", "published": "the published way, in plain torch"}
    passes = {"ours": windows.STEP, "published": windows.LENGTH}  # of the encoder for a window
    watch = Stopwatch()
    torch.set_num_threads(1)
    peak = max(torch_rates("cpu", *torch.randn(2, 2048, 2048)).values())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = os.environ | {"PYTHONPATH": str(stand_in(folder))}
        sys.path.insert(0, environment["PYTHONPATH"])
        torch.save(weights(PublishedWay()), folder / "video.pth")
        sides = {
            side: Served("tests.benchmarks.bench_clips", side, folder, height, width, environment=environment)
            for side in titles
        }
        parts = [{side: served.turn() for side, served in sides.items()} for _ in watch.rounds(rounds)]
        memory = {side: served.leave() for side, served in sides.items()}
        found, expected = np.load(folder / "ours.npy"), np.load(folder / "published.npy")
    error = np.abs(found - expected).max() / np.ptp(expected)
    times = {
        side: Taken(tuple((passes[side] * turn[side][0] + turn[side][1]) / windows.STEP for turn in parts))
        for side in titles
    }
    rows = []
    for side, taken in times.items():
        frame, window = (duration(statistics.median(turn[side][part] for turn in parts)) for part in (0, 1))
        to_ours = f"{taken.median / times['ours'].median:.2f}"
        words = (frame, window, to_ours, f"{memory[side] / 2**20:.0f} MB", f"{error:.1e}" if side == "ours" else "")
        rows.append(Row(titles[side], taken, gflop(height, width) / peak, words))
    columns = ("encoder, a frame", "head, a window", "to ours", "memory", "error")
    title = f"Video Depth Anything Small at {height} x {width}: processor time of a new frame, {rounds} rounds"
    watch.show(title, f"at {peak:.0f} GFLOP/s a core", rows, columns)


if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["published"]):
        be(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(*map(int, sys.argv[1:]))
