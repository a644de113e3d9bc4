"""One side reads hostile files: `python -m tests.benchmarks.hostile_side SIDE PHOTO RESULTS FILE ...`.

For bench_hostile. SIDE is engine, photo or depth; PHOTO is a good one that goes with the depth maps.

It is a process of its own, for a file may end it. It writes two lines of JSON for each file: first its path alone, then
what came of it: `refused` with the words, or `read` with the size, a hash of all values and a small picture of them.
"""

import hashlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

THUMB = 12  # pixels of the small picture's sides
LIMIT = 2**24  # pixels; a header may claim more


def seen(values: np.ndarray) -> dict[str, object]:
    """Say what an array (H, W) or (H, W, 3) shows."""
    grey = values.astype(np.float64) if values.ndim == 2 else values[..., :3].astype(np.float64).mean(axis=2)
    small = Image.fromarray(np.nan_to_num(grey).astype(np.float32)).resize((THUMB, THUMB), Image.Resampling.BOX)
    return {
        "size": [values.shape[1], values.shape[0]],
        "hash": hashlib.sha1(np.ascontiguousarray(values).tobytes(), usedforsecurity=False).hexdigest(),
        "small": np.asarray(small).tolist(),
    }


def engine() -> tuple[type[Exception], Callable[[Path], dict[str, object]]]:
    """Photos, as the engine reads them."""
    from inference.errors import DepthNodesError
    from inference.photo import read_photo

    def read(path: Path) -> dict[str, object]:
        photo = read_photo(path, max_pixels=LIMIT)
        whole = photo.validity is None or photo.validity.shape == photo.rgb.shape[:2]
        if not whole or photo.rgb.ndim != 3 or not np.isfinite(photo.rgb).all():
            raise AssertionError("not a whole photo")
        return seen(photo.rgb)

    return DepthNodesError, read


def addon(beside: Path | None) -> tuple[type[Exception], Callable[[Path], dict[str, object]]]:
    """Photos, or the depth maps of one, as the extension reads them: nothing may be left behind of what it refuses."""
    from tools import extension

    extension.enable_alone()
    import bpy

    errors, image = extension.module("addon.errors"), extension.module("addon.depth.image")
    photo, relief = extension.module("addon.scene.photo"), extension.module("addon.scene.relief")
    bpy.data.batch_remove(list(bpy.data.objects))

    def load(path: Path) -> dict[str, object]:
        return seen(image.pixels(photo.load(path))[..., :3])

    def import_depth(path: Path) -> dict[str, object]:
        values, validity = image.read(relief.from_files(beside, path, background=False).depth)
        if not np.isfinite(values).all() or not ((validity >= 0.0) & (validity <= 1.0)).all():
            raise AssertionError("not a whole depth map")
        return seen(values)

    def read(path: Path) -> dict[str, object]:
        before = set(bpy.data.user_map())
        try:
            found = (import_depth if beside else load)(path)
        except errors.DepthNodesError:
            left = [data.name for data in bpy.data.user_map() if data not in before]
            if left:
                raise AssertionError(f"left behind: {left}") from None
            raise
        bpy.data.batch_remove([data for data in bpy.data.user_map() if data not in before])
        return found

    return errors.DepthNodesError, read


def main(side: str, photo: str, results: str, *files: str) -> None:
    """Read the files one after the other."""
    refusal, read = engine() if side == "engine" else addon(Path(photo) if side == "depth" else None)
    with open(results, "a", buffering=1, encoding="utf-8") as file:
        for name in files:
            print(json.dumps({"file": name}), file=file)
            try:
                said: dict[str, object] = {"came": "read", **read(Path(name))}
            except refusal as error:
                said = {"came": "refused", "words": str(error)}
            except Exception:  # noqa: BLE001  what the run is looking for
                said = {"came": "traceback", "words": traceback.format_exc()}
            print(json.dumps({"file": name, **said}), file=file)
    sys.stdout.flush()
    os._exit(0)  # Blender can hang at exit


if __name__ == "__main__":
    main(*sys.argv[1:])
