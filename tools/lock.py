"""Pins what Set Up Engine installs: every package, in one version, by the hashes of its wheels.

    python -m tools.environments --in inference tools.lock

writes addon/engine/lock/: `pip.txt`; for each system what every engine has (`linux.txt`); and torch with what only that
build needs (`linux-cuda.txt`), for the builds whose wheels can all be pinned. What inference/requirements.txt doesn't
name is taken in the version that this environment has, hence the tested one. The package index gives hashes and
metadata; nothing is downloaded whole. PyTorch's own index gives its hashes in the links of a page. Where that page
can't be reached, the hashes of the lock that is there are kept, and this is said.
"""

import importlib.metadata
import io
import json
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from .environments import PYTORCH, REQUIREMENTS, ROOT

FOLDER = ROOT / "addon" / "engine" / "lock"
PIP = "pip==26.3"
PYPI = "https://pypi.org/simple/"
_JSON = "application/vnd.pypi.simple.v1+json"  # PEP 691
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True)
class System:
    """A system as wheels and markers name it."""

    name: str  # of sys.platform
    platform: str  # of platform_system
    machines: tuple[str, ...]
    wheels: re.Pattern[str]  # platform tags that run there

    def environments(self) -> Iterator[dict[str, str]]:
        """Yield what a marker can be asked with."""
        for python in PYTHONS:
            for machine in self.machines:
                yield {
                    "sys_platform": self.name,
                    "platform_system": self.platform,
                    "platform_machine": machine,
                    "os_name": "nt" if self.name == "win32" else "posix",
                    "python_version": python,
                    "python_full_version": f"{python}.0",
                    "implementation_name": "cpython",
                    "platform_python_implementation": "CPython",
                }

    def runs(self, wheel: str) -> bool:
        """Whether a wheel can be installed there, in one of the Pythons."""
        numbers = [int(python.partition(".")[2]) for python in PYTHONS]
        for tag in parse_wheel_filename(wheel)[3]:
            built_for = int(tag.interpreter[3:] or 0) if re.fullmatch(r"cp3\d+", tag.interpreter) else None
            fits = tag.interpreter == "py3" or (
                built_for is not None
                and (
                    built_for in numbers
                    if tag.abi == tag.interpreter
                    else tag.abi == "abi3" and built_for <= max(numbers)
                )
            )
            if fits and (tag.platform == "any" or self.wheels.fullmatch(tag.platform)):
                return True
        return False


SYSTEMS = (
    System("linux", "Linux", ("x86_64", "aarch64"), re.compile(r"(manylinux\w*|linux)_(x86_64|aarch64)")),
    System("win32", "Windows", ("AMD64",), re.compile("win_amd64")),
    System("darwin", "Darwin", ("arm64",), re.compile(r"macosx_\d+_\d+_(arm64|universal2)")),
)
# The builds whose wheels can all be pinned: the index of PyTorch's own that has torch, or none for PyPI.
BUILDS = {"linux-cpu": "cpu", "linux-cuda": "", "win32-cpu": "", "darwin-apple": ""}


def get(url: str, **headers: str) -> bytes:
    """Return what a URL holds."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


class Remote(io.RawIOBase):
    """A file on a server, of which only what is read is fetched."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self._size, self._place = url, size, 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._place + size, self._size)
        content = get(self._url, Range=f"bytes={self._place}-{end - 1}") if end > self._place else b""
        self._place += len(content)
        return content


def metadata(wheel: dict[str, Any]) -> str:
    """Return the metadata inside a wheel."""
    with zipfile.ZipFile(cast("IO[bytes]", Remote(wheel["url"], wheel["size"]))) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return archive.read(name).decode()


class Index:
    """What PyPI has of each package; asked once."""

    def __init__(self) -> None:
        self._files: dict[str, list[dict[str, Any]]] = {}
        self._needs: dict[tuple[str, str], list[Requirement]] = {}

    def files(self, name: str, version: str, system: System) -> list[dict[str, Any]]:
        """Return the wheels of a version that run on a system."""
        if name not in self._files:
            self._files[name] = json.loads(get(f"{PYPI}{name}/", Accept=_JSON))["files"]
        wheels = [file for file in self._files[name] if file["filename"].endswith(".whl")]
        return [file for file in wheels if _is(file["filename"], version) and system.runs(file["filename"])]

    def choose(self, requirement: Requirement, system: System) -> str:
        """Return a version with wheels for a system: the oldest that a requirement allows, else the newest.

        Torch was built with the oldest of each range that it asks for.
        """
        name = canonicalize_name(requirement.name)
        self.files(name, "0", system)
        names = [file["filename"] for file in self._files[name] if file["filename"].endswith(".whl")]
        there = {parse_wheel_filename(wheel)[1] for wheel in names if system.runs(wheel)}
        allowed = [version for version in requirement.specifier.filter(there) if not version.is_prerelease]
        return str(min(allowed) if requirement.specifier else max(allowed))

    def needs(self, name: str, version: str, system: System) -> list[Requirement]:
        """Return what a version says that it needs: as it is installed here, or by the index."""
        if _here(name) == version:
            return [Requirement(line) for line in importlib.metadata.requires(name) or ()]
        if (name, version) not in self._needs:
            text = metadata(self.files(name, version, system)[0])
            said = re.findall(r"^Requires-Dist: (.*)$", text, flags=re.MULTILINE)
            self._needs[name, version] = [Requirement(line) for line in said]
        return self._needs[name, version]


def _is(wheel: str, version: str) -> bool:
    return parse_wheel_filename(wheel)[1] == Version(version)  # 13.0.3 is 13.0.3.0


def _here(name: str) -> str:
    """Return the version of a package in this environment, or nothing."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def closure(index: Index, system: System, *, accelerated: bool) -> dict[str, str]:
    """Return the version of everything that the engine needs on a system, by name.

    accelerated: with what torch needs for graphics cards only; it asks for that by the system's name.
    """
    found: dict[str, str] = {}
    waiting = [Requirement(text) for text in REQUIREMENTS]
    asked: set[tuple[str, str]] = set()
    while waiting:
        waiting.sort(key=_exactness)  # who asks for one version comes first; who takes any, last
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        found.setdefault(name, _version(index, requirement, name, system))
        if not requirement.specifier.contains(found[name], prereleases=True):
            raise SystemExit(f"{requirement} and {name} {found[name]} don't go together: choose other versions")
        for extra in {"", *requirement.extras} - {extra for known, extra in asked if known == name}:
            asked.add((name, extra))
            unsaid = {} if accelerated or name != "torch" else {"platform_system": ""}
            waiting += [
                needed
                for needed in index.needs(name, found[name], system)
                if needed.marker is None
                or any(needed.marker.evaluate({**said, **unsaid, "extra": extra}) for said in system.environments())
            ]
    return found


def _exactness(requirement: Requirement) -> tuple[bool, bool]:
    return any(said.operator == "==" for said in requirement.specifier), bool(requirement.specifier)


def _version(index: Index, requirement: Requirement, name: str, system: System) -> str:
    """Return the version to take: the one that is asked for, the one of this environment, or what the index has."""
    exact = [said.version for said in requirement.specifier if said.operator == "==" and "*" not in said.version]
    if exact:
        return exact[0]
    here = _here(name)
    return here if here and here in requirement.specifier else index.choose(requirement, system)


def pin(requirement: str, hashes: Iterable[str]) -> str:
    """Return what pip reads: a requirement, and the hashes of the files that will do."""
    lines = [requirement, *(f"    --hash=sha256:{value}" for value in sorted(set(hashes)))]
    if len(lines) == 1:
        raise SystemExit(f"{requirement} has no wheel: it can't be pinned")
    return " \\\n".join(lines) + "\n"


def pinned(index: Index, found: dict[str, str], system: System) -> str:
    """Return the lock of packages that PyPI has."""
    wheels = {name: index.files(name, version, system) for name, version in sorted(found.items())}
    return "".join(
        pin(f"{name}=={found[name]}", (file["hashes"]["sha256"] for file in wheels[name])) for name in wheels
    )


def torch_of(build: str, version: str, path: Path) -> str:
    """Return the lock of torch alone, in a build of PyTorch's own index: by its page, or as it is in the lock now."""
    requirement = f"torch=={version}+{build}"
    try:
        page = get(f"{PYTORCH}{build}/torch/").decode()
    except urllib.error.URLError as error:
        print(f"{path.name}: kept as it is, since {PYTORCH} can't be reached ({error.reason})")
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        return pin(requirement, re.findall(r"sha256:(\w+)", kept) if requirement in kept else ())
    return pin(requirement, re.findall(rf"/torch-{version}%2B{build}-[^\"#]*\.whl#sha256=(\w+)", page))


def main() -> None:
    """Write every lock."""
    index = Index()
    FOLDER.mkdir(exist_ok=True)
    name, _, version = PIP.partition("==")
    locks = {"pip": pinned(index, {name: version}, SYSTEMS[0])}
    for system in SYSTEMS:
        base = closure(index, system, accelerated=False)
        torch = {"torch": base.pop("torch")}
        locks[system.name] = pinned(index, base, system)
        for build in (build for build in BUILDS if build.startswith(system.name)):
            more = {
                name: version for name, version in closure(index, system, accelerated=True).items() if name not in base
            }
            source, path = BUILDS[build], FOLDER / f"{build}.txt"
            locks[build] = torch_of(source, torch["torch"], path) if source else pinned(index, more, system)
    for name, text in locks.items():
        path = FOLDER / f"{name}.txt"
        path.write_text(
            f"# Written by `python -m tools.environments --in inference tools.lock`\n{text}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
