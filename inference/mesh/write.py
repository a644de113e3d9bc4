"""A scene to a file, whole or not at all: the format follows from the file's name."""

import os
from pathlib import Path

from ..errors import MeshError, first_line
from . import glb, obj, ply
from .scene import Scene

SUFFIXES = (".glb", ".ply", ".obj")


def write(scene: Scene, path: str | os.PathLike[str], *, points: bool = False) -> None:
    """Write a scene; on any failure `MeshError`, and what was at `path` before is still there.

    glb: glTF 2.0 with both surfaces, their pictures, unlit, and the camera of the photo. +Y up, in metres.
    ply: both surfaces as one, with a colour for each vertex. obj: with a .mtl and a picture of each surface beside.
    points: vertices with colours alone, without faces; not for .obj.
    """
    path = Path(path)
    try:
        match path.suffix.lower(), points:
            case ".glb", _:
                glb.write(scene, path, points=points)
            case ".ply", _:
                ply.write(scene, path, points=points)
            case ".obj", False:
                obj.write(scene, path)
            case ".obj", True:
                raise MeshError(f"{path}: an OBJ file holds no points with colours. Write a .ply or .glb")
            case suffix, _:
                raise MeshError(
                    f"{path}: no scene is written to a {suffix or 'nameless'} file. Name a .glb, .ply or .obj"
                )
    except OSError as error:
        raise MeshError(f"{path} can't be written ({first_line(error)}). Choose another place with -o") from error
