"""From a photo to depth and relief with the built-in model: `python -m tests.benchmarks.bench_draft [PYTHON ...]`.

The model alone, in turns by Blender's numpy and by that of each PYTHON, as one that is built without BLAS: processor
time from pixels of 1024 x 768 to the sharpened depth (`draft_alone.py`). The limit is the time of its convolutions at
the rate of that numpy's large product of matrices. Without PYTHON, one without BLAS takes part where it was made, by
`python3 -m tools.optional_environments no-blas`, which takes a C and C++ compiler and some minutes.

Then a photo of 12 megapixels, in Blender. Cold: from the click on Photo as Relief, before which no worker runs and the
photo isn't loaded, to the evaluated relief. Warm: a worker runs and the photo is loaded.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402

from tests.benchmarks.camera import write_photo  # noqa: E402  Blender's user folder is set first
from tests.benchmarks.measure import Row, Stopwatch, duration  # noqa: E402
from tests.benchmarks.processes import Served  # noqa: E402
from tools.optional_environments import WITHOUT_BLAS  # noqa: E402

place = extension.module("addon.engine.place")
settings = extension.module("addon.engine.settings")
jobs = extension.module("addon.engine.jobs")

COLD, WARM = 3, 5  # rounds
SIZE = (4000, 3000)


def cold(photo: Path) -> float:
    """Return the seconds from the click to the relief."""
    jobs.free_memory()
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.images])
    start = time.perf_counter()
    bpy.ops.depth_nodes.import_photo(filepath=str(photo))
    bpy.context.view_layer.update()
    seconds = time.perf_counter() - start
    if bpy.context.object is None or bpy.context.object.modifiers[0].type != "NODES":
        raise SystemExit("no relief was made")
    return seconds


def warm(image: bpy.types.Image) -> dict[str, float]:
    """Estimate without a relief that follows, and return the seconds in the model and to the depth image."""
    parts = {}
    for name, inverted in (("photo to depth, warm", True), ("photo to depth and background, warm", False)):
        start = time.perf_counter()
        job = jobs.submit(image, replace(settings.current(), invert=inverted))  # which has no background
        jobs.wait(job)
        parts[name] = time.perf_counter() - start
        if job.state != "done":
            raise SystemExit(job.error)
        parts["the model, with its preprocessing"] = job.seconds
    return parts


def alone(pythons: list[Path]) -> None:
    """Print what the model takes by itself in each Python."""
    variables = os.environ | place.built_in().environment()
    served = {
        str(python): Served("tests.benchmarks.draft_alone", environment=variables, python=python) for python in pythons
    }
    walls: dict[str, list[float]] = {name: [] for name in served}

    def turn(name: str) -> float:
        wall, processor = served[name].turn()
        walls[name].append(wall)
        return processor

    watch, rows = Stopwatch(), []
    times = watch.interleaved({name: partial(turn, name) for name in served}, WARM)
    for name, taken in times.items():
        version, least = served[name].leave()
        rows.append(Row(version, taken, least, (duration(statistics.median(walls[name][1:])),)))
    watch.show("the model alone, processor time", "its convolutions", rows, ("wall time",))


def main() -> None:
    """Print the tables."""
    print(f"Blender {bpy.app.version_string}")
    made = [WITHOUT_BLAS.executable] if WITHOUT_BLAS.executable.exists() else []
    named = list(map(Path, sys.argv[1:])) or made
    alone([place.built_in().python, *named])
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as name:
        photo = write_photo(Path(name, "large.jpg"), *SIZE)
        times = watch.parts(lambda: {"click to relief, cold": cold(photo)}, COLD, warmups=0)
        image = next(image for image in bpy.data.images if image.filepath)
        bpy.data.batch_remove(list(bpy.data.objects))
        times |= watch.parts(lambda: warm(image), WARM)
    least = times["the model, with its preprocessing"].median
    rows = [Row(part, taken, least if taken.median > least else None) for part, taken in times.items()]
    watch.show("a photo of 12 megapixels", "the model alone", rows)
    jobs.free_memory()


if __name__ == "__main__":
    main()
