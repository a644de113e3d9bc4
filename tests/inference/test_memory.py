"""What is left of the memory, with and without a container's limit, and what is kept in it."""

import gc
import importlib
import platform
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference import memory
from inference.memory import exempt_from_gc

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives out more memory than it has")


@pytest.fixture
def group(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    return tmp_path


def test_without_a_limit_the_machine_counts(group):
    machine = memory.available_memory()
    assert 0 < machine < 1 << 50
    (group / "memory.max").write_text("max\n")
    assert memory.available_memory() == pytest.approx(machine, rel=0.5)


def test_a_containers_limit_counts_but_not_the_files_it_holds(group):
    (group / "memory.max").write_text("5000\n")
    (group / "memory.current").write_text("4000\n")
    (group / "memory.stat").write_text("anon 1000\nactive_file 1200\ninactive_file 1300\n")
    assert memory.available_memory() == 5000 - 4000 + 2500


_FAULTS = """
import resource, sys
import numpy as np
from inference.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(40 << 20, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    """Return how many pages a second array of 40 MiB has to be given anew."""
    command = [sys.executable, "-c", _FAULTS, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back")
def test_a_sandbox_that_hides_the_numbers_leaves_them_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(memory.sys, "platform", "linux")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    for hidden in (tmp_path / "absent", tmp_path):
        monkeypatch.setattr(memory, "_MEMINFO", hidden)
        assert memory.available_memory() is None
    (tmp_path / "meminfo").write_text("MemTotal:  16 kB\nMemFree:  8 kB\n")  # as kernels had it before 3.14
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    assert memory.available_memory() is None
    (tmp_path / "memory.max").write_text("4096\n")  # the rest is hidden
    assert memory.available_memory() is None


def test_freed_memory_is_kept():
    assert page_faults("give back") > 10 * page_faults("keep")


class Knot:
    """Refers to itself, so that only the search for garbage frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_what_is_exempt_from_gc_is_never_searched_and_what_comes_later_is():
    with exempt_from_gc():
        stays = weakref.ref(Knot())
    goes = weakref.ref(Knot())
    gc.collect()
    assert stays() is not None
    assert goes() is None


@pytest.mark.usefixtures("thawed")
def test_garbage_is_looked_for_again_after_an_import_that_fails():
    with pytest.raises(ModuleNotFoundError), exempt_from_gc():
        importlib.import_module("inference.nothing")
    assert gc.isenabled()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 4 GiB"),
        RuntimeError("HIP out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: not enough memory: you tried"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."),
        RuntimeError("could not create a primitive"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("CUDA driver error: CUDA_ERROR_OUT_OF_MEMORY"),
        RuntimeError("HIP error: hipErrorOutOfMemory"),
        RuntimeError("Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"),
        RuntimeError("Invalid buffer size: 24.00 GiB"),
        RuntimeError("Native API failed. Native API returns: -5 (PI_ERROR_OUT_OF_RESOURCES)"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("bad allocation"),
        RuntimeError("could not create a memory object"),
        RuntimeError("FIND was unable to find an engine to execute this computation"),
        RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"),
        OSError(12, "Cannot allocate memory"),
        OSError("[WinError 1455] The paging file is too small for this operation to complete"),
    ],
)
def test_memory_that_ran_out_is_known_in_any_words(error):
    assert memory.is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Given groups=1, expected input[1, 4, 14, 14] to have 3 channels"),
        RuntimeError("tensors allocated on different devices"),
        RuntimeError("CUDA error: no kernel image is available for execution on the device"),
        RuntimeError("could not create a primitive descriptor for a matmul primitive"),
        OSError(28, "No space left on device"),
    ],
)
def test_other_errors_are_not_taken_for_memory(error):
    assert not memory.is_out_of_memory(error)
