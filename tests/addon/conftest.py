"""Every test of the extension starts in an empty file, with factory preferences."""

import bpy
import pytest


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Open an empty file without objects."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
