"""The tool that pins what Set Up Engine installs, on an index that it is told of."""

import urllib.error

import pytest

from tools import lock

LINUX, WINDOWS, APPLE = lock.SYSTEMS


def wheel(filename: str) -> dict:
    return {"filename": filename, "hashes": {"sha256": filename[:4] * 16}, "url": f"https://x/{filename}", "size": 1}


@pytest.fixture
def index(monkeypatch) -> lock.Index:
    """An index with a few wheels, whose metadata says what they need."""
    needs = {
        "app-1.0": ["base", "linker<14,>=13.1", 'kit[fast]==2.0; platform_system == "Linux"', 'other; extra == "x"'],
        "kit-2.0.0": ["linker", 'turbo==3.*; extra == "fast"', 'slow; extra == "slow"'],
    }
    made = lock.Index()
    for name in (
        "app-1.0",
        "base-1.0",
        "base-2.0",
        "linker-13.0",
        "linker-13.1",
        "linker-13.2",
        "kit-2.0.0",
        "turbo-3.1",
    ):
        made._files.setdefault(name.partition("-")[0], []).append(wheel(f"{name}-py3-none-any.whl"))
    monkeypatch.setattr(lock, "REQUIREMENTS", ["app==1.0"])
    monkeypatch.setattr(lock, "metadata", lambda file: needs_of(needs, file["filename"]))
    return made


def needs_of(needs: dict[str, list[str]], filename: str) -> str:
    return "".join(f"Requires-Dist: {line}\n" for line in needs.get(filename.removesuffix("-py3-none-any.whl"), ()))


def test_everything_that_is_needed_in_turn_is_pinned_for_a_system(index):
    """A range is taken at its oldest, which it was built with, also where somebody else asks for any version."""
    found = lock.closure(index, LINUX, accelerated=True)
    assert found == {"app": "1.0", "base": "2.0", "linker": "13.1", "kit": "2.0", "turbo": "3.1"}
    assert set(lock.closure(index, WINDOWS, accelerated=True)) == {"app", "base", "linker"}
    assert lock.pinned(index, {"kit": "2.0"}, LINUX) == f"kit==2.0 \\\n    --hash=sha256:{'kit-' * 16}\n"


@pytest.mark.parametrize(
    ("filename", "systems"),
    [
        ("a-1.0-py3-none-any.whl", [LINUX, WINDOWS, APPLE]),
        ("a-1.0-py2.py3-none-any.whl", [LINUX, WINDOWS, APPLE]),
        ("a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", [LINUX]),
        ("a-1.0-cp38-abi3-manylinux2014_aarch64.whl", [LINUX]),
        ("a-1.0-cp313-cp313-win_amd64.whl", [WINDOWS]),
        ("a-1.0-cp313-cp313-macosx_11_0_arm64.whl", [APPLE]),
        ("a-1.0-cp313-cp313-macosx_10_9_x86_64.whl", []),
        ("a-1.0-cp313-cp313t-win_amd64.whl", []),
        ("a-1.0-cp310-cp310-win_amd64.whl", []),
        ("a-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", []),
        ("a-1.0-pp311-pypy311_pp73-win_amd64.whl", []),
    ],
)
def test_a_wheel_is_pinned_for_the_systems_and_pythons_that_blender_has(filename, systems):
    assert [system for system in lock.SYSTEMS if system.runs(filename)] == systems


def test_an_index_that_is_out_of_reach_leaves_its_pins_as_they_are(monkeypatch, tmp_path, capsys):
    def fail(_url: str, **_headers: str) -> bytes:
        raise urllib.error.URLError("no such host")

    path = tmp_path / "linux-cpu.txt"
    monkeypatch.setattr(lock, "get", fail)
    path.write_text(f"torch==1.0+cpu \\\n    --hash=sha256:{'ab' * 32}\n")
    assert lock.torch_of("cpu", "1.0", path) == path.read_text()
    assert "no such host" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="can't be pinned"):
        lock.torch_of("cpu", "2.0", path)


def test_an_index_of_pytorchs_is_read_by_its_links(monkeypatch, tmp_path):
    page = "".join(
        f'<a href="/whl/cpu/torch-{version}%2Bcpu-cp311-cp311-{platform}.whl#sha256={digest}">x</a>'
        for version, platform, digest in (
            ("1.0", "linux_x86_64", "aa"),
            ("1.0", "win_amd64", "bb"),
            ("1.0.1", "any", "cc"),
        )
    )
    monkeypatch.setattr(lock, "get", lambda _url, **_headers: page.encode())
    pinned = lock.torch_of("cpu", "1.0", tmp_path / "none")
    assert pinned == "torch==1.0+cpu \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
