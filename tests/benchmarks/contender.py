"""One implementation of the model in a process of its own: a run for each line on stdin, its seconds on stdout.

    python -m tests.benchmarks.contender NAME ENCODER HEIGHT WIDTH FOLDER DEVICE

FOLDER holds what `prepare` wrote. The first answer follows the first run, which also leaves the output in FOLDER.
DEVICE is cpu or a graphics card, as torch calls it. What is timed goes from pixels to depth in main memory.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from inference.catalog import Precision
from inference.errors import DeviceError
from inference.memory import keep_freed_memory
from inference.model import devices
from inference.model.plain import CONFIGS
from inference.model.quantize import check_int8
from inference.model.weights import load_model
from tests.benchmarks.measure import Stopwatch
from tests.benchmarks.processes import peak_memory, serve

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


def prepare(encoder: str, height: int, width: int, folder: Path, device: str = "cpu") -> dict[str, str]:
    """Write the weights, an input and, for a CPU, the original as an ONNX graph; return what the original needs to run.

    That is the variables of its environment.
    """
    environment = os.environ | {"PYTHONPATH": str(stand_in(folder))}
    arguments = ("prepare", encoder, str(height), str(width), str(folder), device)
    command = [sys.executable, "-m", "tests.benchmarks.contender", *arguments]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return environment


def _write(encoder: str, height: int, width: int, folder: Path, device: str) -> None:
    model = original(encoder)
    pixels = torch.randn(1, 3, height, width)
    torch.save(model.state_dict(), folder / "weights.pth")
    np.save(folder / "pixels.npy", pixels.numpy())
    if device == "cpu":
        names = {"input_names": ["x"], "output_names": ["y"]}
        torch.onnx.export(model, (pixels,), folder / "model.onnx", dynamo=False, opset_version=17, **names)


def _ours(encoder: str, folder: Path, device: str, precision: Precision = "float32") -> Run:
    keep_freed_memory()
    model = load_model(folder / "weights.pth", CONFIGS[encoder])
    dtype = devices.adapt(model, model.encoder, torch.device(device), precision)
    model.to(device, dtype).head.output.float()
    return _of_torch(model, device, dtype)


def _original(encoder: str, folder: Path, device: str) -> Run:
    model = original(encoder)
    model.load_state_dict(torch.load(folder / "weights.pth"))
    return _of_torch(model.to(device), device)


def _transformers(encoder: str, folder: Path, device: str) -> Run:
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
    model.to(device)
    return _of_torch(lambda pixels: model(pixels).predicted_depth, device)


def _onnxruntime(encoder: str, folder: Path, device: str) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"x": pixels})[0]


def _openvino(encoder: str, folder: Path, device: str) -> Run:
    import openvino

    model = openvino.Core().compile_model(folder / "model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda pixels: model(pixels)[0]


def _of_torch(model: Callable[[torch.Tensor], torch.Tensor], device: str, dtype: torch.dtype = torch.float32) -> Run:
    def run(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(pixels).to(device, dtype)).float().cpu().numpy()

    return run


GRAPHICS: dict[str, Callable[[str, Path, str], Run]] = {  # what runs on a graphics card
    "ours": _ours,
    "ours, float16": partial(_ours, precision="float16"),
    "original": _original,
    "transformers": _transformers,
}
CPU: dict[str, Callable[[str, Path, str], Run]] = {
    "ours": _ours,
    "ours, int8": partial(_ours, precision="int8"),
    "original": _original,
    "transformers": _transformers,
    "onnxruntime": _onnxruntime,
    "OpenVINO": _openvino,
}


def names(device: str) -> list[str]:
    """Return the contenders that a device can run."""
    if device != "cpu":
        return list(GRAPHICS)
    try:
        check_int8()
    except DeviceError:
        return [name for name in CPU if name != "ours, int8"]
    return list(CPU)


def peak(device: str) -> int:
    """Return the most bytes that were taken: of a graphics card's memory, where torch counts it; else of this process.

    Apple's cards share the machine's memory.
    """
    if device in ("cuda", "xpu"):
        return getattr(torch, device).max_memory_allocated()
    return peak_memory()


def main(name: str, encoder: str, height: str, width: str, folder: str, device: str) -> None:
    """Prepare, or load one contender and answer lines until stdin ends; then tell the peak memory."""
    if name == "prepare":
        _write(encoder, int(height), int(width), Path(folder), device)
        return
    pixels = np.load(Path(folder, "pixels.npy"))
    run = (CPU | GRAPHICS)[name](encoder, Path(folder), device)
    np.save(Path(folder, f"{name}.npy"), run(pixels))
    serve(Stopwatch().of(lambda: run(pixels)), lambda: peak(device))


if __name__ == "__main__":
    main(*sys.argv[1:])
