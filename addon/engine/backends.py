"""The builds of torch: what each runs on, how much it is, and what pip is told to fetch for it. Knows no bpy."""

import platform
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]  # of the extension
_MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))
MAY_FETCH = "network" in _MANIFEST["permissions"]  # not in the build for the extension platform
REQUIREMENTS = ROOT / "inference" / "requirements.txt"
LOCKS = Path(__file__).parent / "lock"  # written by tools/lock.py: versions, and the hashes of their wheels
PYTHONS = ((3, 11), (3, 14))  # the oldest and the newest that the locks have wheels for

_WHEELS = "https://download.pytorch.org/whl/"
_HASHED = ("--require-hashes", "--no-deps", "--only-binary", ":all:")


@dataclass(frozen=True)
class Backend:
    """A build of torch, and where it is fetched.

    index: PyTorch's own index where PyPI lacks this build, or empty. download, disk: bytes, about, all packages
    together. machines: the systems, as `sys.platform` names them, and processors that it exists for.
    """

    name: str
    title: str
    index: str
    download: int
    disk: int
    machines: tuple[str, ...]

    @property
    def places(self) -> str:
        """The hosts that it is fetched from, for people."""
        return "pypi.org" + (f" and {self.index.split('/')[2]}" if self.index else "")

    @property
    def is_hashed(self) -> bool:
        """Whether torch for it is pinned by the hashes of its files, and not by its version alone."""
        return self._lock.exists()

    @property
    def _lock(self) -> Path:
        return LOCKS / f"{sys.platform}-{self.name}.txt"

    def packages(self) -> tuple[str, ...]:
        """Return pip's arguments for what every engine has beside torch: in pinned versions, by their hashes."""
        return (*_HASHED, "-r", str(LOCKS / f"{sys.platform}.txt"))

    def torch(self) -> tuple[str, ...]:
        """Return pip's arguments for torch and what only this build needs.

        A build that is pinned by hashes may come from any index. Of the others the version is pinned, and they come
        from PyTorch's index alone: a package that somebody else gave the same name on another index is never taken.
        """
        if self.is_hashed:
            return (*_HASHED, *(("--extra-index-url", self.index) if self.index else ()), "-r", str(self._lock))
        build = self.index.rpartition("/")[2]
        return ("--only-binary", ":all:", "--index-url", self.index, f"torch=={torch_version()}+{build}")


_PC, _ARM = "x86_64", "arm64"
BACKENDS = (
    Backend("cpu", "CPU", f"{_WHEELS}cpu", 290_000_000, 1_200_000_000, (f"linux {_PC}", f"linux {_ARM}")),
    Backend("cpu", "CPU", "", 200_000_000, 970_000_000, (f"win32 {_PC}",)),
    Backend("cuda", "NVIDIA (CUDA)", "", 2_800_000_000, 7_000_000_000, (f"linux {_PC}", f"linux {_ARM}")),
    Backend("cuda", "NVIDIA (CUDA)", f"{_WHEELS}cu130", 2_800_000_000, 7_000_000_000, (f"win32 {_PC}",)),
    Backend("rocm", "AMD (ROCm)", f"{_WHEELS}rocm7.2", 4_500_000_000, 18_000_000_000, (f"linux {_PC}",)),
    Backend("xpu", "Intel (XPU)", f"{_WHEELS}xpu", 1_800_000_000, 5_500_000_000, (f"linux {_PC}", f"win32 {_PC}")),
    Backend("apple", "Apple", "", 190_000_000, 750_000_000, (f"darwin {_ARM}",)),
)
NONE = (
    "There is no current PyTorch for this machine's processor ({machine}). Use the model Draft, which is built in, a "
    "depth map from another machine, or a Python of your own under Use Existing Python"
)
NOT_FETCHED = (
    "This build of Depth Nodes downloads nothing. Use the model Draft, which is built in, a Python of your own under "
    "Use Existing Python, or the build from the project's own releases"
)


def backends() -> tuple[Backend, ...]:
    """Return the builds of torch that can be fetched for this machine: none for an Intel Mac or Windows on ARM."""
    if not MAY_FETCH:
        return ()
    return tuple(backend for backend in BACKENDS if f"{sys.platform} {processor()}" in backend.machines)


def processor() -> str:
    """Return this machine's kind of processor by one name each, as systems differ in them."""
    said = platform.machine().lower()
    return {"amd64": _PC, "aarch64": _ARM}.get(said, said)


def why_none() -> str:
    """Return what to say where there is no build."""
    return NONE.format(machine=platform.machine()) if MAY_FETCH else NOT_FETCHED


def torch_version() -> str:
    """Return the version of torch that is installed."""
    packages = REQUIREMENTS.read_text(encoding="utf-8").split()
    return next(package for package in packages if package.startswith("torch==")).removeprefix("torch==")
