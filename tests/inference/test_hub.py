"""Downloads with the real client, each in a process of its own since the client reads its environment when imported."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants

from inference import catalog, hub
from inference.cache import place, repo_folder
from inference.errors import DownloadError, LicenceError
from tests.inference import hub_server

CONTENT = np.random.default_rng(3).bytes(24 << 20)  # the client reads and resumes in pieces of 10 MiB
SPEC = replace(catalog.get("small"), revision=hub_server.REVISION)
PIECE = 10 << 20


@pytest.fixture
def server() -> Iterator[hub_server.Hub]:
    with hub_server.serving(CONTENT) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return the folder of the model in an empty cache."""
    return tmp_path / "home" / "hub" / f"models--{SPEC.repo.replace('/', '--')}"


def child(sha256: str, size: int) -> None:
    """Fetch in this process, and say what came of it as one line of JSON."""
    reports: list[tuple[int, int | None]] = []
    try:
        spec = replace(SPEC, sha256=sha256, bytes=size)
        path = hub.fetch(spec, progress=lambda *report: reports.append(report))
        print(json.dumps({"path": str(path), "reports": reports}))
    except DownloadError as error:
        print(json.dumps({"error": str(error), "reports": reports}))


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(server: hub_server.Hub, tmp_path: Path, **environment: str) -> subprocess.Popen[str]:
    code = f"from tests.inference.test_hub import child; child({server.sha256!r}, {len(server.content)})"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**clean, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": server.endpoint, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, object]:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(output)


def fetch(server: hub_server.Hub, tmp_path: Path, **environment: str) -> dict[str, object]:
    return finish(start(server, tmp_path, **environment))


def assert_whole(result: dict[str, object], cache: Path) -> None:
    path = Path(str(result["path"]))
    assert path == cache / "snapshots" / hub_server.REVISION / SPEC.file
    assert path.read_bytes() == CONTENT
    assert files(cache) == [path]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()]


def ranges(server: hub_server.Hub) -> list[str | None]:
    return [request.range for request in server.asked("GET")]


def test_a_download_is_reported_in_bytes_and_lies_in_the_users_cache(server, tmp_path, cache):
    result = fetch(server, tmp_path)
    assert_whole(result, cache)
    assert result["reports"] == [[PIECE, len(CONTENT)], [2 * PIECE, len(CONTENT)], [len(CONTENT), len(CONTENT)]]
    assert server.asked("GET")[0].path == f"/{SPEC.repo}/resolve/{hub_server.REVISION}/{SPEC.file}"


def test_the_second_time_nothing_is_asked(server, tmp_path, cache):
    fetch(server, tmp_path)
    server.requests.clear()
    result = fetch(server, tmp_path)
    assert_whole(result, cache)
    assert (result["reports"], server.requests) == ([], [])


def test_a_cut_connection_is_taken_up_where_it_broke(server, tmp_path, cache):
    server.cuts = [PIECE + 5000, 5000]
    assert_whole(fetch(server, tmp_path), cache)
    assert ranges(server) == [None, f"bytes={PIECE}-", f"bytes={PIECE}-"]


def test_a_server_without_ranges_is_asked_again_from_the_start(server, tmp_path, cache):
    server.cuts, server.ranges = [PIECE + 5000], False
    result = fetch(server, tmp_path)
    assert_whole(result, cache)
    assert result["reports"][-1] == [len(CONTENT), len(CONTENT)]


def test_the_next_call_goes_on_after_a_reset_connection(server, tmp_path, cache):
    server.cuts, server.reset = [2 * PIECE + 5000], True  # what is on its way when the reset comes is lost
    error = str(fetch(server, tmp_path)["error"])
    assert SPEC.title in error
    assert "reset by peer" in error
    (part,) = files(cache)
    kept = part.stat().st_size
    assert f"{kept / 1e6:.0f} MB" in error
    assert kept in (PIECE, 2 * PIECE)
    result = fetch(server, tmp_path)
    assert_whole(result, cache)
    assert ranges(server) == [None, f"bytes={kept}-"]
    assert result["reports"][0] == [min(kept + PIECE, len(CONTENT)), len(CONTENT)]


def test_a_part_is_not_trusted(server, tmp_path, cache):
    (cache / "blobs").mkdir(parents=True)
    part = cache / "blobs" / f"{server.sha256}.incomplete"
    part.write_bytes(b"not what the file begins with")
    assert "was deleted" in str(fetch(server, tmp_path)["error"])
    assert files(cache) == []
    part.write_bytes(bytes(len(CONTENT) + 1))  # more than the whole
    assert_whole(fetch(server, tmp_path), cache)
    assert ranges(server) == ["bytes=29-", None]


def test_a_part_that_a_server_without_ranges_sends_again(server, tmp_path, cache):
    (cache / "blobs").mkdir(parents=True)
    (cache / "blobs" / f"{server.sha256}.incomplete").write_bytes(CONTENT[:PIECE])
    server.ranges = False
    assert_whole(fetch(server, tmp_path), cache)


def test_a_slow_body_arrives(server, tmp_path, cache):
    server.chunk_delay = 0.05
    assert_whole(fetch(server, tmp_path), cache)


def test_a_body_that_stalls_is_taken_up(server, tmp_path, cache):
    server.chunk_delay = 3.0
    process = start(server, tmp_path, HF_HUB_DOWNLOAD_TIMEOUT="1")
    wait_until(lambda: len(server.asked("GET")) > 1)  # it has had enough of the first answer
    server.chunk_delay = 0.0
    assert_whole(finish(process), cache)


def test_wrong_bytes_are_deleted(server, tmp_path, cache):
    server.sent = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
    result = fetch(server, tmp_path)
    assert "was deleted" in result["error"]
    assert files(cache) == []
    server.sent = None
    assert_whole(fetch(server, tmp_path), cache)


def test_a_short_file_is_no_file(server, tmp_path, cache):
    server.sent = CONTENT[:-1]
    assert SPEC.title in str(fetch(server, tmp_path)["error"])
    assert [path.suffix for path in files(cache)] == [".incomplete"]
    server.sent = None
    assert_whole(fetch(server, tmp_path), cache)


def test_a_file_of_another_size_is_not_fetched(server, tmp_path, cache):
    code = f"from tests.inference.test_hub import child; child({server.sha256!r}, {len(CONTENT) + 1})"
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": server.endpoint}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    error = json.loads(run.stdout)["error"]
    assert f"{len(CONTENT)} bytes" in error
    assert str(len(CONTENT) + 1) in error
    assert server.asked("GET") == []
    assert files(cache) == []


def test_a_file_of_another_hash_is_not_fetched(server, tmp_path, cache):
    server.claimed = "0123456789abcdef" * 4
    error = str(fetch(server, tmp_path)["error"])
    assert server.claimed[:12] in error
    assert server.sha256[:12] in error
    assert server.asked("GET") == []
    assert files(cache) == []


@pytest.mark.parametrize("page_for", [("HEAD", "GET"), ("GET",)])
@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Log in", b"\n <html><body>Blocked by policy"])
def test_a_proxys_page_in_place_of_the_file_is_not_taken_for_a_part_of_it(server, tmp_path, cache, page, page_for):
    server.page, server.page_for = page, page_for
    error = str(fetch(server, tmp_path)["error"])
    assert "not the hub" in error
    assert "--weights" in error
    assert files(cache) == []
    server.page = None
    assert_whole(fetch(server, tmp_path), cache)
    assert ranges(server)[-1] is None  # from its first byte


def test_every_row_of_the_catalog_is_what_the_client_asks_for_and_what_is_compared():
    published = [spec for spec in catalog.MODELS if not spec.built_in]
    rows = {
        f"/{one.repo}/resolve/{one.revision}/{one.file}": (one.revision, one.sha256, one.bytes) for one in published
    }
    with hub_server.listing(rows) as listing:
        same = ask_for_all(listing.endpoint)
        asked = sorted(listing.paths)
        (another, larger), (base, video) = (list(rows)[place] for place in (1, -1)), (published[1], published[-1])
        rows[another] = base.revision, "f" * 64, base.bytes
        rows[larger] = video.revision, video.sha256, video.bytes + 1
        differs = ask_for_all(listing.endpoint)
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.splitlines() == [f"{one.name}: as pinned" for one in published]
    assert asked == sorted(set(rows))
    assert differs.returncode == 1
    assert len(differs.stdout.splitlines()) == len(published) - 2
    hashes, sizes = differs.stderr.splitlines()
    assert "f" * 12 in hashes
    assert base.sha256[:12] in hashes
    assert f"{video.bytes + 1} bytes" in sizes
    assert str(video.bytes) in sizes


def ask_for_all(endpoint: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    command = [sys.executable, "-m", "inference", "models", "--check"]
    environment = clean | {"HF_ENDPOINT": endpoint}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_a_file_of_the_wrong_size_in_the_cache_is_fetched_again(server, tmp_path, cache):
    path = Path(str(fetch(server, tmp_path)["path"]))
    path.write_bytes(CONTENT[:1000])  # as somebody's copy that did not finish
    assert_whole(fetch(server, tmp_path), cache)


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        (401, "HF_TOKEN"),
        (403, "HF_TOKEN"),
        (404, "HF_ENDPOINT"),
        (429, "Wait"),
        (500, "later"),
    ],
)
def test_what_the_hub_refuses(server, tmp_path, cache, status, way_out):
    server.status_always = status
    error = str(fetch(server, tmp_path)["error"])
    assert f"HTTP {status}" in error
    assert way_out in error
    assert "--weights" in error
    assert f"{server.endpoint}/{SPEC.repo}/resolve/{hub_server.REVISION}/{SPEC.file}" in error
    assert len(error.splitlines()) == 1
    assert files(cache) == []


def test_a_hub_that_is_busy_for_a_moment_is_asked_again(server, tmp_path, cache):
    server.statuses = [429, 503]
    assert_whole(fetch(server, tmp_path), cache)


def test_a_cache_that_cannot_be_written_to_is_named(server, tmp_path):
    (tmp_path / "home").write_text("a file in the place of the folder")
    error = str(fetch(server, tmp_path)["error"])
    assert str(tmp_path / "home") in error
    assert "HF_HOME" in error
    assert "network" not in error


def test_offline_says_so_without_asking(server, tmp_path, cache):
    error = str(fetch(server, tmp_path, HF_HUB_OFFLINE="1")["error"])
    assert "HF_HUB_OFFLINE" in error
    assert "--weights" in error
    assert server.requests == []
    assert not (tmp_path / "home").exists()


def test_offline_uses_what_is_on_disk(server, tmp_path, cache):
    fetch(server, tmp_path)
    assert_whole(fetch(server, tmp_path, HF_HUB_OFFLINE="1"), cache)


def test_no_hub_at_all(server, tmp_path):
    error = str(fetch(server, tmp_path, HF_ENDPOINT="http://127.0.0.1:9")["error"])
    assert SPEC.title in error
    assert "--weights" in error


def test_the_users_token_is_sent(server, tmp_path, cache):
    fetch(server, tmp_path, HF_TOKEN="hf_only_for_this_test")  # noqa: S106
    assert {request.authorization for request in server.requests} == {"Bearer hf_only_for_this_test"}


def test_the_users_cache_folder_is_respected(server, tmp_path):
    result = fetch(server, tmp_path, HF_HUB_CACHE=str(tmp_path / "elsewhere"))
    assert Path(str(result["path"])).is_relative_to(tmp_path / "elsewhere")
    assert not (tmp_path / "home" / "hub").exists()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_CACHE_HOME": "/xdg"},
        {"XDG_CACHE_HOME": "/xdg", "HF_HOME": "~/hf"},
        {"HF_HOME": "$XDG_CACHE_HOME/hf", "XDG_CACHE_HOME": "/xdg"},
        {"HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old"},
        {"HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "~/new"},
    ],
)
def test_the_cache_is_where_the_hubs_client_has_it(variables, monkeypatch):
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    theirs = Path(runpy.run_path(constants.__file__)["HF_HUB_CACHE"])
    assert repo_folder(SPEC).parent == theirs
    assert place(SPEC) == repo_folder(SPEC) / "snapshots" / SPEC.revision / SPEC.file


def test_two_processes_at_once(server, tmp_path, cache):
    server.chunk_delay = 0.02
    processes = [start(server, tmp_path) for _ in range(2)]
    for process in processes:
        assert_whole(finish(process), cache)
    assert len(server.asked("GET")) == 1


def test_the_next_call_goes_on_after_a_killed_process(server, tmp_path, cache):
    server.chunk_delay = 0.1
    process = start(server, tmp_path)
    wait_until(lambda: any(part.stat().st_size for part in cache.glob("blobs/*.incomplete")))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=300)
    (part,) = files(cache)
    assert part.read_bytes() == CONTENT[: part.stat().st_size]
    kept = part.stat().st_size
    assert 0 < kept < len(CONTENT)
    server.chunk_delay = 0.0
    assert_whole(fetch(server, tmp_path), cache)
    assert ranges(server) == [None, f"bytes={kept}-"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("base", r"CC-BY-NC-4\.0, forbids commercial"),
        ("video-large", r"CC-BY-NC-4\.0, forbids commercial"),
        ("small-indoor", "state no licence"),
        ("large-outdoor", "state no licence"),
    ],
)
def test_weights_that_are_not_free_or_come_without_a_licence_are_not_fetched_before_that_is_accepted(
    name, said, server, monkeypatch
):
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    with pytest.raises(LicenceError, match=f"{said}.*--accept-license"):
        hub.fetch(catalog.get(name))
    assert server.requests == []


def test_what_progress_raises_ends_the_download(server, tmp_path, cache):
    code = (
        "from tests.inference.test_hub import *\n"
        "def stop(*_): raise KeyError('stop')\n"
        f"hub.fetch(replace(SPEC, sha256={server.sha256!r}, bytes={len(CONTENT)}), progress=stop)"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": server.endpoint}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert run.stderr.strip().splitlines()[-1] == "KeyError: 'stop'"
    assert not list(cache.glob("snapshots/*/*"))


@pytest.fixture
def held(tmp_path) -> Iterator[tuple[Path, Path]]:
    """Yield the lock of a download that another process has, and its part of the file."""
    lock, part = tmp_path / "a.lock", tmp_path / "a.incomplete"
    code = (
        "import sys, filelock as f; lock = f.FileLock(sys.argv[1]); lock.acquire(); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        yield lock, part
        other.communicate()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full stands in /dev/full")
def test_a_full_disk_is_said_with_how_much_to_free(server, tmp_path, cache):
    part = cache / "blobs" / f"{server.sha256}.incomplete"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    error = str(fetch(server, tmp_path)["error"])
    assert f"{cache.parent} is too full" in error
    assert f"Free {len(CONTENT) / 1e6:.0f} MB" in error
    assert "HF_HOME" in error
    assert "Without a network" not in error
    part.unlink()
    assert_whole(fetch(server, tmp_path), cache)


def test_the_download_of_another_process_is_reported_and_can_be_cancelled(held):
    lock, part = held
    part.write_bytes(bytes(1000))
    reports = []

    def progress(*report: int | None) -> None:
        reports.append(report)
        part.write_bytes(bytes(1000 * (1 + len(reports))))
        if len(reports) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError), hub._locked(lock, part, SPEC, progress):
        pytest.fail("the lock is another's")
    assert reports == [(1000 * count, SPEC.bytes) for count in (1, 2, 3)]


def test_a_download_that_stands_still_elsewhere_is_not_waited_for(held, monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE", 0.1)
    lock, part = held
    part.write_bytes(bytes(1000))
    with pytest.raises(DownloadError, match=r"(?i)another program") as refused, hub._locked(lock, part, SPEC, None):
        pytest.fail("the lock is another's")
    assert str(lock) in str(refused.value)
