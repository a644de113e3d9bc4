"""From the click to the relief with a warm worker: `python -m tests.benchmarks.bench_worker`.

A photo of 12 megapixels whose relief stands in the scene is estimated again, and the scene evaluated. What that takes
beyond the model's own time, by where it goes. The limits: decoding the file, the model alone, which is its time for a
picture of the model's size, copying the floats of the depth image, and evaluating the same relief once more.

Then a new photo from its file to the relief in the scene, as it lies in the file and as a phone held upright stores it.
"""

import tempfile
import time
from math import prod
from pathlib import Path

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402
from PIL import ExifTags, Image  # noqa: E402

from tests.addon.engine.worker import COMMAND, weights  # noqa: E402  Blender's user folder is set first
from tests.benchmarks.camera import write_photo  # noqa: E402
from tests.benchmarks.machine import bandwidth  # noqa: E402
from tests.benchmarks.measure import Row, Stopwatch, Taken  # noqa: E402

handover = extension.module("addon.engine.handover")
settings = extension.module("addon.engine.settings")
jobs = extension.module("addon.engine.jobs")

ROUNDS = 7
TURNED = 6  # how a phone that is held upright stores a photo, as EXIF numbers it
LARGE, SMALL = (4000, 3000), (686, 518)
READING, MODEL = "the worker, reading and answering", "the model, with its preprocessing"
WRITING, RELIEF, ALL = "depth into the image", "the relief, evaluated", "all"
ALONE, DECODING, AGAIN = "the model alone", "decoding the photo", "the same relief, evaluated once more"


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
        READING: came[0] - start - job.seconds,
        MODEL: job.seconds,
        WRITING: stored[0] - came[0],
        RELIEF: end - stored[0],
        ALL: end - start,
    }


def evaluate_again(ob: bpy.types.Object) -> None:
    """Evaluate an object whose depth is as it was."""
    ob.update_tag()
    bpy.context.view_layer.update()


def first(path: Path) -> None:
    """Make the relief of a photo that the file doesn't have yet, evaluate the scene, and empty it."""
    bpy.ops.depth_nodes.photo_as_relief(filepath=str(path))
    bpy.context.view_layer.update()
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.images])


def turned(path: Path) -> Path:
    """Write the same photo as one that lies in its file."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = TURNED
    lying = path.with_stem("turned")
    Image.open(path).save(lying, quality=92, exif=exif)
    return lying


def show_first(watch: Stopwatch, upright: Path) -> None:
    """Print the table of new photos."""
    files = {"as it lies in its file": upright, "turned": turned(upright)}
    timed = {name: watch.of(lambda path=path: first(path)) for name, path in files.items()}
    rows = [Row(name, taken) for name, taken in watch.interleaved(timed, ROUNDS).items()]
    watch.show("a new photo of 12 megapixels, from its file to its relief", "", rows)


def main() -> None:
    """Print the tables."""
    chosen = settings.preferences()
    chosen.existing_python, chosen.weights, chosen.device = COMMAND[0], str(weights()), "cpu"
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as name:
        paths = [write_photo(Path(name, f"{size[0]}.jpg"), *size) for size in (LARGE, SMALL)]
        large, small = (bpy.data.images.load(str(path)) for path in paths)
        bpy.ops.depth_nodes.estimate_depth(image=large.name, make="RELIEF")
        decode = watch.of(lambda: Image.open(paths[0]).load())
        evaluate = watch.of(lambda ob=bpy.context.object: evaluate_again(ob))

        def turn() -> dict[str, float]:
            return click(large) | {AGAIN: evaluate(), ALONE: click(small)[MODEL], DECODING: decode()}

        times = watch.parts(turn, ROUNDS)
        values = prod(handover.depth_of(large).size)
        show(watch, times, values)
        show_first(watch, paths[0])
    jobs.free_memory()


def show(watch: Stopwatch, times: dict[str, Taken], values: int) -> None:
    """Print the table of a photo that is estimated again. values: how many its depth image has."""
    least = {READING: times.pop(DECODING).median, MODEL: times[ALONE].median, RELIEF: times.pop(AGAIN).median}
    least[WRITING] = 2 * 16 * values / bandwidth() / 1e9  # four floats a pixel
    least[ALL] = sum(least.values())
    alone = times.pop(ALONE)
    over = Taken(tuple(seconds - alone.median for seconds in times[ALL].seconds))
    least |= {(beyond := "everything but the model"): least[ALL] - least[MODEL], ALONE: alone.median}
    rows = [
        Row(name, taken, least[name], (f"{100 * taken.median / alone.median:.0f} %",))
        for name, taken in (times | {beyond: over, ALONE: alone}).items()
    ]
    watch.show("a photo of 12 megapixels, estimated again", "the parts alone", rows, ("of the model alone",))


if __name__ == "__main__":
    main()
