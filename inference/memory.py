"""The memory that is left on this machine, and how the C library handles what is freed."""

import ctypes
import sys
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_KEEP = 1 << 30  # bytes


def available_memory() -> int | None:
    """Return how many bytes this process may still take before the system kills it, or None where nothing says so.

    Linux alone gives out more memory than it has and kills later; elsewhere a request that is too large fails itself.
    """
    if sys.platform != "linux":
        return None
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    limits = [int(fields["MemAvailable"].split()[0]) * 1024]
    group = Path("/sys/fs/cgroup")
    limit, used = group / "memory.max", group / "memory.current"
    if limit.is_file() and (most := limit.read_text().strip()) != "max":
        limits.append(int(most) - int(used.read_text()))
    return min(limits)


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next layer instead of giving it back to the system after each.

    Getting it back page by page costs a tenth of a forward pass, and more of the first. The peak stays the same.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEEP)
        mallopt(_M_TRIM_THRESHOLD, _KEEP)
