"""Scenes for a path tracer, set up from free assets in an empty Blender file."""
