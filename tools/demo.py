"""The main job from a script: a photo and its depth become a relief that stays editable.

    python -m tools.demo [--photo PATH] [--depth PATH]

writes build/demo/demo.blend, demo.png (a render from aside) and depth.exr (32-bit, what the relief is made of). Without
a photo it takes the sample still life and its exact depth.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from . import extension

extension.enable_alone()

import bpy  # noqa: E402
import numpy as np  # noqa: E402
import OpenEXR  # noqa: E402
from mathutils import Vector  # noqa: E402

from . import rendering  # noqa: E402

ASSETS = extension.ROOT / "assets"
RESULT = extension.ROOT / "build" / "demo"
LONGER_SIDE = 1200  # of the rendered picture, in pixels


def parse() -> tuple[Path, Path]:
    """Return the paths of the photo and of its depth map, or leave with one line that says what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, help="a photo; without one, the sample still life")
    parser.add_argument("--depth", type=Path, help="its depth map; without one, the file beside the photo")
    given = parser.parse_args()
    if given.photo is None:
        if given.depth is not None:
            parser.error("a depth map needs its photo: give PHOTO too")
        print("sample still life with its exact depth, as rendered (no model has run)")
        return ASSETS / "sample_photo.jpg", ASSETS / "sample_depth.exr"
    if not given.photo.is_file():
        parser.error(f"no photo at {given.photo}")
    depth = given.depth or extension.module("addon.scene.photo").find_depth(given.photo)
    if depth is None:
        parser.error(f"no depth map beside {given.photo}: give DEPTH=path")
    return given.photo, depth


def build(photo: Path, depth: Path) -> Any:
    """Build the relief with the function behind File > Import > Depth Relief, and return what it made."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, app_template="", load_ui=True)
    bpy.data.batch_remove(list(bpy.data.objects))
    scene = bpy.context.scene
    made = extension.module("addon.scene.relief").from_files(photo, depth, collection=scene.collection, scene=scene)
    made.ob.select_set(True)
    bpy.context.view_layer.objects.active = made.ob
    return made


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
        made = build(photo, depth)
    except extension.module("addon.errors").DepthNodesError as error:
        sys.exit(f"demo: {error}")
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
