"""Estimates under way: what is waiting, how far each is, and what to do with its result, on the main thread.

Each engine that is used has one worker. Nothing here waits: whoever wants results calls `poll` from time to time.
"""

import shutil
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Literal

import bpy
from bpy.app.handlers import persistent

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.worker import protocol  # type: ignore[import-not-found]
from ..depth import image as depth_image
from ..errors import DepthNodesError, EmbeddedDepthError, EngineError, EstimateError, PhotoError, in_one_line
from . import asking, handover, own_depth, place, postponed, settings, setup
from .client import WorkerClient
from .folder import look_at_disk

OnClip = Callable[[protocol.Stabilised], object]
State = Literal["waiting", "done", "failed", "cancelled"]
_FAULTS: dict[type, protocol.Fault] = {
    EngineError: "engine",
    PhotoError: "photo",
    EstimateError: "licence",
    EmbeddedDepthError: "embedded",
}
_STEP, _INTERVAL = 0.01, 0.05  # seconds between two looks: while a script waits, and where no operator looks


@dataclass
class Job:
    """One estimate. `on_depth` gets the depth image once it is written; `text` and `fraction` say how far it is."""

    identifier: int
    image_uid: int
    name: str
    settings: settings.Settings
    on_depth: Callable[[bpy.types.Image], object] | None = None
    on_clip: OnClip | None = None
    raw: str = ""
    state: State = "waiting"
    text: str = "Starting"
    fraction: float | None = None
    error: str = ""
    fault: protocol.Fault | None = None
    depth_uid: int = 0
    relief_uid: int = 0  # of the relief that `on_depth` added and returned, if it did
    seconds: float = field(default=0.0)  # in the model alone


_clients: dict[tuple[Path, float], WorkerClient] = {}  # by the Python of the engine, and the idle time
_jobs: dict[int, Job] = {}
_identifiers = count(1)
_last_failed: Job | None = None
_log: deque[str] = deque(maxlen=20)  # tracebacks


def submit(
    image: bpy.types.Image,
    wanted: settings.Settings,
    *,
    on_depth: Callable[[bpy.types.Image], object] | None = None,
    frame: int = 1,
    raw: str = "",
    source: str = "",
) -> Job:
    """Have the depth of an image estimated. Raises DepthNodesError for what can't be begun.

    on_depth: as in `Job`. frame: as in `handover.hand_over`. raw, source: of a clip's frame, as in the protocol.
    """
    global _last_failed
    own = own_depth.of(image) if wanted.own_depth and not raw else None
    wanted = replace(wanted, invert=False) if own else wanted  # it says itself what is near
    job = Job(next(_identifiers), image.session_uid, image.name, wanted, on_depth, raw=raw)
    try:
        client = _worker(asking.engine_for(image, wanted, own))
        folder = client.folder / str(job.identifier)
        folder.mkdir(parents=True)
        asked, given = asking.ask(image, wanted, own, job.identifier, folder, frame=frame, raw=raw, source=source)
    except DepthNodesError as error:
        _clear(job.identifier)
        _fail(job, _FAULTS.get(type(error), "internal"), str(error))
        raise
    except (OSError, MemoryError) as error:
        _clear(job.identifier)
        short = isinstance(error, MemoryError)
        way_out = "Close other programs, or scale the picture down" if short else look_at_disk()
        problem = f"{image.name} can't be handed to the engine ({in_one_line(error)}). {way_out}"
        _fail(job, "memory" if short else "disk", problem)
        raise EstimateError(job.error) from error
    _last_failed, _jobs[job.identifier] = None, job
    client.request(asked)
    handover.refresh(image, given)
    return job


def submit_clip(image: bpy.types.Image, wanted: settings.Settings, asked: protocol.Work, on_clip: OnClip) -> Job:
    """Have a clip's files made, and `on_clip` called with the answer. Raises DepthNodesError for what can't begin."""
    settings.check(wanted)
    job = Job(next(_identifiers), image.session_uid, image.name, wanted, on_clip=on_clip)
    try:
        client = _worker(settings.engine_of(catalog.get(wanted.model)))
    except OSError as error:  # no place for its temporary folder
        problem = f"{image.name} can't be handed to the engine ({in_one_line(error)}). {look_at_disk()}"
        raise EstimateError(problem) from error
    client.request(replace(asked, id=job.identifier))
    forget_failure()
    _jobs[job.identifier] = job
    return job


def submit_later(
    uid: int, wanted: settings.Settings, on_depth: Callable[[bpy.types.Image], object] | None, frame: int
) -> Job:
    """Submit an image by its `session_uid`, whatever became of the file since. Raises DepthNodesError, as `submit`."""
    image = depth_image.find(uid)
    if image is None:
        raise PhotoError("The photo is not in the file any more. Open it again")
    return submit(image, wanted, on_depth=on_depth, frame=frame)


def waiting() -> list[Job]:
    """Return the jobs that are not over, the one at work first."""
    return list(_jobs.values())


def last_failed() -> Job | None:
    """Return the job that failed last, until one is submitted or `forget_failure` is called."""
    return _last_failed


def forget_failure() -> None:
    """Stop showing the last failure."""
    global _last_failed
    _last_failed = None


def cancel(job: Job) -> None:
    """Cancel a job; it ends within half a second."""
    if job.identifier in _jobs:
        job.text = "Cancelling"
        for client in _clients.values():
            client.cancel(job.identifier)  # only one of them knows it


def withdraw(job: Job) -> None:
    """Cancel a job that nobody waits for any more: it is over at once."""
    cancel(job)
    job.state = "cancelled"
    _jobs.pop(job.identifier, None)
    poll_until_idle()


def poll() -> bool:
    """Take in what the worker has said, and finish the jobs that are ready. Return whether anything changed."""
    answers = [answer for client in _clients.values() for answer in client.poll()]
    for answer in answers:
        job = _jobs.get(answer.id)
        if isinstance(answer, protocol.Progress):
            if job is not None:
                _progress(job, answer)
            continue
        _jobs.pop(answer.id, None)
        if job is not None:
            _conclude(job, answer)
        _clear(answer.id)
    return bool(answers)


def _conclude(job: Job, answer: protocol.Done | protocol.Stabilised | protocol.Failed | protocol.Cancelled) -> None:
    """Finish a job by its answer. Whatever goes wrong with one fails that one: the others' answers are in line."""
    try:
        if isinstance(answer, protocol.Done) and job.raw:
            job.seconds, job.state = answer.seconds, "done"
        elif isinstance(answer, protocol.Done):
            _finish(job, answer)
        elif isinstance(answer, protocol.Stabilised):
            job.on_clip(answer)  # type: ignore[misc]  # what asked for a clip gave it
            job.state = "done"
        elif isinstance(answer, protocol.Failed):
            _fail(job, answer.fault, answer.message)
        else:
            job.state = "cancelled"
    except Exception as error:  # noqa: BLE001  the event loop, where the traceback goes into the log
        _log.append(traceback.format_exc())
        problem = f"The depth of {job.name} could not be used ({in_one_line(error)}). Copy Log has the details"
        _fail(job, "internal", problem)


def poll_until_idle() -> None:
    """Poll from time to time until nothing is under way: for what was cancelled and has no operator any more."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=_INTERVAL, persistent=True)


def _look() -> float | None:
    if poll():
        setup.redraw()
    return _INTERVAL if any(client.is_busy for client in _clients.values()) else None


def wait(job: Job) -> None:
    """Block until a job is over: for scripts and background mode. Ctrl-C cancels it."""
    try:
        while job.state == "waiting":
            poll()
            time.sleep(_STEP)
    except KeyboardInterrupt:
        cancel(job)
        raise


def free_memory() -> None:
    """End the workers that have nothing to do; the next estimate starts another."""
    for key in [key for key, client in _clients.items() if not client.is_busy]:
        _clients.pop(key).close()


def log() -> str:
    """Return what the workers said on stderr, and where in our own code a job failed."""
    return "\n".join(filter(None, (*(client.log for client in _clients.values()), *_log)))


def _worker(used: place.Engine) -> WorkerClient:
    """Return the client of an engine; those of other engines go once they have nothing to do."""
    wanted = (used.python, idle := 60.0 * settings.preferences().idle_minutes)
    if wanted not in _clients:
        free_memory()
        settings.note_use(used)
        _clients[wanted] = WorkerClient(used.command(idle), used.environment())
    return _clients[wanted]


def _progress(job: Job, said: protocol.Progress) -> None:
    job.text, job.fraction = said.stage.capitalize(), said.fraction
    if said.stage == "downloading" and said.done is not None:
        total = f" of {said.total / 1e6:.0f}" if said.total else ""
        job.text = f"Downloading {said.done / 1e6:.0f}{total} MB"


def _finish(job: Job, done: protocol.Done) -> None:
    image = depth_image.find(job.image_uid)
    if image is None:
        _fail(job, "photo", f"{job.name} was removed while its depth was estimated. Nothing was changed")
        return
    job.seconds = done.seconds
    try:
        depth = handover.store(image, done, invert=job.settings.invert)
        job.depth_uid = depth.session_uid
        if job.on_depth is not None:
            job.relief_uid = getattr(job.on_depth(depth), "session_uid", 0)
    except (DepthNodesError, ReferenceError) as error:  # the latter: what the result was for is gone
        gone = "The object was deleted while its depth was estimated. The depth image was kept; assign it manually"
        _fail(job, "internal", gone if isinstance(error, ReferenceError) else str(error))
        return
    job.state = "done"


def _fail(job: Job, fault: protocol.Fault, text: str) -> None:
    global _last_failed
    job.state, job.fault, job.error = "failed", fault, text
    _last_failed = job


def _clear(identifier: int) -> None:
    """Remove the files of a job that is over."""
    for client in _clients.values():
        with suppress(OSError):  # it was swept, and another can't be made now
            shutil.rmtree(client.folder / str(identifier), ignore_errors=True)  # else it goes with the folder


@persistent  # type: ignore[untyped-decorator]
def _drop_all(*_: object) -> None:
    """Forget every job: nothing that they were for exists any more."""
    for job in waiting():
        withdraw(job)
    forget_failure()
    postponed.forget()


def register() -> None:
    bpy.app.handlers.load_pre.append(_drop_all)


def unregister() -> None:
    bpy.app.handlers.load_pre.remove(_drop_all)
    _drop_all()
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
    while _clients:
        _clients.popitem()[1].close()
