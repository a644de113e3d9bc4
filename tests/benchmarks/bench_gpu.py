"""The model's table on a graphics card: `python -m tests.benchmarks.bench_gpu [ROUNDS]`.

The card is the first of CUDA (or ROCm, which torch calls so), XPU and MPS that runs a small computation. Timed is the
way from pixels in main memory to depth in main memory.
"""

import torch

from inference.model import devices
from tests.benchmarks import bench_model


def main() -> None:
    """Print the tables, or that there is no card."""
    device = devices.choose("auto", "float32")
    if device.type == "cpu":
        print("PyTorch finds no graphics card that runs the model, so there is nothing to measure.")
        return
    title = getattr(torch, device.type).get_device_name() if device.type in ("cuda", "xpu") else "Apple"
    print(f"graphics card: {title}, {device.type}, CUDA {torch.version.cuda}, ROCm {torch.version.hip}")
    bench_model.main(device.type)


if __name__ == "__main__":
    main()
