"""The checkout as the extension it is: enabled in this process's Blender."""

import atexit
import importlib
import os
import site
import sys
import tempfile
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
MODULE = "bl_ext.user_default.depth_nodes"


def enable_alone() -> None:
    """Enable the extension in a user folder that is thrown away. Must be called before anything else imports bpy.

    Blender reads the place of the user's files once, while it is imported: the user's own Blender is neither read nor
    changed.
    """
    folder = tempfile.TemporaryDirectory(prefix="depth_nodes_user_", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    os.environ["BLENDER_USER_RESOURCES"] = folder.name
    enable()


def enable() -> None:
    """Link the checkout into the user folder that Blender has, and enable it."""
    import bpy  # isort: skip  first: it is what makes Blender's own modules known
    import addon_utils

    place = Path(bpy.utils.user_resource("EXTENSIONS", path="user_default", create=True)) / "depth_nodes"
    if not place.exists():
        place.symlink_to(ROOT, target_is_directory=True)
    site.addsitedir(str(blenders_packages()))
    addon_utils.enable(MODULE, default_set=True)


def blenders_packages() -> Path:
    """Return where Blender keeps packages like OpenImageIO; its Python looks there, that of the `bpy` wheel doesn't."""
    import bpy

    libraries = Path(bpy.utils.resource_path("LOCAL"), "python", "lib")
    if sys.platform != "win32":
        libraries /= f"python{sys.version_info.major}.{sys.version_info.minor}"
    return libraries / "site-packages"


def module(name: str) -> ModuleType:
    """Return a module of the enabled extension, for example `addon.scene.relief`."""
    return importlib.import_module(f"{MODULE}.{name}")
