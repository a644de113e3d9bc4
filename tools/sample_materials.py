"""Procedural materials of the sample still life: Principled BSDFs whose colour and relief come from noise."""

from dataclasses import dataclass

import bpy

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Surface:
    """One material: two linear RGB colours mixed by noise, and how the surface takes light.

    `grain` is the noise frequency per metre along x, y and z; `bump` is the height of the relief in metres.
    """

    name: str
    dark: Color
    light: Color
    grain: tuple[float, float, float] = (8.0, 8.0, 8.0)
    contrast: tuple[float, float] = (0.35, 0.65)
    roughness: float = 0.5
    metallic: float = 0.0
    transmission: float = 0.0
    subsurface: float = 0.0
    coat: float = 0.0
    sheen: float = 0.0
    bump: float = 0.0
    distortion: float = 0.0

    def build(self) -> bpy.types.Material:
        """Make the Blender material."""
        material = bpy.data.materials.new(self.name)
        material.use_nodes = True
        tree = material.node_tree
        shader = tree.nodes["Principled BSDF"]
        place = tree.nodes.new("ShaderNodeTexCoord")
        stretch = tree.nodes.new("ShaderNodeMapping")
        stretch.inputs["Scale"].default_value = self.grain
        grain = tree.nodes.new("ShaderNodeTexNoise")
        grain.inputs["Scale"].default_value = 1.0
        grain.inputs["Detail"].default_value = 6.0
        grain.inputs["Distortion"].default_value = self.distortion
        ramp = tree.nodes.new("ShaderNodeValToRGB")
        for stop, position, color in zip(ramp.color_ramp.elements, self.contrast, (self.dark, self.light), strict=True):
            stop.position, stop.color = position, (*color, 1.0)
        tree.links.new(place.outputs["Object"], stretch.inputs["Vector"])
        tree.links.new(stretch.outputs["Vector"], grain.inputs["Vector"])
        tree.links.new(grain.outputs["Fac"], ramp.inputs["Fac"])
        tree.links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
        if self.bump:
            relief = tree.nodes.new("ShaderNodeBump")
            relief.inputs["Distance"].default_value = self.bump
            tree.links.new(grain.outputs["Fac"], relief.inputs["Height"])
            tree.links.new(relief.outputs["Normal"], shader.inputs["Normal"])
        values = {
            "Roughness": self.roughness,
            "Metallic": self.metallic,
            "Transmission Weight": self.transmission,
            "Subsurface Weight": self.subsurface,
            "Subsurface Scale": 0.01,
            "Coat Weight": self.coat,
            "Coat Roughness": 0.15,
            "Sheen Weight": self.sheen,
        }
        for socket, value in values.items():
            shader.inputs[socket].default_value = value
        return material


WALL = Surface("Plaster", (0.045, 0.036, 0.028), (0.085, 0.068, 0.05), (2.2, 2.2, 2.2), roughness=0.9, bump=0.02)
WOOD = Surface(
    "Walnut",
    (0.05, 0.022, 0.010),
    (0.17, 0.083, 0.038),
    (1.2, 26.0, 26.0),
    (0.3, 0.7),
    0.38,
    bump=0.0012,
    distortion=0.6,
)
FLOOR = Surface("Floor", (0.02, 0.013, 0.009), (0.04, 0.026, 0.017), (2.0, 12.0, 2.0), roughness=0.7)
LINEN = Surface(
    "Linen", (0.55, 0.50, 0.42), (0.72, 0.67, 0.58), (260.0, 260.0, 260.0), roughness=0.85, sheen=0.3, bump=0.0002
)
GLAZE = Surface(
    "Glazed clay", (0.32, 0.36, 0.36), (0.62, 0.62, 0.55), (9.0, 9.0, 14.0), (0.3, 0.6), 0.22, coat=0.6, bump=0.001
)
GLASS = Surface("Bottle glass", (0.02, 0.07, 0.03), (0.025, 0.09, 0.035), roughness=0.06, transmission=0.35, coat=0.5)
CORK = Surface("Cork", (0.18, 0.10, 0.05), (0.42, 0.27, 0.15), (160.0, 160.0, 160.0), roughness=0.9, bump=0.002)
BRASS = Surface("Brass", (0.50, 0.31, 0.10), (0.82, 0.56, 0.22), (14.0, 14.0, 14.0), roughness=0.24, metallic=1.0)
STEEL = Surface("Steel", (0.42, 0.42, 0.43), (0.62, 0.61, 0.60), (30.0, 5.0, 5.0), roughness=0.22, metallic=1.0)
APPLE = Surface(
    "Apple", (0.36, 0.025, 0.018), (0.58, 0.30, 0.06), (34.0, 34.0, 7.0), (0.45, 0.75), 0.28, subsurface=0.12, coat=0.3
)
PEAR = Surface(
    "Pear", (0.28, 0.24, 0.035), (0.56, 0.40, 0.07), (26.0, 26.0, 18.0), (0.3, 0.62), 0.4, subsurface=0.12, bump=0.0006
)
LEMON = Surface(
    "Lemon", (0.72, 0.44, 0.02), (0.85, 0.57, 0.05), (130.0, 130.0, 130.0), roughness=0.36, subsurface=0.15, bump=0.0012
)
GRAPE = Surface(
    "Grape", (0.035, 0.012, 0.045), (0.16, 0.03, 0.07), (40.0, 40.0, 40.0), (0.3, 0.7), 0.32, subsurface=0.2, coat=0.15
)
BARK = Surface("Bark", (0.07, 0.045, 0.025), (0.16, 0.11, 0.065), (90.0, 90.0, 20.0), roughness=0.8)
LEAF = Surface(
    "Olive leaf", (0.055, 0.095, 0.045), (0.17, 0.22, 0.12), (20.0, 20.0, 20.0), roughness=0.45, subsurface=0.1
)
