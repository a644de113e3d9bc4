"""Many photos, one model: which file becomes which, and reading, predicting and writing side by side."""

import glob
import logging
import os
import sys
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .. import model
from ..background import of_photo
from ..catalog import ModelSpec
from ..constraint import frame
from ..embedded.embedded import Embedded
from ..embedded.read import brought
from ..embedded.use import Made, made
from ..errors import DepthFileError, DepthNodesError, EmbeddedDepthError, PhotoError, first_line
from ..io import BACKGROUND_SUFFIX, NORMALS_SUFFIX, SHARP_SUFFIXES, SUFFIXES, Format, write_depth, write_sharp
from ..photo import MAX_PIXELS, PHOTO_SUFFIXES, read_photo
from ..picture import Photo
from ..worker.protocol import Own

if TYPE_CHECKING:
    from ..depth import Depth
    from ..predict import Predictor

log = logging.getLogger(__name__)

_Made = TypeVar("_Made")
_Read = tuple[Photo, Embedded | None]
_FORMAT_OF: dict[str, Format] = {".exr": "exr", ".npy": "npy", ".png": "png16"}
_AHEAD = 2  # photos read, and depths not yet written, beside the one in the model


@dataclass(frozen=True)
class Job:
    """One photo and the depth file to make of it, with what lies behind its edges if wanted."""

    photo: Path
    output: Path
    file_format: Format
    background: bool = False


@dataclass(frozen=True, eq=False)
class Done:
    """A depth file that is on disk, and the seconds that the model took for it, or what became of the photo's own."""

    job: Job
    made: Made
    seconds: float

    @property
    def depth(self) -> "Depth":
        """What the file holds."""
        return self.made.depth


@dataclass(frozen=True)
class Failed:
    """A photo that came to nothing."""

    photo: Path
    error: DepthNodesError


def plan(
    photos: Sequence[str], output: str | None = None, file_format: Format | None = None, *, background: bool = False
) -> tuple[list[Job], list[Failed]]:
    """Say which depth file each of the named files, folders and glob patterns becomes.

    Without `output` each lies beside its photo. `output` is a file for the one photo there is, or a folder, which is
    made. An output that makes no sense raises `DepthFileError`; what cannot become a job is returned beside the jobs.
    """
    paths, failed = _expand(photos)
    folder, file, file_format = _target(output, file_format, one_photo=len(paths) == 1 and Path(photos[0]) == paths[0])
    if background and file_format != "exr":
        raise DepthFileError(
            f"--background needs the format exr, and this is {file_format}. Choose another -o or --format"
        )
    jobs: list[Job] = []
    taken = {_identity(path): path for path in paths}
    for path in paths:
        job = Job(path, file or (folder or path.parent) / (path.stem + SUFFIXES[file_format]), file_format, background)
        other = taken.setdefault(_identity(job.output), path)
        if _identity(job.output) == _identity(other):
            failed.append(
                Failed(
                    path,
                    DepthFileError(f"The depth of {path} would overwrite the photo {other}. Use -o"),
                )
            )
        elif other is not path:
            message = f"{path} would get the depth file of {other}, {job.output}. Run it alone, with -o"
            failed.append(Failed(path, DepthFileError(message)))
        else:
            jobs.append(job)
    return jobs, failed


def make_all(
    jobs: Sequence[Job],
    spec: ModelSpec,
    load: Callable[[], "Predictor"],
    *,
    max_pixels: int = MAX_PIXELS,
    control_sides: tuple[int | None, int | None] = (None, None),
    focal_length: float | None = None,
    own: Own = "",
    normals: bool = False,
) -> Iterator[Done | Failed]:
    """Make every depth file, and yield what came of each.

    control_sides: `resolution` and `multiple` of `constraint.frame`, for a controlnet map.
    load: loads the model `spec`; called once, when the first photo has been read. Its error ends the run; any other
    costs its own photo alone. focal_length: of all photos, as in `Predictor.predict`; else what each file says.
    own: what becomes of the depth that the photos bring, which each of them then has to; "use" loads no model.
    normals: whether to make them too. The next photos are read and the last depths written while the model works.
    """
    with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "write") as writer:
        reading = _read_ahead(jobs, reader, max_pixels, own)
        if own != "use":
            model.family(spec)  # importing torch takes longer than reading the first photo
        predictor: Predictor | None = None
        writing: deque[tuple[Done, Future[None]]] = deque()
        for job, photo in reading:
            try:
                picture, own_depth = photo.result()
            except (PhotoError, EmbeddedDepthError) as error:
                yield Failed(job.photo, error)
                continue
            if own != "use":
                predictor = predictor or load()
            start = time.perf_counter()
            found = _tried(job, partial(_depth, predictor, picture, own_depth, focal_length, normals))
            if isinstance(found, Failed):
                yield found
                continue
            done = Done(job, found, time.perf_counter() - start)
            writing.append((done, writer.submit(_write, done, picture, control_sides)))
            if len(writing) > _AHEAD:
                yield _written(*writing.popleft())
        for done, written in writing:
            yield _written(done, written)


def _read_ahead(
    jobs: Sequence[Job], reader: ThreadPoolExecutor, max_pixels: int, own: Own
) -> Iterator[tuple[Job, Future[_Read]]]:
    """Yield the jobs in order. The first are being read when this returns, each other one when its turn comes near."""

    def read(job: Job) -> _Read:
        photo = read_photo(job.photo, max_pixels=max_pixels)
        return brought(job.photo, photo, metric=own == "anchor") if own else (photo, None)

    submitted = deque((job, reader.submit(read, job)) for job in jobs[:_AHEAD])

    def rest() -> Iterator[tuple[Job, Future[_Read]]]:
        for job in jobs[_AHEAD:]:
            yield submitted.popleft()
            submitted.append((job, reader.submit(read, job)))
        yield from submitted

    return rest()


def _depth(
    predictor: "Predictor | None", photo: Photo, own: Embedded | None, focal_length: float | None, normals: bool
) -> Made:
    if predictor is None:
        return made(photo, own, None)
    lens = focal_length or (own and own.focal_length) or photo.focal_length
    return made(photo, own, predictor.predict(photo.rgb, photo.validity, focal_length=lens, normals=normals))


def _write(done: Done, picture: Photo, control_sides: tuple[int | None, int | None]) -> None:
    height, width = done.depth.values.shape
    inside = frame(width, height, *control_sides)
    behind = of_photo(done.depth, picture.rgb) if done.job.background else None
    write_depth(done.depth, done.job.output, done.job.file_format, inside=inside, background=behind)
    if done.made.own and done.made.own.sharp:
        write_sharp(done.made.own.sharp, done.job.output)


def _written(done: Done, written: Future[None]) -> Done | Failed:
    return _tried(done.job, written.result) or done


def _tried(job: Job, make: Callable[[], _Made]) -> _Made | Failed:
    """Return what a call gives, or why this photo came to nothing. What nobody foresaw is logged with its traceback."""
    try:
        return make()
    except DepthFileError as error:  # it names its file
        return Failed(job.photo, error)
    except DepthNodesError as error:
        return Failed(job.photo, type(error)(f"{job.photo}: {error}"))
    except ModuleNotFoundError:  # no photo could be done
        raise
    except Exception as error:
        log.error("%s failed", job.photo, exc_info=error)
        return Failed(job.photo, DepthNodesError(f"{job.photo}: {type(error).__name__}: {first_line(error)}"))


def _expand(photos: Sequence[str]) -> tuple[list[Path], list[Failed]]:
    """Return the files behind files, folders and patterns, each once, in the order given and by name within it."""
    paths: dict[Path, None] = {}
    failed: list[Failed] = []
    for name in photos:
        try:
            found, nothing = _behind(name)
        except OSError as error:  # a folder that may not be read, a name that is too long
            found, nothing = [], f"{name} can't be read ({first_line(error)}). Check its name and its permissions"
        paths.update(dict.fromkeys(found))
        if not found:
            failed.append(Failed(Path(name), PhotoError(nothing)))
    return list(paths), failed


def _behind(name: str) -> tuple[list[Path], str]:
    """Return the files behind a name, and what to say if there is none."""
    if not name:
        return [], "The name of a photo is empty. Check the command"
    path = Path(name)
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if _looks_like_a_photo(p))
        return inside, f"There are no pictures in {name}. Name another folder"
    if os.path.lexists(path):
        return [path], ""
    if not glob.has_magic(name):
        try:
            path.lstat()  # tells a folder that may not be entered from a file that is not there
        except (FileNotFoundError, NotADirectoryError):
            return [], f"There is no file {name}. Check its name"
    matches = glob.glob(_literal_where_there(path), recursive=True)
    return sorted(Path(match) for match in matches if not os.path.isdir(match)), f"No file matches {name}. Check it"


def _literal_where_there(pattern: Path) -> str:
    """Return a pattern in which the brackets of folders that are called so are just brackets."""
    known, parts = Path(pattern.anchor), [glob.escape(pattern.anchor)] if pattern.anchor else []
    for part in pattern.parts[1:] if pattern.anchor else pattern.parts:
        known /= part
        parts.append(glob.escape(part) if os.path.lexists(known) else part)
    return os.path.join(*parts)


def _looks_like_a_photo(path: Path) -> bool:
    ours = path.name.endswith((*SUFFIXES.values(), BACKGROUND_SUFFIX, NORMALS_SUFFIX, *SHARP_SUFFIXES))
    return path.suffix.lower() in PHOTO_SUFFIXES and not ours and not path.name.startswith(".") and path.is_file()


def _target(
    output: str | None, file_format: Format | None, *, one_photo: bool
) -> tuple[Path | None, Path | None, Format]:
    """Return the folder or the file that `output` means, and the format that follows from it and `file_format`."""
    if output is None:
        return None, None, file_format or "exr"
    path = Path(output)
    is_file = path.suffix.lower() in _FORMAT_OF and not path.is_dir() and not output.endswith(("/", os.sep))
    if is_file and one_photo:
        if file_format and not SUFFIXES[file_format].endswith(path.suffix.lower()):
            raise DepthFileError(f"-o {output}: a {path.suffix} file can't hold {file_format}. Change one of them")
        if not path.parent.is_dir():
            raise DepthFileError(f"-o {output}: there is no folder {path.parent}. Make it first")
        return None, path, file_format or _FORMAT_OF[path.suffix.lower()]
    if is_file:
        raise DepthFileError(f"-o {output}: a file holds the depth of one photo. Name a folder for several")
    if path.suffix and not path.is_dir() and one_photo and not output.endswith(("/", os.sep)):
        raise DepthFileError(
            f"-o {output} is not clear. Name a file that ends in .exr, .png or .npy, or end a folder in /"
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DepthFileError(f"-o {output}: this folder can't be made ({first_line(error)}). Choose another") from error
    return path, None, file_format or "exr"


def _identity(path: Path) -> str:
    """Return one name for all names that a system takes for the same file: Windows and macOS ignore case."""
    name = os.path.normcase(os.path.abspath(path))
    return unicodedata.normalize("NFC", name).casefold() if sys.platform == "darwin" else name
