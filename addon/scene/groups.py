"""The node groups that ship: their asset library in the preferences, and a group fetched into the open file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import bpy

from ..errors import AssetError

LIBRARY = "Depth Nodes"
FOLDER = Path(__file__).resolve().parents[2] / "assets"
BLEND = FOLDER / "depth_nodes.blend"

# Each group in the asset file carries "name version fingerprint" under this key. A copy keeps it whatever it is called
# and however it came: without it, a copy of an older release could not be told from this one.
STAMP = "depth_nodes"
STAMPS = FOLDER / "groups.json"  # the stamps of the asset file's groups, by name


def register_library() -> None:
    """List the extension's assets in the asset browser. A library that is listed already is left as it is."""
    with _preferences_untouched() as preferences:
        for library in _strays(preferences):
            preferences.filepaths.asset_libraries.remove(library)
        if not _listed(preferences):
            preferences.filepaths.asset_libraries.new(name=LIBRARY, directory=str(FOLDER))


def are_listed() -> bool:
    """Return whether Blender shows the asset library, by the preferences of this extension or by the artist's."""
    libraries = _listed(bpy.context.preferences)  # type: ignore[arg-type]  # every context has them
    return any(getattr(library, "enabled", True) for library in libraries)  # 5.2 can list one and leave it off


def show_library(shown: bool) -> None:
    """Have Blender show the extension's assets, or not.

    From 5.2 on a library is switched off where it stands, since Blender never shows one again that was removed and
    listed anew in the same session.
    """
    with _preferences_untouched() as preferences:
        switches = [library for library in _listed(preferences) if hasattr(library, "enabled")]
        for library in switches:
            library.enabled = shown
    if switches:
        return
    if shown:
        register_library()
    else:
        unregister_library()


def unregister_library() -> None:
    """Take the extension's assets out of the asset browser; other libraries stay."""
    with _preferences_untouched() as preferences:
        for library in _listed(preferences):
            preferences.filepaths.asset_libraries.remove(library)


def fetch(name: str) -> bpy.types.NodeTree:
    """Return a node group that ships: the open file's copy of this release, else one from the asset file.

    It arrives as it does from the asset browser, linked and packed from Blender 5.0 on, local before, so that neither
    way makes a second copy. Beside copies of another release it is always local, and nothing of the two is mixed.

    Raises AssetError if the asset file is missing, damaged, or has no such group.
    """
    present, ours = _copies(), stamps()
    if found := present.get(ours.get(name, "")):
        return found
    other_release = any(stamp not in ours.values() for stamp in present)
    packed = bpy.app.version >= (5, 0, 0) and not other_release
    before = set(bpy.data.node_groups)
    group = _load(name, link=True, pack=True) if packed else _load(name, link=False)
    if not packed:
        for tree in set(bpy.data.node_groups) - before:
            tree.asset_clear()  # the copy is not an asset of the open file
            if twin := present.get(tree.get(STAMP)):
                tree.user_remap(twin)
                bpy.data.node_groups.remove(tree)
    return group


def stamps() -> dict[str, str]:
    """Return the stamp of each group that ships, hidden ones too, by name. Raises AssetError if they are missing."""
    try:
        return _read_stamps(STAMPS, STAMPS.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise AssetError("The asset file of Depth Nodes is missing. Install the extension again") from error


@cache
def _read_stamps(path: Path, _changed: int) -> dict[str, str]:
    result: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))  # once: panels ask at every redraw
    return result


def _load(name: str, **options: bool) -> bpy.types.NodeTree:
    if not BLEND.is_file():
        raise AssetError("The asset file of Depth Nodes is missing. Install the extension again")
    try:
        with bpy.data.libraries.load(str(BLEND), **options) as (there, here):
            if name not in there.node_groups:
                raise AssetError(f"There is no group {name!r}. Use one of {', '.join(there.node_groups)}")
            here.node_groups = [name]
    except OSError as error:
        raise AssetError("The asset file of Depth Nodes is damaged. Install the extension again") from error
    return here.node_groups[0]


def _copies() -> dict[str, bpy.types.NodeTree]:
    """Return the open file's copies of groups that ship, by their stamp."""
    return {stamp: tree for tree in bpy.data.node_groups if (stamp := tree.get(STAMP))}


def _listed(preferences: bpy.types.Preferences) -> list[bpy.types.UserAssetLibrary]:
    return [library for library in preferences.filepaths.asset_libraries if Path(library.path).resolve() == FOLDER]


def _strays(preferences: bpy.types.Preferences) -> list[bpy.types.UserAssetLibrary]:
    """Return what a former place of this installation left: Blender copies the preferences of an older Blender."""
    ours = FOLDER.parts[-4:]  # extensions, repository, depth_nodes, assets
    libraries = preferences.filepaths.asset_libraries
    return [one for one in libraries if Path(one.path).parts[-4:] == ours and Path(one.path).resolve() != FOLDER]


@contextmanager
def _preferences_untouched() -> Iterator[bpy.types.Preferences]:
    """Give the preferences without marking them as changed: the library is listed anew in each session."""
    preferences = bpy.context.preferences
    dirty = preferences.is_dirty
    try:
        yield preferences  # type: ignore[misc]  # every context has them
    finally:
        preferences.is_dirty = dirty
