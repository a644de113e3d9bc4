"""The node groups that ship: their asset library in the preferences, and a group fetched into the open file."""

from pathlib import Path

import bpy

FOLDER = Path(__file__).resolve().parent.parent / "assets"
BLEND = FOLDER / "depth_nodes.blend"


def register_library() -> None:
    """List the extension's assets in the asset browser. A library that is listed already is left as it is."""
    raise NotImplementedError


def unregister_library() -> None:
    """Take the extension's assets out of the asset browser; libraries of the user stay."""
    raise NotImplementedError


def fetch(name: str) -> bpy.types.GeometryNodeTree:
    """Return a node group that ships, from the open file if this release's copy is there, else from the asset file.

    Raises AssetError if the asset file is missing or has no such group.
    """
    raise NotImplementedError
