# SPDX-FileCopyrightText: 2026 The Depth Nodes authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth Nodes: one photo to geometry that an artist can shape. Blender asks for this file; the work is in `addon`.

Nothing is imported before Blender calls: pytest imports this file too, as the package that holds the tests, and the
tests of `inference` run without Blender.
"""


def register() -> None:
    """Called by Blender when the extension is enabled."""
    global api  # `from bl_ext.user_default.depth_nodes import api`: the door for scripts
    from . import addon
    from .addon import api

    addon.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled, updated or removed."""
    from . import addon

    addon.unregister()
