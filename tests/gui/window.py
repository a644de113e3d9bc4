"""Blender with its window, drawn in software: Debian's own, in a root of its own below .venvs/, on a virtual screen.

The wheels of bpy draw no window. Debian's Blender does, on any machine that can make a Debian root: `ensure` makes one
from the archive that this machine installs from, `run` runs a command in it. Inside, the checkout and the Python of
the environment with torch lie where they lie outside, so that a path means the same on both sides.

This runs in any Python of 3.9 or newer, with its standard library alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from tools import environments

ROOT = environments.ROOT
BUILD = ROOT / "build" / "gui"
SUITE = "sid"
SCREEN = (1600, 1000)  # pixels
LIMIT = 900.0  # seconds; a scene that waits in vain ends by itself long before, on a busy machine too

PACKAGES = (
    "blender",
    "python3-numpy",
    "python3-openimageio",  # Blender's own builds bring it
    *("python3-cattr", "python3-requests"),  # Blender's extension manager imports them, Debian's package doesn't ask
    *("libgl1", "libegl1", "libegl-mesa0", "libglx-mesa0", "libgl1-mesa-dri"),  # OpenGL in software
    *("xvfb", "xdotool", "scrot"),  # a screen, a hand, an eye
)
_APT = """\
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Install-Recommends "false";
"""
_DPKG = """\
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/languages
path-include=/usr/share/locale/zh_HANS*
"""
_START_NO_SERVICES = "#!/bin/sh\nexit 101\n"  # what Debian's packages ask before they start one

_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/games",
    "LANG": "C.UTF-8",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "GALLIUM_DRIVER": "llvmpipe",
    "XDG_RUNTIME_DIR": "/run",
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
}


class WindowMissingError(Exception):
    """No window can be had here; the message says why."""


def check() -> None:
    """Raise WindowMissingError where no root can be made or entered."""
    if sys.platform != "linux":
        raise WindowMissingError("the window's tests run on Linux alone")
    if os.geteuid() != 0:
        raise WindowMissingError("the window's tests need root's rights, to make and enter a root of their own")
    if "\nID=debian\n" not in "\n" + Path("/etc/os-release").read_text(encoding="utf-8"):
        raise WindowMissingError("the window's tests need Debian, whose archive the window is made from")
    if shutil.which("debootstrap") is None:
        raise WindowMissingError("the window's tests need debootstrap: apt-get install debootstrap")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False).returncode:
        raise WindowMissingError("the window's tests need to mount folders, which this container forbids")


def ensure(suite: str) -> Path:
    """Return the root with the Blender of a suite of Debian, made first where it isn't whole: some minutes.

    Raises WindowMissingError if it can't be made.
    """
    check()
    root = environments.VENVS / f"window-{suite}"
    stamp, recipe = root / "stamp", hashlib.sha256(repr((PACKAGES, _APT, _DPKG)).encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == recipe:
        return root
    print(f"[window] making .venvs/{root.name}: Debian {suite} with {', '.join(PACKAGES)}", flush=True)
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    with (environments.VENVS / f"{root.name}.log").open("wb") as log:
        _logged(["debootstrap", "--variant=minbase", suite, str(root), _archive()], log)
        (root / "etc/apt/apt.conf.d/99window").write_text(_APT, encoding="utf-8")
        (root / "etc/dpkg/dpkg.cfg.d/99window").write_text(_DPKG, encoding="utf-8")
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        policy = root / "usr/sbin/policy-rc.d"
        policy.write_text(_START_NO_SERVICES, encoding="utf-8")
        policy.chmod(0o755)
        chroot = ["env", "DEBIAN_FRONTEND=noninteractive", "chroot", str(root), "apt-get", "-qy"]
        _logged([*chroot, "update"], log)
        _logged([*chroot, "install", *PACKAGES], log)
        _logged([*chroot, "clean"], log)
    stamp.write_text(recipe, encoding="utf-8")
    return root


def run(
    root: Path,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    screen: bool = True,
) -> int:
    """Run a command in a root, from the checkout's folder, and return its exit code; 124 if it was ended for its time.

    What it prints goes into `log`. Whatever it started ends with it.
    """
    order = {
        "root": str(root),
        "folders": [str(folder) for folder in _shared()],
        "folder": str(ROOT),
        "command": [str(part) for part in command],
        "environment": {**_ENVIRONMENT, **(environment or {})},
        "screen": "{}x{}x24".format(*SCREEN) if screen else "",
    }
    inside = [sys.executable, Path(__file__).with_name("inside.py"), json.dumps(order)]
    with log.open("wb") as output:
        try:
            return subprocess.run(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", *inside],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=LIMIT,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return 124


def _shared() -> list[Path]:
    """Return what a root sees of this machine: the checkout, the environment with torch, and that one's Python."""
    environment = environments.ENVIRONMENTS["inference"].executable.parents[1].resolve()
    question = "import sys, sysconfig; print(sys.base_prefix, sys._base_executable, sysconfig.get_path('stdlib'))"
    answer = subprocess.run(
        [str(environment / "bin/python"), "-c", question], capture_output=True, text=True, check=True
    )
    prefix, executable, library = (Path(place).resolve() for place in answer.stdout.split())
    python = [executable, library] if prefix == Path("/usr") else [prefix]  # the root has a /usr of its own
    return [ROOT, environment, *python]


def _archive() -> str:
    """Return the address of the archive that this machine installs from."""
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=True
    )
    addresses = [line for line in answer.stdout.split() if "security" not in line]
    if not addresses:
        raise WindowMissingError(
            "the window's root is made from Debian's archive, and apt-get knows none: apt-get update"
        )
    return addresses[0]


def _logged(command: Sequence[str], log: BinaryIO) -> None:
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode:
        raise WindowMissingError(f"the window's root can't be made ({command[0]} failed): {log.name} says why")
