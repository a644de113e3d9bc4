"""Run in a process of its own by test_release.py: Blender's extensions client and a repository that a release made.

python client.py URL [INSTALLED]; BLENDER_USER_RESOURCES says which user folder it may write to. It adds the repository,
lets Blender look what it has, installs the extension, or updates it where it is installed already. The last line of
stdout is JSON: what the repository lists, and the version that is enabled then.
"""

import json
import os
import sys
from pathlib import Path

import bpy  # isort: skip  first: it is what makes Blender's own modules known
import addon_utils

NAME = "depth_nodes_releases"
MODULE = f"bl_ext.{NAME}.depth_nodes"


def repository(url: str) -> int:
    """Return the place of the repository in Blender's list, where it is added first if it isn't there."""
    repositories = bpy.context.preferences.extensions.repos
    if NAME not in [repo.module for repo in repositories]:
        repositories.new(name=NAME, module=NAME, remote_url=url)
    return [repo.module for repo in repositories].index(NAME)


def main(url: str) -> dict:
    """Take the newest release from the repository, and return what was listed and what is enabled."""
    bpy.ops.wm.read_userpref()  # as Blender does when it starts; the module starts with none
    bpy.context.preferences.system.use_online_access = True
    index = repository(url)
    bpy.ops.extensions.repo_sync(repo_index=index)
    repo = bpy.context.preferences.extensions.repos[index]
    listing = json.loads(Path(repo.directory, ".blender_ext", "index.json").read_text(encoding="utf-8"))["data"]
    if Path(repo.directory, "depth_nodes").exists():
        bpy.ops.extensions.package_upgrade_all()
    else:
        bpy.ops.extensions.package_install(repo_index=index, pkg_id="depth_nodes", enable_on_install=True)
    manifest = {module.__name__: module.bl_info for module in addon_utils.modules(refresh=True)}[MODULE]
    bpy.ops.wm.save_userpref()
    return {
        "listed": [(entry["id"], entry["version"]) for entry in listing],
        "version": ".".join(map(str, manifest["version"])),
        "enabled": hasattr(bpy.types, "DEPTH_NODES_OT_import_relief") and addon_utils.check(MODULE)[1],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])), flush=True)
    os._exit(0)  # a process that ran operators can hang or crash while Blender exits
