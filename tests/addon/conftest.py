"""Every test of the extension starts in an empty file, with factory preferences in a folder that is thrown away."""

import os
import tempfile

import pytest

# Blender reads this once, while it is imported: nothing of the user's own Blender is seen or touched.
_USER = tempfile.TemporaryDirectory(prefix="depth_nodes_user_", ignore_cleanup_errors=True)
os.environ["BLENDER_USER_RESOURCES"] = _USER.name

import bpy  # noqa: E402


def pytest_sessionfinish() -> None:
    """Remove the folder here: a process that imported bpy may end without running exit handlers."""
    _USER.cleanup()


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Open an empty file without objects."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
