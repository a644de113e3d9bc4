"""From the click to the relief with a warm worker: `python -m tests.benchmarks.bench_worker`.

A photo of 12 megapixels whose relief stands in the scene is estimated again, and the scene evaluated. What that takes
beyond the model's own time, by where it goes. The model's own time is that for a picture that has the model's size.
"""

import statistics
import tempfile
import time
from pathlib import Path

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402

from tests.addon.engine.worker import COMMAND, weights  # noqa: E402  Blender's user folder is set first
from tests.benchmarks.camera import write_photo  # noqa: E402

handover = extension.module("addon.engine.handover")
settings = extension.module("addon.engine.settings")
jobs = extension.module("addon.engine.jobs")

ROUNDS = 7
LARGE, SMALL = (4000, 3000), (686, 518)


def click(image: bpy.types.Image) -> dict[str, float]:
    """Estimate, and return the seconds of each part."""
    stored = []
    start = time.perf_counter()
    job = jobs.submit(image, settings.current(), on_depth=lambda _: stored.append(time.perf_counter()))
    asked = time.perf_counter()
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
        "asking": asked - start,
        "the worker, reading and answering": came[0] - asked - job.seconds,
        "the model, with its preprocessing": job.seconds,
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
        rounds, model = [], []
        for _ in range(ROUNDS):
            rounds.append(click(large))
            model.append(click(small)["the model, with its preprocessing"])
    alone = statistics.median(model)
    print(f"{'':36s}{'ms':>8s}   of the model's own {1e3 * alone:.0f} ms")
    for part in rounds[0]:
        median = statistics.median(seconds[part] for seconds in rounds)
        print(f"{part:36s}{1e3 * median:8.0f}{100 * median / alone:8.0f} %")
    over = statistics.median(seconds["all"] for seconds in rounds) - alone
    print(f"{'everything but the model':36s}{1e3 * over:8.0f}{100 * over / alone:8.0f} %")
    jobs.free_memory()


if __name__ == "__main__":
    main()
