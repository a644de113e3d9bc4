"""Weights from the Hugging Face hub: fetched through its own client into the user's own cache, and verified by hash."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .cache import on_disk, place, repo_folder
from .catalog import ModelSpec
from .errors import DownloadError, LicenceError, first_line, is_full

# huggingface_hub itself takes a fifth of a second to import, and is needed only where something has to be fetched.

Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where known

_SHA256 = re.compile(r"[0-9a-f]{64}")
PATIENCE = 120.0  # seconds without a new byte after which the download of another process is taken for dead
_LOOK_AGAIN = 0.5  # seconds between two looks at it


def fetch(spec: ModelSpec, *, accept_license: bool = False, progress: Progress | None = None) -> Path:
    """Return the weight file in the user's cache, downloading it first where it is not there.

    `progress` is called with the bytes on disk so far, perhaps from another thread; what it raises ends the download.
    A download that was cut, stopped or killed is taken up where it broke, in this call or in the next. The file appears
    in the cache only when it is complete and has the pinned sha256; otherwise what arrived is deleted. `LicenceError`
    where the licence forbids commercial use, or none is stated, and `accept_license` is False; `DownloadError` for
    everything else, with the way out in its text.
    """
    if spec.reservation and not accept_license:
        raise LicenceError(
            f"{spec.reservation}. Accept that first (--accept-license on the command line), or use the model small"
        )
    if spec.built_in:
        return place(spec)
    return on_disk(spec) or _download(spec, progress)


def check(spec: ModelSpec) -> None:
    """Ask the hub whether its file is the one that is pinned. `DownloadError` where it is not, or nothing answers."""
    from httpx2 import HTTPError

    try:
        _check_file(spec)
    except (HTTPError, OSError, RuntimeError) as error:
        raise DownloadError(f"The hub can't be asked for {spec.title}: {_reason(error)}") from error


def _download(spec: ModelSpec, progress: Progress | None) -> Path:
    """Fetch the file beside its place, and put it there.

    `hf_hub_download` would begin anew after every failure: it deletes what it could not complete. So this goes one step
    deeper, with the client's own requests, under the name at which earlier clients looked for the part of a file.
    """
    from httpx2 import HTTPError

    folder, path = repo_folder(spec), place(spec)
    part = folder / "blobs" / f"{spec.sha256}.incomplete"
    lock = folder.parent / ".locks" / folder.name / f"{spec.sha256}.lock"  # the client's, too
    try:
        _check_file(spec)  # before anything is made on disk
        for needed in (path, part, lock):
            needed.parent.mkdir(parents=True, exist_ok=True)
        with _locked(lock, part, spec, progress):
            if on_disk(spec) is None:  # another process may have brought it meanwhile
                _receive(spec, part, progress)
                _verify(part, spec)
                part.replace(path)
    except (HTTPError, OSError, RuntimeError) as error:
        if is_full(error):
            raise DownloadError(_full_disk(spec, part)) from error
        if _is_page(part):
            part.unlink()
            raise DownloadError(_no_hub(spec)) from error
        if isinstance(error, OSError) and error.filename is not None:  # of the disk, not of the network
            raise DownloadError(
                f"{spec.title} can't be kept in {folder.parent} ({first_line(error)}). "
                "Set HF_HOME to a folder that you can write to"
            ) from error
        what_next = f"{_kept(part)}{_way_out(spec)}"
        raise DownloadError(f"{spec.title} could not be downloaded: {_reason(error)}. {what_next}") from error
    return path


@contextmanager
def _locked(lock: Path, part: Path, spec: ModelSpec, progress: Progress | None) -> Iterator[None]:
    """Hold the lock of a download. While another process has it, report that one's progress.

    `DownloadError` where the other's file has not grown for `PATIENCE` seconds.
    """
    from filelock import Timeout
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # exported when first asked for

    size, quiet = -1, 0.0  # looks are counted, and not the clock, which goes on while the machine sleeps
    while True:
        with ExitStack() as held:
            try:
                held.enter_context(WeakFileLock(lock, timeout=_LOOK_AGAIN))
            except Timeout:
                now = part.stat().st_size if part.is_file() else 0
                if now != size:
                    size, quiet = now, 0.0
                elif (quiet := quiet + _LOOK_AGAIN) > PATIENCE:
                    raise DownloadError(
                        f"Another program is downloading {spec.title}, and nothing has come for {PATIENCE:.0f} s. "
                        f"End that program, or delete {lock} if there is none. Then try again"
                    ) from None
                if progress is not None:
                    progress(now, spec.bytes)
                continue
            yield
            return


def _check_file(spec: ModelSpec) -> None:
    """Ask the hub, several times if it is busy, whether its file can be the catalog's: a header tells its hash."""
    from huggingface_hub import get_hf_file_metadata

    url = _url(spec)
    found = get_hf_file_metadata(url, retry_on_errors=True)
    if found.size not in (None, spec.bytes):
        raise DownloadError(f"{url} has {found.size} bytes, but {spec.title} has {spec.bytes}. Check HF_ENDPOINT")
    if found.commit_hash is None:
        raise DownloadError(_no_hub(spec))
    if found.etag and _SHA256.fullmatch(found.etag) and found.etag != spec.sha256:
        raise DownloadError(
            f"{url} has the sha256 {found.etag[:12]}..., but {spec.title} has {spec.sha256[:12]}... Check HF_ENDPOINT"
        )


def _receive(spec: ModelSpec, part: Path, progress: Progress | None) -> None:
    """Add to `part` what it lacks of the file."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # as above

    with part.open("ab") as file:
        if file.tell() > spec.bytes:
            file.truncate(file.seek(0))
        http_get(
            _url(spec),
            file,
            resume_size=file.tell(),
            headers=build_hf_headers(),
            expected_size=spec.bytes,
            tqdm_class=_reporter(progress) if progress else None,
        )


def _verify(part: Path, spec: ModelSpec) -> None:
    """Delete a file that has not the catalog's hash."""
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == spec.sha256:
        return
    part.unlink()
    raise DownloadError(
        f"The file of {spec.title} has the sha256 {found[:12]}... instead of {spec.sha256[:12]}... and was deleted. "
        "Try again. If it happens again, the server or something on the way to it changes the file"
    )


def _is_page(part: Path) -> bool:
    """Whether what arrived is a web page: proxies and networks that want a login answer with theirs, and HTTP 200."""
    if not part.is_file():
        return False
    with part.open("rb") as file:
        return file.read(64).lstrip().lower().startswith((b"<!doctype", b"<html"))


def _no_hub(spec: ModelSpec) -> str:
    return (
        f"What answers in place of the hub is not the hub, but perhaps a proxy or a page to log in. {_way_out(spec)}. "
        "Or open a page in a browser, log in to the network, and try again"
    )


def _full_disk(spec: ModelSpec, part: Path) -> str:
    lacking = spec.bytes - (part.stat().st_size if part.is_file() else 0)
    return (
        f"The disk that holds {part.parents[2]} is too full for {spec.title}. {_kept(part)}"
        f"Free {lacking / 1e6:.0f} MB there and try again, or set HF_HOME to a folder on another disk"
    )


def _kept(part: Path) -> str:
    size = part.stat().st_size if part.is_file() else 0
    return f"The next try continues after the {size / 1e6:.0f} MB that arrived. " if size else ""


def _reason(error: Exception) -> str:
    """Say in one line why the client failed."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set"
    match getattr(getattr(error, "response", None), "status_code", None):
        case None:
            said = " ".join(str(error).split()).rstrip(".")
            return "what came is shorter than the file" if "Consistency check" in said else said or type(error).__name__
        case 401 | 403 as status:
            return f"the hub refuses access (HTTP {status}). Run `hf auth login`, or check HF_TOKEN and HF_ENDPOINT"
        case 404:
            return "the hub has no such file (HTTP 404). Check HF_ENDPOINT"
        case 429:
            return "the hub has had too many requests from here (HTTP 429). Wait some minutes, or set HF_TOKEN"
        case status:
            return f"the hub can't answer now (HTTP {status}). Try again later"


def _way_out(spec: ModelSpec) -> str:
    return (
        f"Without a network, download {_url(spec)} elsewhere, copy it here and choose it as the weights file "
        "(--weights on the command line), or use the built-in model (--model draft), which needs no download"
    )


def _url(spec: ModelSpec) -> str:
    from huggingface_hub import hf_hub_url

    return hf_hub_url(spec.repo, spec.file, revision=spec.revision)


def _reporter(progress: Progress) -> Any:
    """Return a class that the client takes for a progress bar, and that only passes its numbers on."""
    from tqdm import tqdm

    class Reporter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})
            self.total: int | None = kwargs.get("total")
            self.n = kwargs.get("initial", 0)

        def update(self, n: float | None = 1) -> None:
            self.n += int(n or 0)
            progress(self.n, self.total)

        def update_transfer(self, n: float) -> None:
            """Bytes on the wire, which the client counts apart from bytes on disk."""

    return Reporter
