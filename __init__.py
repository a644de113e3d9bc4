# SPDX-FileCopyrightText: 2026 The Depth Nodes authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth Nodes: one photo to geometry that an artist can shape. Blender asks for this file; the work is in `addon`."""

from .addon import register, unregister

__all__ = ("register", "unregister")
