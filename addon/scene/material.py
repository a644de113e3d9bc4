"""The material that shows a photo."""

from pathlib import Path

import bpy

from .plane import UV_MAP

_MATERIAL = "depth_nodes_material"  # on the picture of a background: the material that shows it


def background_material(picture: bpy.types.Image) -> bpy.types.Material:
    """Return the material that shows the picture of a background, the one there is or a new one."""
    found = picture.get(_MATERIAL)
    if not isinstance(found, bpy.types.Material):
        found = material(picture)
        picture[_MATERIAL] = found
    return found


def material(picture: bpy.types.Image) -> bpy.types.Material:
    """Return a material that shows the photo as it was taken, in Workbench, EEVEE and Cycles.

    A photo holds its light already; a lit surface would shade it a second time. So it is emitted as it is, and the mix
    "Relight" goes from 0, the photo's own light, to 1, the scene's. Workbench shows the active image texture.
    """
    made = bpy.data.materials.new(Path(picture.name).stem)
    if bpy.app.version < (5, 0):
        made.use_nodes = True  # always so from 5.0 on
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()

    def node(kind: str, x: float, y: float) -> bpy.types.Node:
        new = nodes.new(kind)
        new.location = (x, y)
        return new

    uv, texture = node("ShaderNodeUVMap", -700, 0), node("ShaderNodeTexImage", -500, 0)
    emission, lit = node("ShaderNodeEmission", -160, 120), node("ShaderNodeBsdfPrincipled", -160, 0)
    mix, output = node("ShaderNodeMixShader", 160, 120), node("ShaderNodeOutputMaterial", 340, 120)
    uv.uv_map = UV_MAP
    texture.image = picture
    texture.extension = "EXTEND"  # no seam of the opposite edge at the rim
    lit.inputs["Roughness"].default_value = 1.0
    lit.inputs["Specular IOR Level"].default_value = 0.0
    mix.label = "Relight"
    mix.inputs[0].default_value = 0.0
    links.new(uv.outputs["UV"], texture.inputs["Vector"])
    links.new(texture.outputs["Color"], emission.inputs["Color"])
    links.new(texture.outputs["Color"], lit.inputs["Base Color"])
    links.new(emission.outputs["Emission"], mix.inputs[1])
    links.new(lit.outputs["BSDF"], mix.inputs[2])
    links.new(mix.outputs["Shader"], output.inputs["Surface"])
    nodes.active = texture
    return made
