"""From the click to the relief with a warm worker: `python -m tests.benchmarks.bench_worker`.

A photo of 12 megapixels whose relief stands in the scene is estimated again, and the scene evaluated. What that takes
beyond the model's own time, by where it goes. The model alone is the limit: its time for a picture of the model's size.
"""

import tempfile
import time
from pathlib import Path

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402

from tests.addon.engine.worker import COMMAND, weights  # noqa: E402  Blender's user folder is set first
from tests.benchmarks.camera import write_photo  # noqa: E402
from tests.benchmarks.measure import Row, Stopwatch, Taken  # noqa: E402

handover = extension.module("addon.engine.handover")
settings = extension.module("addon.engine.settings")
jobs = extension.module("addon.engine.jobs")

ROUNDS = 7
LARGE, SMALL = (4000, 3000), (686, 518)
MODEL, ALONE = "the model, with its preprocessing", "the model alone"


def click(image: bpy.types.Image) -> dict[str, float]:
    """Estimate, and return the seconds of each part."""
    stored = []
    start = time.perf_counter()
    job = jobs.submit(image, settings.current(), on_depth=lambda _: stored.append(time.perf_counter()))
    finish, came = jobs._finish, []

    def note(*arguments: object) -> None:
        came.append(time.perf_counter())
        finish(*arguments)

    jobs._finish = note
    jobs.wait(job)
    jobs._finish = finish
    bpy.context.view_layer.update()
    end = time.perf_counter()
    if job.state != "done":
        raise SystemExit(job.error)
    return {
        "the worker, reading and answering": came[0] - start - job.seconds,
        MODEL: job.seconds,
        "depth into the image": stored[0] - came[0],
        "the relief, evaluated": end - stored[0],
        "all": end - start,
    }


def main() -> None:
    """Print the table."""
    chosen = settings.preferences()
    chosen.existing_python, chosen.weights, chosen.device = COMMAND[0], str(weights()), "cpu"
    with tempfile.TemporaryDirectory() as name:
        large, small = (
            bpy.data.images.load(str(write_photo(Path(name, f"{size[0]}.jpg"), *size))) for size in (LARGE, SMALL)
        )
        bpy.ops.depth_nodes.estimate_depth(image=large.name, make="RELIEF")
        bpy.context.view_layer.update()
        watch = Stopwatch()
        times = watch.parts(lambda: click(large) | {ALONE: click(small)[MODEL]}, ROUNDS, warmups=0)
    alone = times.pop(ALONE)
    over = Taken(tuple(seconds - alone.median for seconds in times["all"].seconds))
    rows = [
        Row(name, taken, alone.median if name == "all" else None, (f"{100 * taken.median / alone.median:.0f} %",))
        for name, taken in (times | {"everything but the model": over, ALONE: alone}).items()
    ]
    watch.show("a photo of 12 megapixels, estimated again", "the model alone", rows, ("of the model alone",))
    jobs.free_memory()


if __name__ == "__main__":
    main()
