"""PLY, binary little-endian, with vertex colours: http://paulbourke.net/dataformats/ply/"""

from pathlib import Path

import numpy as np

from ..paths import replacing
from .colours import of_vertices
from .scene import Scene

_VERTEX = np.dtype([("place", "<f4", 3), ("colour", "u1", 3)])
_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 4)])


def write(scene: Scene, path: Path, *, points: bool = False) -> None:
    """Write all surfaces of a scene as one; raises OSError. Colours are sRGB, as the readers of PLY take them."""
    vertices, faces, first = [], [], 0
    for _, layer, picture in scene.parts():
        vertex = np.empty(len(layer.vertices), _VERTEX)
        vertex["place"], vertex["colour"] = layer.vertices, np.rint(of_vertices(layer, picture) * 255)
        face = np.empty(0 if points else len(layer.quads), _FACE)
        face["count"] = 4
        face["corners"] = layer.quads[: len(face)] + np.uint32(first)
        vertices.append(vertex)
        faces.append(face)
        first += len(vertex)
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment Depth Nodes: metres, +Y up, seen along -Z",
        f"element vertex {first}",
        *(f"property float {name}" for name in "xyz"),
        *(f"property uchar {name}" for name in ("red", "green", "blue")),
    ]
    if not points:
        header += [f"element face {sum(map(len, faces))}", "property list uchar int vertex_indices"]
    with replacing(path) as part, part.open("wb") as file:
        file.write(("\n".join([*header, "end_header"]) + "\n").encode())
        for array in (*vertices, *faces):
            file.write(array.data)
