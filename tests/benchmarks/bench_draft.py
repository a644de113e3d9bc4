"""From a photo to depth and relief with the built-in model: `python -m tests.benchmarks.bench_draft [PYTHON]`.

A photo of 12 megapixels, in Blender. Cold: from the click on Photo as Relief, before which no worker runs and the photo
isn't loaded, to the evaluated relief. Warm: a worker runs and the photo is loaded. PYTHON runs the worker in place of
Blender's own, for another numpy. The model alone is timed in that Python too: `draft_alone.py`.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402

from tests.benchmarks.camera import write_photo  # noqa: E402  Blender's user folder is set first

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


def main() -> None:
    """Print the table."""
    if sys.argv[1:]:
        built_in, python = place.built_in, Path(sys.argv[1])
        place.built_in = lambda: replace(built_in(), python=python)
    print(f"Blender {bpy.app.version_string}")
    engine = place.built_in()
    alone = [str(engine.python), "-m", "tests.benchmarks.draft_alone"]
    subprocess.run(alone, env=engine.environment(), cwd=extension.ROOT, check=True)
    with tempfile.TemporaryDirectory() as name:
        photo = write_photo(Path(name, "large.jpg"), *SIZE)
        rounds = {"click to relief, cold": [cold(photo) for _ in range(COLD)]}
        image = next(image for image in bpy.data.images if image.filepath)
        bpy.data.batch_remove(list(bpy.data.objects))
        warm(image)
        for _ in range(WARM):
            for part, seconds in warm(image).items():
                rounds.setdefault(part, []).append(seconds)
    print(f"{'':36s}{'median':>8s}{'best':>8s}   seconds")
    for part, seconds in rounds.items():
        print(f"{part:36s}{statistics.median(seconds):8.2f}{min(seconds):8.2f}")
    jobs.free_memory()


if __name__ == "__main__":
    main()
