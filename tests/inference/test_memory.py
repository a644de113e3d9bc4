"""What is left of the memory, with and without a container's limit."""

import sys
from pathlib import Path

import pytest

from inference import memory

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


def test_freed_memory_can_be_kept():
    memory.keep_freed_memory()
