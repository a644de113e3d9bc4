"""A model of clips against its published way: `python -m tests.benchmarks.bench_clips [HEIGHT WIDTH [WINDOWS]]`.

The published code is not a package, so it is read again here in plain torch: the encoder and the head of Depth Anything
V2's package, with attention as two products and a softmax; attention over time likewise, all pixels at once; all 32
frames of a window through the encoder, though 10 of them have been there. Frames go through that encoder one by one,
where the published code takes 32 at once and needs several GB more. Both compute from the same random weights in
float32 on the CPU, each in a process of its own, window by window in turns. Columns: processor seconds for each new
frame, how many times as long as ours, peak memory of the process, largest difference in parts of the range.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from inference.catalog import get
from inference.model import devices, video_depth_anything, windows
from inference.model.plain import PATCH, VITS
from inference.model.weights import published_names
from tests.benchmarks.contender import original, stand_in

CHANNELS = (VITS.channels[2], VITS.channels[3], VITS.features, VITS.features)
Window = Callable[[list[np.ndarray]], list[np.ndarray]]


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

    def forward(self, frames: Tensor) -> Tensor:
        """Turn (T, 3, H, W) into (T, H, W)."""
        head, scratch = self.still.depth_head, self.still.depth_head.scratch
        rows, columns = frames.shape[2] // PATCH, frames.shape[3] // PATCH
        taps = [self.still.pretrained.get_intermediate_layers(one[None], list(VITS.taps)) for one in frames]
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
            scratch.output_conv2(F.interpolate(part, frames.shape[2:], mode="bilinear", align_corners=True))
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


def frames_of(height: int, width: int, number: int) -> list[np.ndarray]:
    """Return the frames of a window: noise that slides."""
    wide = np.random.default_rng(0).integers(0, 256, (height, width + 4096, 3), np.uint8)
    return [wide[:, 5 * slot : 5 * slot + width] for slot in range(22 * number, 22 * number + windows.LENGTH)]


def run(name: str, folder: Path, height: int, width: int) -> None:
    """Be one of the two: a window for each line on stdin, its processor seconds on stdout, its depth in the folder."""
    devices.prepare(None)
    ours = video_depth_anything.VideoDepthAnything(
        video_depth_anything.build(get("video-small"), folder / "video.pth"), kind="disparity"
    )
    theirs = PublishedWay().eval() if name == "published" else None
    held: list = []
    for number, _ in enumerate(sys.stdin):
        frames = frames_of(height, width, number)
        begun = time.process_time()
        if theirs is None:
            held += [ours.encode(frame, min(height, width)) for frame in frames[len(held) :]]
            depths = ours.window(held)
            held = held[windows.STEP :]  # what the next window begins with, but for the two that anchor it
        else:
            with torch.inference_mode():
                depths = theirs(torch.cat([ours.prepare(frame, height, width) for frame in frames])).numpy()
        print(time.process_time() - begun, flush=True)
        np.save(folder / f"{name}.npy", np.stack(list(depths)))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


def main(height: int = 518, width: int = 924, count: int = 2) -> None:
    """Let both run, and print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = os.environ | {"PYTHONPATH": str(stand_in(folder))}
        sys.path.insert(0, environment["PYTHONPATH"])
        torch.save(weights(PublishedWay()), folder / "video.pth")
        sides = {}
        for side in ("ours", "published"):
            command = [sys.executable, "-m", __spec__.name, side, name, str(height), str(width)]
            sides[side] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
            )
        seconds: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(count):
            for side, process in sides.items():
                process.stdin.write("\n")
                process.stdin.flush()
                seconds[side].append(float(process.stdout.readline()))
        memory = {}
        for side, process in sides.items():
            process.stdin.close()
            memory[side] = int(process.stdout.readline())
        found = {side: np.load(folder / f"{side}.npy") for side in sides}
    error = np.abs(found["ours"] - found["published"]).max() / np.ptp(found["published"])
    each = {side: min(seconds[side][1:]) / windows.STEP for side in sides}  # the first one of ours encodes all 32
    print(f"Video Depth Anything Small at {height} x {width}, {count} windows of {windows.LENGTH} frames")
    print("| | seconds a frame | to ours | memory | error |")
    print("|---|---|---|---|---|")
    for side, title in (("ours", "ours"), ("published", "the published way, plain torch")):
        told = f"{memory[side] / 2**20:.0f} MB | {error if side == 'ours' else 0.0:.1e}"
        print(f"| {title} | {each[side]:.2f} | {each[side] / each['ours']:.2f} | {told} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["published"]):
        run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(*map(int, sys.argv[1:]))
