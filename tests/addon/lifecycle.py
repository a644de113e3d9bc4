"""Run in a process of its own by test_package.py: takes the extension through its life and prints what each step left.

python lifecycle.py install|cycles FIRST.zip SECOND.zip ENGINE; BLENDER_USER_RESOURCES says which user folder it may
write to, and TMPDIR where temporary files are looked for. ENGINE: a Python that estimates depth.
The last line of stdout is JSON: for each step a list of what exists now and did not at the start.
"""

import importlib
import json
import os
import sys
import tempfile
import threading
from pathlib import Path

import bpy  # isort: skip  first: it is what makes Blender's own modules known
import addon_utils

MODULE = "bl_ext.user_default.depth_nodes"
timers = []  # every function handed to bpy.app.timers, which has no list of its own


def world() -> set[str]:
    """Return a line for each trace that an extension can leave: in Blender, in this process, and among the files."""
    lines = {f"thread {thread.name}" for thread in threading.enumerate()} | processes()
    lines |= {f"temporary {path.name}" for path in Path(tempfile.gettempdir()).glob("depth_nodes*")}
    for name in dir(bpy.app.handlers):
        handlers = getattr(bpy.app.handlers, name)
        if isinstance(handlers, list):
            lines |= {f"handler {name} {handler!r}" for handler in handlers}
    for name in dir(bpy.types):
        cls = getattr(bpy.types, name)
        lines.add(f"class {name}")
        if hasattr(cls, "bl_rna"):
            lines |= {f"property {name}.{prop.identifier}" for prop in cls.bl_rna.properties}
        draw = getattr(cls, "draw", None)
        for entry in getattr(draw, "_draw_funcs", [draw]):  # made at the first append, Blender's own in it
            lines.add(f"menu {name} {getattr(entry, '__module__', '')}.{getattr(entry, '__qualname__', '')}")
    for group in dir(bpy.ops):
        lines |= {f"operator {group}.{name}" for name in dir(getattr(bpy.ops, group))}
    lines |= {f"timer {function!r}" for function in timers if bpy.app.timers.is_registered(function)}
    preferences = bpy.context.preferences
    lines |= {f"library {lib.name} {lib.path}" for lib in preferences.filepaths.asset_libraries}
    lines |= {f"addon {addon.module}" for addon in preferences.addons}
    for config in bpy.context.window_manager.keyconfigs:
        for keymap in config.keymaps:
            lines |= {f"key {config.name} {keymap.name} {item.idname}" for item in keymap.keymap_items}
    folder = Path(os.environ["BLENDER_USER_RESOURCES"])
    ours = (path.relative_to(folder).as_posix() for path in folder.rglob("*depth_nodes*"))
    return lines | {f"file {path}" for path in ours if not path.endswith(".pyc")}


def processes() -> set[str]:
    """Return a line if this process has children."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    return {"process"}


def begin_an_estimate(engine: str) -> None:
    """Start a worker, and leave it with work to do."""
    bpy.context.preferences.addons[MODULE].preferences.existing_python = engine
    jobs, settings = (importlib.import_module(f"{MODULE}.addon.engine.{name}") for name in ("jobs", "settings"))
    image = bpy.data.images.get("picture") or bpy.data.images.new("picture", 64, 64)
    jobs.submit(image, settings.current())


def keep_timers() -> None:
    """Remember every timer from now on."""
    register = bpy.app.timers.register

    def remember(function, *args, **kwargs):
        timers.append(function)
        return register(function, *args, **kwargs)

    bpy.app.timers.register = remember


def install(path: str) -> None:
    bpy.ops.extensions.package_install_files(filepath=path, repo="user_default", enable_on_install=True, overwrite=True)


def version() -> str:
    return next(
        ".".join(map(str, module.bl_info["version"])) for module in addon_utils.modules() if module.__name__ == MODULE
    )


def main(what: str, first: str, second: str, engine: str) -> dict:
    keep_timers()
    start = world()
    steps = {}

    def step(name: str) -> None:
        steps[name] = sorted(world() - start)

    install(first)
    step("installed")
    if what == "install":
        steps["version"] = version()
        addon_utils.disable(MODULE, default_set=True)
        step("disabled")
        addon_utils.enable(MODULE, default_set=True)
        step("enabled")
        install(second)
        step("updated")
        steps["updated version"] = version()
        repos = bpy.context.preferences.extensions.repos
        index = next(i for i, repo in enumerate(repos) if repo.module == "user_default")
        bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id="depth_nodes")
        step("uninstalled")
    else:
        for _ in range(60):
            begin_an_estimate(engine)
            addon_utils.disable(MODULE)
            addon_utils.enable(MODULE)
        step("enabled")
        addon_utils.disable(MODULE, default_set=True)
        step("disabled")
    steps["lost"] = sorted(start - world())
    return steps


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)
    os._exit(0)  # a process that ran operators can hang or crash while Blender exits
