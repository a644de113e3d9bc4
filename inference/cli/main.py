"""Chooses the command, runs it and tells its errors. Commands import what they need themselves: help is quick."""

import faulthandler
import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence

from ..errors import DepthNodesError, first_line
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
    except BrokenPipeError:  # whoever read our output has had enough
        _drop_stdout()
        return FAILED
    except OSError as error:  # files are read and written elsewhere, with errors of their own: this is stdout
        _drop_stdout()
        complain(f"the output can't be written ({first_line(error)})")
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted; the depth files that were written are complete")
        return INTERRUPTED


def _drop_stdout() -> None:
    """Leave nothing to flush at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _calm() -> None:
    """Make both streams take any name of a file, and let SIGTERM end us like Ctrl-C.

    Python's stderr gets a descriptor of its own: descriptor 2 is silent while libtiff is at work (see `photo`).
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    faulthandler.enable(sys.stderr)
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
