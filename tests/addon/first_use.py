"""Run in a process of its own by test_first_use.py: a Blender that has just been installed, and a user with one photo.

python first_use.py ZIP PHOTO; BLENDER_USER_RESOURCES says which user folder, empty, it writes to. Nothing in this
process reaches a network. The last line of stdout is JSON: what the photo became.
"""

import importlib
import json
import os
import socket
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType

import bpy  # isort: skip  first: it is what makes Blender's own modules known

MODULE = "bl_ext.user_default.depth_nodes"


def refuse(*_: object, **__: object) -> None:
    raise OSError("no network here")


def asks_to_stay_offline(settings: ModuleType) -> bool:
    """Whether the worker is told so even where Blender may go online."""
    bpy.context.preferences.system.use_online_access = True
    asked = settings.request(settings.current(), 1, Path("a"), Path("b"), linear=False, orientation=1)
    bpy.context.preferences.system.use_online_access = False
    return asked.offline


def main(package: str, photo: str) -> dict:
    socket.socket.connect = refuse
    bpy.ops.extensions.package_install_files(filepath=package, repo="user_default", enable_on_install=True)
    depth_image = importlib.import_module(f"{MODULE}.addon.depth.image")
    inputs = importlib.import_module(f"{MODULE}.addon.scene.inputs")
    settings = importlib.import_module(f"{MODULE}.addon.engine.settings")
    start = time.monotonic()
    result = bpy.ops.depth_nodes.import_photo(filepath=photo)
    seconds = time.monotonic() - start
    ob = bpy.context.object
    modifier = ob.modifiers[0]
    depth = inputs.get_input(modifier, "Image")
    values, _ = depth_image.read(depth)
    read = ob.evaluated_get(bpy.context.evaluated_depsgraph_get())
    known = depth_image.info(depth)
    manifest = tomllib.loads(Path(depth_image.__file__).parents[2].joinpath("blender_manifest.toml").read_text())
    backends = importlib.import_module(f"{MODULE}.addon.engine.backends")
    could_fetch = {
        "engines": bool(backends.backends()),
        "better": bpy.ops.depth_nodes.better_depth.poll(),
        "weights": not asks_to_stay_offline(settings),
    }
    return {
        "online": bpy.app.online_access,
        "engine": settings.has_engine(),
        "result": sorted(result),
        "group": modifier.node_group.name,
        "kind": known.kind,
        "model": known.model,
        "size": list(depth.size),
        "depth": values[:: max(len(values) // 32, 1), :: max(values.shape[1] // 32, 1)].tolist(),
        "vertices": len(read.data.vertices),
        "thick": read.dimensions[2],
        "permissions": sorted(manifest["permissions"]),
        "fetches": could_fetch,
        "seconds": seconds,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)
    os._exit(0)  # a process that ran operators can hang or crash while Blender exits
