"""Closed reliefs to the files that slicers and mills read, both in millimetres: STL and 3MF.

STL, binary: M. Burns, Automated Fabrication, 1993, section 6.5. 3MF: the core specification 1.3 of the 3MF consortium.
"""

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import MeshError, first_line
from ..paths import replacing
from .solid import Solid

SUFFIXES = (".stl", ".3mf")

_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Target="/3D/3dmodel.model" Id="model" '
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
)
_BEFORE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">'
    '<resources><object id="1" type="model"><mesh><vertices>\n'
)
_BETWEEN = "</vertices><triangles>\n"
_AFTER = '</triangles></mesh></object></resources><build><item objectid="1"/></build></model>\n'


def write(solid: Solid, path: str | os.PathLike[str]) -> None:
    """Write a .stl or .3mf file; on any failure `MeshError`, and what was at `path` before is still there."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise MeshError(f"{path}: a closed relief is written to a .stl or .3mf file. Name one")
    try:
        with replacing(path) as part:
            _write_stl(solid, part) if path.suffix.lower() == ".stl" else _write_3mf(solid, part)
    except OSError as error:
        raise MeshError(f"{path} can't be written ({first_line(error)}). Choose another place with -o") from error


def _write_stl(solid: Solid, path: Path) -> None:
    triangles = np.zeros(len(solid.triangles), _TRIANGLE)
    corners = solid.vertices[solid.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    triangles["normal"] = normal / np.where(length > 0.0, length, 1.0)
    triangles["corners"] = corners
    with path.open("wb") as file:
        file.write(b"Depth Nodes, millimetres".ljust(80))
        file.write(np.uint32(len(triangles)).astype("<u4").tobytes())
        file.write(triangles.data)


def _write_3mf(solid: Solid, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("[Content_Types].xml", _TYPES)
        package.writestr("_rels/.rels", _RELATIONS)
        package.writestr("3D/3dmodel.model", "".join(_model(solid)))


def _model(solid: Solid) -> Iterable[str]:
    yield _BEFORE
    yield from (f'<vertex x="{x:.7g}" y="{y:.7g}" z="{z:.7g}"/>\n' for x, y, z in solid.vertices.tolist())
    yield _BETWEEN
    yield from (f'<triangle v1="{a}" v2="{b}" v3="{c}"/>\n' for a, b, c in solid.triangles.tolist())
    yield _AFTER
