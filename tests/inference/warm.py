"""Runs of the command line, each in a process of its own that is forked from one whose imports are done.

Importing torch takes most of the time of a small estimate. What concerns the start of a process, its descriptors or its
signals is no matter for this: such tests start Python themselves.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from multiprocessing.context import BaseContext
from pathlib import Path


def _context() -> BaseContext:
    """Return what forks; where a process that has loaded torch can't be forked, each run starts anew."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "PIL.Image", "OpenEXR", "inference.predict", "tests.inference.warm"])
    return context


_CONTEXT = _context()
PATIENCE = 600.0  # seconds


def run(arguments: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Return how `python -m inference` ends when it is called in a folder and in an environment."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _CONTEXT.Process(target=_main, args=(arguments, str(cwd), environment, str(out), str(err)))
        process.start()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            raise TimeoutError(err.read_text(encoding="utf-8"))
        encoding = environment.get("PYTHONIOENCODING", "utf-8")
        texts = (path.read_text(encoding=encoding) for path in (out, err))
        return subprocess.CompletedProcess(arguments, process.exitcode, *texts)


def _main(arguments: list[str], cwd: str, environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding=encoding, closefd=False) for number in (1, 2))
    os.chdir(cwd)
    sys.argv[1:] = arguments
    runpy.run_module("inference", run_name="__main__", alter_sys=True)
