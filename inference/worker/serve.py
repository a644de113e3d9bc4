"""The worker: `python -m inference.worker --idle SECONDS`, the process that Blender has its depth estimated by.

Requests come on stdin and answers go to stdout, as `protocol.py` defines them; everything else goes to stderr. The
model stays loaded between requests, and the process ends when it has had nothing to do for so long, or when stdin ends:
that is, with Blender, however Blender ends.
"""

import argparse
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np

from .. import catalog
from ..cache import on_disk
from ..embedded.use import made
from ..errors import (
    DepthFileError,
    DepthNodesError,
    DeviceError,
    DownloadError,
    EmbeddedDepthError,
    LicenceError,
    ModelNameError,
    OutOfMemoryError,
    PhotoError,
    WeightsError,
    first_line,
)
from ..memory import is_out_of_memory
from ..orientation import UPRIGHT
from ..picture import Photo, encode_srgb
from ..predict import Predictor
from . import answer
from .protocol import (
    Answer,
    Cancel,
    Cancelled,
    Done,
    Estimate,
    EstimateClip,
    Failed,
    Fault,
    Progress,
    ProtocolError,
    Ready,
    Stabilise,
    Stabilised,
    Stage,
    Work,
    decode,
    encode,
)

# torch, Pillow and the hub's client are imported by the first estimate, so that the worker is ready at once.

_FAULTS: dict[type[Exception], Fault] = {
    PhotoError: "photo",
    WeightsError: "weights",
    DownloadError: "download",
    LicenceError: "licence",
    DeviceError: "device",
    OutOfMemoryError: "memory",
    ModelNameError: "request",
    DepthFileError: "disk",
    EmbeddedDepthError: "embedded",
}

logger = logging.getLogger(__name__)


class _OfflineError(DepthNodesError):
    """The weights are not on disk, and the request forbids to fetch them."""


class _CancelledError(Exception):
    """The estimate at work was cancelled."""


class Worker:
    """Answers requests one after the other, and keeps the last model."""

    def __init__(self, answers: TextIO, idle: float) -> None:
        self._answers = answers
        self._idle = idle
        self._waiting: queue.Queue[Work] = queue.Queue()
        self._cancelled: set[int] = set()
        self._known: set[int] = set()  # estimates that were asked for and are not answered
        self._predictor: Predictor | None = None
        self._loaded: tuple[str, ...] = ()

    def run(self, requests: Iterable[str]) -> None:
        """Answer the lines of `requests` until there was none for the idle time. Their end ends the process at once."""
        self._say(Ready())
        threading.Thread(target=self._listen, args=(requests,), daemon=True).start()
        while True:
            try:
                request = self._waiting.get(timeout=self._idle)
            except queue.Empty:
                return
            said = self._answer(request)
            self._known.discard(request.id)
            self._cancelled.discard(request.id)
            self._say(said)
            if isinstance(said, Failed) and said.fault == "internal":
                return  # whatever broke may stay broken in this process: the next estimate starts another one

    def _listen(self, requests: Iterable[str]) -> None:
        for line in requests:
            try:
                message = decode(line)
            except ProtocolError as error:
                logger.error("%s", error)
                continue
            if isinstance(message, Work):
                self._known.add(message.id)
                self._waiting.put(message)
            elif isinstance(message, Cancel) and message.id in self._known:
                self._cancelled.add(message.id)
        os._exit(0)  # whoever asked is gone; the main thread may be deep inside the model

    def _say(self, answer: Answer) -> None:
        self._answers.write(encode(answer))
        self._answers.flush()

    def _answer(self, request: Work) -> Answer:
        """Return what became of a request. What nobody foresaw is logged with its traceback, and costs this one."""
        try:
            match request:
                case Stabilise():
                    return answer.stabilised(request, partial(self._report, request, "stabilising"))
                case EstimateClip():
                    return self._estimate_clip(request)
                case _:
                    return self._estimate(request)
        except _CancelledError:
            return Cancelled(request.id)
        except _OfflineError as error:
            return Failed(request.id, "offline", str(error))
        except DepthNodesError as error:
            return Failed(request.id, _FAULTS.get(type(error), "internal"), " ".join(str(error).split()))
        except Exception as error:  # noqa: BLE001 (the one event loop; it is logged)
            return _unforeseen(request, error)

    def _estimate(self, request: Estimate) -> Done:
        report = partial(self._report, request)
        report("loading", 0.0)
        photo = _picture(request)
        report("loading", None)
        photo, own = answer.own(request, photo)
        depth, size, start = None, 0, time.perf_counter()
        if own is None or request.embedded == "anchor":
            predictor = self._load(request)
            report("estimating", 0.0)
            start = time.perf_counter()
            depth = predictor.predict(
                photo.rgb,
                photo.validity,
                enlarge=photo.validity is not None,
                focal_length=request.focal_length or (own and own.focal_length) or photo.focal_length,
                progress=lambda fraction: report("estimating", fraction),
            )
            size = predictor.size
        found = made(photo, own, depth, enlarge=photo.validity is not None)
        seconds = time.perf_counter() - start
        report("writing", None)
        if request.upright:
            photo = replace(photo, orientation=UPRIGHT)
        return answer.done(request, found, photo, size=size, seconds=seconds)

    def _estimate_clip(self, request: EstimateClip) -> Stabilised:
        from . import clip

        report = partial(self._report, request)

        def load() -> Predictor:
            report("loading", None)
            return self._load(request)

        report("loading", 0.0)
        return clip.estimated(request, load, report)

    def _report(
        self, request: Work, stage: Stage, fraction: float | None, done: int | None = None, total: int | None = None
    ) -> None:
        if request.id in self._cancelled:
            raise _CancelledError
        self._say(Progress(request.id, stage, fraction, done, total))

    def _load(self, request: Estimate | EstimateClip) -> Predictor:
        """Return the predictor asked for: the last one where it will do, else a new one in its place."""

        def download(done: int, total: int | None) -> None:
            self._report(request, "downloading", done / total if total else None, done, total)

        wanted = (request.model, request.weights, request.device, request.precision)
        if self._predictor is None or wanted != self._loaded:
            _check_offline(request)
            self._predictor = None  # its memory first
            self._predictor = Predictor.from_catalog(
                request.model,
                device=request.device,
                dtype=request.precision,
                accept_license=request.accept_license,
                progress=download,
                weights=Path(request.weights) if request.weights else None,
            )
            self._loaded = wanted
        self._predictor.size = request.size or self._predictor.spec.trained
        return self._predictor


def _unforeseen(request: Work, error: Exception) -> Failed:
    """Log an error that is none of ours with its traceback, and return it in one line."""
    logger.error("estimate %d failed", request.id, exc_info=error)
    said = first_line(error)
    if is_out_of_memory(error):
        return Failed(
            request.id, "memory", f"There is not enough memory ({said}). Use a smaller size, or close other programs"
        )
    if isinstance(error, ImportError) or "dll" in said.lower() or "shared object" in said.lower():
        return Failed(
            request.id, "engine", f"The engine can't run the model ({said}). Set it up again, or choose another Python"
        )
    return Failed(
        request.id, "internal", f"The estimate failed ({type(error).__name__}: {said}). Copy Log has the details"
    )


def _check_offline(request: Estimate | EstimateClip) -> None:
    spec = catalog.get(request.model)
    if request.offline and not request.weights and on_disk(spec) is None:
        raise _OfflineError(
            f"{spec.title} is not on this disk, and Blender may not go online. Allow online access, choose a weights "
            "file that you have, or use the model Draft, which is built in"
        )


def _picture(request: Estimate) -> Photo:
    path = Path(request.picture)
    if path.suffix != ".npy":
        from ..photo import read_photo

        return read_photo(path)
    try:
        pixels = np.load(path, mmap_mode="r")  # (H, W, 4)
    except (OSError, ValueError) as error:
        raise PhotoError(f"The pixels of the picture can't be read ({first_line(error)}). Try again") from error
    rgb = np.nan_to_num(pixels[..., :3], posinf=1.0, neginf=0.0)
    rgb = np.clip(encode_srgb(rgb) if request.linear else rgb, 0.0, 1.0)
    alpha = np.clip(np.nan_to_num(pixels[..., 3]), 0.0, 1.0)
    return Photo(rgb, None if (alpha == 1.0).all() else alpha, request.orientation)


def own_pipes() -> tuple[TextIO, TextIO]:
    """Return stdin and stdout for messages alone.

    Whatever else is printed, by C libraries too, goes to stderr. Descriptor 0 becomes the null device: a thread of ours
    always waits in a read of that pipe, and on Windows a library that looks at the standard input while it is loaded,
    as several do, would wait behind that read for ever.
    """
    requests = os.fdopen(os.dup(0), encoding="utf-8", errors="replace")
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, answers


def main() -> None:
    """Serve until stdin ends or nothing was asked for the idle time."""
    parser = argparse.ArgumentParser(prog="python -m inference.worker", description="Estimate depth for Blender.")
    parser.add_argument("--idle", type=float, default=600.0, metavar="SECONDS", help="end after so long without work")
    options = parser.parse_args()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    requests, answers = own_pipes()
    Worker(answers, options.idle).run(requests)
