"""A folder of free models, textures and skies, as Blender's meshes, materials and worlds.

Its `index.json` is a list with a line for each asset: `id`, `file`, `kind` (model, room, texture, hdri), `category`,
`role` (floor, table, wall, ceiling, outdoor), `style` (real, lowpoly), `use_max_dim_m` (longest side in metres),
`source`, `licence` and `author`. `SOURCES.md` names the sources that the shipped weights have seen.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

LOW_POLY = 0.15  # share of the models without picture textures
Entry = dict[str, Any]


class Library:
    """The assets; each file is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: list[Entry] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self.meshes: dict[str, bpy.types.Mesh] = {}

    def of(self, kind: str, *, roles: Sequence[str] = (), categories: Sequence[str] = ()) -> list[Entry]:
        """Return the lines of a kind that have one of the roles and one of the categories; none given: any."""
        return [
            entry
            for entry in self.entries
            if entry["kind"] == kind
            and (not roles or entry["role"] in roles)
            and (not categories or entry["category"] in categories)
        ]

    def pick(self, rng: Random, *, roles: Sequence[str] = (), categories: Sequence[str] = ()) -> Entry:
        """Return one model."""
        entries = self.of("model", roles=roles, categories=categories)
        style = "lowpoly" if rng.random() < LOW_POLY else "real"
        return rng.choice([entry for entry in entries if entry["style"] == style] or entries)

    def mesh(self, entry: Entry) -> bpy.types.Mesh:
        """Return an asset as one mesh in metres, its bottom's centre at the origin, z up."""
        if entry["id"] not in self.meshes:
            bpy.ops.import_scene.gltf(filepath=str(self.folder / entry["file"]))
            added = list(bpy.context.selected_objects)
            one = next(thing for thing in added if thing.type == "MESH")
            mesh = one.data
            mesh.transform(one.matrix_world)
            for thing in added:
                bpy.data.objects.remove(thing)
            for material in mesh.materials:
                _make_opaque(material)
            low, high = bounds(mesh)
            scale = entry.get("scale_to_m") or (entry.get("use_max_dim_m") or 1.0) / float((high - low).max())
            middle = (low + high) / 2
            mesh.transform(Matrix.Scale(scale, 4) @ Matrix.Translation((-middle[0], -middle[1], -low[2])))
            mesh.use_fake_user = True
            self.meshes[entry["id"]] = mesh
        return self.meshes[entry["id"]]

    def material(self, rng: Random, *categories: str, scale: float | None = None) -> bpy.types.Material:
        """Return a material of a texture that is laid on from all sides, `scale` metres wide."""
        entry = rng.choice(self.of("texture", categories=categories))
        material = bpy.data.materials.new(entry["id"])
        material.use_nodes = True
        nodes, links = material.node_tree.nodes, material.node_tree.links
        shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
        place, size, image = (nodes.new(f"ShaderNode{name}") for name in ("TexCoord", "Mapping", "TexImage"))
        colour = nodes.new("ShaderNodeHueSaturation")
        size.inputs["Scale"].default_value = (1 / (scale or rng.uniform(0.6, 2.2)),) * 3
        image.image = bpy.data.images.load(str(self.folder / entry["file"]), check_existing=True)
        image.projection = "BOX"
        colour.inputs["Hue"].default_value = 0.5 + rng.gauss(0, 0.03)
        colour.inputs["Saturation"].default_value = rng.uniform(0.5, 1.2)
        colour.inputs["Value"].default_value = rng.uniform(0.6, 1.3)
        shader.inputs["Roughness"].default_value = rng.choice((0.25, 0.5, 0.7, 0.9))
        links.new(place.outputs["Object"], size.inputs["Vector"])
        links.new(size.outputs["Vector"], image.inputs["Vector"])
        links.new(image.outputs["Color"], colour.inputs["Color"])
        links.new(colour.outputs["Color"], shader.inputs["Base Color"])
        return material

    def light_by_sky(self, rng: Random, strength: float, *categories: str) -> None:
        """Put a picture of a real sky or room around the scene."""
        entry = rng.choice(self.of("hdri", categories=categories))
        world = bpy.data.worlds.new("sky")
        bpy.context.scene.world = world
        world.use_nodes = True
        nodes, links = world.node_tree.nodes, world.node_tree.links
        place, turn, image = (nodes.new(f"ShaderNode{name}") for name in ("TexCoord", "Mapping", "TexEnvironment"))
        background = next(node for node in nodes if node.type == "BACKGROUND")
        turn.inputs["Rotation"].default_value = (0, 0, rng.uniform(0, 6.28))
        image.image = bpy.data.images.load(str(self.folder / entry["file"]), check_existing=True)
        background.inputs["Strength"].default_value = strength
        links.new(place.outputs["Generated"], turn.inputs["Vector"])
        links.new(turn.outputs["Vector"], image.inputs["Vector"])
        links.new(image.outputs["Color"], background.inputs["Color"])


def bounds(mesh: bpy.types.Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest corner of a mesh, (3,) each."""
    flat = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", flat)
    points = flat.reshape(-1, 3)
    return points.min(0), points.max(0)


def _make_opaque(material: bpy.types.Material | None) -> None:
    """Make every place of a surface either there or not: half transparent ones have no one depth."""
    if material is None or not material.use_nodes:
        return
    tree = material.node_tree
    for shader in [node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"]:
        alpha = shader.inputs["Alpha"]
        shader.inputs["Transmission Weight"].default_value = 0
        if not alpha.is_linked:
            alpha.default_value = 1.0
            continue
        hard = tree.nodes.new("ShaderNodeMath")
        hard.operation = "GREATER_THAN"
        tree.links.new(alpha.links[0].from_socket, hard.inputs[0])
        tree.links.new(hard.outputs[0], alpha)
