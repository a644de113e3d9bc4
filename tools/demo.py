"""The main job from a script: a photo's depth is estimated, and it becomes a relief that stays editable.

    python -m tools.demo [--photo PATH] [--depth PATH]

writes build/demo/demo.blend, demo.png (a render from aside) and depth.exr (32-bit, what the relief is made of). Without
a photo it takes the sample still life, and says how far the estimate is from its exact depth. The model is Depth
Anything V2 Small where `make test` has made an environment with torch and the weights can be had, else the built-in
one. A depth map takes the model's place.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from . import extension

extension.enable_alone()

import bpy  # noqa: E402
import numpy as np  # noqa: E402
import OpenEXR  # noqa: E402
from mathutils import Vector  # noqa: E402

from training.accuracy import delta1, fit, ordinal  # noqa: E402

from . import environments, rendering  # noqa: E402

SAMPLE = extension.ROOT / "assets" / "sample_photo.jpg"
EXACT = extension.ROOT / "assets" / "sample_depth.exr"
RESULT = extension.ROOT / "build" / "demo"
LONGER_SIDE = 1200  # of the rendered picture, in pixels


def parse() -> tuple[Path, Path | None]:
    """Return the paths of the photo and of its depth map, or leave with one line that says what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, help="a photo; without one, the sample still life")
    parser.add_argument("--depth", type=Path, help="its depth map; without one, the depth is estimated")
    given = parser.parse_args()
    if given.photo is None and given.depth is not None:
        parser.error("a depth map needs its photo: give PHOTO too")
    for path in filter(None, (given.photo, given.depth)):
        if not path.is_file():
            parser.error(f"no file at {path}")
    return given.photo or SAMPLE, given.depth


def empty_scene() -> Any:
    """Open Blender's start file, empty it, and return its scene."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, app_template="", load_ui=True)
    bpy.data.batch_remove(list(bpy.data.objects))
    return bpy.context.scene


def build(photo: Path, depth: Path) -> Any:
    """Build the relief with the function behind File > Import > Depth Relief, and return what it made."""
    scene = empty_scene()
    made = extension.module("addon.scene.relief").from_files(photo, depth, collection=scene.collection, scene=scene)
    return select(made)


def estimate(photo: Path) -> Any:
    """Build the relief of a photo by the best model that can be had, say which, and return what it made."""
    api, settings = extension.module("addon.api"), extension.module("addon.engine.settings")
    engine = environments.ENVIRONMENTS["inference"].executable
    names = [settings.BUILT_IN]
    if engine.is_file():
        settings.preferences().existing_python = str(engine)
        bpy.context.preferences.system.use_online_access = True  # in a user folder that is thrown away
        names.insert(0, settings.BETTER)
    while True:
        name, scene = names.pop(0), empty_scene()
        start = time.monotonic()
        try:
            made = api.from_photo(photo, settings=settings.current(name), collection=scene.collection, scene=scene)
        except api.DepthNodesError as error:
            if not names:
                raise
            print(f"not {name}: {error}")
            continue
        title = extension.module("inference.catalog").get(name).title
        print(f"depth by {title}, {time.monotonic() - start:.1f} s from the photo to the relief")
        return select(made)


def select(made: Any) -> Any:
    """Make the relief the active object, and return it."""
    made.ob.select_set(True)
    bpy.context.view_layer.objects.active = made.ob
    return made


def compare(image: bpy.types.Image) -> str:
    """Return how far the sample's estimated depth, a disparity, is from its exact one."""
    exact = extension.module("addon.depth.meaning").read(EXACT)  # distances
    found, _ = extension.module("addon.depth.image").read(image)
    found = extension.module("inference.draft.resize").resize(found, *exact.values.shape)
    valid = np.ones(exact.values.shape, bool) if exact.validity is None else exact.validity > 0
    true, found = 1 / exact.values[valid].astype(np.float64), found[valid].astype(np.float64)
    scale, shift = fit(found, true)
    return (
        f"against the exact depth: ordinal {ordinal(found, true):.3f} (pairs of pixels in the right order), "
        f"delta1 {delta1(scale * found + shift, true):.3f} (pixels within 25 % of their distance)"
    )


def look_from_aside() -> bpy.types.Object:
    """Put a grey backdrop around the relief, and return a camera that sees it from the right."""
    rendering.set_backdrop(0.16)
    return rendering.add_camera("Camera Aside", Vector((1.9, -3.5, 0.7)), Vector((0.06, -0.12, -0.04)), 57.0)


def look_through_camera() -> None:
    """Have every 3D view of the saved file open on the photo: through the camera that fits, textured."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "VIEW_3D":
                area.spaces[0].shading.color_type = "TEXTURE"
                area.spaces[0].region_3d.view_perspective = "CAMERA"


def write_depth(path: Path, image: bpy.types.Image) -> None:
    """Write the values of the depth image and its validity as a 32-bit EXR."""
    width, height = image.size
    pixels = np.empty((height, width, 4), dtype=np.float32)
    image.pixels.foreach_get(pixels.ravel())
    depth, validity = (np.ascontiguousarray(pixels[::-1, :, channel]) for channel in (0, 3))
    kind = extension.module("addon.depth.image").info(image).kind
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, "depthKind": kind}
    OpenEXR.File(header, {"Y": depth, "A": validity}).write(str(path))


def main() -> None:
    """Build, save, render, and print the paths."""
    photo, depth = parse()
    RESULT.mkdir(parents=True, exist_ok=True)
    try:
        made = build(photo, depth) if depth else estimate(photo)
    except extension.module("addon.errors").DepthNodesError as error:
        sys.exit(f"demo: {error}")
    if photo == SAMPLE:
        print(compare(made.depth))
    aside = look_from_aside()
    render, fitting = bpy.context.scene.render, bpy.context.scene.camera
    photo_size = render.resolution_x, render.resolution_y
    scale = LONGER_SIDE / max(photo_size)
    rendering.render(RESULT / "demo.png", aside, round(photo_size[0] * scale), round(photo_size[1] * scale))
    bpy.context.scene.camera = fitting
    render.resolution_x, render.resolution_y = photo_size
    look_through_camera()
    write_depth(RESULT / "depth.exr", made.depth)
    bpy.ops.file.pack_all()
    bpy.ops.wm.save_as_mainfile(filepath=str(RESULT / "demo.blend"), compress=True)
    for name in ("demo.blend", "demo.png", "depth.exr"):
        print(RESULT / name)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender can hang at exit
