"""glTF 2.0, binary: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html

One node for each surface and one for the camera, all of them at the origin but an orthographic camera, which stands
back. Materials are unlit, since a photo has its light already.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..paths import replacing
from .colours import linear, of_vertices
from .pictures import jpeg
from .scene import Camera, Pixels, Scene
from .shape import Layer

_FLOAT, _USHORT, _UINT = 5126, 5123, 5125
_VERTICES, _INDICES = 34962, 34963
_CLAMP, _LINEAR, _MIPMAPS = 33071, 9729, 9987
_POINTS, _TRIANGLES = 0, 4
_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942


def write(scene: Scene, path: Path, *, points: bool = False) -> None:
    """Write a scene as a .glb file; raises OSError."""
    file = _File()
    for name, layer, picture in scene.parts():
        file.add_points(name, layer, picture) if points else file.add_surface(name, layer, picture)
    file.add_camera(scene.camera)
    chunks = [np.ascontiguousarray(chunk).view(np.uint8).reshape(-1) for chunk in file.chunks]
    text = json.dumps(file.document(), separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + file.size
    with replacing(path) as part, part.open("wb") as out:
        out.write(struct.pack("<III", _MAGIC, 2, total))
        out.write(struct.pack("<II", len(text), _JSON) + text)
        out.write(struct.pack("<II", file.size, _BIN))
        for chunk in chunks:
            out.write(chunk.data)
            out.write(bytes(-chunk.size % 4))


class _File:
    """The lists of a glTF document as they grow, and the binary data that they refer to."""

    def __init__(self) -> None:
        self.chunks: list[NDArray[Any]] = []
        self.size = 0
        self._lists: dict[str, list[dict[str, Any]]] = {}

    def add_surface(self, name: str, layer: Layer, picture: Pixels) -> None:
        """Add triangles with their picture."""
        top = np.stack([layer.uv[:, 0], np.float32(1.0) - layer.uv[:, 1]], axis=1)  # v goes downwards in glTF
        attributes = {"POSITION": self._positions(layer), "TEXCOORD_0": self._array(top, "VEC2", _FLOAT, _VERTICES)}
        indices = self._array(layer.triangles().reshape(-1), "SCALAR", _UINT, _INDICES)
        image = {"bufferView": self._view(np.frombuffer(jpeg(picture), np.uint8)), "mimeType": "image/jpeg"}
        sampler = {"magFilter": _LINEAR, "minFilter": _MIPMAPS, "wrapS": _CLAMP, "wrapT": _CLAMP}
        texture = {"source": self._add("images", image), "sampler": self._add("samplers", sampler)}
        surface = {"baseColorTexture": {"index": self._add("textures", texture)}}
        primitive = {"attributes": attributes, "indices": indices, "mode": _TRIANGLES}
        self._add_mesh(name, primitive, surface)

    def add_points(self, name: str, layer: Layer, picture: Pixels) -> None:
        """Add the vertices with their colours, which are linear in glTF."""
        colour = np.ones((len(layer.vertices), 4), np.float32)
        colour[:, :3] = linear(of_vertices(layer, picture))
        samples = np.rint(colour * np.float32(65535)).astype(np.uint16)
        attributes = {
            "POSITION": self._positions(layer),
            "COLOR_0": self._array(samples, "VEC4", _USHORT, _VERTICES, normalized=True),
        }
        self._add_mesh(name, {"attributes": attributes, "mode": _POINTS}, {})

    def add_camera(self, camera: Camera) -> None:
        """Add the camera that sees the photo."""
        ends = {"znear": camera.near, "zfar": camera.far}
        if camera.yfov is not None:
            lens = {"type": "perspective", "perspective": {"yfov": camera.yfov, "aspectRatio": camera.aspect, **ends}}
        else:
            sides = {"xmag": camera.xmag, "ymag": camera.ymag}
            lens = {"type": "orthographic", "orthographic": {**sides, **ends}}
        place = {"translation": [0.0, 0.0, camera.z]} if camera.z else {}
        self._add("nodes", {"name": "camera", "camera": self._add("cameras", lens), **place})

    def document(self) -> dict[str, Any]:
        """Return the JSON."""
        return {
            "asset": {"version": "2.0", "generator": "Depth Nodes"},
            "extensionsUsed": ["KHR_materials_unlit"],
            "scene": 0,
            "scenes": [{"nodes": list(range(len(self._lists["nodes"])))}],
            "buffers": [{"byteLength": self.size}],
            **self._lists,
        }

    def _add(self, name: str, entry: dict[str, Any]) -> int:
        entries = self._lists.setdefault(name, [])
        entries.append(entry)
        return len(entries) - 1

    def _add_mesh(self, name: str, primitive: dict[str, Any], surface: dict[str, Any]) -> None:
        material = {
            "name": name,
            "doubleSided": True,
            "pbrMetallicRoughness": {**surface, "metallicFactor": 0.0, "roughnessFactor": 1.0},
            "extensions": {"KHR_materials_unlit": {}},
        }
        primitive["material"] = self._add("materials", material)
        self._add("nodes", {"name": name, "mesh": self._add("meshes", {"name": name, "primitives": [primitive]})})

    def _positions(self, layer: Layer) -> int:
        return self._array(layer.vertices, "VEC3", _FLOAT, _VERTICES, bounds=True)

    def _array(
        self,
        array: NDArray[Any],
        kind: str,
        component: int,
        target: int,
        *,
        normalized: bool = False,
        bounds: bool = False,
    ) -> int:
        """Add an accessor of its own view of the data."""
        entry: dict[str, Any] = {
            "bufferView": self._view(array, target),
            "componentType": component,
            "count": len(array),
            "type": kind,
        }
        if normalized:
            entry["normalized"] = True
        if bounds:
            entry |= {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
        return self._add("accessors", entry)

    def _view(self, array: NDArray[Any], target: int | None = None) -> int:
        entry = {"buffer": 0, "byteOffset": self.size, "byteLength": array.nbytes}
        self.chunks.append(array)
        self.size += array.nbytes + -array.nbytes % 4
        return self._add("bufferViews", entry | ({"target": target} if target else {}))
