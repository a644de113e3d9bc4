"""Depth images that are sequences: which file is read, and a range that all of them share."""

from pathlib import Path

import bpy
import numpy as np
import OpenEXR
import pytest

from tests.node_groups.scene import depth_image, evaluate
from tests.node_groups.test_depth_relief import relief

FLAT = {"Resolution": 8, "Cutoff": False, "Edge Snap": False, "Scale": 2.0, "Midlevel": 0.0}
RAMP = np.linspace(0.2, 0.6, 8, dtype=np.float32)


def sequence(folder: Path, first: int, frames: list[np.ndarray]) -> bpy.types.Image:
    """Write the frames as files that are numbered from `first`, and load them as one image."""
    for number, values in enumerate(frames, first):
        channels = {name: np.ascontiguousarray(values, np.float32) for name in ("R", "G", "B")}
        OpenEXR.File({"type": OpenEXR.scanlineimage}, channels).write(str(folder / f"depth_{number:04d}.exr"))
    image = bpy.data.images.load(str(folder / f"depth_{first:04d}.exr"))
    image.source = "SEQUENCE"
    image.colorspace_settings.is_data = True
    return image


def heights(ob: bpy.types.Object) -> tuple[float, float]:
    z = evaluate(ob).vertices[:, 2]
    return float(z.min()), float(z.max())


@pytest.mark.parametrize("frame", [101, 103])
def test_the_frame_is_the_number_of_the_file(tmp_path: Path, frame: int) -> None:
    frames = [np.tile(RAMP * share, (6, 1)) for share in (1.0, 0.5, 0.25)]
    image = sequence(tmp_path, 101, frames)
    mesh = evaluate(relief({"Image": image, "Frame": frame, "Fixed Range": True, **FLAT}))
    assert len(mesh.vertices) == 8 * 6  # the aspect is that of the file too
    np.testing.assert_allclose(sorted(set(mesh.vertices[:, 2].round(5))), 2.0 * frames[frame - 101][0], atol=1e-4)


def test_a_fixed_range_is_not_the_pictures_own() -> None:
    image = depth_image(np.tile(RAMP, (6, 1)))
    assert heights(relief({"Image": image, **FLAT})) == pytest.approx((0.0, 2.0), abs=1e-5)
    assert heights(relief({"Image": image, "Fixed Range": True, **FLAT})) == pytest.approx((0.4, 1.2), abs=1e-5)
    settings = {"Fixed Range": True, "Range Low": -0.4, "Range High": 1.6}
    assert heights(relief({"Image": image, **settings, **FLAT})) == pytest.approx((0.6, 1.0), abs=1e-5)


def test_whoever_reads_an_image_is_told_the_frame() -> None:
    """Blender reads file 0 of a sequence otherwise."""
    untold = [
        (tree.name, node.name)
        for tree in bpy.data.node_groups
        for node in tree.nodes
        if {"Image", "Frame"} <= {socket.name for socket in node.inputs}
        and node.inputs["Image"].is_linked
        and not node.inputs["Frame"].is_linked
    ]
    assert untold == []
    takes_one = [tree for tree in bpy.data.node_groups if "Image" in tree.interface.items_tree]
    assert takes_one
    assert [tree.name for tree in takes_one if "Frame" not in tree.interface.items_tree] == []
