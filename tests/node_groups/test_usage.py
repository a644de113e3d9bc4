"""Which inputs of Depth Relief Blender finds without any effect: it greys them out or hides them on the modifier."""

import bpy
import pytest

from .scene import append_groups

RELIEF_ONLY = {"Scale", "Midlevel", "Direction", "Border Falloff", "Bas-Relief"}
PLANES = {"Near Distance", "Far Distance"}
SHAPE = {"Near", "Far", "Falloff"}
LENSES = {
    "Focal Length": {"Focal Length", "Sensor Width", "Shift X", "Shift Y"},
    "Field of View": {"Field of View", "Shift X", "Shift Y"},
    "Camera Object": {"Camera"},
}
LENS = {"Lens", "Aspect"}.union(*LENSES.values())


def inactive(**values: object) -> set[str]:
    """Return the names of the inputs that have no effect on a modifier with these values."""
    tree = bpy.data.node_groups.new("Around", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    node, end = tree.nodes.new("GeometryNodeGroup"), tree.nodes.new("NodeGroupOutput")
    append_groups()
    node.node_tree = bpy.data.node_groups["Depth Relief"]
    tree.links.new(node.outputs[0], end.inputs[0])
    for name, value in values.items():
        node.inputs[name].default_value = value
    tree.update_tag()
    bpy.context.view_layer.update()
    return {socket.name for socket in node.inputs if socket.is_inactive}


def test_a_relief_has_no_lens_and_no_planes() -> None:
    off = inactive(Projection="Relief")
    assert off >= LENS | PLANES
    assert not (RELIEF_ONLY | SHAPE) & off


@pytest.mark.parametrize("lens", LENSES)
def test_a_scene_has_what_its_lens_needs(lens: str) -> None:
    off = inactive(Projection="Camera", Lens=lens)
    assert off >= RELIEF_ONLY
    assert LENS - {"Lens", "Aspect"} - LENSES[lens] <= off
    assert not (LENSES[lens] | PLANES | SHAPE) & off


def test_measured_depth_needs_no_planes() -> None:
    assert inactive(Projection="Camera", Kind="Distance") >= PLANES | SHAPE


def test_a_frozen_grid_is_not_sampled_again() -> None:
    sampled = {"Resolution", "Smooth", "Bas-Relief"}
    assert sampled <= inactive(Surface="Frozen")
    assert not sampled & inactive(Surface="Grid")


def test_an_uncut_surface_has_no_threshold() -> None:
    assert {"Threshold", "Angle", "Least Gap", "Minimum Island"} <= inactive(Cutoff=False)
