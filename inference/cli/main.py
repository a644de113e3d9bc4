"""Chooses the command, runs it and tells its errors. Commands import what they need themselves: help is quick."""

import faulthandler
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence

from ..errors import DepthNodesError
from . import estimate, weights
from .report import FAILED, INTERRUPTED, complain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 if anything failed, 2 if it was called wrongly."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _calm()
    command = _COMMANDS.get(arguments[0]) if arguments else None
    try:
        return command(arguments[1:]) if command else estimate.run(arguments)
    except DepthNodesError as error:
        complain(error)
        return FAILED
    except ModuleNotFoundError as error:
        complain(f"the Python package {error.name} is missing: install it for {sys.executable}")
        return FAILED
    except BrokenPipeError:  # whoever read our output has had enough; nothing is left to flush at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted; the depth files that were written are complete")
        return INTERRUPTED


def _calm() -> None:
    """Leave stderr to our own lines, and let SIGTERM end us like Ctrl-C.

    C libraries (libtiff above all) write to the process's stderr themselves while Pillow raises the same as an error:
    what they write goes nowhere, and Python's stderr, crash reports included, keeps a descriptor of its own.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _doctor(arguments: Sequence[str]) -> int:
    from . import doctor

    return doctor.run(arguments)


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "models": weights.models,
    "download": weights.download,
    "doctor": _doctor,
}
