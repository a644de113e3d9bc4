"""Chooses the command, runs it and tells its errors. Commands import what they need themselves: help is quick."""

import faulthandler
import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress

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
        complain(f"The Python package {error.name} is missing. Install it for {sys.executable}")
        return FAILED
    except BrokenPipeError:  # whoever read our output has had enough
        _drop_stdout()
        return FAILED
    except OSError as error:  # files are read and written elsewhere, with errors of their own: this is stdout
        _drop_stdout()
        complain(f"The output can't be written ({first_line(error)}). Check where it goes")
        return FAILED
    except KeyboardInterrupt:
        complain("Interrupted. The depth files that were written are complete")
        return INTERRUPTED


def _drop_stdout() -> None:
    """Leave nothing to flush at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _Stderr(io.TextIOWrapper):
    """Text to stderr, or to nowhere: a full disk or a closed terminal never ends what else can be done."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            super().write(text)
        return len(text)


def _calm() -> None:
    """Make both streams take any name of a file, and let SIGTERM end us like Ctrl-C.

    Python's stderr gets a descriptor of its own: descriptor 2 is silent while libtiff is at work (see `photo`).
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # closed, so that the next file to be opened would get its number, and native messages
            os.open(os.devnull, os.O_RDWR)
    raw = os.fdopen(os.dup(2), "wb", buffering=0)
    sys.stderr = _Stderr(raw, encoding="utf-8", errors="backslashreplace", write_through=True)
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


def _video(arguments: Sequence[str]) -> int:
    from . import video

    return video.run_video(arguments)


def _mesh(arguments: Sequence[str]) -> int:
    from . import mesh

    return mesh.run(arguments)


def _prior(arguments: Sequence[str]) -> int:
    from . import prior

    return prior.run(arguments)


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "models": weights.models,
    "download": weights.download,
    "doctor": _doctor,
    "video": _video,
    "mesh": _mesh,
    "prior": _prior,
}
