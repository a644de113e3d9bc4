"""The memory that is left on this machine, and what the C library and Python do about memory that is done with."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_KEEP = 1 << 30  # bytes
_GROUP = Path("/sys/fs/cgroup")  # version 2; in a container this is its own


def available_memory() -> int | None:
    """Return how many bytes this process may still take before the system kills it, or None where nothing says so.

    Linux alone gives out more memory than it has and kills later; elsewhere a request that is too large fails itself.
    """
    if sys.platform != "linux":
        return None
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    machine = int(fields["MemAvailable"].split()[0]) * 1024
    container = _left_in_container()
    return machine if container is None else min(machine, container)


def _left_in_container() -> int | None:
    """Return what the control group's limit leaves, files that the system can drop from memory not counted."""
    limit = _GROUP / "memory.max"
    if not limit.is_file() or (most := limit.read_text().strip()) == "max":
        return None
    counts = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
    files = int(counts["active_file"]) + int(counts["inactive_file"])
    return int(most) - int((_GROUP / "memory.current").read_text()) + files


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next layer instead of giving it back to the system after each.

    Getting it back page by page costs a tenth of a forward pass, and more of the first. The peak stays the same.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEEP)
        mallopt(_M_TRIM_THRESHOLD, _KEEP)


@contextmanager
def made_to_stay() -> Iterator[None]:
    """Keep Python from ever looking for garbage among what is made inside: modules, above all.

    Those of torch are a quarter of a million objects, and none of them is freed before the process ends. Looking among
    them takes a tenth of a second while they are made, and four tenths when the interpreter is taken down.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
