"""Enters a root in namespaces of its own, and runs a command there, on a virtual screen if one is asked for.

`window.run` starts it, with its order as JSON. Mounts and processes vanish with it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def enter(root: Path, folders: list[str]) -> None:
    """Show the shared files and folders at their own places in the root, and make it this process's."""
    _mount("--rbind", "/dev", root / "dev")
    _mount("-t", "proc", "proc", root / "proc")
    _mount("-t", "tmpfs", "tmpfs", root / "tmp")
    for place in folders:
        inner = root / place.lstrip("/")
        if Path(place).is_dir():
            inner.mkdir(parents=True, exist_ok=True)
        elif not inner.exists():
            inner.touch()
        _mount("--bind", place, inner)
    os.chroot(root)


def open_screen(size: str) -> str:
    """Start an X server without a window manager, and return its display once it answers."""
    ours, its = os.pipe()
    command = ["Xvfb", "-displayfd", str(its), "-screen", "0", size, "-nolisten", "tcp"]
    subprocess.Popen(command, pass_fds=[its], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(its)
    with os.fdopen(ours) as answer:
        return f":{answer.readline().strip()}"


def main() -> None:
    """Do what the order says, and leave with the command's exit code."""
    order = json.loads(sys.argv[1])
    enter(Path(order["root"]), order["folders"])
    os.chdir(order["folder"])
    environment = os.environ
    environment.clear()
    environment.update(order["environment"])
    if order["screen"]:
        environment["DISPLAY"] = open_screen(order["screen"])
    sys.exit(subprocess.run(order["command"], check=False).returncode)


def _mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
