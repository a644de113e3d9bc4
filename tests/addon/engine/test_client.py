"""The client against the real worker process: answers, cancelling, and every way in which a process can fail.

What concerns the process alone is played with the built-in model in this Python, which starts in a tenth of the time
that torch takes. The tests of the model share one worker.
"""

import json
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.addon.enabled import client as module
from tests.addon.enabled import protocol
from tests.addon.engine.worker import COMMAND, PATIENCE, make_client, outcome, resident, wait_for, wait_until, weights
from tests.addon.pictures import write_photo

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX's")


BUILT_IN = (sys.executable, "-m", "inference.worker")  # torch is not installed here, so numpy runs it
LONG = 736  # pixels: about two seconds of the built-in model, and near the most that it sees
TORCH_LONG = 1022  # the same in the engine
WRITES_HALF = """
import runpy, sys, time
import numpy

def half(file, array):
    file.write(b"\\x93NUMPY")
    file.flush()
    print("half is written", file=sys.stderr, flush=True)
    time.sleep(3600)

numpy.save = half
runpy.run_module("inference.worker", run_name="__main__")
"""


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here needs Blender."""


@pytest.fixture
def photo(tmp_path) -> Path:
    return write_photo(tmp_path / "photo.png")


@pytest.fixture
def client():
    made = make_client(command=BUILT_IN)
    yield made
    made.close()


@pytest.fixture(scope="module")
def with_torch():
    """A client of the engine, whose worker stays warm from test to test."""
    made = make_client()
    yield made
    made.close()


def estimate(client, photo: Path, identifier: int = 1, **fields):
    """An estimate by the built-in model, or in the engine by Small with numbers from a seed."""
    by_torch = client._command[0] == COMMAND[0]
    given = {"model": "small", "weights": str(weights())} if by_torch else {"model": "draft"}
    given |= {"size": 70, "device": "cpu", **fields}
    return protocol.Estimate(identifier, str(photo), str(client.folder), **given)


def assert_works(client, photo: Path, identifier: int = 99) -> None:
    client.request(estimate(client, photo, identifier))
    done = outcome(client, identifier)
    assert isinstance(done, protocol.Done), done
    assert np.isfinite(np.load(done.values)).all()


def pid(client) -> int:
    return client._process._process.pid


def gone(process: int) -> bool:
    """Whether a process has ended and was waited for: a zombie still takes signals."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_an_estimate_is_answered_with_its_depth(with_torch, photo):
    with_torch.request(estimate(with_torch, photo, 7))
    heard = wait_for(with_torch, lambda answer: isinstance(answer, protocol.Done))
    stages = list(dict.fromkeys(answer.stage for answer in heard[:-1]))
    assert stages == ["loading", "estimating", "writing"]
    fractions = [answer.fraction for answer in heard[:-1] if answer.stage == "estimating"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    done = heard[-1]
    values = np.load(done.values)
    assert (done.id, done.kind, done.validity) == (7, "disparity", "")
    assert (done.raw_min, done.raw_max) == (values.min(), values.max())
    assert min(values.shape) == 70  # the size at which the model saw it
    assert not with_torch.is_busy


def test_the_model_stays_loaded_and_the_size_changes(with_torch, photo):
    with_torch.request(estimate(with_torch, photo, 1))
    outcome(with_torch, 1)
    process = pid(with_torch)
    with_torch.request(estimate(with_torch, photo, 2, size=140))
    assert min(np.load(outcome(with_torch, 2).values).shape) == 140
    assert pid(with_torch) == process


def test_several_are_answered_in_order(client, photo):
    for identifier in (3, 1, 2):
        client.request(estimate(client, photo, identifier))
    heard = wait_for(client, lambda answer: isinstance(answer, protocol.Done) and answer.id == 2)
    assert [answer.id for answer in heard if isinstance(answer, protocol.Done)] == [3, 1, 2]


def test_cancelling_spares_the_others(with_torch, photo):
    assert_works(with_torch, photo)
    with_torch.request(estimate(with_torch, photo, 1, size=TORCH_LONG))
    with_torch.request(estimate(with_torch, photo, 2))
    wait_for(with_torch, lambda answer: answer.id == 1 and answer.stage == "estimating")
    with_torch.cancel(1)
    assert isinstance(outcome(with_torch, 1), protocol.Cancelled)
    assert isinstance(outcome(with_torch, 2), protocol.Done)


def test_a_worker_that_goes_on_is_ended_within_half_a_second():
    assert module.PATIENCE < 0.5


def test_one_that_waits_is_cancelled_without_being_begun(client, photo):
    client.request(estimate(client, photo, 1))
    client.request(estimate(client, photo, 2))
    client.cancel(2)
    heard = wait_for(client, lambda answer: isinstance(answer, protocol.Cancelled))
    assert not [answer for answer in heard if answer.id == 2 and isinstance(answer, protocol.Progress)]
    assert_works(client, photo)


def test_cancelling_one_that_waits_spares_the_one_at_work(client, photo):
    client.request(estimate(client, photo, 1, size=400))
    client.request(estimate(client, photo, 2))
    wait_for(client, lambda answer: answer.id == 1 and answer.stage == "estimating")
    process = pid(client)
    client.cancel(2)
    assert [type(answer).__name__ for answer in client.poll() if answer.id == 2] == ["Cancelled"]
    time.sleep(2 * module.PATIENCE)
    assert isinstance(outcome(client, 1), protocol.Done)
    assert pid(client) == process
    assert_works(client, photo)


@pytest.mark.parametrize(
    ("command", "fault", "said"),
    [
        ((str(Path(__file__).with_name("no") / "python"), "-m", "inference.worker"), "engine", "Set up the engine"),
        ((BUILT_IN[0], "-c", "raise SystemExit('its base is gone')"), "engine", "its base is gone"),
        ((BUILT_IN[0], "-c", 'while True: print(\'{"type": "Done"}\', flush=True); input()'), "internal", "unreadable"),
    ],
    ids=["gone", "does not start", "garbage on stdout"],
)
def test_an_engine_that_is_none_fails_and_can_be_replaced(photo, command, fault, said):
    client = make_client(command=command)
    try:
        client.request(estimate(client, photo, 1))
        failed = outcome(client, 1)
        assert (type(failed), failed.fault) == (protocol.Failed, fault)
        assert said in failed.message
        client._command = list(BUILT_IN)
        assert_works(client, photo)
    finally:
        client.close()


READY = '{"type": "Ready"}'


def ends(said: str, code: int) -> str:
    """Return a worker that says something on stderr and ends, once it is asked."""
    return f"import sys; print({READY!r}, flush=True); input(); sys.stderr.write({said!r}); sys.exit({code})"


@pytest.mark.parametrize(
    ("said", "code", "fault", "expected"),
    [
        ("RuntimeError: CUDA error: no kernel\nCompile with `TORCH_USE_CUDA_DSA`\n", 1, "internal", "no kernel"),
        ("Traceback:\n  x\nAssertionError\n", 1, "internal", "(AssertionError)"),
        ("terminate called after throwing\n  what():  std::bad_alloc\n", 6, "memory", "std::bad_alloc"),
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\nhint\n",
            1,
            "memory",
            "Tried to allocate",
        ),
        ("", 3, "internal", "code 3"),
    ],
)
def test_a_crash_is_shown_by_the_first_line_of_its_exception(photo, said, code, fault, expected):
    client = make_client(command=(BUILT_IN[0], "-c", ends(said, code)))
    try:
        client.request(estimate(client, photo, 1))
        failed = outcome(client, 1)
        assert (type(failed), failed.fault) == (protocol.Failed, fault)
        assert expected in failed.message
        assert "TORCH_USE_CUDA_DSA" not in failed.message
        assert "\n" not in failed.message
    finally:
        client.close()


def test_an_answer_that_names_a_file_outside_of_its_folder_is_not_read(photo, tmp_path):
    """The engine may answer only with what it wrote where it was asked to."""
    said = {"type": "Done", "id": 1, "values": str(tmp_path / "secret.npy"), "validity": "", "kind": "disparity"}
    said |= {"raw_min": 0.0, "raw_max": 1.0, "model": "small", "revision": "", "width": 4, "height": 3, "seconds": 0.1}
    code = f"print({READY!r}, flush=True); input(); print({json.dumps(said)!r}, flush=True); input()"
    client = make_client(command=(BUILT_IN[0], "-c", code))
    try:
        client.request(estimate(client, photo, 1))
        failed = outcome(client, 1)
        assert (type(failed), failed.fault) == (protocol.Failed, "internal")
        assert "unreadable" in failed.message
    finally:
        client.close()


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_time_in_which_the_machine_sleeps_is_not_silence(photo, monkeypatch):
    """On Windows the clock goes on while the machine sleeps: the worker that wakes up is not taken for hung."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    client = make_client(command=(BUILT_IN[0], "-c", "input(); input()"), silence=5.0)
    try:
        client.request(estimate(client, photo, 1))
        assert client.poll() == []
        clock.now += 8 * 3600.0
        assert client.poll() == []
        for _ in range(8):
            clock.now += 1.0
            answers = client.poll()
            if answers:
                break
        assert [answer.fault for answer in answers] == ["internal"]
        assert clock.now > 1000.0 + 8 * 3600.0 + 3.0
    finally:
        client.close()


def test_a_swept_temporary_folder_is_replaced_by_a_private_one(client, photo):
    assert_works(client, photo, 1)
    former = client.folder
    for path in former.iterdir():
        path.unlink()
    former.rmdir()
    assert client.folder.is_dir()
    assert client.folder != former
    assert_works(client, photo, 2)


@posix
def test_a_folder_that_somebody_else_made_in_the_place_of_ours_is_never_used(client, tmp_path):
    former = client.folder
    assert former.stat().st_mode & 0o077 == 0
    former.rmdir()
    former.symlink_to(tmp_path)
    assert client.folder != former
    assert client.folder.stat().st_mode & 0o077 == 0
    client.close()
    assert former.is_symlink()
    former.unlink()


def test_cancelling_what_is_done_or_unknown_is_no_error(client, photo):
    assert_works(client, photo, 5)
    client.cancel(5)
    client.cancel(1234)
    assert_works(client, photo, 6)


@posix
@pytest.mark.parametrize("stage", ["loading", "estimating"])
def test_a_killed_worker_costs_one_estimate(client, photo, stage):
    client.request(estimate(client, photo, 1, size=LONG))
    client.request(estimate(client, photo, 2))
    wait_for(client, lambda answer: answer.id == 1 and answer.stage == stage)
    killed = pid(client)
    os.kill(killed, signal.SIGKILL)
    first = outcome(client, 1)
    assert (type(first), first.fault) == (protocol.Failed, "memory")  # who else kills it
    assert "memory runs out" in first.message
    assert "try again" in first.message.lower()
    assert isinstance(outcome(client, 2), protocol.Done)
    assert gone(killed)


@posix
def test_a_worker_killed_while_it_writes_leaves_no_array(photo):
    client = make_client(command=(BUILT_IN[0], "-c", WRITES_HALF))
    try:
        client.request(estimate(client, photo, 1))
        wait_until(lambda: "half is written" in client.log)
        os.kill(pid(client), signal.SIGKILL)
        assert isinstance(outcome(client, 1), protocol.Failed)
        assert list(client.folder.rglob("*.npy")) == []
        client._command = list(BUILT_IN)
        assert_works(client, photo)
    finally:
        client.close()


@posix
def test_a_hung_worker_is_ended(photo):
    client = make_client(command=BUILT_IN, silence=1.5)
    try:
        client._silence = PATIENCE
        assert_works(client, photo)
        client._silence = 1.5
        os.kill(pid(client), signal.SIGSTOP)
        client.request(estimate(client, photo, 1))
        failed = outcome(client, 1)
        assert (type(failed), failed.fault) == (protocol.Failed, "internal")
        client._silence = PATIENCE
        assert_works(client, photo)
    finally:
        client.close()


@posix
def test_a_stopped_worker_can_be_cancelled(client, photo):
    assert_works(client, photo)
    os.kill(pid(client), signal.SIGSTOP)
    client.request(estimate(client, photo, 1))
    client.cancel(1)
    assert isinstance(outcome(client, 1), protocol.Cancelled)
    assert_works(client, photo)


def test_a_python_without_the_packages_says_which_is_missing(photo):
    client = make_client(command=(BUILT_IN[0], "-S", *BUILT_IN[1:]))  # -S: the standard library alone
    try:
        client.request(estimate(client, photo, 1))
        failed = outcome(client, 1)
        assert isinstance(failed, protocol.Failed)
        assert "numpy" in failed.message
    finally:
        client.close()


@posix
def test_a_full_disk_is_told(photo):
    limited = ("/bin/sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *BUILT_IN)  # 4 kB a file
    client = make_client(command=limited)
    try:
        client.request(estimate(client, photo, 1, size=140))
        failed = outcome(client, 1)
        assert (type(failed), failed.fault) == (protocol.Failed, "disk")
        assert list(client.folder.iterdir()) == []
        client._command = list(BUILT_IN)
        os.kill(pid(client), signal.SIGKILL)
        assert_works(client, photo)
    finally:
        client.close()


def test_too_large_a_size_is_refused_with_one_that_fits(with_torch, photo):
    with_torch.request(estimate(with_torch, photo, 1, size=14 * 4000))
    failed = outcome(with_torch, 1)
    assert (type(failed), failed.fault) == (protocol.Failed, "photo")
    assert "at most" in failed.message
    assert_works(with_torch, photo)


def test_a_licence_that_was_not_accepted_is_the_fault_licence(with_torch, photo):
    with_torch.request(estimate(with_torch, photo, 500, model="base", weights="", offline=False))
    assert outcome(with_torch, 500).fault == "licence"


def test_weights_that_are_not_on_disk_are_not_fetched_offline(client, photo, tmp_path):
    client._environment |= {"HF_HOME": str(tmp_path)}
    client.request(estimate(client, photo, 1, model="small"))
    failed = outcome(client, 1)
    assert (type(failed), failed.fault) == (protocol.Failed, "offline")
    assert_works(client, photo)


def test_bad_weights_cost_nothing_but_their_own_estimate(with_torch, photo, tmp_path):
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(weights().read_bytes()[:10_000_000])
    corrupt = tmp_path / "corrupt.safetensors"
    corrupt.write_bytes(b"\xff" * 1000)
    for identifier, (path, model) in enumerate(
        [(truncated, "small"), (corrupt, "small"), (weights(), "base")], start=1
    ):
        with_torch.request(estimate(with_torch, photo, identifier, weights=str(path), model=model))
        failed = outcome(with_torch, identifier)
        assert (type(failed), failed.fault) == (protocol.Failed, "weights"), path
    assert_works(with_torch, photo)


def hostile_files() -> dict[str, bytes]:
    """Safetensors files that try to have something read that isn't theirs: a length, a JSON header, the numbers."""

    def file(header: object, numbers: bytes = bytes(16)) -> bytes:
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + numbers

    def tensor(begin: int, end: int, **changes: object) -> dict:
        return {"dtype": "F32", "shape": [2, 2], "data_offsets": [begin, end], **changes}

    return {
        "header too long": struct.pack("<Q", 2**63) + b"{}",
        "header longer than the file": struct.pack("<Q", 1000) + b"{}",
        "no header": b"\x01",
        "not JSON": struct.pack("<Q", 4) + b"\x80\x04K\x01",  # the beginning of a pickle
        "not a table": file([1, 2]),
        "past the end": file({"a": tensor(0, 1 << 40, shape=[1 << 38])}),
        "two over one another": file({"a": tensor(0, 16), "b": tensor(0, 16)}),
        "backwards": file({"a": tensor(16, 0)}),
        "negative": file({"a": tensor(-16, 0)}),
        "shape of another size": file({"a": tensor(0, 16, shape=[1 << 31, 1 << 31])}),
        "unknown type": file({"a": tensor(0, 16, dtype="OBJECT")}),
        "whole, of another model": file({"a": tensor(0, 16)}),
    }


def test_hostile_weights_are_refused(with_torch, photo, tmp_path):
    for identifier, (name, content) in enumerate(hostile_files().items(), start=1):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(content)
        with_torch.request(estimate(with_torch, photo, identifier, weights=str(path)))
        failed = outcome(with_torch, identifier)
        assert (type(failed), failed.fault) == (protocol.Failed, "weights"), name
    assert_works(with_torch, photo, 9999)


def test_a_damaged_photo_is_the_fault_photo(client, photo, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(photo.read_bytes()[:100])
    client.request(estimate(client, cut, 1))
    assert outcome(client, 1).fault == "photo"
    assert_works(client, photo)


def test_an_idle_worker_ends_and_the_next_estimate_starts_another(photo):
    client = make_client("--idle", "0.5", command=BUILT_IN)
    try:
        assert_works(client, photo, 1)
        first = pid(client)
        wait_until(lambda: client.poll() == [] and client._process is None)
        assert gone(first)
        assert_works(client, photo, 2)
    finally:
        client.close()


def test_a_request_that_meets_the_end_of_an_idle_worker_is_not_lost(photo):
    client = make_client("--idle", "0.5", command=BUILT_IN)
    try:
        assert_works(client, photo, 1)
        client._process._process.wait(timeout=PATIENCE)  # and nobody has looked
        client.request(estimate(client, photo, 2))
        assert isinstance(outcome(client, 2), protocol.Done)
    finally:
        client.close()


def test_closing_leaves_no_process_thread_or_file(photo):
    before = set(threading.enumerate())
    client = make_client(command=BUILT_IN)
    assert_works(client, photo)
    client.request(estimate(client, photo, 1, size=LONG))
    process, folder = pid(client), client.folder
    client.close()
    assert gone(process)
    assert not folder.exists()
    assert set(threading.enumerate()) <= before


@posix
def test_the_worker_ends_with_whoever_started_it(photo):
    client = make_client(command=BUILT_IN)
    client.request(estimate(client, photo, 1, size=LONG))
    wait_for(client, lambda answer: answer.stage == "estimating")
    process = client._process._process
    process.stdin.close()  # what the system does when Blender dies
    process.wait(timeout=PATIENCE)
    client.close()


@posix
def test_sixty_estimates_take_no_more_memory_than_twenty(with_torch, photo):
    if not Path("/proc/self/statm").exists():
        pytest.skip("resident memory is read from /proc")
    sizes = {}
    for identifier in range(1001, 1061):
        with_torch.request(estimate(with_torch, photo, identifier))
        done = outcome(with_torch, identifier)
        os.unlink(done.values)
        if identifier in (1020, 1060):
            sizes[identifier] = resident(pid(with_torch)), resident(os.getpid())
    for early, late in zip(sizes[1020], sizes[1060], strict=True):
        assert late - early < 10 << 20
