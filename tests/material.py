"""The one way to real test material: photos, measured depth, reference outputs. It is never part of the repository."""

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("DEPTH_NODES_MATERIAL") or Path(__file__).parents[2] / "shared")


def material(*parts: str) -> Path:
    """Return the path of a file or folder of the test material, or skip the test where it is absent.

    `material("rgbd", "redwood_0.npz")` looks below `data/`; `material("reference", "small.npz")` beside it.
    The folder is `$DEPTH_NODES_MATERIAL`, by default a folder `shared` next to the checkout.
    """
    for folder in (_ROOT / "data", _ROOT):
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    pytest.skip(f"no test material {'/'.join(parts)}: set DEPTH_NODES_MATERIAL to the folder that holds it")
