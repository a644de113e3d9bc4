"""What this machine has for the model to run on, and whether it computes what others published."""

import argparse
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import cache, catalog
from ..errors import DepthNodesError
from ..memory import available_memory
from .report import FAILED, OK, PROGRAM

_PACKAGES = ("torch", "numpy", "pillow", "pillow-heif", "OpenEXR", "safetensors", "huggingface_hub")

# Published for the Small model and COCO's picture 000000039769, resized by Pillow's bicubic filter to 686 x 518: the
# first rows and columns of the output, and the mean of what the model is given. They come from the tests of the
# library transformers, rounded there to four places.
PUBLISHED_DISPARITY = ((2.6751, 2.6211, 2.6571), (2.5820, 2.6138, 2.6271), (2.6160, 2.6141, 2.6306))
PUBLISHED_PIXEL_MEAN = 0.3033738
_SIZE = (686, 518)
_DISPARITY_TOLERANCE = 5e-3  # JPEG decoders differ by a level here and there
_PIXEL_TOLERANCE = 1e-3


def run(arguments: Sequence[str]) -> int:
    """Show what this machine has, and check its results."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} doctor",
        description="Show what this machine has, and check its results against published values.",
    )
    parser.add_argument(
        "picture",
        nargs="?",
        type=Path,
        help="COCO's picture 000000039769 (val2017), for which the values of the Small model are published",
    )
    options = parser.parse_args(arguments)
    return OK if examine(options.picture) else FAILED


def examine(picture: Path | None) -> bool:
    """Print what there is and what was checked; return False where something is missing or computes differently."""
    _line("python", f"{platform.python_version()} on {platform.platform()} ({sys.executable})")
    for name in _PACKAGES:
        _line(name, _version(name))
    healthy = _show_torch()
    _line("memory", _memory())
    for spec in catalog.MODELS:
        if path := cache.on_disk(spec):
            _line("weights", f"{spec.name}: {path}")
    return _check(picture) and healthy


def _line(name: str, text: str) -> None:
    print(f"{name:<16} {text}", flush=True)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _show_torch() -> bool:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library that torch needs is missing
        _line("device", f"none: torch can't be imported ({' '.join(str(error).split())})")
        return False
    _line("device", f"cpu: {torch.get_num_threads()} threads on {os.cpu_count()} logical cores")
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        _line("device", f"cuda:{index}: {name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")
    if torch.backends.mps.is_available():
        _line("device", "mps: Apple graphics")
    for index in range(torch.xpu.device_count()):
        _line("device", f"xpu:{index}: {torch.xpu.get_device_name(index)}")
    return True


def _memory() -> str:
    available = available_memory()
    return "unknown on this system" if available is None else f"{available / 2**30:.1f} GiB available"


def _check(picture: Path | None) -> bool:
    small = catalog.get("small")
    weights = cache.on_disk(small)
    if weights is None:
        _line("check", f"not run: it needs the Small model; `{PROGRAM} download` fetches it")
        return True
    if picture is None:
        _line("check", "not run: it needs COCO's picture 000000039769 (val2017); name the file to run it")
        return True
    try:
        mean, disparity = _compute(weights, picture)
    except DepthNodesError as error:
        _line("check", f"failed: {error}")
        return False
    if abs(mean - PUBLISHED_PIXEL_MEAN) > _PIXEL_TOLERANCE:
        _line("check", f"failed: {picture} is another picture (mean {mean:.7f} in place of {PUBLISHED_PIXEL_MEAN})")
        return False
    furthest = max(
        abs(ours - theirs)
        for our_row, their_row in zip(disparity, PUBLISHED_DISPARITY, strict=True)
        for ours, theirs in zip(our_row, their_row, strict=True)
    )
    for our_row, their_row in zip(disparity, PUBLISHED_DISPARITY, strict=True):
        _line("", "  ".join(f"{ours:.4f} ({theirs:.4f})" for ours, theirs in zip(our_row, their_row, strict=True)))
    right = furthest <= _DISPARITY_TOLERANCE
    verdict = "as published" if right else f"failed: more than {_DISPARITY_TOLERANCE:g} from what is published"
    _line("check", f"{verdict}; the largest difference is {furthest:.1e}")
    return right


def _compute(weights: Path, picture: Path) -> tuple[float, list[list[float]]]:
    """Return the mean of the model's input and the first 3 x 3 of its output, as the published values came about."""
    import numpy as np
    import torch
    from PIL import Image

    from ..model.plain import CONFIGS
    from ..model.weights import load_model
    from ..photo import read_photo
    from ..preprocess import MEAN, STD

    photo = Image.fromarray(read_photo(picture).rgb)
    resized = np.asarray(photo.resize(_SIZE, Image.Resampling.BICUBIC), dtype=np.float32) / 255  # (518, 686, 3)
    pixels = (resized - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    with torch.inference_mode():
        disparity = load_model(weights, CONFIGS["vits"])(torch.from_numpy(pixels).permute(2, 0, 1)[None])[
            0
        ]  # (518, 686)
    return float(pixels.mean()), disparity[:3, :3].tolist()
