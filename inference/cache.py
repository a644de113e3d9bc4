"""Where a model's weights lie on this disk: with the program, or in the cache of the Hugging Face hub.

Standard library alone: Blender asks too, before it says that nothing has to be downloaded.
"""

import os
from pathlib import Path

from .catalog import ModelSpec

_HERE = Path(__file__).parent
# The models that come with the program: inside of an installed package, beside it in the extension and in a checkout.
_BUILT_IN = _HERE / "weights" if (_HERE / "weights").is_dir() else _HERE.parent / "weights"


def on_disk(spec: ModelSpec) -> Path | None:
    """Return where a model's weights are, in their full size, or None. Never touches the network."""
    path = place(spec)
    return path if path.is_file() and path.stat().st_size == spec.bytes else None


def place(spec: ModelSpec) -> Path:
    """Return where a model's weights belong, whether they are there or not."""
    return _BUILT_IN / spec.file if spec.built_in else repo_folder(spec) / "snapshots" / spec.revision / spec.file


def repo_folder(spec: ModelSpec) -> Path:
    """Return the folder of a model's repository in the layout that the hub documents for its cache."""
    return _hub_cache() / f"models--{spec.repo.replace('/', '--')}"


def _hub_cache() -> Path:
    """Return the hub's cache by the variables that it documents, in the order in which its own client asks for them."""
    home = os.getenv("HF_HOME", os.path.join(os.getenv("XDG_CACHE_HOME", os.path.join("~", ".cache")), "huggingface"))
    cache = os.getenv("HF_HUB_CACHE", os.getenv("HUGGINGFACE_HUB_CACHE", os.path.join(home, "hub")))
    return Path(os.path.expandvars(os.path.expanduser(cache)))
