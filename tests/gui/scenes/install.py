"""After the installation by the command line: what is enabled, in this session and in the next."""

from pathlib import Path

import addon_utils
import bpy

from tests.gui.driver import Steps, measured, see

MODULE = "bl_ext.user_default.depth_nodes"


def enabled() -> Steps:
    """The extension is on, and its assets are listed once."""
    yield 1.0
    assert addon_utils.check(MODULE) == (True, True)  # enabled by default, and loaded
    libraries = [Path(library.path) for library in bpy.context.preferences.filepaths.asset_libraries]
    assert [path.name for path in libraries] == ["assets"]
    measured["version"] = bpy.app.version_string
    bpy.ops.preferences.addon_show(module=MODULE)
    yield 1.5
    see("preferences")
