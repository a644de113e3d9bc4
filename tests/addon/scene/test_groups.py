"""The asset library and the groups fetched from it, with a small asset file of two releases."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from node_groups import build, depth_relief, sockets
from tests.addon.enabled import errors, freeze, groups, plane, relief
from tests.addon.enabled import version as this

AssetError = errors.AssetError
VERSION = this.VERSION

# Two groups, of which one holds the other, in a process of its own: marking assets leaves the file of the tests alone.
_RELEASE = """
import os, sys
import bpy

path, version, number = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)

def group(name, nested=None):
    tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
    tree.is_modifier = True
    for in_out in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
    tree.nodes.new("FunctionNodeInputInt").integer = int(number)
    if nested:
        tree.nodes.new("GeometryNodeGroup").node_tree = nested
    tree["depth_nodes"] = f"{name} {version}"
    tree.asset_mark()
    return tree

sample = group("Sample Depth")
group("Depth Relief", sample)
group("Depth Samples", sample)
bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture(scope="module")
def releases(tmp_path_factory) -> dict[str, Path]:
    """Asset files of another release and of this one, by version."""
    folder = tmp_path_factory.mktemp("releases")
    paths = {}
    for number, version in ((1, "0.0.1"), (2, VERSION)):
        paths[version] = folder / f"{number}.blend"
        subprocess.run([sys.executable, "-c", _RELEASE, paths[version], version, str(number)], check=True)
    return paths


@pytest.fixture
def asset_file(releases, tmp_path, monkeypatch) -> Path:
    """The asset file of this release, where the extension looks for it."""
    path = tmp_path / "assets" / "depth_nodes.blend"
    path.parent.mkdir()
    shutil.copy(releases[VERSION], path)
    stamps = {name: f"{name} {VERSION}" for name in ("Sample Depth", "Depth Relief", "Depth Samples")}
    (path.parent / "groups.json").write_text(json.dumps(stamps))
    monkeypatch.setattr(groups, "FOLDER", path.parent.resolve())
    monkeypatch.setattr(groups, "BLEND", path)
    monkeypatch.setattr(groups, "STAMPS", path.parent / "groups.json")
    return path


def release(tree: bpy.types.GeometryNodeTree) -> int:
    """The number that a release wrote into its groups."""
    return next(node.integer for node in tree.nodes if node.bl_idname == "FunctionNodeInputInt")


def nested(tree: bpy.types.GeometryNodeTree) -> bpy.types.GeometryNodeTree:
    return next(node.node_tree for node in tree.nodes if node.bl_idname == "GeometryNodeGroup")


def libraries() -> list[tuple[str, str]]:
    return [(library.name, library.path) for library in bpy.context.preferences.filepaths.asset_libraries]


def test_a_group_comes_with_what_it_holds(asset_file):
    relief = groups.fetch("Depth Relief")
    assert relief.name == "Depth Relief"
    assert nested(relief).name == "Sample Depth"
    assert len(bpy.data.node_groups) == 2


def test_nothing_comes_twice(asset_file, tmp_path):
    sample = groups.fetch("Sample Depth")
    relief = groups.fetch("Depth Relief")
    assert nested(relief) == sample
    assert nested(groups.fetch("Depth Samples")) == sample
    assert groups.fetch("Depth Relief") == relief
    relief.use_fake_user = True
    assert sorted(tree.name for tree in bpy.data.node_groups) == ["Depth Relief", "Depth Samples", "Sample Depth"]
    bpy.context.collection.objects.link(ob := bpy.data.objects.new("Ob", bpy.data.meshes.new("Me")))
    ob.modifiers.new("Relief", "NODES").node_group = relief
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert groups.fetch("Depth Relief") == bpy.data.objects["Ob"].modifiers[0].node_group
    assert sorted(tree.name for tree in bpy.data.node_groups) == ["Depth Relief", "Sample Depth"]


def test_what_the_asset_browser_brought_is_used(asset_file):
    """The browser appends with reuse before Blender 5.0, and links and packs from there on."""
    if bpy.app.version < (5, 0, 0):
        bpy.ops.wm.append(directory=f"{asset_file}/NodeTree/", filename="Depth Relief", do_reuse_local_id=True)
    else:
        with bpy.data.libraries.load(str(asset_file), link=True, pack=True) as (_, here):
            here.node_groups = ["Depth Relief"]
    (dropped,) = [tree for tree in bpy.data.node_groups if tree.name == "Depth Relief"]
    assert groups.fetch("Depth Relief") == dropped
    assert groups.fetch("Sample Depth") == nested(dropped)
    assert len(bpy.data.node_groups) == 2


def test_what_was_fetched_is_used_by_the_asset_browser(asset_file):
    relief = groups.fetch("Depth Relief")
    if bpy.app.version < (5, 0, 0):
        bpy.ops.wm.append(directory=f"{asset_file}/NodeTree/", filename="Depth Relief", do_reuse_local_id=True)
    else:
        with bpy.data.libraries.load(str(asset_file), link=True, pack=True) as (_, here):
            here.node_groups = ["Depth Relief"]
        assert here.node_groups[0] == relief
    assert len(bpy.data.node_groups) == 2


def test_a_copy_of_another_release_is_neither_taken_nor_changed(asset_file, releases):
    shutil.copy(releases["0.0.1"], asset_file)
    with bpy.data.libraries.load(str(asset_file), link=False) as (_, here):
        here.node_groups = ["Depth Relief"]
    old = here.node_groups[0]
    shutil.copy(releases[VERSION], asset_file)
    new = groups.fetch("Depth Relief")
    assert (release(old), release(nested(old))) == (1, 1)
    assert (release(new), release(nested(new))) == (2, 2)
    assert nested(groups.fetch("Depth Samples")) == nested(new)
    assert groups.fetch("Depth Relief") == new
    assert len(bpy.data.node_groups) == 5


def test_a_fetched_group_is_no_asset_of_the_open_file(asset_file):
    relief = groups.fetch("Depth Relief")
    assert relief.library is not None or relief.asset_data is None


def test_errors_say_what_to_do(asset_file):
    with pytest.raises(AssetError, match=r"Depth Reliefs.*Sample Depth"):
        groups.fetch("Depth Reliefs")
    asset_file.write_bytes(b"no blend file")
    with pytest.raises(AssetError, match="damaged"):
        groups.fetch("Depth Relief")
    asset_file.unlink()
    with pytest.raises(AssetError, match="missing"):
        groups.fetch("Depth Relief")
    assert not bpy.data.node_groups


def test_the_library_is_listed_once_and_leaves_no_trace(asset_file):
    before = libraries()
    bpy.context.preferences.is_dirty = False
    for _ in range(3):
        groups.register_library()
        assert libraries() == [*before, ("Depth Nodes", str(asset_file.parent))]
    for _ in range(2):
        groups.unregister_library()
        assert libraries() == before
    assert not bpy.context.preferences.is_dirty


def test_the_place_under_an_older_blender_is_forgotten(asset_file, tmp_path, monkeypatch):
    """Blender copies the preferences of the version before, with the library's old place in them."""
    before = libraries()
    for version in ("5.1", "5.2"):
        folder = tmp_path / version / "extensions" / "user_default" / "depth_nodes" / "assets"
        folder.mkdir(parents=True)
        monkeypatch.setattr(groups, "FOLDER", folder.resolve())
        groups.register_library()
        assert libraries() == [*before, ("Depth Nodes", str(folder))]
    groups.unregister_library()


def test_the_artist_s_own_libraries_stay(asset_file, tmp_path):
    own = bpy.context.preferences.filepaths.asset_libraries.new(name="Depth Nodes", directory=str(tmp_path))
    before = libraries()
    assert (own.name, own.path) in before
    groups.register_library()
    assert len(libraries()) == len(before) + 1
    groups.unregister_library()
    assert libraries() == before
    assert bpy.context.preferences.is_dirty


def test_a_copy_of_this_version_with_other_content_is_another_release(asset_file):
    ours = groups.stamps() | {"Sample Depth": f"Sample Depth {VERSION} 0123456789ab"}
    (asset_file.parent / "groups.json").write_text(json.dumps(ours))
    assert release(groups.fetch("Depth Relief")) == 2
    old = nested(groups.fetch("Depth Relief"))
    assert old.get(groups.STAMP) not in ours.values()
    assert groups.fetch("Sample Depth") != old


def test_missing_stamps_are_an_error_that_says_what_to_do(asset_file):
    (asset_file.parent / "groups.json").unlink()
    with pytest.raises(AssetError, match=r"(?i)install"):
        groups.fetch("Depth Relief")


def test_the_file_that_ships_is_stamped_as_its_record_says():
    with bpy.data.libraries.load(str(groups.BLEND), link=True) as (there, here):
        here.node_groups = list(there.node_groups)
    assert {tree.name: tree.get(groups.STAMP) for tree in here.node_groups} == groups.stamps()


def test_both_sides_of_the_asset_file_use_the_same_names():
    """The groups' sources and the add-on don't import each other, so each states what both need."""
    assert groups.STAMP == build.STAMP
    assert plane.UV_MAP == sockets.UV_MAP
    assert freeze._CUT == depth_relief.CUT
    assert depth_relief.GROUP.name == relief.GROUP
