"""The memory that is left on this machine, and what the C library and Python do about memory that is done with."""

import ctypes
import errno
import gc
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_KEEP = 1 << 30  # bytes
_WINDOWS_SAYS = (8, 14, 1455)  # ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY, ERROR_COMMITMENT_LIMIT
# How each library says it, in lower case.
_OUT_OF_MEMORY = (
    "out of memory",  # torch for CUDA, ROCm and MPS; CUDA itself
    "out_of_memory",  # CUDA_ERROR_OUT_OF_MEMORY
    "outofmemory",  # hipErrorOutOfMemory; kIOGPUCommandBufferCallbackErrorOutOfMemory of Metal
    "insufficient memory",  # Metal
    "invalid buffer size",  # MPS, of a buffer beyond what the card can have
    "not enough memory",  # torch for the CPU
    "can't allocate memory",
    "cannot allocate memory",  # the system
    "could not create a memory",
    "bad_alloc",  # C++
    "bad allocation",  # C++ of Microsoft
    "alloc_failed",  # cuBLAS, cuDNN, hipBLAS and cuSOLVER: CUBLAS_STATUS_ALLOC_FAILED
    "allocfailed",  # MIOpen
    "allocation_failed",  # cuDNN 9: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
    "not enough workspace",  # cuDNN
    "unable to find an engine",  # cuDNN: no convolution whose workspace fits
    "unable to find a valid cudnn algorithm",
    "out_of_device_memory",  # Level Zero: UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY
    "out_of_host_memory",
    "out_of_resources",  # PI_ERROR_OUT_OF_RESOURCES, of either
    "paging file is too small",  # Windows, while libraries are loaded
)
# oneDNN says the same of a descriptor that it has no code for.
_NO_PRIMITIVE = re.compile(r"could not create a primitive(?! descriptor)")
_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")  # version 2; in a container this is its own


def available_memory() -> int | None:
    """Return how many bytes this process may still take before the system kills it, or None where nothing says so.

    Linux alone gives out more memory than it has and kills later; elsewhere a request that is too large fails itself.
    """
    if sys.platform != "linux":
        return None
    known = [left for left in (_left_in_machine(), _left_in_container()) if left is not None]
    return min(known, default=None)


def _left_in_machine() -> int | None:
    """Return what the kernel says is left; a sandbox may hide that."""
    try:
        fields = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


def _left_in_container() -> int | None:
    """Return what the control group's limit leaves, files that the system can drop from memory not counted."""
    try:
        most = (_GROUP / "memory.max").read_text().strip()
        if most == "max":
            return None
        counts = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        files = int(counts["active_file"]) + int(counts["inactive_file"])
        return int(most) - int((_GROUP / "memory.current").read_text()) + files
    except (OSError, KeyError, ValueError):
        return None


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next layer instead of giving it back to the system after each.

    Getting it back page by page costs a tenth of a forward pass, and more of the first. The peak stays the same.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEEP)
        mallopt(_M_TRIM_THRESHOLD, _KEEP)


@contextmanager
def exempt_from_gc() -> Iterator[None]:
    """Keep Python's garbage collector away, for good, from the objects that are made inside: modules, above all.

    Importing torch makes a quarter of a million objects, none of which is freed before the process ends. Collecting
    among them takes a tenth of a second during the import, and four tenths when the interpreter shuts down.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception means that memory ran out, on the machine or on a graphics card."""
    if isinstance(error, OSError) and (error.errno == errno.ENOMEM or getattr(error, "winerror", 0) in _WINDOWS_SAYS):
        return True
    said = str(error).lower()
    ran_out = any(words in said for words in _OUT_OF_MEMORY) or _NO_PRIMITIVE.search(said) is not None
    return ran_out or isinstance(error, MemoryError)
