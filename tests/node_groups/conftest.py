"""Every file of tests starts with an empty scene and the groups of the shipped asset file."""

import bpy
import pytest

from .scene import append_groups


@pytest.fixture(scope="module", autouse=True)
def groups() -> None:
    """Open an empty file and bring the groups into it, once for each file of tests."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    append_groups()
