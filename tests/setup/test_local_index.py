"""Set Up Engine with real pip and an index of this machine, whose packages are as good as empty: what it keeps to."""

import hashlib
import http.server
import os
import sys
import sysconfig
import threading
import zipfile
from functools import partial
from pathlib import Path

import pytest

from tests.addon.enabled import backends, install, place

MODULES = {"torch": "torch", "numpy": "numpy", "pillow": "PIL", "safetensors": "safetensors"}
MODULES |= {"huggingface_hub": "huggingface_hub"}
CPU = backends.BACKENDS[0]


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here needs Blender."""


def wheel(folder: Path, name: str, module: str, code: str = "") -> str:
    """Write a wheel of version 99.0 into an index, and return its hash."""
    page = folder / "simple" / name.replace("_", "-")
    page.mkdir(parents=True, exist_ok=True)
    info = f"{name}-99.0.dist-info"
    files = {
        f"{module}/__init__.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    path = page / f"{name}-99.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(inside), content)
    (page / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>')
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves an index, and notes what was asked for."""

    asked: list[str]

    def __init__(self, *given, asked: list[str], **options) -> None:
        self.asked = asked
        super().__init__(*given, **options)

    def log_message(self, *_: object) -> None:
        self.asked.append(self.path)


def serve(folder: Path, asked: list[str]) -> http.server.ThreadingHTTPServer:
    handler = partial(Quiet, directory=str(folder), asked=asked)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An index, which the user's pip is configured to, and locks of what it has. pip itself comes as it always does."""
    pins, asked = {}, []
    for name, module in MODULES.items():
        pins[name] = f"{name}==99.0 --hash=sha256:{wheel(tmp_path / 'index', name, module)}\n"
    server = serve(tmp_path / "index", asked)
    locks = tmp_path / "lock"
    locks.mkdir()
    (locks / "pip.txt").write_text((backends.LOCKS / "pip.txt").read_text())
    (locks / f"{sys.platform}.txt").write_text("".join(pin for name, pin in pins.items() if name != "torch"))
    (locks / f"{sys.platform}-cpu.txt").write_text(pins["torch"])
    monkeypatch.setattr(install, "LOCKS", locks)
    monkeypatch.setattr(backends, "LOCKS", locks)
    address = f"http://127.0.0.1:{server.server_port}/simple"
    extra = f"{os.environ.get('PIP_EXTRA_INDEX_URL', '')} {address}".strip()
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", extra)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    yield asked
    server.shutdown()
    server.server_close()


def make(folder: Path) -> install.Installation:
    here = backends.Backend("cpu", "CPU", "", 1, 1, ())
    made = install.Installation(folder, here)
    made.start()
    made.join(600.0)
    return made


def misdirect_pip(folder: Path, monkeypatch) -> None:
    """Configure the user's pip in ways each of which would install elsewhere, something else, or not at all."""
    (folder / "constraints.txt").write_text("torch==1.0\n")
    (folder / "pip.conf").write_text(f"[install]\nuser = true\ntarget = {folder}\nprefix = {folder}\nno-deps = yes\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(folder / "pip.conf"))
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_TARGET", str(folder))
    monkeypatch.setenv("PIP_CONSTRAINT", str(folder / "constraints.txt"))
    monkeypatch.setenv("PIP_DRY_RUN", "1")
    monkeypatch.setenv("PIP_NO_BINARY", ":all:")


def test_pip_fetches_from_where_the_user_says_to_where_we_say_and_only_what_is_pinned(index, tmp_path, monkeypatch):
    """In one story, since each set-up takes seconds: made, refused with the first one left in use, made and swapped."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    misdirect_pip(elsewhere, monkeypatch)
    blenders = Path(sysconfig.get_path("purelib"))
    before = sorted(blenders.iterdir())
    first = make(tmp_path / "engines")
    assert first.state == "done", first.log[-3000:]
    assert sorted(blenders.iterdir()) == before  # Blender's own Python is not touched
    assert any("torch" in path for path in index)
    assert {path.name for path in elsewhere.iterdir()} == {"constraints.txt", "pip.conf"}
    (found,) = place.made(tmp_path / "engines")
    assert found.engine.versions == dict.fromkeys(place.MINIMUM, "99.0")

    (torch,) = (tmp_path / "index").glob("simple/torch/*.whl")
    pinned, trace = torch.read_bytes(), tmp_path / "trace"
    wheel(tmp_path / "index", "torch", "torch", f"open({str(trace)!r}, 'w')")  # under the same name and version
    failed = make(tmp_path / "engines")
    assert failed.state == "failed"
    assert "another file than the one that is pinned" in failed.error
    assert not trace.exists()
    assert place.folders(tmp_path / "engines") == [first.folder]
    assert [made.folder for made in place.made(tmp_path / "engines")] == [first.folder]

    torch.write_bytes(pinned)
    second = make(tmp_path / "engines")
    assert second.state == "done"
    assert [made.folder for made in place.made(tmp_path / "engines")] == [second.folder]
    assert place.folders(tmp_path / "engines") == [second.folder]
