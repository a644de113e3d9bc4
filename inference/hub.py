"""Weights from the Hugging Face hub: fetched by its own client into the user's own cache, and verified by hash."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .catalog import ModelSpec
from .errors import DownloadError, LicenceError

# huggingface_hub itself takes a fifth of a second to import, and is needed only where something has to be fetched.

Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where known

_ABANDONED_AFTER = 24 * 3600.0  # seconds without a byte; a download that lives writes more often than that


def on_disk(spec: ModelSpec) -> Path | None:
    """Return where the user's cache holds this file in its full size, or None. Never touches the network."""
    path = _snapshot(spec)
    if not path.is_file() or (spec.bytes is not None and path.stat().st_size != spec.bytes):
        return None
    return path


def fetch(spec: ModelSpec, *, accept_license: bool = False, progress: Progress | None = None) -> Path:
    """Return the weight file in the user's cache, downloading it first where it is not there.

    `progress` is called with the bytes on disk so far, perhaps from another thread; what it raises ends the download.
    A body that ends early or stalls is taken up where it broke. A process that is killed starts anew the next time,
    since the client gives every download a file of its own. What arrives appears in the cache only when it is complete,
    and is removed again if its sha256 is not the pinned one. `LicenceError` where the licence forbids commercial use
    and `accept_license` is False; `DownloadError` for everything else, with the way out in its text.
    """
    if spec.commercial is False and not accept_license:
        raise LicenceError(
            f"{spec.title} is licensed {spec.licence}, which forbids commercial use: "
            "accept that first (--accept-license), or use the model small"
        )
    path = on_disk(spec)
    if path is None:
        path = _download(spec, progress)
        _verify(path, spec)
    return path


def _snapshot(spec: ModelSpec) -> Path:
    """Return the file's place in the layout that the hub documents for its cache."""
    return _repo_folder(spec) / "snapshots" / spec.revision / spec.file


def _repo_folder(spec: ModelSpec) -> Path:
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE, f"models--{spec.repo.replace('/', '--')}")


def _download(spec: ModelSpec, progress: Progress | None) -> Path:
    from httpx2 import HTTPError
    from huggingface_hub import hf_hub_download

    _remove_abandoned(spec)
    _snapshot(spec).unlink(missing_ok=True)  # there, but not of the size it should be
    reporter = _reporter(progress) if progress else None
    try:
        return Path(hf_hub_download(spec.repo, spec.file, revision=spec.revision, tqdm_class=reporter))
    except (HTTPError, OSError, RuntimeError) as error:
        raise DownloadError(f"{spec.title}: {_reason(error)}. {_way_out(spec)}") from error


def _remove_abandoned(spec: ModelSpec) -> None:
    """Delete what killed downloads of this model left in the cache: the client writes each to a name of its own."""
    for part in _repo_folder(spec).glob("blobs/*.incomplete"):
        with suppress(FileNotFoundError):  # another process may just have finished it
            if time.time() - part.stat().st_mtime > _ABANDONED_AFTER:
                part.unlink()


def _verify(path: Path, spec: ModelSpec) -> None:
    """Delete a file that has not the catalog's hash, or the hub's own where the catalog has none."""
    expected = spec.sha256 or _hash_by_the_hub(spec)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == expected:
        return
    while path.is_symlink():
        link, path = path, path.parent / path.readlink()
        link.unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    raise DownloadError(
        f"{spec.title}: what arrived has the sha256 {found[:12]}... instead of {expected[:12]}... and was deleted. "
        "Try again; if it comes again, the server or something on the way to it changes the file"
    )


def _hash_by_the_hub(spec: ModelSpec) -> str:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    return get_hf_file_metadata(hf_hub_url(spec.repo, spec.file, revision=spec.revision)).etag or ""


def _reason(error: Exception) -> str:
    """Say in one line why the client gave up; what it met is often the cause of what it raised."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    met = error.__cause__ if isinstance(error.__cause__, Exception) and isinstance(error, FileNotFoundError) else error
    if isinstance(met, OfflineModeIsEnabled):
        return "not on disk, and HF_HUB_OFFLINE forbids to download it"
    match getattr(getattr(met, "response", None), "status_code", None):
        case None:
            return f"the download failed ({' '.join(str(met).split()) or type(met).__name__})"
        case 401 | 403 as status:
            return f"the hub refuses access (HTTP {status}): `hf auth login` logs in; check HF_TOKEN and HF_ENDPOINT"
        case 404:
            return "the hub has no such file (HTTP 404): check HF_ENDPOINT"
        case 429:
            return "the hub has had too many requests from here (HTTP 429): wait some minutes, or set HF_TOKEN"
        case status:
            return f"the hub cannot answer now (HTTP {status}): try again later"


def _way_out(spec: ModelSpec) -> str:
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(spec.repo, spec.file, revision=spec.revision)
    return f"Without a network: fetch {url} elsewhere, copy it here and name it with --weights"


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
