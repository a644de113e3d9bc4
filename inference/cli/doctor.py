"""What this machine has for the model to run on, and whether it computes what others published."""

import argparse
import hashlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import cache, catalog
from ..errors import DepthNodesError
from ..memory import available_memory
from . import published
from .report import FAILED, OK, PROGRAM

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PACKAGES = ("torch", "numpy", "pillow", "pillow-heif", "OpenEXR", "safetensors", "huggingface_hub")

_TOLERANCE = 2e-3  # of the values themselves: JPEG decoders differ by a level here and there
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
        help="COCO's picture 000000039769 (val2017), for which the values of most models are published",
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
    on_disk = [(spec, path) for spec in catalog.MODELS if not spec.built_in and (path := cache.on_disk(spec))]
    for spec, path in on_disk:
        _line("weights", f"{spec.name}: {path}")
    return _check_all(on_disk, picture) and healthy


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


def _check_all(on_disk: Sequence[tuple[catalog.ModelSpec, Path]], picture: Path | None) -> bool:
    """Say of each file of weights whether it computes what was published; return False where one doesn't."""
    if not on_disk:
        _line("check", f"not run: it needs weights on disk; `{PROGRAM} download` fetches those of Small")
        return True
    if picture is None:
        _line("check", "not run: it needs COCO's picture 000000039769 (val2017); name the file to run it")
        return True
    try:
        pixels = _pixels(picture)
    except DepthNodesError as error:
        _line("check", f"failed: {error}")
        return False
    if abs(mean := float(pixels.mean()) - published.PIXEL_MEAN) > _PIXEL_TOLERANCE:
        _line("check", f"failed: {picture} is another picture (its mean is off by {mean:.7f})")
        return False
    verdicts = [_check(spec, path, pixels) for spec, path in on_disk]  # all of them, whatever became of the first
    return all(verdicts)


def _check(spec: catalog.ModelSpec, path: Path, pixels: "NDArray[np.float32]") -> bool:
    import numpy as np

    corner = published.CORNERS.get(spec.name)
    if corner is None:
        with path.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == spec.sha256
        what = "the file is as published; nobody has published what it computes"
        _line(
            "check", f"{spec.name}: {what if right else 'failed: the file is damaged; delete it, and fetch it again'}"
        )
        return right
    try:
        found = _compute(spec, path, pixels)
    except DepthNodesError as error:
        _line("check", f"{spec.name}: failed: {error}")
        return False
    values = np.array(corner)
    off = float(np.abs(found - values).max() / values.mean())
    for ours, theirs in zip(found, corner, strict=True):
        _line("", "  ".join(f"{our:.4f} ({their:.4f})" for our, their in zip(ours, theirs, strict=True)))
    verdict = "as published" if off <= _TOLERANCE else f"failed: more than {_TOLERANCE:.1%} from what is published"
    _line("check", f"{spec.name}: {verdict}; the largest difference is {off:.2%}")
    return off <= _TOLERANCE


def _pixels(picture: Path) -> "NDArray[np.float32]":
    """Return what the models are given, (518, 686, 3), as the published values came about."""
    import numpy as np
    from PIL import Image

    from ..photo import read_photo
    from ..preprocess import MEAN, STD

    photo = Image.fromarray(read_photo(picture).rgb)
    resized = np.asarray(photo.resize(published.SIZE, Image.Resampling.BICUBIC), dtype=np.float32) / 255
    return np.asarray((resized - np.array(MEAN, np.float32)) / np.array(STD, np.float32))


def _compute(spec: catalog.ModelSpec, path: Path, pixels: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return the first 3 x 3 of what a model puts out."""
    import numpy as np
    import torch

    from .. import model

    network = model.family(spec).build(spec, path)
    with torch.inference_mode():
        depth = network(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0]  # (518, 686)
    return np.asarray(depth[:3, :3].numpy())
