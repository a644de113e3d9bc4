"""The main command: photos to depth files."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import catalog
from ..errors import DepthNodesError, ModelNameError, first_line
from .options import add_model_options, add_own_options, positive, positive_float, shard
from .options import load as load_model
from .report import FAILED, OK, PROGRAM, bar, complain

if TYPE_CHECKING:
    from ..embedded.embedded import Embedded
    from ..predict import Predictor
    from .batch import Done, Failed, Job

_FORMATS = {
    "exr": "32-bit float and lossless, with all metadata (the default)",
    "png16": "16-bit grey, white is near",
    "npy": "a NumPy array",
    "preview": "8-bit grey, to look at",
    "colormap": "8-bit colours, to look at",
    "controlnet": "8-bit map for diffusion models: near is white, padded to whole multiples",
}
_LENS = {"photo": "as given", "model": "estimated", "assumed": "assumed; --focal-length tells it"}
_EPILOG = """\
other commands:
  video             the depth of a movie or an image sequence, without flicker
  mesh              make a mesh file: .glb, .ply, .obj, .stl or .3mf
  prior             align depth to the cameras of a scene, for radiance fields and splatting
  models            list the models, their licences, and which are on disk
  download          fetch weights without computing anything
  doctor            show what this machine has, and check its results
each has a --help of its own; write ./models for a photo of that name

formats:
""" + "\n".join(f"  {name:<17} {text}" for name, text in _FORMATS.items())


def run(arguments: Sequence[str]) -> int:
    """Estimate the depth of the photos that are named."""
    options = _parser().parse_args(arguments)
    waiting = set(options.photos)
    with _recorded(waiting, options.json):
        spec = catalog.get(options.model)  # before anything is read or loaded
        if options.normals and spec.family != "moge_2":
            raise ModelNameError(f"{spec.title} gives no normals. Leave --normals out, or take --model moge-small")
        if options.normals and options.own == "use":
            raise ModelNameError("--normals needs an estimate. Leave --embedded out, or take --anchor")
        from .batch import plan

        jobs, refused = plan(options.photos, options.output, options.format, background=options.background)
        waiting.clear()
        for failed in refused:
            _report_failure(failed, options.json)
        if options.shard:
            number, count = options.shard
            jobs = jobs[number - 1 :: count]
        if options.skip_existing:
            jobs = [job for job in jobs if not _skipped(job, options.json)]
        waiting.update(str(job.photo) for job in jobs)
        failures = len(refused) + (_make(jobs, spec, options, waiting) if jobs else 0)
    return FAILED if failures else OK


def _make(jobs: "list[Job]", spec: catalog.ModelSpec, options: argparse.Namespace, waiting: set[str]) -> int:
    """Make the depth files, report each, and return how many came to nothing. Those under way stay in `waiting`."""
    from .batch import Failed, make_all

    max_pixels = int(options.max_megapixels * 1e6)
    sides = options.resolution, options.multiple
    failures, compared = 0, False

    def load() -> "Predictor":
        return load_model(options, options.size, options.precision)

    with bar(len(jobs)) as shown:
        for result in make_all(
            jobs,
            spec,
            load,
            max_pixels=max_pixels,
            control_sides=sides,
            focal_length=options.focal_length,
            own=options.own,
            normals=options.normals,
        ):
            waiting.discard(str(result.photo if isinstance(result, Failed) else result.job.photo))
            if shown:
                shown.clear()
            if isinstance(result, Failed):
                failures += 1
                _report_failure(result, options.json)
            else:
                _report(result, options.json, None if compared else _compare(result, options, max_pixels))
                compared = True
            if shown:
                shown.update()
    return failures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Estimate the depth of photos. A smaller size or another precision is less exact: the first photo "
        "tells by how much.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="files, folders and patterns such as 'shots/*.jpg'")
    parser.add_argument(
        "-o", "--output", metavar="PATH", help="a file for one photo, or a folder; default: beside each photo"
    )
    parser.add_argument("--format", choices=_FORMATS, help="what to write; default: by the name of -o, else exr")
    parser.add_argument(
        "--background",
        action="store_true",
        help="make what lies behind every edge too: two more channels in the EXR, and a picture beside it",
    )
    parser.add_argument(
        "--normals", action="store_true", help="make a normal map too, an EXR beside the depth; with moge-small"
    )
    parser.add_argument("--skip-existing", action="store_true", help="skip photos whose depth file exists")
    parser.add_argument(
        "--resolution", type=positive, metavar="PIXELS", help="shorter side of a controlnet map; default: 1024"
    )
    parser.add_argument(
        "--multiple", type=positive, metavar="PIXELS", help="its sides are padded to multiples of this; default: 64"
    )
    parser.add_argument(
        "--shard", type=shard, metavar="I/N", help="only the I-th of N shares of the photos, for one of N machines"
    )
    add_own_options(parser.add_mutually_exclusive_group())
    add_model_options(parser)
    parser.add_argument(
        "--max-megapixels", type=positive_float, default=250.0, metavar="N", help="refuse larger photos; default: 250"
    )
    parser.add_argument(
        "--focal-length",
        type=positive_float,
        metavar="MM",
        help="lens of the photos, in millimetres on a sensor whose longer side is 36 mm; default: what each file says",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")
    return parser


@contextmanager
def _recorded(waiting: set[str], as_json: bool) -> Iterator[None]:
    """Give the photos that are still waiting a record each when anything ends the run."""
    try:
        yield
    except BaseException as error:
        said = str(error) if isinstance(error, DepthNodesError) else first_line(error)
        said = "interrupted" if isinstance(error, KeyboardInterrupt) else said
        for photo in sorted(waiting) if as_json and not isinstance(error, OSError) else ():  # it means stdout
            print(json.dumps({"photo": photo, "error": said}), flush=True)
        raise


def _skipped(job: "Job", as_json: bool) -> bool:
    if not os.path.exists(job.output):
        return False
    if as_json:
        print(json.dumps({"photo": str(job.photo), "output": str(job.output), "skipped": True}), flush=True)
    else:
        print(f"{job.output}: skipped, it exists", flush=True)
    return True


def _compare(done: "Done", options: argparse.Namespace, max_pixels: int) -> dict[str, Any] | None:
    """Return how far this depth is from float32 at the size of the training; None where it is just that, or finer."""
    trained = catalog.get(options.model).trained
    asked = options.size or trained
    size = max(asked, trained)
    if options.own or (options.precision == "float32" and asked == size):
        return None
    from ..compare import difference
    from ..photo import read_photo

    chosen = f"{options.precision} at {asked}"
    try:
        photo = read_photo(done.job.photo, max_pixels=max_pixels)
        predictor = load_model(options, size, "float32")
        start = time.perf_counter()
        exact = predictor.predict(photo.rgb, photo.validity, focal_length=options.focal_length or photo.focal_length)
    except DepthNodesError as error:
        print(f"note: the error of {chosen} could not be measured: {error}", file=sys.stderr)
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
        if job.background:
            from ..io import background_picture

            record["background"] = str(background_picture(job.output))
        if done.made.own is not None:
            record["embedded"] = _own_record(done, done.made.own)
        if depth.normals is not None:
            from ..io import normals_map

            record["normals"] = str(normals_map(job.output))
        if depth.lens is not None:
            record |= {"focal_length": round(depth.lens.focal_length, 2), "lens": depth.lens.source}
        print(json.dumps(record | ({"exact": compared} if compared else {})), flush=True)
    else:
        unit = " m" if depth.kind == "distance" else ""
        span = f"{depth.raw_min:.4g} to {depth.raw_max:.4g}{unit}"
        lens = f", lens {depth.lens.focal_length:.3g} mm ({_LENS[depth.lens.source]})" if depth.lens else ""
        own = _own_words(done, done.made.own) if done.made.own else ""
        print(f"{job.output}: {depth.kind} {span}{lens}, {width} x {height}, {done.seconds:.2f} s{own}", flush=True)


def _own_record(done: "Done", own: "Embedded") -> dict[str, Any]:
    """Return what the photo brought, and how an estimate fits it."""
    alignment = done.made.alignment
    record: dict[str, Any] = {"container": own.container, "anchor": alignment is not None}
    if own.accuracy:
        record["accuracy"] = own.accuracy
    if own.sharp:
        from ..io import sharp_picture

        record["sharp"] = str(sharp_picture(done.job.output, own.sharp))
    return record | (asdict(alignment) if alignment else {})


def _own_words(done: "Done", own: "Embedded") -> str:
    alignment = done.made.alignment
    words = f", the photo's own depth ({own.container})"
    if alignment is not None:
        words = f", anchored to the photo's own depth ({own.container}), which it fits within {alignment.residual:.1%}"
    if own.sharp:
        from ..io import sharp_picture

        words += f", its sharp original in {sharp_picture(done.job.output, own.sharp)}"
    return words


def _report_failure(failed: "Failed", as_json: bool) -> None:
    complain(failed.error)
    if as_json:
        print(json.dumps({"photo": str(failed.photo), "error": str(failed.error)}), flush=True)
