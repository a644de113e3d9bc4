"""The real worker for the suites that run in Blender's Python: the environment with torch, and a seeded model."""

import os
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.addon.enabled import client, place
from tools import environments

ROOT = Path(__file__).parents[3]

COMMAND = (str(environments.ENVIRONMENTS["inference"].executable), "-m", "inference.worker")
PATIENCE = 300.0  # seconds without a word after which a test gives up: the machine may be busy with other suites


@cache
def weights(kind: str = "small") -> Path:
    """Return Small, or the Small model for clips, with numbers from a seed; kept beside the other build products."""
    path = ROOT / "build" / "test" / f"seeded_{kind}.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")  # several suites may make it at once
        subprocess.run([COMMAND[0], "-m", "tests.seeded_weights", str(part), kind], cwd=ROOT, check=True)
        part.replace(path)
    return path


def make_client(*options: str, command: tuple[str, ...] = COMMAND, **patience: float):
    """Return a client of the real worker."""
    return client.WorkerClient((*command, *options), place.environment(), **patience)


def resident(process: int) -> int:
    """Return the memory in bytes that a process holds, as /proc says."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


def wait_for(asked, wanted: Callable[[object], bool]) -> list:
    """Poll until an answer is as wanted; return all answers until then, that one last."""
    heard = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answers = asked.poll()
        for number, answer in enumerate(answers, start=1):
            heard.append(answer)
            end = time.monotonic() + PATIENCE
            if wanted(answer):
                asked._answers[:0] = answers[number:]  # for the next to wait
                return heard
        time.sleep(0.01)
    raise TimeoutError(f"heard only {heard[-5:]}; the log says {asked.log[-2000:]}")


def outcome(asked, identifier: int):
    """Return what became of an estimate."""
    ends = ("Done", "Failed", "Cancelled")
    return wait_for(asked, lambda answer: answer.id == identifier and type(answer).__name__ in ends)[-1]
