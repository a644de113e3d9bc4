"""The material that shows a photo."""

from typing import Any

import bpy

from .plane import UV_MAP, title

_MATERIAL = "depth_nodes_material"  # on the picture of a background: the material that shows it


def texture_of(shown: bpy.types.Material) -> bpy.types.ShaderNodeTexImage:
    """Return the image texture of a material that `material` made."""
    nodes: Any = shown.node_tree.nodes
    return next(node for node in nodes if node.bl_idname == "ShaderNodeTexImage")


def background_material(picture: bpy.types.Image) -> bpy.types.Material:
    """Return the material that shows the picture of a background, the one there is or a new one."""
    found = picture.get(_MATERIAL)
    if not isinstance(found, bpy.types.Material):
        found = material(picture)
        picture[_MATERIAL] = found
    return found


def material(picture: bpy.types.Image) -> bpy.types.Material:
    """Return a material that shows the photo as it was taken, in Workbench, EEVEE, Cycles, and exported.

    A photo holds its light already; a lit surface would shade it a second time. So it is emitted as it is, and the mix
    "Relight" goes from 0, the photo's own light, to 1, the scene's.
    Workbench shows the active image texture.

    Exporters understand no mix of shaders, so they have outputs of their own that no renderer reads: glTF takes a
    colour at an output for an unlit material, FBX looks for a Principled shader there.
    """
    made = bpy.data.materials.new(title(picture))
    if bpy.app.version < (5, 0):
        made.use_nodes = True  # always so from 5.0 on
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()

    def node(kind: str, x: float, y: float, label: str = "") -> bpy.types.Node:
        new = nodes.new(kind)
        new.location, new.label = (x, y), label
        return new

    def output(x: float, y: float, label: str, target: str, shown: bpy.types.NodeSocket) -> None:
        end = node("ShaderNodeOutputMaterial", x, y, label)
        end.target = target
        links.new(shown, end.inputs["Surface"])

    uv, texture = node("ShaderNodeUVMap", -700, 0), node("ShaderNodeTexImage", -500, 0)
    emission, lit = node("ShaderNodeEmission", -160, 120), node("ShaderNodeBsdfPrincipled", -160, 0)
    mix = node("ShaderNodeMixShader", 160, 120, "Relight")
    output(340, -160, "For glTF", "ALL", texture.outputs["Color"])  # the first: exporters take it for the active one
    output(340, 260, "EEVEE", "EEVEE", mix.outputs["Shader"])
    output(340, 120, "Cycles", "CYCLES", mix.outputs["Shader"])
    output(340, -300, "For FBX", "ALL", lit.outputs["BSDF"])
    uv.uv_map = UV_MAP
    texture.image = picture
    if picture.source in {"MOVIE", "SEQUENCE"}:
        texture.image_user.frame_duration, texture.image_user.use_auto_refresh = picture.frame_duration, True
    texture.extension = "EXTEND"  # no seam of the opposite edge at the rim
    lit.inputs["Roughness"].default_value = 1.0
    lit.inputs["Specular IOR Level"].default_value = 0.0
    mix.inputs[0].default_value = 0.0
    links.new(uv.outputs["UV"], texture.inputs["Vector"])
    links.new(texture.outputs["Color"], emission.inputs["Color"])
    links.new(texture.outputs["Color"], lit.inputs["Base Color"])
    links.new(emission.outputs["Emission"], mix.inputs[1])
    links.new(lit.outputs["BSDF"], mix.inputs[2])
    nodes.active = texture
    return made
