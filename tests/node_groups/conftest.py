"""Every file of tests starts with an empty scene and the groups of the shipped asset file."""

import os
import tempfile

import pytest

# Blender reads this once, while it is imported: nothing of the user's own Blender is seen or touched.
_USER = tempfile.TemporaryDirectory(prefix="depth_nodes_user_", ignore_cleanup_errors=True)
os.environ["BLENDER_USER_RESOURCES"] = _USER.name

import bpy  # noqa: E402

from .scene import append_groups  # noqa: E402


def pytest_sessionfinish() -> None:
    """Remove the folder here: a process that imported bpy may end without running exit handlers."""
    _USER.cleanup()


@pytest.fixture(scope="module", autouse=True)
def groups() -> None:
    """Open an empty file and bring the groups into it, once for each file of tests."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    append_groups()
