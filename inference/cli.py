"""The command line: `python -m inference photo.jpg`. Results go to stdout, everything else to stderr.

The commands import what they need themselves, so that asking for help costs nothing.
"""

import argparse
import faulthandler
import json
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import catalog
from .errors import DepthNodesError

if TYPE_CHECKING:
    from .batch import Done, Failed, Job
    from .predict import Precision, Predictor

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

_FORMATS = {
    "exr": "32-bit float and lossless, with all metadata (the default)",
    "png16": "16-bit grey, white is near",
    "npy": "a NumPy array",
    "preview": "8-bit grey, to look at",
    "colormap": "8-bit colours, to look at",
}
_EPILOG = """\
other commands:
  models            list the models, their licences, and which are on disk
  download          fetch weights without computing anything
  doctor            show what this machine has, and check what it computes
each has a --help of its own; a photo called like one of them is ./models

formats:
""" + "\n".join(f"  {name:<17} {text}" for name, text in _FORMATS.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 if anything failed, 2 if it was called wrongly."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _calm()
    command = _COMMANDS.get(arguments[0]) if arguments else None
    try:
        return command(arguments[1:]) if command else _predict(arguments)
    except DepthNodesError as error:
        _complain(error)
        return FAILED
    except ModuleNotFoundError as error:
        _complain(f"the Python package {error.name} is missing: install it for {sys.executable}")
        return FAILED
    except BrokenPipeError:  # whoever read our output has had enough; nothing is left to flush at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        _complain("interrupted; the depth files that were written are complete")
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


def _complain(error: object) -> None:
    print("error:", " ".join(str(error).splitlines()), file=sys.stderr)


# --- Photos to depth ----------------------------------------------------------------------------------------------


def _predict(arguments: Sequence[str]) -> int:
    options = _predict_parser().parse_args(arguments)
    catalog.get(options.model)  # before anything is read or loaded
    from .batch import Failed, plan, run

    jobs, refused = plan(options.photos, options.output, options.format)
    if options.skip_existing:
        jobs = [job for job in jobs if not _skipped(job, options.json)]
    failures = len(refused)
    for failed in refused:
        _report_failure(failed, options.json)
    if not jobs:
        return FAILED if failures else OK
    max_pixels = int(options.max_megapixels * 1e6)
    compared = False
    with _bar(len(jobs)) as bar:
        for result in run(jobs, lambda: _load(options, options.size, options.precision), max_pixels=max_pixels):
            if bar:
                bar.clear()
            if isinstance(result, Failed):
                failures += 1
                _report_failure(result, options.json)
            else:
                _report(result, options.json, None if compared else _compare(result, options, max_pixels))
                compared = True
            if bar:
                bar.update()
    return FAILED if failures else OK


def _predict_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inference",
        description="Estimate the depth of photos with Depth Anything V2.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="files, folders and patterns such as 'shots/*.jpg'")
    parser.add_argument(
        "-o", "--output", metavar="PATH", help="a file for one photo, or a folder; default: beside each photo"
    )
    parser.add_argument("--format", choices=_FORMATS, help="what to write; default: by the name of -o, else exr")
    parser.add_argument("--skip-existing", action="store_true", help="leave photos alone whose depth file is there")
    parser.add_argument("--model", default="small", metavar="NAME", help="default: small; `models` lists them all")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a local .safetensors or .pth file in place of the hub's"
    )
    parser.add_argument("--accept-license", action="store_true", help="accept a licence that forbids commercial use")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps", "xpu"), help="default: auto")
    parser.add_argument(
        "--size",
        type=_positive,
        default=catalog.TRAINED,
        metavar="PIXELS",
        help=f"shorter side inside the model; default: {catalog.TRAINED}, less is quicker and coarser, "
        "and tells by how much",
    )
    parser.add_argument(
        "--precision",
        default="float32",
        choices=("float32", "float16", "bfloat16", "int8"),
        help="default: float32; int8 is for CPUs, the others are for GPUs, and each tells how far it is off",
    )
    parser.add_argument("--threads", type=_positive, metavar="N", help="CPU threads; default: physical cores")
    parser.add_argument(
        "--max-megapixels", type=_positive_float, default=250.0, metavar="N", help="refuse larger photos; default: 250"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line in place of text")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _positive_float(text: str) -> float:
    if not (number := float(text)) > 0.0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _load(options: argparse.Namespace, size: int, precision: "Precision") -> "Predictor":
    from .predict import Predictor

    with _Download(options.model) as download:
        return Predictor.from_catalog(
            options.model,
            device=options.device,
            size=size,
            threads=options.threads,
            dtype=precision,
            accept_license=options.accept_license,
            progress=download.report,
            weights=options.weights,
        )


def _skipped(job: "Job", as_json: bool) -> bool:
    if not job.output.exists():
        return False
    if as_json:
        print(json.dumps({"photo": str(job.photo), "output": str(job.output), "skipped": True}), flush=True)
    else:
        print(f"{job.output}: there already", flush=True)
    return True


def _compare(done: "Done", options: argparse.Namespace, max_pixels: int) -> dict[str, Any] | None:
    """Return how far this depth is from float32 at the size of the training; None where it is just that, or finer."""
    size = max(options.size, catalog.TRAINED)
    if options.precision == "float32" and options.size == size:
        return None
    from .compare import difference
    from .photo import read_photo

    chosen = f"{options.precision} at {options.size}"
    try:
        photo = read_photo(done.job.photo, max_pixels=max_pixels)
        predictor = _load(options, size, "float32")
        start = time.perf_counter()
        exact = predictor.predict(photo.rgb, photo.validity)
    except DepthNodesError as error:
        print(f"note: what {chosen} costs can't be told: {error}", file=sys.stderr)
        return None
    seconds = time.perf_counter() - start
    found = difference(done.depth, exact)
    told = f"{chosen} differs from float32 at {size} by {found}; exact takes {seconds:.2f} s once warm"
    print(f"note: on {done.job.photo} {told}", file=sys.stderr)
    return {"size": size, "mean": found.mean, "most": found.most, "seconds": round(seconds, 4)}


def _report(done: "Done", as_json: bool, compared: dict[str, Any] | None) -> None:
    job, depth = done.job, done.depth
    height, width = depth.values.shape
    if as_json:
        record = {
            "photo": str(job.photo),
            "output": str(job.output),
            "format": job.file_format,
            "kind": depth.kind,
            "min": depth.raw_min,
            "max": depth.raw_max,
            "width": width,
            "height": height,
            "seconds": round(done.seconds, 4),
            "model": depth.model,
            "revision": depth.revision,
        }
        print(json.dumps(record | ({"exact": compared} if compared else {})), flush=True)
    else:
        unit = " m" if depth.kind == "distance" else ""
        span = f"{depth.raw_min:.4g} to {depth.raw_max:.4g}{unit}"
        print(f"{job.output}: {depth.kind} {span}, {width} x {height}, {done.seconds:.2f} s", flush=True)


def _report_failure(failed: "Failed", as_json: bool) -> None:
    _complain(failed.error)
    if as_json:
        print(json.dumps({"photo": str(failed.photo), "error": str(failed.error)}), flush=True)


# --- Progress -----------------------------------------------------------------------------------------------------


def _bar(total: int, **options: Any) -> AbstractContextManager[Any]:
    """Return a progress bar on stderr, or None where nobody watches or there is only one thing to do."""
    if total < 2 or not sys.stderr.isatty():
        return nullcontext()
    from tqdm import tqdm

    return tqdm(total=total, file=sys.stderr, **options)


class _Download:
    """Shows a download in bytes: as a bar where somebody watches, otherwise as a line when it begins."""

    def __init__(self, name: str) -> None:
        self._spec = catalog.get(name)
        self._bar: Any = None
        self._begun = False

    def __enter__(self) -> "_Download":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.close()

    def report(self, done: int, total: int | None) -> None:
        if not self._begun:
            self._begun = True
            print(f"downloading {self._spec.title}, licence: {self._spec.licence}", file=sys.stderr)
            bar = _bar(total or 2, unit="B", unit_scale=True)
            self._bar = bar if not isinstance(bar, nullcontext) else None
        if self._bar is not None:
            self._bar.update(done - self._bar.n)


# --- The other commands -------------------------------------------------------------------------------------------


def _models(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m inference models", description="List the models.")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args(arguments)
    from .hub import on_disk

    for spec in catalog.MODELS:
        path = on_disk(spec)
        if options.json:
            record = {
                "name": spec.name,
                "title": spec.title,
                "kind": spec.kind,
                "licence": spec.licence,
                "commercial": spec.commercial,
                "bytes": spec.bytes,
                "repo": spec.repo,
                "revision": spec.revision,
                "path": str(path) if path else None,
            }
            print(json.dumps(record))
        else:
            size = f"{spec.bytes / 1e6:.0f} MB"
            reach = f"up to {spec.max_distance:g} m" if spec.max_distance else "relative"
            state = "on disk" if path else "not on disk"
            print(f"{spec.name:<14} {spec.kind:<9} {reach:<11} {size:>8}  {state:<11}  {spec.licence}")
    return OK


def _download(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m inference download", description="Fetch weights from the hub.")
    parser.add_argument("models", nargs="*", default=["small"], metavar="NAME", help="default: small")
    parser.add_argument("--accept-license", action="store_true", help="accept a licence that forbids commercial use")
    options = parser.parse_args(arguments)
    from .hub import fetch

    failures = 0
    for name in options.models:
        try:
            with _Download(name) as download:
                path = fetch(catalog.get(name), accept_license=options.accept_license, progress=download.report)
        except DepthNodesError as error:
            failures += 1
            _complain(error)
        else:
            print(f"{name}: {path}", flush=True)
    return FAILED if failures else OK


def _doctor(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m inference doctor", description="Show what this machine has, and check what it computes."
    )
    parser.add_argument(
        "picture",
        nargs="?",
        type=Path,
        help="COCO's picture 000000039769 (val2017), for which the values of the Small model are published",
    )
    options = parser.parse_args(arguments)
    from .doctor import examine

    return OK if examine(options.picture) else FAILED


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"models": _models, "download": _download, "doctor": _doctor}
