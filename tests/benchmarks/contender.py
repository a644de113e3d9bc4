"""One implementation of the model in a process of its own: a run for each line on stdin, its seconds on stdout.

    python -m tests.benchmarks.contender NAME ENCODER HEIGHT WIDTH FOLDER

FOLDER holds what `prepare` wrote. The first answer follows the first run, which also leaves the output in FOLDER.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from inference.errors import DeviceError
from inference.memory import keep_freed_memory
from inference.model import cpu
from inference.model.plain import CONFIGS
from inference.model.quantize import check_int8, quantize
from inference.model.weights import load_model

# The original imports torchvision for this one class, which chains its preprocessing.
_COMPOSE = """
class Compose:
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, sample):
        for step in self.steps:
            sample = step(sample)
        return sample
"""

Run = Callable[[np.ndarray], np.ndarray]  # (1, 3, H, W) float32 -> (1, H, W) float32


def stand_in(folder: Path) -> Path:
    """Write a package `torchvision` with what the original needs of it, and return what to put on PYTHONPATH."""
    package = folder / "stand_in" / "torchvision"
    package.mkdir(parents=True)
    (package / "transforms.py").write_text(_COMPOSE)
    return package.parent


def original(encoder: str) -> torch.nn.Module:
    """Return the original implementation, with random weights from a fixed seed."""
    from depth_anything_v2.dpt import DepthAnythingV2

    config = CONFIGS[encoder]
    torch.manual_seed(0)
    model = DepthAnythingV2(encoder, config.features, list(config.channels)).eval()
    with torch.no_grad():
        model.depth_head.scratch.output_conv2[2].bias.fill_(1.0)  # keeps the last ReLU open
    return model


def prepare(encoder: str, height: int, width: int, folder: Path) -> None:
    """Write the weights, the original as an ONNX graph, and an input."""
    model = original(encoder)
    pixels = torch.randn(1, 3, height, width)
    torch.save(model.state_dict(), folder / "weights.pth")
    torch.onnx.export(
        model, (pixels,), folder / "model.onnx", dynamo=False, opset_version=17, input_names=["x"], output_names=["y"]
    )
    np.save(folder / "pixels.npy", pixels.numpy())


def _ours(encoder: str, folder: Path, int8: bool = False) -> Run:
    keep_freed_memory()
    model = load_model(folder / "weights.pth", CONFIGS[encoder])
    cpu.accelerate(model)
    if int8:
        quantize(model.encoder)
    return _of_torch(model)


def _original(encoder: str, folder: Path) -> Run:
    model = original(encoder)
    model.load_state_dict(torch.load(folder / "weights.pth"))
    return _of_torch(model)


def _transformers(encoder: str, folder: Path) -> Run:
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    config = CONFIGS[encoder]
    backbone = Dinov2Config(
        hidden_size=config.width,
        num_attention_heads=config.heads,
        num_hidden_layers=config.depth,
        out_indices=[tap + 1 for tap in config.taps],
        image_size=518,
        patch_size=14,
        reshape_hidden_states=False,
        attn_implementation="sdpa",
    )
    model = DepthAnythingForDepthEstimation(
        DepthAnythingConfig(
            backbone_config=backbone,
            reassemble_hidden_size=config.width,
            neck_hidden_sizes=list(config.channels),
            fusion_hidden_size=config.features,
        )
    ).eval()
    return _of_torch(lambda pixels: model(pixels).predicted_depth)


def _onnxruntime(encoder: str, folder: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"x": pixels})[0]


def _openvino(encoder: str, folder: Path) -> Run:
    import openvino

    model = openvino.Core().compile_model(folder / "model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda pixels: model(pixels)[0]


def _of_torch(model: Callable[[torch.Tensor], torch.Tensor]) -> Run:
    def run(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(pixels)).numpy()

    return run


CONTENDERS: dict[str, Callable[[str, Path], Run]] = {
    "ours": _ours,
    "ours, int8": partial(_ours, int8=True),
    "original": _original,
    "transformers": _transformers,
    "onnxruntime": _onnxruntime,
    "OpenVINO": _openvino,
}


def names() -> list[str]:
    """Return the contenders that this CPU can run."""
    try:
        check_int8()
    except DeviceError:
        return [name for name in CONTENDERS if name != "ours, int8"]
    return list(CONTENDERS)


def peak_memory() -> int:
    """Return this process's largest resident size so far, in bytes, from Linux's /proc."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def main() -> None:
    """Prepare, or load one contender and answer lines until stdin ends; then tell the peak memory."""
    name, encoder, height, width, folder = (
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
        Path(sys.argv[5]),
    )
    if name == "prepare":
        prepare(encoder, height, width, folder)
        return
    pixels = np.load(folder / "pixels.npy")
    run = CONTENDERS[name](encoder, folder)
    np.save(folder / f"{name}.npy", run(pixels))
    for _ in sys.stdin:
        start = time.perf_counter()
        run(pixels)
        print(json.dumps(time.perf_counter() - start), flush=True)
    print(json.dumps(peak_memory()), flush=True)


if __name__ == "__main__":
    main()
