"""The checkout enabled as the extension it is, in the Blender that runs the tests."""

import importlib
from pathlib import Path
from types import ModuleType

import bpy  # isort: skip  first: it is what makes Blender's own modules known
import addon_utils

MODULE = "bl_ext.user_default.depth_nodes"
ROOT = Path(__file__).parents[2]


def enable() -> None:
    """Link the checkout into Blender's user folder, which the tests keep in a temporary place, and enable it."""
    folder = Path(bpy.utils.user_resource("EXTENSIONS", path="user_default", create=True)) / "depth_nodes"
    if not folder.exists():
        folder.symlink_to(ROOT, target_is_directory=True)
    addon_utils.enable(MODULE, default_set=True)


def module(name: str) -> ModuleType:
    """Return a module of the enabled extension, for example `addon.relief`."""
    return importlib.import_module(f"{MODULE}.{name}")
