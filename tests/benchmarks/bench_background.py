"""How good the made-up background is, on the sample scene rendered again without what stands in front.

    python -m tools.sample_scene --behind --draft        with bpy, a few minutes, into build/sample/
    python -m tests.benchmarks.bench_background          with bpy, OpenEXR and Pillow

PSNR of the colour and relative error of the depth over the pixels behind which the true scene goes on, and the time.
At the rim, where the photo shows mixed colours: how far the made-up ones and the photo's own lie from the true ones.
Then the relief from the camera that fits, with the defaults: what is empty, and what differs from the uncut relief,
which shows the photo itself. And for six photos of the test material, where there is one: what is empty when the
camera moves.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402  Blender's user folder is set first
import numpy as np  # noqa: E402
import OpenEXR  # noqa: E402
import pytest  # noqa: E402
from PIL import Image  # noqa: E402

from inference import background  # noqa: E402
from inference.push_pull import resized  # noqa: E402
from tests.benchmarks.machine import bandwidth  # noqa: E402
from tests.benchmarks.measure import Row, Stopwatch  # noqa: E402
from tests.material import material  # noqa: E402
from tools import rendering  # noqa: E402

ROOT = Path(__file__).parents[2]
PHOTO, DEPTH = ROOT / "assets" / "sample_photo.jpg", ROOT / "assets" / "sample_depth.exr"
STOOD = 1.03  # what is farther than the front by more was hidden by something
ROUNDS = 7
OFF = 16  # of 255: a difference that is seen
WIDTH = 480  # pixels, of the pictures from a camera that moved
MOVES = {  # of the median distance, along the camera's X and Z
    "as taken": (0.0, 0.0),
    "truck 5 %": (0.05, 0.0),
    "truck 10 %": (0.1, 0.0),
    "dolly 5 %": (0.0, -0.05),
    "dolly 10 %": (0.0, -0.1),
}
PHOTOS = {  # of the test material, those whose depth is known nearly everywhere
    "motorcycle": "midd_motorcycle",
    "living room": "redwood_0",
    "tablet's room": "arkit_promptda",
    "phone's dog": "apple_portrait_pug",
    "flowers": "lensblur_flowers",
}


def distance(path: Path) -> np.ndarray:
    """Return the distances of a file of the sample scene, (H, W) float32, metres."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return np.array(file.channels()["Z"].pixels, np.float32)


def colours(path: Path) -> np.ndarray:
    """Return a photo as (H, W, 3) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of two 8-bit pictures in decibels."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def in_truth(back: background.Background, front: np.ndarray, photo: np.ndarray, truth: Path) -> None:
    """Print how the background compares with the true scene."""
    y, x = background.margins(*front.shape)
    wanted, wanted_photo = distance(truth), colours(truth.with_name("behind_photo.jpg"))
    height, width = wanted.shape
    rows, columns = (
        ((np.arange(there) + 0.5) * here / there).astype(int)
        for there, here in zip(wanted.shape, front.shape, strict=True)
    )
    at = np.ix_(rows, columns)
    hidden = wanted > front[at] * STOOD
    made = hidden & (back.presence[at] == 1.0)
    inner = np.ascontiguousarray(back.colour[y:-y, x:-x])
    filled = np.moveaxis(resized(inner, height, width), 0, 2)
    error = np.abs(back.depth[at][made] / wanted[made] - 1)
    print(f"made up          {made.sum() / hidden.sum():.1%} of the pixels that something hides")
    print(f"colour           PSNR {psnr(filled[made], wanted_photo[made]):.1f} dB")
    print(f"depth            relative error: median {np.median(error):.2%}, mean {error.mean():.2%}")
    print(f"depth before     relative error: median {np.median(np.abs(front[at][made] / wanted[made] - 1)):.2%}")
    rim = (back.presence[at] > 1.0) & (np.abs(wanted / front[at] - 1) < STOOD - 1)
    own, filled = (np.abs(picture[at][rim].astype(float) - wanted_photo[rim]) for picture in (photo, inner))
    print(f"colour at a rim  off by {filled.mean():.1f} of 255; the photo's own by {own.mean():.1f}")


def seen(path: Path) -> np.ndarray:
    """Render the scene through its camera, one ray a pixel: (H, W, 4) integers, RGB and coverage."""
    scene = bpy.context.scene
    scene.render.film_transparent = True
    rendering.render(path, scene.camera, scene.render.resolution_x, scene.render.resolution_y, samples=1)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA")).astype(int)


def from_the_camera() -> None:
    """Print what is empty and what is off where the photo was taken."""
    made = scene_of(PHOTO, DEPTH)
    set_input = extension.module("addon.scene.inputs").set_input
    with tempfile.TemporaryDirectory() as folder:
        pictures = {}
        for name, cutoff, layer in (("uncut", False, False), ("one layer", True, False), ("two layers", True, True)):
            set_input(made.modifier, "Cutoff", cutoff)
            set_input(made.modifier, "Background", layer)
            pictures[name] = seen(Path(folder) / f"{name}.png")
    whole = pictures.pop("uncut")
    for name, picture in pictures.items():
        shown = whole[..., 3] > 127
        there = shown & (picture[..., 3] > 127)
        empty = int(shown.sum() - there.sum())
        off = np.abs(picture - whole)[there][:, :3]
        print(f"{name:16} empty {empty / shown.sum():.2%}, {empty} pixels; ", end="")
        print(f"off by {off.mean():.2f} of 255, by more than {OFF}: ", end="")
        print(f"{(off.max(axis=1) > OFF).mean():.2%}")


def scene_of(photo: Path, depth: Path, **said: str) -> Any:
    """Return the relief of a photo as the only thing in an empty file, in Projection Camera with the defaults."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return extension.module("addon.scene.relief").from_files(
        photo, depth, collection=bpy.context.scene.collection, projection="Camera", scene=bpy.context.scene, **said
    )


def real_scenes(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield the name and the relief of six photos, the bicycle first. Skips without the test material."""
    yield "bicycle", scene_of(material("dav2", "demo08.jpg"), material("dav2", "demo08_vits_disparity8.png"))
    for name, stem in PHOTOS.items():
        with np.load(material("rgbd", f"{stem}.npz")) as data:
            kind, depth = json.loads(bytes(data["meta"]))["kind"], np.where(data["valid"], data["depth"], np.nan)
            photo, values = folder / f"{stem}.png", folder / f"{stem}.npy"
            Image.fromarray(data["rgb"]).save(photo)
        if kind == "relative_8bit_far_high":
            values = folder / f"{stem}_depth.png"
            Image.fromarray(depth.astype(np.uint8)).save(values)
            yield name, scene_of(photo, values, near_is="dark", kind="disparity")
        else:
            np.save(values, depth.astype(np.float32))
            yield name, scene_of(photo, values, kind="distance" if kind == "depth_m" else "disparity")


def median_distance(ob: bpy.types.Object) -> float:
    """Return the median distance of a scene's vertices along its camera's axis, in metres."""
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    return float(-np.median(points[2::3]))


def moved(made: Any, folder: Path, name: str) -> None:
    """Print which share of the frame is empty where a camera of this scene moves, with one layer and with two."""
    scene = bpy.context.scene
    wide, high = scene.render.resolution_x, scene.render.resolution_y
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, round(WIDTH * high / wide)
    scene.render.use_persistent_data = True  # nothing but the camera moves
    set_input = extension.module("addon.scene.inputs").set_input
    set_input(made.modifier, "Background", False)
    distance = median_distance(made.ob)
    for layers in (1, 2):
        set_input(made.modifier, "Background", layers == 2)
        shares = []
        for move, (x, z) in MOVES.items():
            made.camera.location = (x * distance, 0.0, z * distance)
            picture = seen(folder / f"{name}, {move}, {layers}.png")
            shares.append((picture[..., 3] <= 127).mean())
        print(f"{name:16} {layers:6}  " + "  ".join(f"{share:10.2%}" for share in shares), flush=True)


def from_a_moved_camera() -> None:
    """Print a table of what is empty in six real photos."""
    print(f"{'empty':16} layers  " + "  ".join(f"{move:>10}" for move in MOVES))
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, made in real_scenes(Path(folder)):
                moved(made, Path(folder), name)
        except pytest.skip.Exception as absent:
            print(absent)


def main() -> None:
    """Print the figures."""
    truth = ROOT / "build" / "sample" / "behind_depth.exr"
    front, photo = distance(DEPTH), colours(PHOTO)
    known = np.ones(front.shape, bool)
    back = background.behind(front, known, "distance", photo)
    if truth.exists():
        in_truth(back, front, photo, truth)
    else:
        print("The truth is not there: run `python -m tools.sample_scene --behind --draft` first.")
    watch = Stopwatch(clock=process_time)
    run = watch.of(lambda: background.behind(front, known, "distance", photo))
    [taken] = watch.interleaved({"": run}, ROUNDS, warmups=0).values()
    moved = sum(array.nbytes for array in (front, known, photo, back.depth, back.presence, back.colour))
    row = Row(f"{front.size / 1e6:.2f} megapixels", taken, moved / bandwidth() / 1e9)
    watch.show("processor time", "to read and write it", [row])
    from_the_camera()
    from_a_moved_camera()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender can hang at exit
