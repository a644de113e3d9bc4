"""Wavefront OBJ, with a material file and a picture of each surface beside it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..paths import replacing
from .pictures import jpeg
from .scene import Scene
from .shape import Layer


def write(scene: Scene, path: Path) -> None:
    """Write a scene as `path`, NAME.mtl, and a JPEG of each surface; raises OSError. The .obj file comes last."""
    stem = path.stem.replace(" ", "_")  # a space ends a name in both files
    materials = []
    for name, _, picture in scene.parts():
        with replacing(path.with_name(f"{stem}_{name}.jpg")) as part:
            part.write_bytes(jpeg(picture))
        materials.append(f"newmtl {name}\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {stem}_{name}.jpg\n")
    with replacing(path.with_name(f"{stem}.mtl")) as part:
        part.write_text("\n".join(materials), encoding="utf-8")
    first = 1
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# Depth Nodes: metres, +Y up, seen along -Z\nmtllib {stem}.mtl\n")
        for name, layer, _ in scene.parts():
            file.write(f"o {name}\nusemtl {name}\n")
            file.writelines(_lines(layer, first))
            first += len(layer.vertices)


def _lines(layer: Layer, first: int) -> Iterable[str]:
    yield from (f"v {x:.6g} {y:.6g} {z:.6g}\n" for x, y, z in layer.vertices.tolist())
    yield from (f"vt {u:.7g} {v:.7g}\n" for u, v in layer.uv.tolist())
    corners = (layer.quads.astype(np.int64) + first).tolist()
    yield from (f"f {a}/{a} {b}/{b} {c}/{c} {d}/{d}\n" for a, b, c, d in corners)
